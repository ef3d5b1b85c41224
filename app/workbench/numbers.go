package workbench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"zoucun/survey"
	"zoucun/tally"
)

// Counted is what numbers ask of the device.
type Counted interface {
	Naming
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
}

// Span is which days are counted.
type Span uint8

// Spans.
const (
	ThisMonth Span = iota
	LastMonth
	ThisYear
	Always
)

// SpanNames are what people call the spans, in their order.
var SpanNames = []string{"本月", "上月", "今年", "全部"}

// Period returns the days of a span as seen from now.
func (s Span) Period(now time.Time) tally.Period {
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	day := func(t time.Time) tally.Day { return tally.On(t) }
	switch s {
	case ThisMonth:
		return tally.Period{From: day(month), To: day(month.AddDate(0, 1, -1))}
	case LastMonth:
		return tally.Period{From: day(month.AddDate(0, -1, 0)), To: day(month.AddDate(0, 0, -1))}
	case ThisYear:
		return tally.Period{From: day(time.Date(now.Year(), 1, 1, 0, 0, 0, 0, time.UTC)), To: day(time.Date(now.Year(), 12, 31, 0, 0, 0, 0, time.UTC))}
	case Always:
	}
	return tally.Period{}
}

// Numbers is what the township's visits amount to (统计).
type Numbers struct {
	store Counted
	words *Words
	book  *Book
	now   survey.Clock

	mu      sync.Mutex
	span    Span
	village survey.RecordID // zero for all villages
}

// NewNumbers returns the numbers of this month, of all villages.
func NewNumbers(store Counted, words *Words, book *Book, now survey.Clock) *Numbers {
	return &Numbers{store: store, words: words, book: book, now: now}
}

// Span returns which days are counted.
func (n *Numbers) Span() Span {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.span
}

// Count counts other days.
func (n *Numbers) Count(s Span) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.span = s
}

// Village returns the village whose groups are shown; a zero one for all villages.
func (n *Numbers) Village() survey.RecordID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.village
}

// Enter shows the groups of a village, or with a zero one all villages.
func (n *Numbers) Enter(village survey.RecordID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.village = village
}

func (n *Numbers) question() tally.Question { return tally.Question{Period: n.Span().Period(n.now())} }

// Ready reports whether everything is counted; before that numbers are of what was read so far.
func (n *Numbers) Ready() bool { return n.book.Full() }

// Behind says which records a number was counted from.
type Behind struct {
	Title   string
	area    tally.Area
	measure tally.Measure
	of      func(ctx context.Context) []survey.RecordID // instead of a measure
}

// NumberCell is a number of a table. One that is hidden, and one of nothing, leads nowhere.
type NumberCell struct {
	Text   string
	Behind *Behind
}

// NumberRow is a line of a table: an area.
type NumberRow struct {
	Area  survey.RecordID
	Name  string
	Enter bool // the area has groups to be shown
	Total bool
	Cells []NumberCell
}

// NumberTable is a table of numbers.
type NumberTable struct {
	Columns []string
	Rows    []NumberRow
	Notes   []string
}

// coverageColumns are the columns of coverage, and what is counted in each.
var coverageColumns = []struct {
	label    string
	measures []tally.Measure // the first of two stands before a stroke
}{
	{"总户数", []tally.Measure{tally.Registered}},
	{"走访户", []tally.Measure{tally.Reached}},
	{"见到交谈", []tally.Measure{tally.Talked}},
	{"偏远户\n应/实", []tally.Measure{tally.RemoteDue, tally.RemoteReached}},
	{"路边户\n应/实", []tally.Measure{tally.RoadsideDue, tally.RoadsideReached}},
	{"询问人数", []tally.Measure{tally.People}},
	{"回访户", []tally.Measure{tally.FollowedUp}},
	{"补记", []tally.Measure{tally.LateVisits}},
}

// Picture is everything the screen of numbers shows.
type Picture struct {
	Title     string
	Coverage  NumberTable
	Reached   []Bar // villages or groups by how much of them was reached, in the order of the register
	Unreached string
	Problems  []Bar // by category
	States    []Bar // by state, those without an answer first
	Policies  []Bar
}

// Bar is a line of a chart: parts of one length, or of several that stand for a whole.
type Bar struct {
	Label  string
	Parts  []BarPart
	Of     int    // the whole that the parts are measured against
	Words  string // what stands behind the bar
	Behind *Behind
}

// BarPart is a part of a bar. Of a hidden one nothing is drawn.
type BarPart struct {
	Count int
	Tone  BarTone
}

// BarTone says what a part of a bar stands for.
type BarTone uint8

