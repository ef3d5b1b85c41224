package paper

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoucun/report"
	"zoucun/survey"
)

// Spoken returns the setting in which a visit's answers have words.
type Spoken func(visit survey.Record) Setting

// Where is what a list is of, above it.
type Where struct {
	Township, Village string
	When              string // a day or a time, in words
	Author            string // whose it is, where it is somebody's
}

func (w Where) left() string { return strings.TrimSpace(w.Township + "　" + w.Village) }

// VisitList is the list of visits (走访清单), in order of their dates.
func VisitList(w Where, visits []survey.Record, spoken Spoken) Document {
	l := List{
		Name: "走访清单", Title: "走访清单", Left: w.left(), Right: w.When,
		Columns: []ListColumn{
			{Label: "序号", Share: 10, Centre: true},
			{Label: "编号", Share: 48},
			{Label: "走访日期", Share: 28},
			{Label: "组", Share: 20},
			{Label: "户", Share: 20},
			{Label: "走访人", Share: 24},
			{Label: "方式", Share: 20},
			{Label: "结果", Share: 24},
			{Label: "问题数", Share: 14, Number: true},
			{Label: "下次走访", Share: 28},
			{Label: "备注", Share: 24},
		},
		Notes: []string{"共" + strconv.Itoa(len(visits)) + "次走访。补记是正常的记法，不作评价。本表不作干部排名使用。"},
	}
	for n, visit := range byDate(visits) {
		s := newSheet(spoken(visit), visit)
		note := ""
		if s.record.Fields["head/entry_mode"] != "onsite" {
			note = s.text("head/entry_mode")
		}
		if state := s.state(); state != "" {
			note = strings.Trim(note+"；"+strings.TrimSuffix(state, "。"), "；")
		}
		l.Rows = append(l.Rows, []string{
			strconv.Itoa(n + 1), s.text(fieldNumber), s.text(fieldDate), s.text(fieldGroup), s.household(), s.text("visit/visitors"),
			s.text("visit/visit_channel"), s.text("visit/visit_result"), strconv.Itoa(len(s.issues())), s.text("finish/next_visit"), note,
		})
	}
	return l.Document()
}

// byDate returns visits in order of their dates, those of a day in order of their identifiers, which are ordered by time.
func byDate(visits []survey.Record) []survey.Record {
	return slices.SortedFunc(slices.Values(visits), func(a, b survey.Record) int {
		return cmp.Or(cmp.Compare(a.Fields[fieldDate], b.Fields[fieldDate]), a.ID.Compare(b.ID))
	})
}

// household names whom a visit was paid to, as lists do: the family name alone.
func (s *sheet) household() string {
	return cmp.Or(Masked(s.name(s.record.Fields[survey.VisitHousehold])), s.person())
}

// person is how somebody is called who spoke.
func (s *sheet) person() string {
	name := s.record.Fields["hh/respondent_name"]
	switch s.record.Fields["hh/respondent_mode"] {
	case "called":
		return cmp.Or(name, "一位群众")
	case "named":
		return cmp.Or(Masked(name), "一位群众")
	}
	return "一位群众"
}

// Diary is the diary of a day (民情日记, QZ-13): what its visits say, told in order.
func Diary(w Where, visits []survey.Record, spoken Spoken) Document {
	d := Document{Name: "民情日记", Numbered: true, Blocks: []Block{Title{Text: "民情日记"}, Line{Left: w.left() + "　" + w.Author, Right: w.When}}}
	households := map[string]bool{}
	talked, issues := 0, 0
	var told []Block
	for n, visit := range byDate(visits) {
		s := newSheet(spoken(visit), visit)
		if household := visit.Fields[survey.VisitHousehold]; household != "" {
			households[household] = true
		}
		if visit.Fields["visit/visit_result"] == "talked" {
			talked++
		}
		issues += len(s.issues())
		told = append(told, Text{Text: strconv.Itoa(n+1) + "．" + s.met(), Bold: true, Size: SizeSmall4})
		for _, line := range s.told() {
			told = append(told, Text{Text: line, Indent: true, Size: SizeSmall4})
		}
	}
	d.Blocks = append(d.Blocks, Text{Size: SizeSmall4, Indent: true, Text: "今天走访" + strconv.Itoa(len(visits)) + "次，" + strconv.Itoa(len(households)) +
		"户，见到并交谈" + strconv.Itoa(talked) + "次，登记问题" + strconv.Itoa(issues) + "件。"})
	d.Blocks = append(d.Blocks, told...)
	return d
}

