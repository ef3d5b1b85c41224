package workbench

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"

	"zoucun/report/sheet"
	"zoucun/survey"
	"zoucun/sync/merge"
)

// RegisterKeeper is what the registers ask of the store.
type RegisterKeeper interface {
	Naming
	Records(ctx context.Context, kind survey.RecordType, scope survey.ScopeID, use func(survey.Record) error) error
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
	Amend(ctx context.Context, amendments ...survey.Amendment) error
	AmendAll(ctx context.Context, amendments iter.Seq[survey.Amendment], written func(int)) error
	UndoImport(ctx context.Context, id survey.RecordID, author survey.PersonID, done func(int)) (back, left int, err error)
	SearchHouseholds(village survey.RecordID, query string, limit int) []survey.FoundHousehold
}

// Roll is the section 名册: the township's registers, edited one by one or imported.
type Roll struct {
	store  RegisterKeeper
	who    survey.PersonID
	county uint32
	now    survey.Clock

	mu     sync.Mutex
	places map[string]string // names of villages and groups, by identifier
}

// NewRoll returns the registers of a device that belongs to the township, for whoever uses it.
func NewRoll(store RegisterKeeper, who survey.PersonID, county uint32, now survey.Clock) *Roll {
	return &Roll{store: store, who: who, county: county, now: now}
}

func (r *Roll) shared() survey.ScopeID { return survey.RegisterScope(r.county) }

// today is the day as registers write days.
func (r *Roll) today() string { return r.now().Format("2006-01-02") }

// moment is a time as the laptop's own clock writes it.
func (r *Roll) moment(at survey.HLC) string {
	return at.Time().In(r.now().Location()).Format("2006-01-02 15:04")
}

// Villages returns the villages whose households are here.
func (r *Roll) Villages() []survey.Place { return r.store.Villages() }

// Line is one record of a register, or a post in the chain that nobody holds.
type Line struct {
	Title, Detail, Tag string
	Vacant             bool // nobody looks after the place
	Retired            bool // taken out of use
	Record             survey.Record
	On                 survey.RecordID // what a duty is on
	Level              survey.DutyLevel
	Scope              survey.ScopeID
}

// listMost is how many lines a list shows; a search finds the others.
const listMost = 2000

// List returns the lines of a register that a query finds, those out of use last, and how many there are in all. Of
// households and of the chain it has those of one village.
func (r *Roll) List(ctx context.Context, reg Register, village survey.RecordID, query string) ([]Line, int, error) {
	r.forget()
	var lines []Line
	var err error
	switch reg.Type { //nolint:exhaustive // the others are lists of what the register scope holds
	case survey.TypeDuty:
		lines, err = r.chain(ctx, village)
	case survey.TypeHousehold:
		lines, err = r.households(ctx, reg, village, query)
		query = ""
	default:
		err = r.store.Records(ctx, reg.Type, r.shared(), func(record survey.Record) error {
			lines = append(lines, r.line(reg, record))
			return nil
		})
		slices.SortStableFunc(lines, r.order(reg))
	}
	lines = matching(lines, query)
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(number(a.Retired), number(b.Retired)) })
	return lines[:min(len(lines), listMost)], len(lines), err
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// order sorts places as their villages do, and everything else by name.
func (r *Roll) order(reg Register) func(a, b Line) int {
	if reg.Type != survey.TypePlace {
		return func(a, b Line) int { return cmp.Compare(a.Title, b.Title) }
	}
	rank := map[survey.RecordID]int{}
	for _, village := range r.store.Villages() {
		rank[village.ID] = len(rank)
		for _, group := range r.store.Groups(village.ID) {
			rank[group.ID] = len(rank)
		}
	}
	at := func(l Line) int {
		if i, ok := rank[l.Record.ID]; ok {
			return i
		}
		return len(rank)
	}
	return func(a, b Line) int { return cmp.Or(cmp.Compare(at(a), at(b)), cmp.Compare(a.Title, b.Title)) }
}

func matching(lines []Line, query string) []Line {
	query = strings.ToLower(sheet.HalfWidth(sheet.Clean(query)))
	if query == "" {
		return lines
	}
	return slices.DeleteFunc(lines, func(l Line) bool {
		return !strings.Contains(strings.ToLower(l.Title+" "+l.Detail+" "+l.Tag), query)
	})
}

