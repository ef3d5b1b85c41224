package workbench

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"zoucun/form/words"
	"zoucun/form/xform"
	"zoucun/survey"
	"zoucun/sync/merge"
)

// Naming is where names and forms come from.
type Naming interface {
	Villages() []survey.Place
	Groups(village survey.RecordID) []survey.Place
	StaffName(id survey.PersonID) string
	Household(ctx context.Context, id survey.RecordID) (survey.Household, error)
	Forms(ctx context.Context) ([]survey.FormInfo, error)
	FormXML(ctx context.Context, form survey.FormID, version string) ([]byte, error)
}

// Words puts records, fields and values into the words people use. Forms are read once.
type Words struct {
	naming Naming
	mu     sync.Mutex
	forms  map[string]*xform.Form // by form and version; nil where one cannot be read
	saved  map[property]question
}

// NewWords returns the words of a device's forms and registers.
func NewWords(n Naming) *Words { return &Words{naming: n, forms: map[string]*xform.Form{}} }

// property is a field of a register's records.
type property struct {
	of    survey.RecordType
	field survey.FieldPath
}

// question is what is known of a field.
type question struct {
	label   string
	many    bool           // its value is a set: choices with spaces between
	class   string         // how far it speaks of a person, as forms say it: N, P, S or X
	options []words.Choice // in the form's order; empty for what is written
}

// labels are what people call the fields of the product's own registers, whatever forms say.
var labels = map[property]string{
	{survey.TypeHousehold, survey.HouseholdHead}: "户主", {survey.TypeHousehold, survey.HouseholdMembers}: "家庭成员",
	{survey.TypeHousehold, survey.HouseholdVillage}: "村", {survey.TypeHousehold, survey.HouseholdGroup}: "组",
	{survey.TypeHousehold, survey.HouseholdCode}: "户编号", {survey.TypeHousehold, survey.HouseholdDoor}: "门牌方位",
	{survey.TypeHousehold, survey.HouseholdPhone}: "电话", {survey.TypeHousehold, survey.HouseholdResident}: "常住人数",
	{survey.TypeHousehold, survey.HouseholdAway}: "外出人数", {survey.TypeHousehold, survey.HouseholdLocation}: "位置",
	{survey.TypeProblem, survey.ProblemTitle}: "问题", {survey.TypeProblem, survey.ProblemHousehold}: "所属的户",
	{survey.TypeProblem, survey.ProblemState}: "办理状态",
	{survey.TypeVisit, survey.VisitHousehold}: "走访的户", {survey.TypeVisit, survey.VisitName}: "名称",
	{survey.TypePlace, survey.PlaceName}: "名称", {survey.TypePlace, survey.PlaceOrder}: "次序", {survey.TypePlace, survey.PlaceParent}: "所属的村",
	{survey.TypeStaff, survey.StaffName}: "姓名", {survey.TypeStaff, survey.StaffPost}: "职务",
	{survey.TypeLink, survey.LinkSays}: "是不是同一个", {survey.TypeLink, survey.LinkKept}: "以哪一个为准",
}

// values are what people call the values of the product's own fields.
var values = map[survey.FieldPath]map[string]string{
	survey.HouseholdLocation: {string(survey.Roadside): "路边", string(survey.Central): "村中", string(survey.Remote): "偏远"},
	survey.LinkSays:          {string(survey.Same): "是同一个", string(survey.Different): "不是同一个", "": "还没有定"},
	merge.VoidField:          {merge.Voided: "作废", "": "照常在用"},
	survey.ProblemState: {
		"draft": "草稿", "submitted": "已提交", "reviewed": "已审核", "dispatched": "已交办", "transferred_out": "已转出",
		"accepted": "已签收", "in_progress": "办理中", "replied": "已答复", "onsite_done": "当场办结",
		"closed_confirmed": "群众认可办结", "closed_explained": "解释后办结", "archived": "已归档", "withdrawn": "已撤回",
	},
}

// counts are the fields that hold a number of people.
var counts = []survey.FieldPath{survey.HouseholdResident, survey.HouseholdAway}