// met says whom a visit met, and where.
func (s *sheet) met() string {
	parts := []string{s.text("visit/visit_band"), s.text(fieldVillage) + s.text(fieldGroup), s.text("visit/visit_channel")}
	if s.record.Fields["visit/visit_result"] == "talked" {
		parts = append(parts, "见到"+s.person())
	} else {
		parts = append(parts, s.household()+"："+s.text("visit/visit_result"))
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "，") + "。"
}

// told are what was heard, seen, done and thought.
func (s *sheet) told() []string {
	var lines []string
	add := func(name string, texts ...string) {
		texts = slices.DeleteFunc(texts, func(t string) bool { return t == "" })
		if len(texts) > 0 {
			lines = append(lines, name+"："+sentences(texts))
		}
	}
	add("听到", s.text("hear/heard_village"), s.text("hear/heard_thought"), s.text("hear/heard_worry"), s.text("hear/heard_ask"))
	add("看到", s.text("hear/seen_items"), s.text("hear/seen_note"))
	for _, issue := range s.issues() {
		add("问题", s.text(issue+"/title"), s.text(issue+"/onsite"), s.text(issue+"/onsite_note"))
	}
	promise := s.text("finish/promise_what")
	if by := s.text("finish/promise_by"); promise != "" && by != "" {
		promise += "（" + by + "前）"
	}
	add("答应", promise)
	add("体会", s.text("finish/visitor_note"))
	return lines
}

// Handover is the list of what one person hands on to another (交接清单, QZ-15): problems that are still open, promises, and
// visits that are due.
func Handover(w Where, problems, visits []survey.Record, spoken Spoken, ledger Setting) Document {
	l := List{
		Name: "交接清单", Title: "交接清单", Left: w.left(), Right: w.When,
		Columns: []ListColumn{
			{Label: "序号", Share: 10, Centre: true},
			{Label: "类别", Share: 22, Centre: true},
			{Label: "户", Share: 24},
			{Label: "事项", Share: 110},
			{Label: "状态或期限", Share: 44},
			{Label: "备注", Share: 40},
		},
		Notes: []string{"", "移交人：＿＿＿＿＿＿＿＿　　接收人：＿＿＿＿＿＿＿＿　　监交人：＿＿＿＿＿＿＿＿　　　　　年　　月　　日"},
	}
	add := func(kind, household, what, state string) {
		if what != "" {
			l.Rows = append(l.Rows, []string{strconv.Itoa(len(l.Rows) + 1), kind, household, what, state})
		}
	}
	for _, r := range problems {
		if p := survey.ProblemOf(r); p.Open() && !r.Voided {
			add("问题", Masked(ledger.Name(p.Household.String())), p.Title, StateWord(p.State))
		}
	}
	for _, visit := range byDate(visits) {
		s := newSheet(spoken(visit), visit)
		add("承诺", s.household(), s.text("finish/promise_what"), s.text("finish/promise_by"))
		if next := s.text("finish/next_visit"); next != "" {
			add("下次走访", s.household(), "上次走访："+s.text(fieldDate), next)
		}
	}
	return l.Document()
}