// Tones.
const (
	ToneMain  BarTone = iota // what is counted
	ToneGood                 // known, done
	ToneHalf                 // heard of, under way
	ToneQuiet                // unknown
	ToneWrong                // misunderstood
)

// Picture counts what is shown now.
func (n *Numbers) Picture(ctx context.Context) Picture {
	q, village := n.question(), n.Village()
	tree := n.book.Tree(q)
	p := Picture{Title: "各村", Coverage: n.coverage(tree, village)}
	p.Reached, p.Unreached = n.reached(p.Coverage, tree, village), n.unreached(tree, village)
	if !village.IsZero() {
		// What was raised and what is known in one village is not drawn: beside the same of all villages it would tell by
		// subtraction what few have said.
		p.Title = n.words.village(survey.VillageScope(village))
		return p
	}
	p.States = n.states(q)
	p.Problems = n.categories(ctx, q)
	p.Policies = n.policies(ctx, q)
	return p
}

// lines returns the rows of coverage: villages or groups, in the order of the register, and for each the numbers and which
// of them are hidden.
type numberLine struct {
	area   survey.RecordID
	name   string
	in     tally.Area
	counts [tally.Measures]int
	hidden func(tally.Measure) bool
	enter  bool
	total  bool
}

func (n *Numbers) lines(tree *tally.Tree, village survey.RecordID) []numberLine {
	if village.IsZero() {
		return n.villageLines(tree)
	}
	at := slices.IndexFunc(tree.Villages, func(b tally.Branch) bool { return b.Area == village })
	if at < 0 {
		return nil
	}
	branch := tree.Villages[at]
	var lines []numberLine
	for g, row := range branch.Groups {
		lines = append(lines, numberLine{
			area: row.Area, name: n.group(village, row.Area), in: tally.Area{Village: village, Group: row.Area, InGroup: true}, counts: row.Counts,
			hidden: func(m tally.Measure) bool { return tree.Hidden(m).Parts[at][g] },
		})
	}
	n.inOrder(lines, n.words.naming.Groups(village))
	return append(lines, numberLine{
		name: "全村", in: tally.Area{Village: village}, counts: branch.Counts, total: true,
		hidden: func(m tally.Measure) bool { return tree.Hidden(m).Branches[at] },
	})
}

func (n *Numbers) villageLines(tree *tally.Tree) []numberLine {
	var lines []numberLine
	for v, b := range tree.Villages {
		lines = append(lines, numberLine{
			area: b.Area, name: n.words.village(survey.VillageScope(b.Area)), in: tally.Area{Village: b.Area}, counts: b.Counts, enter: true,
			hidden: func(m tally.Measure) bool { return tree.Hidden(m).Branches[v] },
		})
	}
	n.inOrder(lines, n.words.naming.Villages())
	return append(lines, numberLine{
		name: "合计", counts: tree.Total, total: true, hidden: func(m tally.Measure) bool { return tree.Hidden(m).Whole },
	})
}

// inOrder sorts lines as the register lists its places; what it does not list comes last.
func (n *Numbers) inOrder(lines []numberLine, places []survey.Place) {
	rank := func(l numberLine) int {
		if at := slices.IndexFunc(places, func(p survey.Place) bool { return p.ID == l.area }); at >= 0 {
			return at
		}
		return len(places)
	}
	slices.SortStableFunc(lines, func(a, b numberLine) int { return cmp.Compare(rank(a), rank(b)) })
}

func (n *Numbers) group(village, group survey.RecordID) string {
	for _, g := range n.words.naming.Groups(village) {
		if g.ID == group {
			return g.Name
		}
	}
	return "没有分组的户"
}

