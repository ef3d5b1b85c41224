package present

import (
	"context"
	"fmt"
	"time"

	"zoucun/survey"
)

// Safekeeper knows which fillings are where.
type Safekeeper interface {
	Drafts(ctx context.Context) ([]survey.Draft, error)
	Waiting(ctx context.Context) ([]survey.Visit, error)
	Delivered(ctx context.Context, limit int) ([]survey.Visit, error)
	Envelopes(ctx context.Context) (survey.Envelopes, error)
}

// Lists is what is begun, what waits and what has arrived.
type Lists struct {
	Drafts, Waiting, Delivered []Line
	Envelopes                  Envelopes
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
	all := func(survey.Draft) bool { return true }
	return Lists{
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
			lines = append(lines, Line{
				Title: d.Title, Detail: Moment(d.Changed, now) + " 改过",
				Flag: fmt.Sprintf("已答 %d/%d", d.Answered, d.Total), Draft: d.ID,
			})
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
