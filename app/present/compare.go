package present

import (
	"context"
	"fmt"
	"slices"
	"time"

	"zoucun/survey"
)

// DraftFacts is what is said of one of several drafts.
type DraftFacts struct {
	ID                                    survey.DraftID
	Name, Title, Begun, Changed, Answered string
}

// Difference is a question to which drafts have different answers, with an answer for each of them, empty where it has
// none.
type Difference struct {
	Part, Question string
	Values         []string
}

// Comparison is several drafts of one household beside each other.
type Comparison struct {
	Drafts      []DraftFacts
	Differences []Difference
}

// Compare sets the drafts of one household beside each other, the one worked on last first.
func (d Desk) Compare(ctx context.Context, household survey.RecordID) (Comparison, error) {
	drafts, err := d.Keeper.DraftsOf(ctx, household)
	if err != nil {
		return Comparison{}, err
	}
	c := comparing{rows: map[string]int{}}
	for i, draft := range drafts {
		v, err := d.Resume(ctx, draft.ID)
		if err != nil {
			return Comparison{}, err
		}
		c.drafts = append(c.drafts, factsOfDraft(draft, i, d.Now()))
		c.add(i, len(drafts), v.Read())
	}
	return Comparison{Drafts: c.drafts, Differences: c.differences()}, nil
}

func factsOfDraft(d survey.Draft, i int, now time.Time) DraftFacts {
	name := fmt.Sprintf("草稿 %d", i+1)
	return DraftFacts{
		ID: d.ID, Name: name, Title: name + "　" + d.Title, Begun: Moment(d.Begun, now) + " 开始",
		Changed: Ago(d.Changed, now) + "改过", Answered: fmt.Sprintf("已答 %d/%d", d.Answered, d.Total),
	}
}

// comparing is a comparison under way.
type comparing struct {
	drafts []DraftFacts
	all    []Difference
	rows   map[string]int // where in all a question stands, by its key
}

// add enters what one of several drafts says.
func (c *comparing) add(draft, of int, passages []Passage) {
	for _, p := range passages {
		for _, r := range p.Answers {
			at, ok := c.rows[r.Key]
			if !ok {
				at = len(c.all)
				c.rows[r.Key] = at
				c.all = append(c.all, Difference{Part: p.Title, Question: r.Question, Values: make([]string, of)})
			}
			c.all[at].Values[draft] = r.Value
		}
	}
}

// differences returns the questions with more than one answer.
func (c *comparing) differences() []Difference {
	return slices.DeleteFunc(c.all, func(d Difference) bool {
		return !slices.ContainsFunc(d.Values, func(value string) bool { return value != d.Values[0] })
	})
}
