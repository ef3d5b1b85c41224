package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// round does everything there is to do, once: text, then what others have written, then attachments,
// and last the files that come with forms. It reports
// whether the device is enrolled at all.
func (a *Agent) round(ctx context.Context) (enrolled bool, err error) {
	a.moved = false
	e, enrolled, err := a.log.Enrolment(ctx)
	if err != nil || !enrolled {
		return enrolled, err
	}
	beside := a.beside(ctx, e)
	err = a.direct(ctx, e)
	a.relayed = beside.end(ctx, e, err)
	return true, err
}

// direct does a round with the server itself.
func (a *Agent) direct(ctx context.Context, e survey.Enrolment) error {
	a.report(survey.Progress{Activity: survey.Connecting})
	if err := a.connect(ctx, e); err != nil {
		return err
	}
	if err := a.greet(ctx); err != nil {
		return err
	}
	if err := a.push(ctx); err != nil {
		return err
	}
	pullErr := a.pull(ctx)
	if pullErr == nil {
		pullErr = a.reconcile(ctx)
	}
	if survey.KindOf(pullErr) == survey.Unavailable {
		return pullErr
	}
	return errors.Join(pullErr, a.upload(ctx), a.fetchFormFiles(ctx), a.errands(ctx, e, a.link))
}

// connect makes the link anew where the enrolment has changed.
func (a *Agent) connect(ctx context.Context, e survey.Enrolment) error {
	device, keys, err := a.log.Device(ctx)
	if err != nil {
		return err
	}
	if l := a.link; l != nil && l.server.String() == e.Server && l.pin == e.Pin && l.device == device &&
		slices.Equal(l.serverKey, e.ServerKey) {
		return nil
	}
	if a.link != nil {
		a.link.close()
	}
	if a.link, err = newLink(e, device, keys, a.o.transport(e.Pin)); err == nil {
		a.link.clock = a.o.Clock
		a.link.client.Transport = listening{a.link.client.Transport, &a.ear}
	}
	return err
}

// challengeLife is for how long a challenge is taken to be good; the server says an hour.
const challengeLife = 50 * time.Minute

// greet makes sure of a challenge before anything of size is signed over it.
func (a *Agent) greet(ctx context.Context) error {
	if a.o.Clock().Sub(a.heard) > challengeLife {
		a.link.forget()
	}
	asked, err := a.link.greet(ctx)
	if asked && err == nil {
		a.heard = a.o.Clock()
		a.pace.took(0, 0, a.link.lately())
	}
	return err
}