func (n *Numbers) coverage(tree *tally.Tree, village survey.RecordID) NumberTable {
	t := NumberTable{Columns: []string{"村"}, Notes: []string{tally.HiddenNote, "点一个数，看它是从哪些记录数出来的。" + tally.RankingNote}}
	if !village.IsZero() {
		t.Columns[0] = "组"
	}
	for _, c := range coverageColumns {
		t.Columns = append(t.Columns, c.label)
	}
	for _, line := range n.lines(tree, village) {
		row := NumberRow{Area: line.area, Name: line.name, Enter: line.enter && !line.area.IsZero(), Total: line.total}
		for _, c := range coverageColumns {
			row.Cells = append(row.Cells, line.cell(c.label, c.measures))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// cell shows what was counted; of a pair what was reached leads to its records.
func (l numberLine) cell(label string, measures []tally.Measure) NumberCell {
	var texts []string
	for _, m := range measures {
		if l.hidden(m) {
			texts = append(texts, tally.HiddenMark)
		} else {
			texts = append(texts, strconv.Itoa(l.counts[m]))
		}
	}
	cell := NumberCell{Text: strings.Join(texts, "/")}
	last := measures[len(measures)-1]
	if !l.hidden(last) && l.counts[last] > 0 {
		title := l.name + " · " + strings.ReplaceAll(strings.ReplaceAll(label, "\n应/实", ""), "\n", "")
		cell.Behind = &Behind{Title: title, area: l.in, measure: last}
	}
	return cell
}

// reached draws how much of each area was reached.
func (n *Numbers) reached(t NumberTable, tree *tally.Tree, village survey.RecordID) []Bar {
	var bars []Bar
	for i, line := range n.lines(tree, village) {
		if line.total || line.counts[tally.Registered] == 0 {
			continue
		}
		all, got := line.counts[tally.Registered], line.counts[tally.Reached]
		bar := Bar{Label: line.name, Of: all, Words: fmt.Sprintf("%d/%d 户", got, all), Behind: t.Rows[i].Cells[1].Behind}
		if line.hidden(tally.Reached) {
			bar.Words = fmt.Sprintf("%s/%d 户", tally.HiddenMark, all)
		} else {
			bar.Parts = []BarPart{{got, ToneMain}}
		}
		bars = append(bars, bar)
	}
	return bars
}

// unreached names the groups in which no household was visited.
func (n *Numbers) unreached(tree *tally.Tree, village survey.RecordID) string {
	var names []string
	for _, b := range tree.Villages {
		if !village.IsZero() && b.Area != village {
			continue
		}
		for _, group := range b.Unreached() {
			name := n.group(b.Area, group)
			if village.IsZero() {
				name = n.words.village(survey.VillageScope(b.Area)) + name
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "每个组都有走访。"
	}
	const most = 30
	rest := ""
	if len(names) > most {
		names, rest = names[:most], "等"
	}
	return "还没有走访的组：" + strings.Join(names, "、") + rest + "。"
}

// bars draws shares of one whole, those hidden that Line hides.
func bars(shares []tally.Share, name func(string) string, tone func(string) BarTone, behind func(key, name string) *Behind) []Bar {
	counts := make([]int, len(shares))
	most := 1
	for i, s := range shares {
		counts[i] = s.Count
		most = max(most, s.Count)
	}
	hidden, _ := tally.Line(counts)
	drawn := make([]Bar, 0, len(shares))
	for i, s := range shares {
		bar := Bar{Label: name(s.Key), Of: most, Words: tally.HiddenMark}
		if !hidden[i] {
			bar.Words, bar.Parts, bar.Behind = strconv.Itoa(s.Count), []BarPart{{s.Count, tone(s.Key)}}, behind(s.Key, bar.Label)
		}
		drawn = append(drawn, bar)
	}
	return drawn
}

func (n *Numbers) categories(ctx context.Context, q tally.Question) []Bar {
	return bars(n.book.Categories(q, tally.Area{}), func(key string) string { return n.category(ctx, key) },
		func(string) BarTone { return ToneMain },
		func(key, name string) *Behind {
			return n.problemsBehind("问题 · "+name, q, func(p tally.Problem) bool { return p.Category == key })
		})
}

func (n *Numbers) problemsBehind(title string, q tally.Question, want func(tally.Problem) bool) *Behind {
	return &Behind{Title: title, of: func(context.Context) []survey.RecordID {
		var ids []survey.RecordID
		for _, p := range n.book.Problems(q, tally.Area{}, want) {
			ids = append(ids, p.ID)
		}
		return ids
	}}
}

// category returns what a category of problems is called.
func (n *Numbers) category(ctx context.Context, key string) string {
	if key == "" {
		return "没有选类别"
	}
	r := survey.Record{Type: survey.TypeProblem}
	return n.words.value(ctx, n.words.of(ctx, r, "cat1"), r, "cat1", key)
}

func (n *Numbers) states(q tally.Question) []Bar {
	all := n.book.States(q, tally.Area{})
	waits := func(s tally.Share) int {
		if (survey.Problem{State: s.Key}).Open() {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b tally.Share) int { return cmp.Compare(waits(a), waits(b)) })
	return bars(all, func(key string) string { return cmp.Or(values[survey.ProblemState][key], key, "没有状态") },
		func(key string) BarTone {
			if (survey.Problem{State: key}).Open() {
				return ToneMain
			}
			return ToneGood
		},
		func(key, name string) *Behind {
			return n.problemsBehind("问题 · "+name, q, func(p tally.Problem) bool { return p.State == key })
		})
}

// answersOfPolicies are the answers on how far a policy is known, in the order in which they are drawn.
var answersOfPolicies = []struct {
	key  string
	tone BarTone
}{{"clear", ToneGood}, {"heard", ToneHalf}, {"unknown", ToneQuiet}, {"misread", ToneWrong}}

func (n *Numbers) policies(ctx context.Context, q tally.Question) []Bar {
	var drawn []Bar
	for _, a := range n.book.Policies(q, tally.Area{}) {
		bar := Bar{Label: n.policy(ctx, a.Policy), Of: a.All()}
		counts := make([]int, len(answersOfPolicies))
		for i, answer := range answersOfPolicies {
			counts[i] = a.Of(answer.key)
		}
		hidden, whole := tally.Line(counts)
		switch {
		case whole:
			bar.Words = tally.HiddenMark
		case slices.Contains(hidden, true):
			bar.Words = fmt.Sprintf("%s（n=%d）", tally.HiddenMark, a.All())
		default:
			for i, answer := range answersOfPolicies {
				bar.Parts = append(bar.Parts, BarPart{counts[i], answer.tone})
			}
			known := counts[0] + counts[1]
			bar.Words = fmt.Sprintf("知晓 %d%%（n=%d）", (100*known+a.All()/2)/max(1, a.All()), a.All())
			bar.Behind = &Behind{Title: bar.Label + " · 有误解", of: func(context.Context) []survey.RecordID {
				return n.book.BehindAnswer(q, tally.Area{}, a.Policy, "misread")
			}}
			if counts[3] == 0 {
				bar.Behind = nil
			}
		}
		drawn = append(drawn, bar)
	}
	return drawn
}

// policy returns what a policy is called: the label of the group of questions on it.
func (n *Numbers) policy(ctx context.Context, key string) string {
	forms, err := n.words.naming.Forms(ctx)
	if err != nil {
		return key
	}
	for _, info := range forms {
		if label := n.words.groupLabel(ctx, info, key); label != "" {
			return label
		}
	}
	return key
}

// RecordLine is a record that a number was counted from.
type RecordLine struct {
	ID            survey.RecordID
	Type          survey.RecordType
	Title, Detail string
}

// recordsShown is how many records behind a number are listed; the number says how many there are.
const recordsShown = 500

// Records returns the records behind a number, at most 500 of them, and how many there are.
func (n *Numbers) Records(ctx context.Context, b *Behind) ([]RecordLine, int, error) {
	var ids []survey.RecordID
	if b.of != nil {
		ids = b.of(ctx)
	} else {
		ids = n.book.Behind(n.question(), b.area, b.measure)
	}
	var lines []RecordLine
	for _, id := range ids[:min(len(ids), recordsShown)] {
		held, err := n.store.Holding(ctx, id)
		if survey.KindOf(err) == survey.NotFound {
			continue
		}
		if err != nil {
			return nil, 0, fmt.Errorf("workbench.Records: %w", err)
		}
		lines = append(lines, n.line(ctx, held.Record))
	}
	if b.of == nil {
		slices.SortStableFunc(lines, func(a, b RecordLine) int { return cmp.Compare(a.Detail, b.Detail) })
	}
	return lines, len(ids), nil
}

func (n *Numbers) line(ctx context.Context, r survey.Record) RecordLine {
	line := RecordLine{ID: r.ID, Type: r.Type, Title: n.words.subject(ctx, r), Detail: n.words.where(ctx, r)}
	if r.Type == survey.TypeProblem {
		state := r.Fields[survey.ProblemState]
		line.Detail += " · " + cmp.Or(values[survey.ProblemState][state], state)
	}
	return line
}

// RecordPage is a record as it is read.
type RecordPage struct {
	Title, Where string
	Passages     []Passage
	Steps        []ReviewStep
}

// Open returns a record behind a number to read.
func (n *Numbers) Open(ctx context.Context, id survey.RecordID) (RecordPage, error) {
	held, err := n.store.Holding(ctx, id)
	if err != nil {
		return RecordPage{}, fmt.Errorf("workbench.Open: %w", err)
	}
	p := RecordPage{Title: n.words.subject(ctx, held.Record), Where: n.words.where(ctx, held.Record), Steps: n.words.steps(held, n.now())}
	if held.Record.Type == survey.TypeVisit {
		p.Passages = n.words.passages(ctx, held.Record, nil)
		return p, nil
	}
	p.Passages = []Passage{n.words.plainly(ctx, held.Record)}
	return p, nil
}

// Sheet returns 汇总表 (QZ-11) of the days counted now.
func (n *Numbers) Sheet(ctx context.Context) tally.Sheet {
	return n.book.Sheet(n.question(), tally.Names{
		Villages: n.words.naming.Villages(),
		Policy:   func(key string) string { return n.policy(ctx, key) },
		Category: func(key string) string { return n.category(ctx, key) },
	})
}