// households returns a village's households, those out of use after the others.
func (r *Roll) households(ctx context.Context, reg Register, village survey.RecordID, query string) ([]Line, error) {
	var lines []Line
	for _, h := range r.store.SearchHouseholds(village, query, listMost) {
		record := survey.Record{ID: h.ID, Type: survey.TypeHousehold, Scope: survey.VillageScope(village), Fields: h.Fields()}
		line := r.line(reg, record)
		if h.Member != "" {
			line.Detail = "成员 " + h.Member + "　" + line.Detail
		}
		lines = append(lines, line)
	}
	if query != "" {
		return lines, nil
	}
	err := r.store.Records(ctx, survey.TypeHousehold, survey.VillageScope(village), func(record survey.Record) error {
		if record.Voided {
			lines = append(lines, r.line(reg, record))
		}
		return nil
	})
	return lines, err
}

// line is a record as a list shows it: its name, then what else is known.
func (r *Roll) line(reg Register, record survey.Record) Line {
	l := Line{Title: record.Fields[survey.PlaceName], Record: record, Retired: record.Voided, Scope: record.Scope}
	if l.Title == "" {
		l.Title = "（没有名称）"
	}
	if record.Voided {
		l.Tag = "已停用"
	}
	var parts []string
	for _, c := range reg.Columns {
		if c.Field == survey.PlaceName || c.Field == villageName && reg.Type == survey.TypeHousehold || c.Field == survey.PlaceOrder {
			continue
		}
		if said := r.Said(reg, record, c); said != "" {
			if c.Kind == CountColumn {
				said = c.Title + " " + said
			}
			parts = append(parts, said)
		}
	}
	l.Detail = strings.Join(parts, "　")
	return l
}

// Said is a record's column as a person reads it.
func (r *Roll) Said(reg Register, record survey.Record, c Column) string {
	value := record.Fields[c.Field]
	switch {
	case c.Field == villageName && reg.Type == survey.TypePlace:
		return r.place(record.Fields[survey.PlaceParent])
	case c.Field == villageName && reg.Type == survey.TypeHousehold:
		return r.place(record.Scope.String())
	case c.Kind == GroupColumn:
		return r.place(value)
	case c.Kind == LocationColumn:
		return values[survey.HouseholdLocation][value]
	}
	return value
}

// place returns the name of a village or group by the text of its identifier.
func (r *Roll) place(id string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name, known := r.places[id]; known {
		return name
	}
	r.places = map[string]string{id: ""} // asked once: what has no name here gets none by being asked again
	for _, village := range r.store.Villages() {
		r.places[village.ID.String()] = village.Name
		for _, group := range r.store.Groups(village.ID) {
			r.places[group.ID.String()] = group.Name
		}
	}
	return r.places[id]
}

// forget has the names of places read anew.
func (r *Roll) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.places)
}

