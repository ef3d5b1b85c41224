package paper

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"zoucun/report"
	"zoucun/survey"
)

// blankIssues is how many problems a blank sheet has room for.
const blankIssues = 3

// back is what a sheet goes on with: further problems, policies, and every answer the front has no cell for.
func (s *sheet) back(d Document, issues []survey.FieldPath) Document {
	d.Blocks = append(d.Blocks, Break{})
	if number := s.record.Fields[fieldNumber]; number != "" {
		d.Blocks = append(d.Blocks, Line{Left: Sheet + "（背面）", Right: "编号：" + number})
	}
	if s.blank {
		issues = make([]survey.FieldPath, blankIssues)
	}
	for n := 1; n < len(issues); n++ {
		box := s.issueBox(issues[n], n+1)
		row := Row{Height: 44, Fixed: s.blank, Cells: []Cell{box}}
		if !s.blank {
			row = Row{Height: 20, Cells: []Cell{{Text: box.Text, Top: true}}}
		}
		row.Cells[0].Cols = 0
		head := Row{Height: 7, Cells: []Cell{{Text: s.issueHead(issues[n], n+1), Label: true, Size: SizeSmall5}}}
		d.Blocks = append(d.Blocks, Grid{Columns: []float64{PortraitWide}, Rows: []Row{head, row}}, Text{Size: Size6 / 2})
	}
	if policies := s.policies(); len(policies.Rows) > 1 {
		d.Blocks = append(d.Blocks, Text{Text: "政策知晓", Bold: true}, policies)
	}
	if others := s.others(issues); len(others.Rows) > 0 {
		d.Blocks = append(d.Blocks, Text{Text: "其他登记项目", Bold: true}, others)
	}
	return d
}

// policyPart is the group of the policies.
const policyPart = "policy/"

// policies is the table of what the household knows of policies: a filled one has the policies that were spoken of.
func (s *sheet) policies() Grid {
	g := Grid{Columns: []float64{42, 44, 44, 44}, Head: 1, Rows: []Row{{Height: 7, Cells: []Cell{
		label("政策", 1), label("知晓（误解内容）", 1), label("享受", 1), label("本次", 1),
	}}}}
	for _, q := range s.Form.Questions {
		rest, of := strings.CutPrefix(string(q.Field), policyPart)
		policy, key, _ := strings.Cut(rest, "/")
		if !of || key != "aware" {
			continue
		}
		at := survey.FieldPath(policyPart + policy)
		if s.blank {
			g.Rows = append(g.Rows, Row{Height: 9, Cells: []Cell{
				policyCell(q.Group), policyCell(s.boxes(at+"/aware", " ")), policyCell(s.boxes(at+"/enjoyed", " ")), policyCell(s.boxes(at+"/told", " ")),
			}})
			continue
		}
		aware, enjoyed, told := s.text(at+"/aware"), s.text(at+"/enjoyed"), s.text(at+"/told")
		if misread := s.text(at + "/misread"); misread != "" {
			aware += "：" + misread
		}
		if aware+enjoyed+told != "" {
			g.Rows = append(g.Rows, Row{Height: 7, Cells: []Cell{policyCell(q.Group), policyCell(aware), policyCell(enjoyed), policyCell(told)}})
		}
	}
	return g
}

func policyCell(text string) Cell { return Cell{Text: text, Size: SizeSmall5} }

// others lists every answer that has no place of its own, in the form's order. What an old version asked, and no form here
// knows, stands at the end under the name of its field.
func (s *sheet) others(issues []survey.FieldPath) Grid {
	p := pairs{grid: Grid{Columns: []float64{36, PortraitWide/2 - 36, 36, PortraitWide/2 - 36}}}
	add := p.add
	for _, q := range s.Form.Questions {
		if q.Repeat == "" {
			if s.prints(q.Field, q) {
				add(s.labelOf(q), s.text(q.Field))
			}
			continue
		}
		for n, instance := range s.within(q, issues) {
			path := instance + q.Field[len(q.Repeat):]
			if s.prints(path, q) {
				add("问题"+strconv.Itoa(n+1)+" "+q.Label, s.text(path))
			}
		}
	}
	for _, path := range s.unknown() {
		add(string(path), s.text(path))
	}
	return p.end()
}

// pairs lays out names with what is said under them, short ones two to a row.
type pairs struct {
	grid Grid
	left []Cell // a pair that waits for another
}

// shortest is how long a text may be that has half of a row, in characters.
const shortest = 14

func (p *pairs) add(name, text string) {
	cells := []Cell{{Text: name, Size: SizeSmall5}, {Text: text, Size: SizeSmall5}}
	switch short := len([]rune(text)) <= shortest; {
	case short && p.left != nil:
		p.row(append(p.left, cells...))
		p.left = nil
	case short:
		p.left = cells
	default:
		p.flush()
		cells[1].Cols = 3
		p.row(cells)
	}
}

func (p *pairs) row(cells []Cell) { p.grid.Rows = append(p.grid.Rows, Row{Height: 7, Cells: cells}) }

func (p *pairs) flush() {
	if p.left != nil {
		p.left[1].Cols = 3
		p.row(p.left)
		p.left = nil
	}
}

func (p *pairs) end() Grid {
	p.flush()
	return p.grid
}

// within returns the instances of a question's repeat that are printed.
func (s *sheet) within(q report.Question, issues []survey.FieldPath) []survey.FieldPath {
	if q.Repeat == fieldIssues {
		return issues
	}
	return s.instances(q.Repeat)
}

// labelOf returns a question's label, with its group's where others have the same.
func (s *sheet) labelOf(q report.Question) string {
	same := 0
	for _, other := range s.Form.Questions {
		if other.Label == q.Label {
			same++
		}
	}
	if same > 1 && q.Group != "" {
		return q.Group + " · " + q.Label
	}
	return q.Label
}

// prints reports whether an answer is still to be printed: it was asked for, is there, and may be on a paper.
func (s *sheet) prints(path survey.FieldPath, q report.Question) bool {
	return q.Label != "" && s.record.Fields[path] != "" && !s.shown[path] && !strings.HasPrefix(string(path), unprinted) && !s.isFile(path)
}

// isFile reports whether an answer is a file: papers have pictures where they have room for them.
func (s *sheet) isFile(path survey.FieldPath) bool {
	return slices.ContainsFunc(s.record.Files, func(f survey.Attachment) bool { return f.Name == s.record.Fields[path] })
}

// unknown returns the fields that no question of the form stands for.
func (s *sheet) unknown() []survey.FieldPath {
	var found []survey.FieldPath
	for path := range s.record.Fields {
		_, known := s.byPath[withoutKeys(path)]
		if !known && !s.sealed(path) && !strings.HasPrefix(string(path), "meta/") && !strings.HasPrefix(string(path), unprinted) {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found
}

// sealed reports whether a field belongs to a problem that nothing is to show of.
func (s *sheet) sealed(path survey.FieldPath) bool {
	end := strings.IndexByte(string(path), ']')
	return end > 0 && s.record.Fields[path[:end+1]+"/nature"] == aboutCadre
}

// plain is a visit by another form: its questions and answers under their headings.
func (s *sheet) plain() Document {
	d := Document{Name: cmp.Or(s.Form.Title, "走访记录"), Numbered: true, BothSides: true}
	d.Blocks = []Block{
		Title{Text: d.Name}, Line{Left: s.Township, Right: s.record.Fields[survey.VisitName]}, s.others(nil), Text{Text: s.foot(), Size: SizeSmall5},
	}
	return d
}
