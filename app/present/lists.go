package present

import (
	"context"
	"fmt"
	"slices"
	"time"

	"zoucun/survey"
)

// Safekeeper knows which fillings are where.
type Safekeeper interface {
	Drafts(ctx context.Context) ([]survey.Draft, error)
	Waiting(ctx context.Context) ([]survey.Visit, error)
	Delivered(ctx context.Context, limit int) ([]survey.Visit, error)
	Envelopes(ctx context.Context) (survey.Envelopes, error)
	// Returned returns the visits of whoever has unlocked the device that the township has returned, the latest first.
	Returned(ctx context.Context) ([]survey.Visit, error)
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
}

// Lists is what was returned, what is begun, what waits and what has arrived.
type Lists struct {
	Returned, Drafts, Waiting, Delivered []Line
	Envelopes                            Envelopes
}

// deliveredShown is how many delivered visits the list shows; the rest is on the server.
const deliveredShown = 100

// ListsOf reads the three lists.
func ListsOf(ctx context.Context, s Safekeeper, now time.Time) (Lists, error) {
	drafts, err := s.Drafts(ctx)
	if err != nil {
		return Lists{}, err
	}
	waiting, err := s.Waiting(ctx)
	if err != nil {
		return Lists{}, err
	}
	delivered, err := s.Delivered(ctx, deliveredShown)
	if err != nil {
		return Lists{}, err
	}
	envelopes, err := s.Envelopes(ctx)
	if err != nil {
		return Lists{}, err
	}
	returned, err := returnedLines(ctx, s, drafts)
	if err != nil {
		return Lists{}, err
	}
	all := func(survey.Draft) bool { return true }
	return Lists{
		Returned:  returned,
		Drafts:    draftLines(drafts, now, all),
		Waiting:   deliveryLines(waiting, now),
		Delivered: deliveryLines(delivered, now),
		Envelopes: envelopesOf(envelopes),
	}, nil
}

func draftLines(drafts []survey.Draft, now time.Time, belongs func(survey.Draft) bool) []Line {
	var lines []Line
	for _, d := range drafts {
		if belongs(d) {
			line := Line{
				Title: d.Title, Detail: Moment(d.Changed, now) + " 改过",
				Flag: fmt.Sprintf("已答 %d/%d", d.Answered, d.Total), Draft: d.ID,
			}
			if !d.Amends.IsZero() {
				line.Detail = "补充退回的走访 · " + line.Detail
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func deliveryLines(visits []survey.Visit, now time.Time) []Line {
	var lines []Line
	for _, v := range visits {
		line := Line{Title: v.Title, Detail: Moment(v.Finished, now) + " 完成", Flag: deliveryWord(v.Delivery)}
		if v.Apart != "" {
			line.Detail, line.Flag = line.Detail+"。"+v.Apart, "乡镇核对"
		}
		lines = append(lines, line)
	}
	return lines
}

// returnedLines are the visits that the township has returned, with what it says.
func returnedLines(ctx context.Context, s Safekeeper, drafts []survey.Draft) ([]Line, error) {
	visits, err := s.Returned(ctx)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, v := range visits {
		held, err := s.Holding(ctx, v.ID)
		if err != nil {
			return nil, err
		}
		verdict := survey.VerdictOf(held.Record.Fields)
		line := Line{Title: v.Title, Detail: "乡镇：" + remark(verdict), Flag: "要补充", Visit: v.ID}
		if slices.ContainsFunc(drafts, func(d survey.Draft) bool { return d.Amends.Visit == v.ID }) {
			line.Flag = "正在补充"
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// remark is what the township says, in brief.
func remark(v survey.Verdict) string {
	switch n := len(v.Comments); {
	case n == 0 && v.Comment == "":
		return "请再看一看这份表。"
	case n == 0:
		return v.Comment
	case v.Comment == "":
		return fmt.Sprintf("有 %d 题请再看一看。", n)
	default:
		return fmt.Sprintf("%s（另有 %d 题的意见）", v.Comment, n)
	}
}