// states are what people call how far a problem is (QZ-01, D).
var states = map[string]string{
	"draft": "草稿", "submitted": "已提交", "reviewed": "已审核", "onsite_done": "当场办结", "dispatched": "已交办", "transferred_out": "已转出",
	"sealed": "封存", "accepted": "已签收", "objected": "异议", "planning": "已定方案", "in_progress": "办理中", "replied": "已答复", "callback": "回访中",
	"closed_confirmed": "群众认可办结", "closed_explained": "已说明暂不能解决", "reopened": "重办", "lookback": "回头看", "archived": "已归档", "withdrawn": "已撤回",
}

// StateWord returns what people call how far a problem is.
func StateWord(state string) string { return cmp.Or(states[state], state) }

// Raised is a problem and when it was written down.
type Raised struct {
	Record survey.Record
	At     time.Time
}

// Ledger is the ledger of problems (民情台账, QZ-02). Columns of what the office has yet to do stand empty.
func Ledger(w Where, problems []Raised, s Setting) Document {
	l := List{
		Name: "民情台账", Title: "民情台账", Left: w.left(), Right: w.When,
		Columns: []ListColumn{
			{Label: "序号", Share: 8, Centre: true},
			{Label: "登记日期", Share: 25},
			{Label: "村/组", Share: 18},
			{Label: "反映人", Share: 12},
			{Label: "来源", Share: 13},
			{Label: "性质", Share: 10},
			{Label: "类别", Share: 22},
			{Label: "事项摘要", Share: 46},
			{Label: "影响户数", Share: 10, Number: true},
			{Label: "紧急", Share: 10},
			{Label: "承办单位", Share: 18},
			{Label: "办理期限", Share: 15},
			{Label: "状态", Share: 15},
			{Label: "答复日期", Share: 15},
			{Label: "是否解决", Share: 12},
			{Label: "群众评价", Share: 12},
			{Label: "备注", Share: 14},
		},
		Notes: []string{"注：已答复、实际解决、群众认可分别登记。反映干部问题的封存件不在本表。"},
	}
	words := map[survey.FieldPath]report.Question{}
	for _, q := range s.Form.Questions {
		if q.Saved.Of == survey.TypeProblem {
			words[q.Saved.Field] = q
		}
	}
	for n, p := range problems {
		r := p.Record
		word := func(field survey.FieldPath) string {
			value := r.Fields[field]
			return cmp.Or(words[field].Choices[value], value)
		}
		category := word("cat1")
		if finer := word("cat2"); finer != "" {
			category = strings.Trim(category+"·"+finer, "·")
		}
		who := Masked(s.Name(r.Fields[survey.ProblemHousehold]))
		if r.Fields["identity_mode"] == "anonymous" {
			who = "匿名"
		}
		l.Rows = append(l.Rows, []string{
			strconv.Itoa(n + 1), p.At.Format("2006年1月2日"), s.Name(r.Scope.String()), who, word("source"), word("nature"), category,
			r.Fields[survey.ProblemTitle], r.Fields["affects_n"], word("urgency"), "", "", StateWord(r.Fields[survey.ProblemState]), "", "", "", "",
		})
	}
	return l.Document()
}

// Contact is what a card left at a household says (联系卡, QZ-14).
type Contact struct {
	Name, Post string // of the member of staff
	Phone      string // to write in by hand where it is empty
}

// cardsAcross and cardsDown are how many cards a page has.
const cardsAcross, cardsDown = 2, 4

// Cards is a page of contact cards to be cut apart.
func Cards(s Setting, c Contact) Document {
	line := func(value string) string { return cmp.Or(value, "＿＿＿＿＿＿＿＿＿＿") }
	text := strings.Join([]string{
		cmp.Or(s.Township, "＿＿＿＿镇") + "　联系卡", "",
		"联系您家的干部：" + line(strings.TrimSpace(c.Name+"　"+c.Post)),
		"电话：" + line(c.Phone),
		"查询、更正、删除登记内容：" + line(s.Phones.Township),
		"对走访人有意见（县级）：" + line(s.Phones.County),
		"您反映的事编号：" + line(""), "",
		"登记是为了办事。您可以不说姓名、不答哪一项，随时可以查、改、删，不影响您办任何事。\n报警110　火警119　急救120",
	}, "\n")
	g := Grid{Columns: []float64{PortraitWide / cardsAcross, PortraitWide / cardsAcross}}
	for range cardsDown {
		row := Row{Height: 62, Fixed: true}
		for range cardsAcross {
			row.Cells = append(row.Cells, Cell{Text: text})
		}
		g.Rows = append(g.Rows, row)
	}
	return Document{Name: "联系卡", Blocks: []Block{g}}
}

