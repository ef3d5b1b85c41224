package paper

import (
	"cmp"
	"strconv"
	"strings"

	"zoucun/survey"
)

// Sheet is the name of QZ-01 on paper.
const Sheet = "群众工作调查表"

// column is one of the twelve columns of the sheet.
const column = 14.5

// Fields of QZ-01 that the front of the sheet shows. Forms that have the first are printed on it, whatever else they ask.
const (
	fieldDate     survey.FieldPath = "visit/visit_date"
	fieldNumber   survey.FieldPath = "head/form_no"
	fieldVillage  survey.FieldPath = "visit/village_id"
	fieldGroup    survey.FieldPath = "visit/group_id"
	fieldDoor     survey.FieldPath = "visit/door_no"
	fieldPhone    survey.FieldPath = "hh/phone"
	fieldResident survey.FieldPath = "hh/resident_n"
	fieldAway     survey.FieldPath = "hh/away_n"
	fieldIssues   survey.FieldPath = "problems/issues"
	fieldSigned   survey.FieldPath = "consent/respondent_sign"
)

// unprinted are fields that papers leave out: what a household thinks of offices is counted without the household, and
// nothing shows that somebody had a word about a cadre.
const (
	unprinted  = "rating/"
	aboutCadre = "about_cadre"
)

// Blank is the sheet to be filled in by hand.
func Blank(s Setting) Document { return newSheet(s, survey.Record{}).document("") }

// Prefilled is the sheet with what the register knows of a household.
func Prefilled(s Setting, h survey.Household) Document {
	fields := survey.Fields{}
	for path, value := range map[survey.FieldPath]string{
		fieldVillage: idText(h.Village), fieldGroup: idText(h.Group), fieldDoor: h.Door, fieldPhone: h.Phone,
		fieldResident: countText(h.Resident), fieldAway: countText(h.Away),
	} {
		if value != "" {
			fields[path] = value
		}
	}
	return newSheet(s, survey.Record{Fields: fields}).document("户主：" + h.Head)
}

// Filled is a visit on the sheet; a visit by a form that has nothing of it is a list of questions and answers.
func Filled(s Setting, visit survey.Record) Document {
	sheet := newSheet(s, visit)
	if _, known := sheet.byPath[fieldDate]; !known {
		return sheet.plain()
	}
	return sheet.document("")
}

// Printed reports whether a form is printed on the sheet.
func Printed(s Setting) bool {
	for _, q := range s.Form.Questions {
		if q.Field == fieldDate {
			return true
		}
	}
	return false
}

