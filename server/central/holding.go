package central

import (
	"context"
	"database/sql"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// Holding returns everything that is held of a record, or an error of kind NotFound.
func (c *Central) Holding(ctx context.Context, id survey.RecordID) (holding survey.Holding, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		edits, err := c.edits(ctx, tx, id)
		holding = merge.HoldingOf(edits)
		return err
	})
	if err == nil && len(holding.Statements) == 0 {
		err = &survey.Error{Kind: survey.NotFound, Op: "central.Holding", Subject: "record " + id.String(), Message: "没有找到这条记录。"}
	}
	return holding, fail("central.Holding", err)
}

// Holdings is Records with everything that is held of each.
func (c *Central) Holdings(ctx context.Context, q Query, yield func(survey.Holding) error) error {
	return fail("central.Holdings", c.histories(ctx, q, func(edits []merge.Edit) error { return yield(merge.HoldingOf(edits)) }))
}

// HoldingsOf is Holdings of a type in every scope, for whoever has not heard of Query.
func (c *Central) HoldingsOf(ctx context.Context, of survey.RecordType, yield func(survey.Holding) error) error {
	return c.Holdings(ctx, Query{Type: of}, yield)
}

// LogAccess writes a line of the access log into the server's own log and the scope's feed.
func (c *Central) LogAccess(ctx context.Context, a survey.Access) error {
	_, err := c.Write(ctx, a.Person, []Write{{
		Record: newID[survey.RecordID](), Type: survey.TypeAccess, Scope: a.Scope, Fields: a.Fields(),
	}})
	return err
}

// Held returns everything that is held on a household: the household itself, its visits, its problems and who has looked.
// Voided records are among them. An unknown household is NotFound.
func (c *Central) Held(ctx context.Context, household survey.RecordID) ([]survey.Holding, error) {
	home, err := c.Holding(ctx, household)
	if err != nil {
		return nil, err
	}
	held := []survey.Holding{home}
	for of, field := range map[survey.RecordType]survey.FieldPath{
		survey.TypeVisit: survey.VisitHousehold, survey.TypeProblem: survey.ProblemHousehold, survey.TypeAccess: survey.AccessHousehold,
	} {
		err := c.HoldingsOf(ctx, of, func(h survey.Holding) error {
			if h.Record.Fields[field] == household.String() {
				held = append(held, h)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	survey.SortHoldings(held)
	return held, nil
}