// HouseholdFile is everything held on a household (一户一档, QZ-18).
func HouseholdFile(d report.Dossier) Document {
	doc := Document{Name: "一户一档", Numbered: true, BothSides: true}
	doc.Blocks = append(doc.Blocks, Title{Text: "一户一档"}, Line{Left: strings.TrimSpace(d.Township + "　" + d.Title), Right: d.Made})
	for _, part := range d.Parts {
		title := strings.TrimSpace(part.Kind + "　" + part.Title)
		if part.State != "" && part.State != "有效" {
			title += "（" + part.State + "）"
		}
		p := pairs{grid: Grid{Columns: []float64{36, PortraitWide/2 - 36, 36, PortraitWide/2 - 36}}}
		for _, said := range part.Said {
			if !strings.Contains(said.Label, "/") { // else nobody was asked
				p.add(said.Label, chineseDate(said.Value))
			}
		}
		for _, file := range part.Files {
			p.add("附件", file)
		}
		doc.Blocks = append(doc.Blocks, Text{Text: title, Bold: true, Size: SizeSmall4})
		if g := p.end(); len(g.Rows) > 0 {
			doc.Blocks = append(doc.Blocks, g)
		}
		doc.Blocks = append(doc.Blocks, steps(part)...)
	}
	doc.Blocks = append(doc.Blocks, Text{Size: SizeSmall5, Text: "本件含个人信息，只用于办理本户的事；看过本件的人和原因有记录。"})
	return doc
}

// sentences joins texts, which may or may not end with a stop.
func sentences(texts []string) string {
	var b strings.Builder
	for n, text := range texts {
		b.WriteString(text)
		if n < len(texts)-1 && !strings.HasSuffix(text, "。") && !strings.HasSuffix(text, "！") && !strings.HasSuffix(text, "？") {
			b.WriteString("；")
		}
	}
	return b.String()
}

// Printable returns what is held without what papers leave out: what a household thinks of offices, and every sign of a
// word about a cadre.
func Printable(held []survey.Holding) []survey.Holding {
	kept := slices.Clone(held)
	for n, h := range kept {
		h.Record.Fields = printable(h.Record.Fields)
		h.Statements = slices.Clone(h.Statements)
		for i := range h.Statements {
			h.Statements[i].Body.Fields = printable(h.Statements[i].Body.Fields)
		}
		kept[n] = h
	}
	return kept
}

func printable(fields survey.Fields) survey.Fields {
	kept := survey.Fields{}
	for path, value := range fields {
		end := strings.IndexByte(string(path), ']')
		about := end > 0 && fields[path[:end+1]+"/nature"] == aboutCadre
		if !about && !strings.HasPrefix(string(path), unprinted) {
			kept[path] = value
		}
	}
	return kept
}

// steps lists who wrote what and when.
func steps(part report.Part) []Block {
	var blocks []Block
	for _, step := range part.History {
		text := []string{step.When + "　" + step.Who + "　" + step.What}
		if step.Note != "" {
			text = append(text, "　原因：", step.Note)
		}
		if step.Gone {
			text = append(text, "　内容已删除")
		}
		for _, earlier := range step.Earlier {
			text = append(text, "\n当时：", earlier.Label, "　", earlier.Value)
		}
		blocks = append(blocks, Text{Text: strings.Join(text, ""), Size: SizeSmall5})
	}
	return blocks
}
