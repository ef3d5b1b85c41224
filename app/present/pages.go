package present

import (
	"fmt"
	"slices"
	"strings"

	"zoucun/form"
	"zoucun/survey"
)

// pageWeight is how much a page holds: about twelve questions.
const pageWeight = 12

// place is somewhere in the form: a page of a section, or of a repeat's instance.
type place struct {
	section  string           // its key: others may come and go before it
	instance survey.FieldPath // empty in a section
	page     int
	starts   []string // keys of the items that begin a page, so that pages stay while questions come and go
}

// section is a part of the form with a name: a group at the top, or questions that stand in none.
type section struct {
	key   string
	title string
	nodes []form.Node
}

func (v *Visit) sections() []section {
	var found []section
	loose := false
	for _, n := range v.session.Outline() {
		if n.Kind == form.GroupNode {
			found = append(found, section{key: string(n.Path) + n.Label, title: n.Label, nodes: n.Children})
			loose = false
			continue
		}
		if !loose {
			found = append(found, section{key: "before " + string(n.Path), title: v.session.Form().Title})
			loose = true
		}
		last := &found[len(found)-1]
		last.nodes = append(last.nodes, n)
	}
	return found
}

// at returns the index of the section a place is in; of one that has gone, the first.
func at(sections []section, p place) int {
	return max(0, slices.IndexFunc(sections, func(s section) bool { return s.key == p.section }))
}

func (v *Visit) here() *place { return &v.places[len(v.places)-1] }

// nodes returns what is asked at a place, and its title. An instance that is gone has nothing.
func (v *Visit) nodes(p place) (title string, nodes []form.Node) {
	sections := v.sections()
	if len(sections) == 0 {
		return v.session.Form().Title, nil
	}
	s := sections[at(sections, p)]
	if p.instance == "" {
		return s.title, s.nodes
	}
	repeat, i, found := findInstance(s.nodes, p.instance)
	if !found {
		return s.title, nil
	}
	return instanceTitle(repeat, i), repeat.Children[i].Children
}

func findInstance(nodes []form.Node, instance survey.FieldPath) (repeat form.Node, i int, found bool) {
	for _, n := range nodes {
		if n.Kind == form.RepeatNode {
			i := slices.IndexFunc(n.Children, func(c form.Node) bool { return c.Path == instance })
			if i >= 0 {
				return n, i, true
			}
		}
		if repeat, i, found = findInstance(n.Children, instance); found {
			return repeat, i, true
		}
	}
	return form.Node{}, 0, false
}

func instanceTitle(repeat form.Node, i int) string {
	if label := repeat.Children[i].Label; label != "" && label != repeat.Label {
		return label
	}
	name := repeat.Label
	if name == "" {
		name = "第"
	}
	return fmt.Sprintf("%s %d", name, i+1)
}

// paginate cuts the present place into pages of about equal weight.
func (v *Visit) paginate() {
	p := v.here()
	_, nodes := v.nodes(*p)
	p.starts = starts(v.items(nodes))
	p.page = min(p.page, len(p.starts))
}

func starts(items []Item) []string {
	total := 0
	for _, item := range items {
		total += item.weight()
	}
	pages := (total + pageWeight - 1) / pageWeight
	var keys []string
	sum := 0
	for i, item := range items {
		if i > 0 && sum*pages >= total*(len(keys)+1) && items[i-1].Kind != HeadingItem {
			keys = append(keys, item.Key)
		}
		sum += item.weight()
	}
	return keys
}

// fullPage is how much a page may come to hold before part of it becomes a page of its own.
const fullPage = pageWeight + 4

// reflow cuts the present page when questions that have come made it too long, but only behind the one just answered:
// what the person looks at stays where it is.
func (v *Visit) reflow(answered survey.FieldPath) {
	p := v.here()
	_, nodes := v.nodes(*p)
	pages := p.pages(v.items(nodes))
	if p.page >= len(pages) {
		return
	}
	items := pages[p.page]
	weight := 0
	for _, item := range items {
		weight += item.weight()
	}
	if weight <= fullPage {
		return
	}
	here := slices.IndexFunc(items, func(i Item) bool { return i.shows(answered) })
	for _, key := range starts(items) {
		if slices.IndexFunc(items, func(i Item) bool { return i.Key == key }) > here {
			p.starts = append(p.starts, key)
		}
	}
}

// pages deals items out to the pages they began on.
func (p *place) pages(items []Item) [][]Item {
	pages := [][]Item{nil}
	for _, item := range items {
		if slices.Contains(p.starts, item.Key) && len(pages[len(pages)-1]) > 0 {
			pages = append(pages, nil)
		}
		pages[len(pages)-1] = append(pages[len(pages)-1], item)
	}
	return pages
}

// Page is what is asked where the person is.
type Page struct {
	Key         string // changes when another page is shown
	Title       string
	Number, Of  int
	Items       []Item
	First, Last bool // of the whole form, or of the instance
	InInstance  bool
}

