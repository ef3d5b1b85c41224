package workbench

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"zoucun/survey"
)

// Searcher finds households, visits and problems.
type Searcher interface {
	Search(ctx context.Context, query string, limit int) (survey.Found, error)
	Unread() (unread, records int)
}

// Find is the search (查找) of the workbench.
type Find struct {
	searcher Searcher
	words    *Words
	now      survey.Clock
}

// NewFind returns the search.
func NewFind(s Searcher, w *Words, now survey.Clock) *Find {
	return &Find{searcher: s, words: w, now: now}
}

// FoundRow is a line of what was found. It opens the household, or the one record where it belongs to none.
type FoundRow struct {
	Kind          survey.RecordType
	Household     survey.RecordID // zero where none is known
	Record        survey.RecordID
	Title, Detail string
}

// Findings is what a search shows.
type Findings struct {
	Query   string
	Rows    []FoundRow // households, then problems, then visits
	Summary string     // how many of what
}

// foundMost is how many of a kind are shown.
const foundMost = 50

// Search finds what fits a text. It may be called away from the screen's goroutine.
func (f *Find) Search(ctx context.Context, text string) (Findings, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Findings{}, nil
	}
	found, err := f.searcher.Search(ctx, text, foundMost)
	if err != nil {
		return Findings{}, err //nolint:wrapcheck // the store has named it
	}
	result := Findings{Query: text, Summary: summaryOf(found)}
	for _, h := range found.Households {
		result.Rows = append(result.Rows, f.household(ctx, h))
	}
	for _, p := range found.Problems {
		result.Rows = append(result.Rows, f.problem(ctx, p))
	}
	for _, v := range found.Visits {
		result.Rows = append(result.Rows, f.visit(v))
	}
	return result, nil
}

// Reading says how far records have been read for searching, or nothing once all are.
func (f *Find) Reading() string {
	unread, records := f.searcher.Unread()
	if unread == 0 {
		return ""
	}
	return fmt.Sprintf("正在读入走访和问题：还有 %d 条，共 %d 条。读过的现在就能查。", unread, records)
}

func summaryOf(found survey.Found) string {
	parts := joined("，",
		countOf(len(found.Households), found.MoreHouseholds, "户"),
		countOf(len(found.Problems), found.MoreProblems, "个问题"),
		countOf(len(found.Visits), found.MoreVisits, "次走访"))
	if parts == "" {
		return "没有找到。可试姓名、拼音首字母、户编号、电话后几位、表上编号，或填过的两三个字。"
	}
	return "找到 " + parts
}

func countOf(n int, more bool, unit string) string {
	switch {
	case n == 0:
		return ""
	case more:
		return fmt.Sprintf("%d %s（还有更多，再多写几个字）", n, unit)
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// joined puts texts side by side, leaving out empty ones.
func joined(between string, texts ...string) string {
	var some []string
	for _, text := range texts {
		if text != "" {
			some = append(some, text)
		}
	}
	return strings.Join(some, between)
}

func (f *Find) household(ctx context.Context, h survey.FoundHousehold) FoundRow {
	member := ""
	if h.Member != "" {
		member = "家人 " + h.Member
	}
	return FoundRow{
		Kind: survey.TypeHousehold, Household: h.ID, Record: h.ID, Title: cmp.Or(h.Head, "（未登记户主）"),
		Detail: joined(" · ", member, f.words.whereabouts(ctx, h.Household)),
	}
}

func (f *Find) problem(ctx context.Context, p survey.FoundProblem) FoundRow {
	head := ""
	if h, err := f.words.naming.Household(ctx, p.Household); err == nil {
		head = home(h.Head)
	}
	return FoundRow{
		Kind: survey.TypeProblem, Household: p.Household, Record: p.ID, Title: cmp.Or(p.Title, "（没有写明的问题）"),
		Detail: joined(" · ", quoted(p.Passage), f.words.village(p.Scope), head, stateWord(p.State), date(p.Raised, f.now())),
	}
}

func (f *Find) visit(v survey.FoundVisit) FoundRow {
	number, name := formNumber(v.Title)
	return FoundRow{
		Kind: survey.TypeVisit, Household: v.Household, Record: v.ID, Title: cmp.Or(name, "（没有写明是谁）"),
		Detail: joined(" · ", quoted(v.Passage), f.words.village(v.Scope), date(v.Finished, f.now()), f.words.person(v.Author), number),
	}
}

func quoted(p survey.Passage) string {
	if p.Text == "" {
		return ""
	}
	return "“" + p.Text + "”"
}

// formNumber parts the number that a form gives a visit from what else it is called.
func formNumber(title string) (number, name string) {
	first, rest, ok := strings.Cut(title, " ")
	if ok && strings.Count(first, "-") >= 2 && strings.ContainsAny(first, "0123456789") {
		return first, strings.TrimSpace(rest)
	}
	return "", title
}

// whereabouts is one line on where a household is: village, group, door, code.
func (w *Words) whereabouts(ctx context.Context, h survey.Household) string {
	group := ""
	if !h.Group.IsZero() {
		group = w.name(ctx, survey.Record{Type: survey.TypeHousehold, Scope: h.Scope}, h.Group)
	}
	if strings.HasPrefix(h.Door, group) {
		group = ""
	}
	code := ""
	if h.Code != "" {
		code = "编号 " + h.Code
	}
	return joined(" · ", w.village(h.Scope), group, h.Door, code)
}

// stateWord returns what people call a problem's state.
func stateWord(state string) string {
	if state == "" {
		return "已登记"
	}
	return cmp.Or(values[survey.ProblemState][state], state)
}

// date says on which day something was, with the year where it is another.
func date(at survey.Millis, now time.Time) string {
	if at == 0 {
		return ""
	}
	t := at.Time().In(now.Location())
	if t.Year() != now.Year() {
		return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
	}
	return fmt.Sprintf("%d月%d日", t.Month(), t.Day())
}
