package central

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Reconcile compares what a device says it holds of a granted scope with the scope's feed.
func (c *Central) Reconcile(ctx context.Context, device survey.DeviceID, ask wire.Reconcile) (answer wire.Differences, err error) {
	if err := c.mayRead(ctx, device, ask.Scope); err != nil {
		return answer, fail("central.Reconcile", err)
	}
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if answer.Epoch, err = c.presentEpoch(ctx, tx); err != nil {
			return err
		}
		ids, err := c.published(ctx, tx, ask.Scope)
		answer.Buckets, answer.More = ask.Against(ids)
		return err
	})
	return answer, fail("central.Reconcile", err)
}

func (c *Central) mayRead(ctx context.Context, device survey.DeviceID, scope survey.ScopeID) error {
	known, err := c.currentGrant(ctx, device)
	if err == nil && !slices.Contains(known.grant.Scopes, scope) {
		err = &survey.Error{Kind: survey.NotFound, Op: "central.mayRead", Subject: "scope " + scope.String()}
	}
	return err
}

// published returns the revisions of a scope's own that stand in its feed.
func (c *Central) published(ctx context.Context, tx *sql.Tx, scope survey.ScopeID) ([]survey.RevID, error) {
	rows, err := tx.QueryContext(ctx, `SELECT rev_id FROM feed WHERE county = $1 AND scope_id = $2 AND op = $3`,
		int64(c.county), scope[:], int64(wire.FeedPut))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []survey.RevID
	for rows.Next() {
		var id survey.RevID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// TakeOffer takes back revisions that this server published in an earlier epoch and no longer has. Each must stand under
// a stamp of its own for the scope; it is logged in the server's own log and published again. Those that are held
// already, admitted or apart, are passed over.
func (c *Central) TakeOffer(ctx context.Context, device survey.DeviceID, offer wire.Offer) (answer wire.Offered, err error) {
	if err := c.mayRead(ctx, device, offer.Scope); err != nil {
		return answer, fail("central.TakeOffer", err)
	}
	if err := c.checkOffer(offer); err != nil {
		return answer, fail("central.TakeOffer", err)
	}
	err = c.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		answer = wire.Offered{}
		if answer.Epoch, err = c.presentEpoch(ctx, tx); err != nil {
			return err
		}
		a := c.arriving(tx)
		own, err := a.lockReplica(ctx, a.replica, a.device)
		if err != nil {
			return err
		}
		entries, err := a.lacking(ctx, offer.Revisions, own.received)
		if err != nil || len(entries) == 0 {
			return err
		}
		hlc, err := a.loadHLC(ctx)
		if err != nil {
			return err
		}
		answer.Taken = uint64(len(entries))
		return a.append(ctx, own.received, entries, hlc)
	})
	return answer, fail("central.TakeOffer", err)
}

// checkOffer holds every revision of an offer to our own signature.
func (c *Central) checkOffer(offer wire.Offer) error {
	refuse := func(err error) error {
		return &survey.Error{Kind: survey.Invalid, Op: "central.checkOffer", Subject: "scope " + offer.Scope.String(), Err: err}
	}
	stamped := map[survey.RevID]struct{}{}
	for _, s := range offer.Stamps {
		if s.Scope != offer.Scope {
			return refuse(errors.New("stamp of another scope"))
		}
		if err := s.Verify(c.Key()); err != nil {
			return refuse(err)
		}
		for _, id := range s.Revisions {
			stamped[id] = struct{}{}
		}
	}
	for _, r := range offer.Revisions {
		if _, ok := stamped[r.ID]; !ok { // its own scope may be another: a record that moved took it along
			return refuse(fmt.Errorf("revision %s stands under no stamp", r.ID))
		}
	}
	return nil
}

// lacking makes entries of those revisions that are not here, each once.
func (a *arrival) lacking(ctx context.Context, revisions []survey.Revision, received uint64) ([]survey.Entry, error) {
	var entries []survey.Entry
	seen := map[survey.RevID]struct{}{}
	for _, r := range revisions {
		var here int
		err := a.tx.QueryRowContext(ctx, `SELECT count(*) FROM revision WHERE county = $1 AND rev_id = $2`, int64(a.county), r.ID[:]).Scan(&here)
		if err != nil {
			return nil, err
		}
		if _, twice := seen[r.ID]; twice || here > 0 {
			continue
		}
		seen[r.ID] = struct{}{}
		entries = append(entries, survey.Entry{N: received + uint64(len(entries)) + 1, Revision: r})
	}
	return entries, nil
}