// of returns what is known of a record's field.
func (w *Words) of(ctx context.Context, r survey.Record, field survey.FieldPath) question {
	w.mu.Lock()
	defer w.mu.Unlock()
	var q question
	if r.Type == survey.TypeVisit {
		q = inForm(w.form(ctx, r.Form, r.FormVersion), withoutKeys(field))
	} else {
		q = w.register(ctx)[property{r.Type, field}]
	}
	if own, ok := labels[property{r.Type, field}]; ok {
		q.label = own
	}
	if field == merge.VoidField {
		q.label = "去留"
	}
	q.label = cmp.Or(q.label, string(field))
	q.many = q.many || r.Type == survey.TypeHousehold && field == survey.HouseholdMembers
	return q
}

// form returns a form's definition, or nil where it is not here or cannot be read.
func (w *Words) form(ctx context.Context, id survey.FormID, version string) *xform.Form {
	key := string(id) + "\x00" + version
	if known, ok := w.forms[key]; ok {
		return known
	}
	var read *xform.Form
	if xml, err := w.naming.FormXML(ctx, id, version); err == nil {
		read, _ = xform.Read(bytes.NewReader(xml))
	}
	w.forms[key] = read
	return read
}

// register returns the fields of registers that the forms in use save to.
func (w *Words) register(ctx context.Context) map[property]question {
	if w.saved != nil {
		return w.saved
	}
	w.saved = map[property]question{}
	forms, err := w.naming.Forms(ctx)
	if err != nil {
		return w.saved
	}
	for _, info := range forms {
		f := w.form(ctx, info.ID, info.Version)
		if f == nil {
			continue
		}
		for _, entity := range f.Entities {
			for _, n := range entity.Saves {
				w.saved[property{survey.RecordType(entity.Dataset), survey.FieldPath(n.Bind.SaveTo)}] = questionOf(f, n)
			}
		}
	}
	return w.saved
}

func inForm(f *xform.Form, field survey.FieldPath) question {
	if f == nil {
		return question{}
	}
	i := slices.IndexFunc(f.Nodes, func(n *xform.Node) bool { return n.Leaf() && n.Field() == field })
	if i < 0 {
		return question{}
	}
	return questionOf(f, f.Nodes[i])
}

func questionOf(f *xform.Form, n *xform.Node) question {
	q := question{label: words.Title(f, n), class: n.Bind.Other["zoucun:class"]}
	if n.Control != nil {
		q.many = n.Control.Kind == xform.Select
		q.options = words.Choices(f, n.Control)
	}
	return q
}

// withoutKeys returns the path without the keys of repeat instances: "issues[0192…]/title" is "issues/title".
func withoutKeys(field survey.FieldPath) survey.FieldPath {
	parts := strings.Split(string(field), "/")
	for i, part := range parts {
		parts[i], _, _ = strings.Cut(part, "[")
	}
	return survey.FieldPath(strings.Join(parts, "/"))
}

// value puts the value of a field into words.
func (w *Words) value(ctx context.Context, q question, r survey.Record, field survey.FieldPath, value string) string {
	if said, ok := values[field][value]; ok {
		return said
	}
	if value == "" {
		return "（空着）"
	}
	if len(q.options) > 0 {
		return choices(q, value)
	}
	if id, err := survey.ParseID[survey.RecordID](value); err == nil {
		return w.name(ctx, r, id)
	}
	if slices.Contains(counts, field) {
		return value + " 人"
	}
	return value
}

// choices puts a choice, or several with spaces between, into words.
func choices(q question, value string) string {
	names := []string{value}
	if q.many {
		names = strings.Fields(value)
	}
	for i, name := range names {
		if at := slices.IndexFunc(q.options, func(o words.Choice) bool { return o.Name == name }); at >= 0 {
			names[i] = q.options[at].Label
		}
	}
	return strings.Join(names, "、")
}