// push hands over the log until every entry is signed for. What is too large for the server, or for the time between two cuts
// of a poor network, goes in smaller pieces.
func (a *Agent) push(ctx context.Context) error {
	total, err := a.log.Unsigned(ctx)
	if err != nil {
		return err
	}
	for again := false; ; {
		push, more, err := a.log.NextPush(ctx, a.pace.entries, a.pace.resumed())
		if err != nil || !more {
			return err
		}
		left, err := a.log.Unsigned(ctx)
		if err != nil {
			return err
		}
		a.report(survey.Progress{Activity: survey.Sending, Done: int64(max(total-left, 0)), Total: int64(max(total, left))})
		err = a.pushOnce(ctx, push)
		if n := entriesOf(push); n > 1 && (errors.Is(err, errTooLarge) || errors.Is(err, errBroken) && !again) {
			again = errors.Is(err, errBroken)
			a.pace.tooLarge(n)
			if err := a.log.DropPush(ctx, push.ID); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		again = false
		if after, err := a.log.Unsigned(ctx); err != nil || after >= left {
			return stuck("client.push", after, err)
		}
		a.moved = true
	}
}

// stuck ends a loop in which the server signs for nothing new, so that it waits rather than spins.
func stuck(op string, left int, err error) error {
	if err != nil || left == 0 {
		return err
	}
	return &survey.Error{Kind: survey.Unavailable, Op: op, Err: fmt.Errorf("%d left and no progress", left)}
}

// pushOnce hands over one push and takes over its receipt. Unless the server has said that it did not take the push, it
// may have: it is sent again, the same or in smaller pieces.
func (a *Agent) pushOnce(ctx context.Context, push wire.Push) error {
	body, err := a.pack(push)
	if err != nil {
		return err
	}
	receipt, sent, err := a.deliver(ctx, body)
	if survey.KindOf(err) == survey.Conflicting {
		// The server knows another push by this name. It says so before it stores anything.
		return errors.Join(err, a.log.DropPush(ctx, push.ID))
	}
	if err != nil {
		a.pace.shrink()
		return err
	}
	a.pace.took(sizeOf(push)*sent/len(body), sent, a.link.lately())
	a.packed = packed{}
	if err := a.followEpoch(ctx, receipt.Epoch); err != nil {
		return err
	}
	return a.log.Receive(ctx, receipt)
}

// errNewEpoch ends a step whose server has begun a new life; the next round starts over with it.
var errNewEpoch = errors.New("the server's database has begun a new life")

// followEpoch starts over with a server whose database is another one than before.
func (a *Agent) followEpoch(ctx context.Context, epoch survey.Epoch) error {
	e, _, err := a.log.Enrolment(ctx)
	if err != nil || e.Epoch == epoch {
		return err
	}
	if err := a.log.NewEpoch(ctx, epoch); err != nil {
		return err
	}
	return &survey.Error{Kind: survey.Unavailable, Op: "client.followEpoch", Err: errNewEpoch}
}

func entriesOf(push wire.Push) int {
	n := 0
	for _, s := range push.Segments {
		n += len(s.Entries)
	}
	return n
}

func sizeOf(push wire.Push) int {
	n := 0
	for _, s := range push.Segments {
		for _, e := range s.Entries {
			n += len(e.Revision.Body) + entryOverhead
		}
	}
	return n
}

// entryOverhead is about what a revision's header adds to its body.
const entryOverhead = 300

// pull follows every granted feed to its end.
func (a *Agent) pull(ctx context.Context) error {
	var fetched int64
	for {
		cursors, err := a.log.Cursors(ctx)
		if err != nil {
			return err
		}
		a.report(survey.Progress{Activity: survey.Fetching, Done: fetched})
		reply, err := a.pullOnce(ctx, cursors)
		if err != nil {
			return err
		}
		if err := a.apply(ctx, reply, &fetched); err != nil {
			return err
		}
		if !reply.More {
			return nil
		}
		after, err := a.log.Cursors(ctx)
		if err != nil || maps.Equal(seqs(cursors), seqs(after)) {
			return stuck("client.pull", 1, err)
		}
	}
}

func seqs(cursors []survey.Cursor) map[survey.ScopeID]uint64 {
	m := make(map[survey.ScopeID]uint64, len(cursors))
	for _, c := range cursors {
		m[c.Scope] = c.Seq
	}
	return m
}

func (a *Agent) pullOnce(ctx context.Context, cursors []survey.Cursor) (wire.PullReply, error) {
	e, _, err := a.log.Enrolment(ctx)
	if err != nil {
		return wire.PullReply{}, err
	}
	begun := a.o.Clock()
	reply, err := ask[wire.PullReply](ctx, a.link, "client.pull", wire.PathPull,
		&wire.Pull{Cursors: cursors, MaxBytes: min(a.pace.batch, wire.MaxPage), Recipients: e.Recipients.Serial, Revocations: e.Revocations.Serial})
	if err != nil {
		a.pace.shrink()
		return reply, err
	}
	size := 0
	for _, page := range reply.Pages {
		for _, item := range page.Items {
			size += len(item.Revision.Body) + entryOverhead
		}
	}
	a.pace.took(size, 0, a.link.lately())
	a.compare(begun, reply.Time)
	return reply, a.followEpoch(ctx, reply.Epoch)
}

// apply takes a reply over.
func (a *Agent) apply(ctx context.Context, reply wire.PullReply, fetched *int64) error {
	if err := a.log.Renew(ctx, reply.Grant); err != nil {
		return err
	}
	if reply.Recipients != nil {
		if err := a.log.KeepRecipients(ctx, *reply.Recipients); err != nil {
			return err
		}
	}
	if reply.Revocations != nil {
		if err := a.log.KeepRevocations(ctx, *reply.Revocations); err != nil {
			return err
		}
	}
	if reply.Holdings != nil {
		if err := a.log.KeepHoldings(ctx, *reply.Holdings); err != nil {
			return err
		}
	}
	for _, scope := range reply.Removed {
		if err := a.log.RemoveScope(ctx, scope); err != nil {
			return err
		}
	}
	for _, page := range reply.Pages {
		if len(page.Stamp) > 0 {
			if err := a.log.KeepStamp(ctx, wire.StampOf(page)); err != nil {
				return err
			}
		}
		for items := range slices.Chunk(page.Items, applyAtOnce) {
			part := page
			part.Items = items
			if err := a.log.ApplyPage(ctx, part); err != nil {
				return err
			}
			a.moved = true
			page.After += uint64(len(items))
			*fetched += int64(len(items))
		}
	}
	return nil
}

// applyAtOnce is how many items are taken over in one transaction: an answer that is being typed meanwhile waits no
// longer than that takes.
const applyAtOnce = 200
