package tally

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"zoucun/survey"
)

// Names are what people call what is counted, and in which order a township lists its villages.
type Names struct {
	Villages []survey.Place
	Policy   func(key string) string
	Category func(key string) string
}

// village returns what a village is called.
func (n Names) village(id survey.RecordID) string {
	if at := n.place(id); at < len(n.Villages) {
		return n.Villages[at].Name
	}
	return "名册外"
}

func (n Names) place(id survey.RecordID) int {
	if at := slices.IndexFunc(n.Villages, func(v survey.Place) bool { return v.ID == id }); at >= 0 {
		return at
	}
	return len(n.Villages)
}

// What stands in a cell for a number that is hidden, and for one that no record tells.
const (
	HiddenMark  = "＊"
	UntoldMark  = "—"
	HiddenNote  = "＊：不足5户（件、人次），或者显示出来就能推算出不足5的数，不显示。"
	untoldNote  = "—：系统里还没有这一项的记录。"
	RankingNote = "本表不作干部排名使用。"
)

// Sheet is 汇总表 (QZ-11) as it is printed.
type Sheet struct {
	Title, Left string
	Columns     []SheetColumn
	Rows        [][]string
	Notes       []string
}

// SheetColumn is a column of the sheet: its heading, and its width against the others.
type SheetColumn struct {
	Label string
	Share float64
}

// Sheet lays out what is counted of a township by village. Of problems, those without an answer come first.
func (t *Tally) Sheet(q Question, names Names) Sheet {
	w := &sheetWriter{tree: t.Tree(q), names: names}
	w.order = make([]int, len(w.tree.Villages))
	for i := range w.order {
		w.order[i] = i
	}
	slices.SortStableFunc(w.order, func(a, b int) int {
		return cmp.Compare(names.place(w.tree.Villages[a].Area), names.place(w.tree.Villages[b].Area))
	})
	w.start()
	w.coverage()
	w.raised()
	w.known(t, q)
	return Sheet{
		Title: "走访汇总表（QZ-11）", Left: "统计期间：" + q.Period.Words(), Columns: w.columns, Rows: w.rows,
		Notes: []string{
			RankingNote,
			fmt.Sprintf("n：期间内全部走访 %s 次、走访户 %s 户（合并登记的户只算一户），不是抽样；没有走访到的户不在其中，不能代表全体。",
				w.total(Visits), w.total(Reached)),
			HiddenNote, untoldNote,
		},
	}
}

// Words says the period as people do.
func (p Period) Words() string {
	switch {
	case p.From == 0 && p.To == 0:
		return "全部"
	case p.To == 0:
		return p.From.String() + " 起"
	case p.From == 0:
		return "至 " + p.To.String()
	}
	return p.From.String() + " 至 " + p.To.String()
}

// sheetWriter adds columns to a sheet, for each village in order and then for all of them.
type sheetWriter struct {
	tree    *Tree
	names   Names
	order   []int
	columns []SheetColumn
	rows    [][]string
}

func (w *sheetWriter) start() {
	w.columns = append(w.columns, SheetColumn{"村（社区）", 2})
	for _, v := range w.order {
		w.rows = append(w.rows, []string{w.names.village(w.tree.Villages[v].Area)})
	}
	w.rows = append(w.rows, []string{"合计"})
}

// add adds a column: cell is asked for each village, and total for all of them.
func (w *sheetWriter) add(label string, share float64, cell func(village int) string, total string) {
	w.columns = append(w.columns, SheetColumn{label, share})
	for row, v := range w.order {
		w.rows[row] = append(w.rows[row], cell(v))
	}
	w.rows[len(w.order)] = append(w.rows[len(w.order)], total)
}

func (w *sheetWriter) cell(village int, m Measure) string {
	if w.tree.Hidden(m).Branches[village] {
		return HiddenMark
	}
	return strconv.Itoa(w.tree.Villages[village].Counts[m])
}

func (w *sheetWriter) total(m Measure) string {
	if w.tree.Hidden(m).Whole {
		return HiddenMark
	}
	return strconv.Itoa(w.tree.Total[m])
}

func (w *sheetWriter) number(label string, m Measure) {
	w.add(label, 1, func(v int) string { return w.cell(v, m) }, w.total(m))
}

// pair is a column of what there is and what was reached of it.
func (w *sheetWriter) pair(label string, due, done Measure) {
	w.add(label, 1.3, func(v int) string { return w.cell(v, due) + "/" + w.cell(v, done) }, w.total(due)+"/"+w.total(done))
}