// name returns what a place, a household or a person is called.
func (w *Words) name(ctx context.Context, r survey.Record, id survey.RecordID) string {
	for _, village := range w.naming.Villages() {
		if village.ID == id {
			return village.Name
		}
		if survey.VillageScope(village.ID) != r.Scope {
			continue
		}
		for _, group := range w.naming.Groups(village.ID) {
			if group.ID == id {
				return group.Name
			}
		}
	}
	if h, err := w.naming.Household(ctx, id); err == nil {
		return home(h.Head)
	}
	return cmp.Or(w.naming.StaffName(survey.PersonID(id)), "（名册里没有）")
}

// village returns the name of a scope's village.
func (w *Words) village(scope survey.ScopeID) string {
	for _, village := range w.naming.Villages() {
		if survey.VillageScope(village.ID) == scope {
			return village.Name
		}
	}
	return "全县共用"
}

// subject returns what a record is called in a sentence: 王芳家, 问题“路灯不亮”.
func (w *Words) subject(ctx context.Context, r survey.Record) string {
	switch r.Type {
	case survey.TypeHousehold:
		return home(r.Fields[survey.HouseholdHead])
	case survey.TypeProblem:
		return "问题“" + brief(cmp.Or(r.Fields[survey.ProblemTitle], "没有写明")) + "”"
	case survey.TypeVisit:
		return "走访“" + brief(cmp.Or(r.Fields[survey.VisitName], "没有名称")) + "”"
	case survey.TypeLink:
		l := survey.LinkFrom(r)
		return w.name(ctx, r, l.First) + "和" + w.name(ctx, r, l.Last)
	case survey.TypePlace, survey.TypeStaff, survey.TypeForm, survey.TypeAccess, survey.TypeSealed, survey.TypeReading,
		survey.TypeUser, survey.TypeUnit, survey.TypePolicy, survey.TypeRound, survey.TypeDuty, survey.TypeTask, survey.TypeImport:
	}
	return "“" + brief(cmp.Or(r.Fields["label"], string(r.Type))) + "”"
}

// where says more of a record, for whoever has to find it: village, door, members; the household of a problem.
func (w *Words) where(ctx context.Context, r survey.Record) string {
	parts := []string{w.village(r.Scope)}
	switch r.Type {
	case survey.TypeHousehold:
		h := survey.HouseholdOf(r)
		door := h.Door
		if !h.Group.IsZero() {
			if group := w.name(ctx, r, h.Group); !strings.HasPrefix(door, group) {
				parts = append(parts, group)
			}
		}
		parts = append(parts, door)
		if h.Code != "" {
			parts = append(parts, "编号 "+h.Code)
		}
		if h.Members != "" {
			parts = append(parts, "家人 "+h.Members)
		}
	case survey.TypeProblem, survey.TypeVisit:
		field := survey.ProblemHousehold
		if r.Type == survey.TypeVisit {
			field = survey.VisitHousehold
		}
		if id, err := survey.ParseID[survey.RecordID](r.Fields[field]); err == nil {
			parts = append(parts, w.name(ctx, r, id))
		}
	case survey.TypePlace, survey.TypeStaff, survey.TypeForm, survey.TypeAccess, survey.TypeSealed, survey.TypeReading,
		survey.TypeUser, survey.TypeUnit, survey.TypePolicy, survey.TypeRound, survey.TypeDuty, survey.TypeTask, survey.TypeLink,
		survey.TypeImport:
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · ")
}

func (w *Words) person(id survey.PersonID) string {
	if id.IsZero() {
		return "县里"
	}
	return cmp.Or(w.naming.StaffName(id), "名册外的人")
}

func home(head string) string { return cmp.Or(head, "（未登记户主）") + "家" }

// longest is how many characters of a text stand in a sentence.
const longest = 24

func brief(text string) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// day says when something was: 3月2日 15:04, with the year where it is another.
func day(at survey.Millis, now time.Time) string {
	t := at.Time().In(now.Location())
	text := fmt.Sprintf("%d月%d日 %s", t.Month(), t.Day(), t.Format("15:04"))
	if t.Year() != now.Year() {
		text = fmt.Sprintf("%d年%s", t.Year(), text)
	}
	return text
}

// ask returns an error that only asks for something.
func ask(op, message string) error {
	return &survey.Error{Kind: survey.Invalid, Op: op, Message: message}
}
