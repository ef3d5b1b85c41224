package client

import (
	"context"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// reconcile hands over what a server that has begun a new life has lost and this device still holds, whoever wrote it.
// It comes after the feeds were read, so that what is asked about is all there is.
func (a *Agent) reconcile(ctx context.Context) error {
	scopes, err := a.log.ToReconcile(ctx)
	if err != nil {
		return err
	}
	for _, scope := range scopes {
		if err := a.reconcileScope(ctx, scope); err != nil {
			return err
		}
	}
	return nil
}

// reconcileScope offers what is lacking, bucket after bucket. What was taken comes back by the feed; only the round
// after that, in which nothing is lacking, ends it.
func (a *Agent) reconcileScope(ctx context.Context, scope survey.ScopeID) error {
	ids, err := a.log.Stamped(ctx, scope)
	if err != nil {
		return err
	}
	var taken uint64
	for q, more := (wire.Reconcile{Scope: scope, Digests: wire.DigestsOf(ids)}), true; more; {
		differences, err := ask[wire.Differences](ctx, a.link, "client.reconcile", wire.PathReconcile, &q)
		if err != nil {
			return err
		}
		if err := a.followEpoch(ctx, differences.Epoch); err != nil {
			return err
		}
		n, err := a.offer(ctx, scope, differences.Lacks(ids))
		if err != nil {
			return err
		}
		taken += n
		if more = differences.More && len(differences.Buckets) > 0; more {
			q.From = differences.Buckets[len(differences.Buckets)-1].Index + 1
			more = q.From < wire.Buckets
		}
	}
	if taken > 0 {
		a.Wake()
		return nil
	}
	return a.log.Reconciled(ctx, scope)
}

// offer hands over revisions a batch at a time, and returns how many the server did not have.
func (a *Agent) offer(ctx context.Context, scope survey.ScopeID, ids []survey.RevID) (taken uint64, err error) {
	total := int64(len(ids))
	for len(ids) > 0 {
		a.report(survey.Progress{Activity: survey.Sending, Done: total - int64(len(ids)), Total: total})
		offer, rest, err := a.log.Offer(ctx, scope, ids, min(a.pace.entries, wire.MaxEntries), min(a.pace.batch, wire.MaxPage))
		if err != nil {
			return taken, err
		}
		if ids = rest; len(offer.Revisions) == 0 {
			continue
		}
		answer, err := ask[wire.Offered](ctx, a.link, "client.offer", wire.PathOffer, &offer)
		if err != nil {
			a.pace.shrink()
			return taken, err
		}
		a.pace.took(offerSize(offer), 0, a.link.lately())
		taken += answer.Taken
	}
	return taken, nil
}

func offerSize(offer wire.Offer) int {
	n := 0
	for _, r := range offer.Revisions {
		n += len(r.Body) + entryOverhead
	}
	for _, s := range offer.Stamps {
		n += len(s.Revisions) * len(survey.RevID{})
	}
	return n
}

// compare notes how far this device's clock is from the server's, which spoke somewhere between begun and now.
func (a *Agent) compare(begun time.Time, said survey.Millis) {
	now := a.o.Clock()
	a.skew = begun.Add(now.Sub(begun) / 2).Sub(said.Time())
}