// chain is who looks after a village, its groups and its households; a post that nobody holds today is shown as such.
func (r *Roll) chain(ctx context.Context, village survey.RecordID) ([]Line, error) {
	on := map[survey.RecordID][]survey.Record{}
	for _, scope := range []survey.ScopeID{r.shared(), survey.VillageScope(village)} {
		err := r.store.Records(ctx, survey.TypeDuty, scope, func(record survey.Record) error {
			duty := survey.DutyOf(record)
			on[duty.On] = append(on[duty.On], record)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var lines []Line
	post := func(level survey.DutyLevel, id survey.RecordID, name string, scope survey.ScopeID) {
		lines = append(lines, r.post(on[id], Line{Title: name, Level: level, On: id, Scope: scope})...)
	}
	for _, place := range r.store.Villages() {
		if place.ID == village {
			post(survey.DutyVillage, place.ID, "包村　"+place.Name, r.shared())
		}
	}
	for _, group := range r.store.Groups(village) {
		post(survey.DutyGroup, group.ID, "包组　"+group.Name, r.shared())
	}
	for _, h := range r.store.SearchHouseholds(village, "", listMost) {
		post(survey.DutyHousehold, h.ID, "包户　"+h.Code+" "+h.Head, survey.VillageScope(village))
	}
	return lines, nil
}

// post returns the lines of one post: whoever holds it today, or that nobody does, then who held it and who will.
func (r *Roll) post(duties []survey.Record, line Line) []Line {
	var lines, past []Line
	slices.SortFunc(duties, func(a, b survey.Record) int {
		return cmp.Or(-cmp.Compare(a.Fields[survey.DutySince], b.Fields[survey.DutySince]), a.ID.Compare(b.ID))
	})
	for _, record := range duties {
		duty := survey.DutyOf(record)
		l := line
		l.Record, l.Retired = record, record.Voided
		l.Tag, l.Detail = duty.Name, span(duty)
		switch {
		case record.Voided:
			l.Tag = duty.Name + "（已停用）"
			past = append(past, l)
		case duty.Holds(r.today()):
			lines = append(lines, l)
		default:
			past = append(past, l)
		}
	}
	if len(lines) == 0 {
		line.Vacant, line.Tag, line.Detail = true, "空缺", "今天没有人"
		lines = append(lines, line)
	}
	return append(lines, past...)
}

// span says since when and until when a duty holds.
func span(d survey.Duty) string {
	switch {
	case d.Since == "" && d.Until == "":
		return "起止日期没有写"
	case d.Until == "":
		return d.Since + " 起"
	case d.Since == "":
		return d.Until + " 止"
	}
	return d.Since + " 至 " + d.Until
}

// Sheet is one record while its fields are changed, or a new one.
type Sheet struct {
	Register Register
	Line     Line
	New      bool
	Village  survey.RecordID // whose household or group it is
	Values   map[survey.FieldPath]string
}

// Open returns a line's record with its columns as a person reads them.
func (r *Roll) Open(reg Register, l Line, village survey.RecordID) Sheet {
	s := Sheet{Register: reg, Line: l, New: l.Record.ID.IsZero(), Village: village, Values: map[survey.FieldPath]string{}}
	for _, c := range reg.Columns {
		s.Values[c.Field] = r.Said(reg, l.Record, c)
	}
	if reg.Type == survey.TypeDuty && s.New {
		s.Values[survey.DutySince] = r.today()
	}
	return s
}

// Columns are those that can be filled in: where a record belongs is chosen outside.
func (s Sheet) Columns() []Column {
	return slices.DeleteFunc(slices.Clone(s.Register.Columns), func(c Column) bool {
		where := c.Field == villageName || c.Kind == HouseColumn || c.Field == groupName && s.Register.Type == survey.TypeDuty
		return where && (s.Register.Type != survey.TypePlace || !s.New)
	})
}

// Save writes what was changed. An error's Message names the field.
func (r *Roll) Save(ctx context.Context, s Sheet) error {
	fields, err := r.fields(ctx, s)
	if err != nil {
		return err
	}
	record := s.Line.Record
	a := survey.Amendment{
		Record: record.ID, Type: s.Register.Type, Kind: survey.Put, Scope: record.Scope, Author: r.who, Fields: survey.Fields{},
	}
	if s.New {
		if a.Record, a.Scope, err = r.identify(ctx, s, fields); err != nil {
			return err
		}
	}
	for field, value := range fields {
		if record.Fields[field] != value {
			a.Fields[field] = value
		}
	}
	if len(a.Fields) == 0 {
		return nil
	}
	return r.store.Amend(ctx, a)
}

// fields reads what a sheet says as the record's fields.
func (r *Roll) fields(ctx context.Context, s Sheet) (survey.Fields, error) {
	fields := survey.Fields{}
	for _, c := range s.Columns() {
		value, err := c.parse(s.Values[c.Field], false)
		switch {
		case err != nil:
			return nil, ask("workbench.Save", "“"+c.Title+"”"+firstLine(err)+"。没有保存。")
		case value == "" && c.Need:
			return nil, ask("workbench.Save", "“"+c.Title+"”没有写，请补上。没有保存。")
		}
		fields[c.Field] = value
		if err := r.refer(ctx, c, value, s.Village, fields); err != nil {
			return nil, ask("workbench.Save", err.Error()+"。没有保存。")
		}
	}
	if s.Register.Type == survey.TypeDuty {
		if s.New {
			fields[survey.DutyKind], fields[survey.DutyOn] = string(s.Line.Level), s.Line.On.String()
		}
		if until := fields[survey.DutyUntil]; until != "" && until < fields[survey.DutySince] {
			return nil, ask("workbench.Save", "“结束”早于“开始”，请改正。没有保存。")
		}
	}
	return fields, nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// refer puts the identifier of what a name stands for in the name's place.
func (r *Roll) refer(ctx context.Context, c Column, value string, village survey.RecordID, fields survey.Fields) error {
	switch {
	case value == "":
	case c.Kind == GroupColumn:
		for _, group := range r.store.Groups(village) {
			if group.Name == value {
				fields[c.Field] = group.ID.String()
				return nil
			}
		}
		return fmt.Errorf("没有“%s”这个组，请先在“村和组”里添加", value)
	case c.Kind == StaffColumn:
		id, err := r.staff(ctx, value)
		if err != nil {
			return err
		}
		fields[survey.DutyWho] = id.String()
	case c.Kind == VillageColumn:
		for _, place := range r.store.Villages() {
			if place.Name == value {
				delete(fields, c.Field)
				fields[survey.PlaceParent] = place.ID.String()
				return nil
			}
		}
		return fmt.Errorf("本机没有“%s”。新的村要先由县里登记并授权给本机", value)
	}
	return nil
}

// staff finds the one member of staff of a name.
func (r *Roll) staff(ctx context.Context, name string) (found survey.RecordID, err error) {
	n := 0
	err = r.store.Records(ctx, survey.TypeStaff, r.shared(), func(record survey.Record) error {
		if !record.Voided && record.Fields[survey.StaffName] == name {
			found = record.ID
			n++
		}
		return nil
	})
	switch {
	case err != nil:
		return found, err
	case n == 0:
		return found, fmt.Errorf("名册里没有叫“%s”的干部，请先在“干部”里添加", name)
	case n > 1:
		return found, fmt.Errorf("名册里有 %d 位叫“%s”的干部，请在“干部”里给姓名加字区分", n, name)
	}
	return found, nil
}

// identify returns what a new record is called and where it belongs; a name or number that is taken is refused.
func (r *Roll) identify(ctx context.Context, s Sheet, fields survey.Fields) (survey.RecordID, survey.ScopeID, error) {
	scope := r.shared()
	switch s.Register.Type { //nolint:exhaustive // the others belong to the register scope
	case survey.TypeDuty:
		return survey.NewID[survey.RecordID](), s.Line.Scope, nil
	case survey.TypeHousehold:
		scope = survey.VillageScope(s.Village)
		fields[survey.HouseholdVillage] = s.Village.String()
	}
	key := keyOf(s.Register, fields)
	taken := false
	err := r.store.Records(ctx, s.Register.Type, scope, func(record survey.Record) error {
		taken = taken || keyOf(s.Register, record.Fields) == key
		return nil
	})
	if err == nil && taken {
		err = ask("workbench.Save", "名册里已经有“"+key+"”。没有保存。已停用的可以在列表最后找到，恢复使用。")
	}
	return r.idFor(s.Register, scope, fields), scope, err
}

// keyOf is what makes two records of a register the same one.
func keyOf(reg Register, fields survey.Fields) string {
	switch reg.Type { //nolint:exhaustive // the others go by their name
	case survey.TypeHousehold:
		return sheet.CodeKey(fields[survey.HouseholdCode])
	case survey.TypePlace:
		return fields[survey.PlaceParent] + fields[survey.PlaceName]
	case survey.TypeDuty:
		return fields[survey.DutyOn] + fields[survey.DutyWho] + fields[survey.DutySince]
	default:
		return fields[survey.PlaceName]
	}
}

// idFor derives a record's identifier from what makes it the same one, as the import at the server does: the same roster
// imported here and there is one.
func (r *Roll) idFor(reg Register, scope survey.ScopeID, fields survey.Fields) survey.RecordID {
	name := string(reg.Type) + "/" + keyOf(reg, fields)
	if reg.Type == survey.TypePlace {
		name = "place/" + r.place(fields[survey.PlaceParent]) + "/" + fields[survey.PlaceName]
	}
	return survey.DerivedID[survey.RecordID](scope, name)
}

// Retire takes a record out of use, for a reason.
func (r *Roll) Retire(ctx context.Context, l Line, why string) error {
	if strings.TrimSpace(why) == "" {
		return ask("workbench.Retire", "请写明为什么停用。没有停用。")
	}
	return r.store.Amend(ctx, survey.Amendment{
		Record: l.Record.ID, Type: l.Record.Type, Kind: survey.Void, Scope: l.Record.Scope, Author: r.who, Note: strings.TrimSpace(why),
	})
}

// Restore takes a record into use again.
func (r *Roll) Restore(ctx context.Context, l Line) error {
	return r.store.Amend(ctx, survey.Amendment{
		Record: l.Record.ID, Type: l.Record.Type, Kind: survey.Put, Scope: l.Record.Scope, Author: r.who, Note: "恢复使用",
	})
}

// Step is one revision in a record's history.
type Step struct {
	When, Who, What string
	Changes         []string // 电话：138… → 139…
	CanUndo         bool
	statement       survey.Statement
}

// History returns a record's revisions, the newest first.
func (r *Roll) History(ctx context.Context, reg Register, id survey.RecordID) ([]Step, error) {
	held, err := r.store.Holding(ctx, id)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for i, s := range slices.Backward(held.Statements) {
		before := merge.Before(held, s.ID)
		step := Step{
			When: r.moment(s.HLC),
			Who:  cmp.Or(r.store.StaffName(s.Header.Author), "（不在名册上的人）"), What: r.did(s, before), statement: s,
		}
		step.Changes = r.changes(reg, held.Record, before.Fields, s)
		step.CanUndo = i > 0 && !s.Erased && (len(step.Changes) > 0 || s.Header.Kind == survey.Void)
		steps = append(steps, step)
	}
	return steps, nil
}

func (r *Roll) did(s survey.Statement, before survey.Record) string {
	what := "改动"
	switch {
	case s.Erased:
		return "内容已删除"
	case s.Header.Kind == survey.Void:
		what = "停用"
	case len(before.Heads) == 0:
		what = "新增"
	}
	if s.Body.Note != "" {
		note, _, _ := strings.Cut(s.Body.Note, "（0")
		what += "　" + note
	}
	return what
}

// changes says what a revision changed, in the order of the register's columns.
func (r *Roll) changes(reg Register, now survey.Record, before survey.Fields, s survey.Statement) []string {
	if s.Header.Kind == survey.Void {
		return nil
	}
	var all []string
	for _, c := range reg.Columns {
		was := r.Said(reg, survey.Record{Scope: now.Scope, Fields: before}, c)
		is := r.Said(reg, survey.Record{Scope: now.Scope, Fields: s.Body.Fields}, c)
		if was != is && (c.Field != villageName || reg.Type == survey.TypePlace) {
			all = append(all, c.Title+"："+cmp.Or(was, "（空）")+" → "+cmp.Or(is, "（空）"))
		}
	}
	return all
}

// Undo writes again what was before a revision. A field that was changed once more since stays as it is.
func (r *Roll) Undo(ctx context.Context, l Line, step Step) error {
	held, err := r.store.Holding(ctx, l.Record.ID)
	if err != nil {
		return err
	}
	s := step.statement
	now, before := held.Record, merge.Before(held, s.ID)
	a := survey.Amendment{
		Record: now.ID, Type: now.Type, Kind: survey.Put, Scope: now.Scope, Author: r.who, Note: "撤销" + step.When + "的改动", Fields: survey.Fields{},
	}
	if s.Header.Kind == survey.Void {
		if !now.Voided {
			return ask("workbench.Undo", "它已经恢复使用了，没有再改。")
		}
		return r.store.Amend(ctx, a)
	}
	for _, field := range s.Header.Touched {
		if now.Fields[field] == s.Body.Fields[field] && before.Fields[field] != now.Fields[field] {
			a.Fields[field] = before.Fields[field]
		}
	}
	if len(a.Fields) == 0 {
		return ask("workbench.Undo", "这以后又改过了，撤销会盖掉后来的内容，所以没有撤销。要改，请直接改。")
	}
	return r.store.Amend(ctx, a)
}

// Imports returns what was imported, the newest first.
func (r *Roll) Imports(ctx context.Context) ([]survey.Import, error) {
	var all []survey.Import
	err := r.store.Records(ctx, survey.TypeImport, r.shared(), func(record survey.Record) error {
		all = append(all, survey.ImportFrom(record))
		return nil
	})
	slices.SortFunc(all, func(a, b survey.Import) int { return -cmp.Compare(a.When, b.When) })
	return all, err
}

// ImportLine is an import as a list shows it.
func (r *Roll) ImportLine(i survey.Import) (title, detail string) {
	detail = r.moment(i.When) + "　新增 " + strconv.Itoa(i.Added) + "，改动 " + strconv.Itoa(i.Changed)
	if i.Back >= 0 {
		detail += "　已撤销，退回 " + strconv.Itoa(i.Back)
	}
	return i.Name, detail
}

// UndoImport takes a whole import back.
func (r *Roll) UndoImport(ctx context.Context, id survey.RecordID, done func(int)) (string, error) {
	back, left, err := r.store.UndoImport(ctx, id, r.who, done)
	if err != nil {
		return "", err
	}
	words := fmt.Sprintf("已撤销这次导入，退回 %d 条。", back)
	if left > 0 {
		words += fmt.Sprintf("另有 %d 条导入以后又改过，没有动。", left)
	}
	return words, nil
}