func (w *sheetWriter) untold(label string) {
	w.add(label, 1, func(int) string { return UntoldMark }, UntoldMark)
}

func (w *sheetWriter) coverage() {
	w.number("总户数", Registered)
	w.number("走访户（去重）", Reached)
	w.number("其中见到并交谈", Talked)
	w.pair("偏远户 应/实", RemoteDue, RemoteReached)
	w.pair("路边户 应/实", RoadsideDue, RoadsideReached)
	all := 0
	for _, b := range w.tree.Villages {
		all += len(b.Unreached())
	}
	w.add("未走访组", 1, func(v int) string { return strconv.Itoa(len(w.tree.Villages[v].Unreached())) }, strconv.Itoa(all))
	w.number("询问人数", People)
	w.share("单独交谈比例", func(v int) (part, of int) {
		c := w.tree.Villages[v].Counts
		return c[AloneVisits], c[AskedAlone]
	})
	w.number("回访户", FollowedUp)
	w.number("补记数", LateVisits)
}

func (w *sheetWriter) raised() {
	w.number("没有办结", OpenProblems)
	w.number("问题总数", Problems)
	w.number("当场解决", DoneOnsite)
	w.untold("限期解决")
	w.untold("协调解决")
	w.number("转出", PassedOut)
	w.number("已答复", Replied)
	w.untold("实际解决")
	w.number("群众认可", Solved)
	w.untold("超期")
	w.untold("转办≥2次")
}

// share adds a column of rates, each with how many it is of. A rate is hidden with what it would tell by subtraction.
func (w *sheetWriter) share(label string, of func(village int) (part, of int)) {
	n := len(w.tree.Villages)
	parts, rest := make([]int, n), make([]int, n)
	for v := range n {
		part, all := of(v)
		parts[v], rest[v] = part, all-part
	}
	hiddenPart, wholePart := Line(parts)
	hiddenRest, wholeRest := Line(rest)
	total := rate(sum(parts), sum(parts)+sum(rest))
	if wholePart || wholeRest {
		total = HiddenMark
	}
	w.add(label, 1.6, func(v int) string {
		if hiddenPart[v] || hiddenRest[v] {
			return HiddenMark
		}
		return rate(parts[v], parts[v]+rest[v])
	}, total)
}

func rate(part, of int) string {
	if of == 0 {
		return UntoldMark
	}
	return fmt.Sprintf("%d%%（n=%d）", (100*part+of/2)/of, of)
}

// known adds what is known of policies, and what many have in common.
func (w *sheetWriter) known(t *Tally, q Question) {
	w.number("政策当面讲解人次", ToldPolicies)
	at := map[survey.RecordID]int{}
	for v, b := range w.tree.Villages {
		at[b.Area] = v
	}
	n := len(w.tree.Villages)
	aware, asked := make([]int, n), make([]int, n)
	misread, common := make([]map[string]int, n), make([]map[string]int, n)
	for v := range n {
		misread[v], common[v] = map[string]int{}, map[string]int{}
	}
	t.eachAnswer(q, Area{}, func(policy, answer string, area int, _ survey.RecordID) {
		v, here := at[t.areas[area].village]
		if !here {
			return
		}
		asked[v]++
		switch answer {
		case "clear", "heard":
			aware[v]++
		case "misread":
			misread[v][policy]++
		}
	})
	t.eachProblem(q, Area{}, func(p *Problem, area int) {
		if v, here := at[t.areas[area].village]; here {
			common[v][p.Category]++
		}
	})
	w.share("知晓率", func(v int) (int, int) { return aware[v], asked[v] })
	w.top("误解最多的政策", misread, w.names.Policy)
	w.top("共性问题", common, w.names.Category)
}

// top adds a column of what is most frequent, of those that are not few.
func (w *sheetWriter) top(label string, of []map[string]int, name func(string) string) {
	all := map[string]int{}
	for _, counts := range of {
		for key, n := range counts {
			all[key] += n
		}
	}
	w.add(label, 2.2, func(v int) string { return most(of[v], name) }, most(all, name))
}

func most(counts map[string]int, name func(string) string) string {
	best := ""
	for _, s := range shares(counts) {
		if s.Count >= Few && s.Key != "" {
			best = name(s.Key)
			break
		}
	}
	return cmp.Or(strings.TrimSpace(best), UntoldMark)
}