func idText(id survey.RecordID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

func countText(n int) string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// sheet is QZ-01 on A4, row by row as the form's designers drew it.
type sheet struct {
	*answers

	blank bool // it is filled in by hand
}

func newSheet(s Setting, record survey.Record) *sheet {
	return &sheet{answers: newAnswers(s, record), blank: record.Fields[fieldDate] == ""}
}

func (s *sheet) document(whose string) Document {
	d := Document{Name: Sheet, BothSides: true}
	number := s.raw(fieldNumber)
	village := cmp.Or(s.name(s.record.Fields[fieldVillage]), "＿＿＿＿村（社区）")
	left := strings.TrimRight(cmp.Or(s.Township, "＿＿＿＿镇")+"　"+village+"　"+whose, "　")
	var issue survey.FieldPath
	issues := s.issues()
	if len(issues) > 0 {
		issue = issues[0]
	}
	d.Blocks = append(d.Blocks,
		Title{Text: Sheet, Code: number},
		Line{Left: left, Right: "编号：" + cmp.Or(number, "＿＿＿＿＿＿＿＿＿＿")},
		s.front(issue),
		Text{Text: s.foot(), Size: SizeSmall5},
	)
	if state := s.state(); state != "" {
		d.Blocks = append(d.Blocks, Text{Text: state, Size: SizeSmall5, Bold: true})
	}
	return s.back(d, issues)
}

// issues returns the problems that are printed.
func (s *sheet) issues() []survey.FieldPath {
	var kept []survey.FieldPath
	for _, issue := range s.instances(fieldIssues) {
		if s.record.Fields[issue+"/nature"] != aboutCadre {
			kept = append(kept, issue)
		}
	}
	return kept
}

func (s *sheet) state() string {
	switch {
	case s.record.Voided:
		return "这份记录已作废。"
	case len(s.record.Conflicts) > 0:
		return "这份记录有待定的修改，本件所印的不一定是最后的内容。"
	}
	return ""
}

func (s *sheet) foot() string {
	return "本表只用于办理群众反映事项；查询、更正、删除电话：" + cmp.Or(s.Phones.Township, "＿＿＿＿＿＿") +
		"；对走访人有意见请打县级电话：" + cmp.Or(s.Phones.County, "＿＿＿＿＿＿") + "。"
}

// front is the grid of the front: twelve columns, fifteen rows.
func (s *sheet) front(issue survey.FieldPath) Grid {
	g := Grid{}
	for range 12 {
		g.Columns = append(g.Columns, column)
	}
	g.Rows = append(g.Rows, s.visitRows()...)
	g.Rows = append(g.Rows, s.householdRows()...)
	g.Rows = append(g.Rows, s.heardRows()...)
	g.Rows = append(g.Rows, fixed(6, Cell{Text: s.issueHead(issue, 1), Cols: 12, Label: true}), fixed(44, s.issueBox(issue, 1)))
	g.Rows = append(g.Rows, s.lastRows()...)
	return g
}

func fixed(height float64, cells ...Cell) Row { return Row{Height: height, Fixed: true, Cells: cells} }

func label(text string, cols int) Cell { return Cell{Text: text, Cols: cols, Label: true} }

// said is the cell of an answer. Its name is what a text that goes on elsewhere is called.
func said(text, name string, cols int) Cell { return Cell{Text: text, Name: name, Cols: cols} }

func (s *sheet) visitRows() []Row {
	date := s.text(fieldDate)
	if date == "" {
		date = "　　年　月　日"
	}
	return []Row{
		fixed(8, label("走访日期", 2), said(date, "走访日期", 2), label("时段", 1), said(s.boxes("visit/visit_band", ""), "时段", 4),
			label("方式", 1), said(s.text("visit/visit_channel"), "方式", 2)),
		fixed(8, label("村（社区）", 2), said(s.text(fieldVillage), "村（社区）", 2), label("组", 1), said(s.text(fieldGroup), "组", 2),
			label("门牌方位", 2), said(s.text(fieldDoor), "门牌方位", 3)),
		fixed(8, label("走访人", 2), said(s.text("visit/visitors"), "走访人", 4), label("陪同", 1), said(s.text("visit/companions"), "陪同", 2),
			label("村组干部在场", 2), said(s.boxes("visit/cadre_present", ""), "村组干部在场", 1)),
		fixed(8, label("结果", 2), said(s.boxes("visit/visit_result", " "), "结果", 8), label("交谈人数", 1), centred(s.people("visit/people_asked"), 1)),
	}
}

func centred(text string, cols int) Cell { return Cell{Text: text, Cols: cols, Centre: true} }

// people returns a number of people, or room for one.
func (s *sheet) people(path survey.FieldPath) string {
	n := s.raw(path)
	if n == "" && s.blank {
		n = "　"
	}
	if n == "" {
		return ""
	}
	return n + "人"
}

func (s *sheet) householdRows() []Row {
	who := s.text("hh/respondent_name")
	if mode := s.text("hh/respondent_mode"); who == "" {
		who = mode
	} else if mode != "" {
		who += "（" + mode + "）"
	}
	return []Row{
		fixed(8, label("反映人", 2), said(who, "反映人", 2), label("与户主关系", 2), said(s.text("hh/respondent_relation"), "与户主关系", 1),
			label("电话", 1), said(s.text(fieldPhone), "电话", 4)),
		fixed(8, label("常住／外出", 2), centred(s.together(fieldResident, fieldAway), 2), label("14岁下／60上／80上", 3),
			centred(s.together("hh/n_under14", "hh/n_60p", "hh/n_80p"), 2), label("回复方式", 1), said(s.text("hh/contact_pref"), "回复方式", 2)),
		fixed(8, label("收入来源", 2), said(s.boxes("hh/livelihood", " "), "收入来源", 10)),
	}
}

// together puts numbers of people side by side, where there is any.
func (s *sheet) together(paths ...survey.FieldPath) string {
	parts := make([]string, len(paths))
	any := s.blank
	for n, path := range paths {
		parts[n] = s.people(path)
		any = any || parts[n] != ""
	}
	if !any {
		return ""
	}
	return strings.Join(parts, "／")
}

func (s *sheet) heardRows() []Row {
	village := s.text("hear/heard_village")
	if by := s.text("hear/heard_village_by"); by != "" && village != "" {
		village = "（" + by + "）" + village
	}
	seen := s.boxes("hear/seen_items", " ")
	if note := s.text("hear/seen_note"); note != "" || s.blank {
		seen += "\n说明：" + note
	}
	heard := label("二听\n群众反映", 1)
	heard.Down = 3
	return []Row{
		fixed(16, label("一听\n村组汇报", 2), said(village, "一听 村组汇报", 10)),
		fixed(12, heard, label("所思", 1), said(s.text("hear/heard_thought"), "二听 所思", 10)),
		fixed(12, label("所忧", 1), said(s.text("hear/heard_worry"), "二听 所忧", 10)),
		fixed(12, label("所求", 1), said(s.text("hear/heard_ask"), "二听 所求", 10)),
		fixed(16, label("三看\n实地", 2), said(seen, "三看 实地", 10)),
	}
}

// issueHead is the line above a problem.
func (s *sheet) issueHead(issue survey.FieldPath, n int) string {
	if issue == "" {
		if !s.blank {
			return "问题登记：无"
		}
		return "问题登记　序号：" + strconv.Itoa(n) + "　来源：＿＿＿＿　性质：＿＿＿＿　类别：＿＿＿＿＿＿＿＿　急缓：＿＿＿　当场情况：＿＿＿＿"
	}
	category := s.text(issue + "/cat1")
	if finer := s.text(issue + "/cat2"); finer != "" {
		category += "·" + finer
	}
	return "问题登记　序号：" + strconv.Itoa(n) + "　来源：" + s.text(issue+"/source") + "　性质：" + s.text(issue+"/nature") + "　类别：" + category +
		"　急缓：" + s.text(issue+"/urgency_self") + "　当场情况：" + s.text(issue+"/onsite")
}

// issueBox is what is said of a problem, on five ruled lines while they are enough.
func (s *sheet) issueBox(issue survey.FieldPath, n int) Cell {
	c := Cell{Cols: 12, Ruled: 5, Top: true, Name: "问题" + strconv.Itoa(n)}
	if issue == "" && !s.blank {
		return c
	}
	at := func(key string) string {
		if issue == "" {
			return ""
		}
		return s.text(issue + survey.FieldPath("/"+key))
	}
	affects := at("affects")
	if households := at("affects_n"); households != "" {
		affects += "（约" + households + "户）"
	}
	before := at("raised_before")
	if result := at("raised_result"); result != "" {
		before += "，结果：" + result
	}
	c.Text = strings.Join([]string{
		"标题：" + at("title"), "经过：" + at("detail"), "希望怎样解决：" + at("want"), "自己的办法：" + at("own_idea"),
		"影响范围：" + s.padded(affects) + "　以前反映过吗：" + before,
	}, "\n")
	return c
}

// padded leaves room to write on a blank sheet.
func (s *sheet) padded(text string) string {
	if text == "" && s.blank {
		return "＿＿＿＿＿＿＿"
	}
	return text
}

func (s *sheet) lastRows() []Row {
	suggestion := s.text("opinion/sugg_text")
	if level := s.text("opinion/sugg_level"); level != "" && suggestion != "" {
		suggestion = "（给" + level + "）" + suggestion
	}
	promise := s.text("finish/promise_what")
	if by := s.text("finish/promise_by"); by != "" {
		promise += "（" + by + "前）"
	}
	return []Row{
		fixed(14, label("意见建议", 2), said(suggestion, "意见建议", 10)),
		fixed(12, label("承诺事项与日期", 2), said(promise, "承诺事项与日期", 6), label("下次走访", 1), said(s.text("finish/next_visit"), "下次走访", 3)),
		fixed(14, s.notice()),
	}
}

// notice is the row that is signed.
func (s *sheet) notice() Cell {
	tick := func(path survey.FieldPath, value string) string { return box(s.raw(path) == value) }
	date := s.text(fieldDate)
	if date == "" {
		date = "　　年　月　日"
	}
	c := Cell{Cols: 12, Name: "告知"}
	c.Text = "告知：" + tick("consent/notice_given", "yes") + "已告知　　" + tick("consent/consent_scope", "matter_only") + "只记事不记名　　" +
		tick("consent/consent_publish", "yes") + "可公开结果\n反映人签名：＿＿＿＿＿＿＿　" + tick("consent/sign_mode", "declined") +
		"不愿签名　　走访人签名：" + cmp.Or(s.visitor(), "＿＿＿＿＿＿＿") + "　　" + date
	if signed := s.picture(fieldSigned); signed != nil {
		c.Picture = &Picture{Image: signed, Left: 24, Top: 4, Wide: 28, High: 9.5}
	}
	return c
}

// visitor is who answers for the visit: the account that wrote it.
func (s *sheet) visitor() string {
	signed := s.raw("finish/visitor_sign")
	return cmp.Or(s.name(signed), signed)
}
