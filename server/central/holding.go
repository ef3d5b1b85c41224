package central

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// Holding returns everything that is held of a record, or an error of kind NotFound.
func (c *Central) Holding(ctx context.Context, id survey.RecordID) (holding survey.Holding, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		edits, err := c.edits(ctx, tx, id)
		holding = holdingOf(edits)
		return err
	})
	if err == nil && len(holding.Statements) == 0 {
		err = &survey.Error{Kind: survey.NotFound, Op: "central.Holding", Subject: "record " + id.String(), Message: "没有找到这条记录。"}
	}
	return holding, fail("central.Holding", err)
}

// Holdings is Records with everything that is held of each.
func (c *Central) Holdings(ctx context.Context, q Query, yield func(survey.Holding) error) error {
	return fail("central.Holdings", c.histories(ctx, q, func(edits []merge.Edit) error { return yield(holdingOf(edits)) }))
}

// HoldingsOf is Holdings of a type in every scope, for whoever has not heard of Query.
func (c *Central) HoldingsOf(ctx context.Context, of survey.RecordType, yield func(survey.Holding) error) error {
	return c.Holdings(ctx, Query{Type: of}, yield)
}

func holdingOf(edits []merge.Edit) survey.Holding {
	h := survey.Holding{Record: merge.Apply(edits)}
	for _, e := range edits {
		h.Statements = append(h.Statements, survey.Statement{ID: e.ID, Header: e.Header, Body: e.Body, Erased: e.Erased, HLC: e.HLC})
	}
	slices.SortFunc(h.Statements, func(a, b survey.Statement) int { return cmp.Or(cmp.Compare(a.HLC, b.HLC), a.ID.Compare(b.ID)) })
	return h
}

// LogAccess writes a line of the access log into the server's own log and the scope's feed.
func (c *Central) LogAccess(ctx context.Context, a survey.Access) error {
	_, err := c.Write(ctx, a.Person, []Write{{
		Record: newID[survey.RecordID](), Type: survey.TypeAccess, Scope: a.Scope, Fields: a.Fields(),
	}})
	return err
}