// Page returns what is asked where the person is.
func (v *Visit) Page() Page {
	p := v.here()
	title, nodes := v.nodes(*p)
	pages := p.pages(v.items(nodes))
	p.page = min(p.page, len(pages)-1)
	last := p.page == len(pages)-1
	page := Page{
		Key:   fmt.Sprintf("%s %s %d", p.section, p.instance, p.page),
		Title: title, Number: p.page + 1, Of: len(pages), Items: pages[p.page],
		First: p.page == 0, Last: last, InInstance: p.instance != "",
	}
	if p.instance == "" {
		sections := v.sections()
		i := at(sections, *p)
		page.First = page.First && i == 0
		page.Last = page.Last && i >= len(sections)-1
	}
	return page
}

// Next goes to the next page; behind the last page of an instance lies the page its repeat is on.
func (v *Visit) Next() { v.turn(1) }

// Previous goes to the page before.
func (v *Visit) Previous() { v.turn(-1) }

func (v *Visit) turn(by int) {
	p := v.here()
	_, nodes := v.nodes(*p)
	pages := len(p.pages(v.items(nodes)))
	switch next := p.page + by; {
	case next >= 0 && next < pages:
		p.page = next
	case p.instance != "":
		v.Leave()
	default:
		v.toSection(at(v.sections(), *p)+by, by < 0)
	}
}

func (v *Visit) toSection(i int, atEnd bool) {
	sections := v.sections()
	if i < 0 || i >= len(sections) {
		return
	}
	v.places = []place{{section: sections[i].key}}
	v.paginate()
	if atEnd {
		v.here().page = len(v.here().starts)
	}
}

// GoSection goes to the first page of a section.
func (v *Visit) GoSection(i int) { v.toSection(i, false) }

// Enter goes into an instance of a repeat.
func (v *Visit) Enter(instance survey.FieldPath) {
	v.places = append(v.places, place{section: v.here().section, instance: instance})
	v.paginate()
}

// Leave goes back from an instance to the page its repeat is on, and reports whether there was one.
func (v *Visit) Leave() bool {
	if len(v.places) < 2 {
		return false
	}
	v.places = v.places[:len(v.places)-1]
	return true
}

// GoTo goes to the page a question is on, through the instances it is in.
func (v *Visit) GoTo(question survey.FieldPath) bool {
	for i, s := range v.sections() {
		trail, ok := trailTo(s.nodes, question)
		if !ok {
			continue
		}
		v.toSection(i, false)
		for _, instance := range trail {
			v.turnTo(instance)
			v.Enter(instance)
		}
		v.turnTo(question)
		return true
	}
	return false
}

// turnTo turns to the page of the present place that shows a question or an instance's card.
func (v *Visit) turnTo(target survey.FieldPath) {
	p := v.here()
	_, nodes := v.nodes(*p)
	for i, items := range p.pages(v.items(nodes)) {
		if slices.ContainsFunc(items, func(item Item) bool { return item.shows(target) }) {
			p.page = i
			return
		}
	}
}

// trailTo returns the instances on the way to a question.
func trailTo(nodes []form.Node, question survey.FieldPath) (trail []survey.FieldPath, found bool) {
	for _, n := range nodes {
		if n.Kind == form.QuestionNode && n.Path == question {
			return nil, true
		}
		below, ok := trailTo(n.Children, question)
		if !ok {
			continue
		}
		if n.Kind == form.InstanceNode {
			below = slices.Insert(below, 0, n.Path)
		}
		return below, true
	}
	return nil, false
}

// SectionRow is a line of the section index.
type SectionRow struct {
	Title           string
	Answered, Total int
	Wrong           int // answers to put right; missing ones only once finishing was tried
	Comments        int // answers the township has said something of
	Current         bool
}

// Index returns the sections and how far each is.
func (v *Visit) Index() []SectionRow {
	wrong := map[survey.FieldPath]bool{}
	for _, violation := range v.session.Violations() {
		if v.checked || violation.Kind != form.Required {
			wrong[violation.Path] = true
		}
	}
	sections := v.sections()
	rows := make([]SectionRow, len(sections))
	current := at(sections, v.places[0])
	for i, s := range sections {
		rows[i] = SectionRow{Title: s.title, Current: i == current}
		for _, q := range v.questions(s.nodes) {
			if wrong[q.Path] {
				rows[i].Wrong++
			}
			if v.amends.verdict.Comments[q.Path] != "" {
				rows[i].Comments++
			}
			if !q.Counts() {
				continue
			}
			rows[i].Total++
			if q.Answered {
				rows[i].Answered++
			}
		}
	}
	return rows
}

// Progress returns how many of the questions that are asked now are answered.
func (v *Visit) Progress() (answered, total int) { return v.session.Progress() }

// questions returns all questions at or below nodes.
func (v *Visit) questions(nodes []form.Node) []form.Question {
	var found []form.Question
	for _, n := range nodes {
		if n.Kind == form.QuestionNode {
			if q, ok := v.session.Question(n.Path); ok {
				found = append(found, q)
			}
			continue
		}
		found = append(found, v.questions(n.Children)...)
	}
	return found
}

func (v *Visit) wrongs(violations []form.Violation) []Wrong {
	var list []Wrong
	sections := v.sections()
	for _, violation := range violations {
		w := Wrong{Path: violation.Path, Message: violation.Message}
		for _, s := range sections {
			if _, ok := trailTo(s.nodes, violation.Path); ok {
				w.Section, w.Asked = s.title, true
				break
			}
		}
		if q, ok := v.session.Question(violation.Path); ok {
			w.Question = strings.TrimSpace(q.Label)
		}
		list = append(list, w)
	}
	return list
}
