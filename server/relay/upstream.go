package relay

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/wire"
)

// idle is how often the county is tried when nothing has come.
const idle = time.Minute

// Wake makes the relay try the county soon.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it has been told already
	}
}

// Run carries what is here to the county until ctx ends. What fails is tried again.
func (r *Relay) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for ctx.Err() == nil {
		if err := r.Round(ctx); err != nil && ctx.Err() == nil {
			r.o.Log.InfoContext(ctx, "county round failed", slog.String("kind", survey.KindOf(err).String()), slog.Any("err", err))
		}
		timer.Reset(idle)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.wake:
		}
	}
}

// Round goes through everything there is to do with the county once: what it has to say, segments, what it says of them and
// what others wrote, attachments, and the files of forms. One log or file that it refuses keeps no other.
func (r *Relay) Round(ctx context.Context) error {
	e, ok := r.Enrolment()
	if !ok {
		return &survey.Error{Kind: survey.Denied, Op: "relay.Round", Message: "接收点还没有登记，请用 -code 写上登记码。", Err: errors.New("not enrolled")}
	}
	line, err := client.Dial(e, r.device, r.keys, r.o.Transport)
	if err != nil {
		return fail("relay.Round", err)
	}
	defer line.Close()
	unread, err := r.learn(ctx, line)
	if err != nil {
		return fail("relay.Round", err)
	}
	passed, err := r.carry(ctx, line)
	if passed > 0 && r.o.OnPassed != nil {
		r.o.OnPassed()
	}
	if r.errands != nil && survey.KindOf(err) != survey.Unavailable {
		judged, carryErr := r.errands.carry(ctx, line)
		passed, err = passed+judged, errors.Join(err, carryErr)
	}
	for _, step := range []func(context.Context, *client.Line) error{
		func(ctx context.Context, line *client.Line) error { return r.catchUp(ctx, line, passed > 0, unread) }, r.carryFiles, r.carryForms,
	} {
		if survey.KindOf(err) != survey.Unavailable {
			err = errors.Join(err, step(ctx, line))
		}
	}
	return fail("relay.Round", errors.Join(err, r.tidy(ctx)))
}

// catchUp hears what the county says of what has just been passed on, and reads its feeds where they have more.
func (r *Relay) catchUp(ctx context.Context, line *client.Line, passed, unread bool) error {
	if passed {
		more, err := r.learn(ctx, line)
		if err != nil {
			return err
		}
		unread = unread || more
	}
	if !unread {
		return nil
	}
	return r.readFeeds(ctx, line)
}

// learn takes over what the county has to say to the relay, and to be handed down, and reports whether its feeds have more.
// It asks for little of them: what devices have brought goes up before what others wrote comes down.
func (r *Relay) learn(ctx context.Context, line *client.Line) (unread bool, err error) {
	r.mu.Lock()
	next := r.county
	r.mu.Unlock()
	reply, err := r.pull(ctx, line, next, wire.MinPage)
	if err != nil {
		return false, err
	}
	if next.Devices, err = devices(ctx, line); err != nil {
		return false, err
	}
	if err := next.take(reply); err != nil {
		return false, err
	}
	next.Seen = survey.MillisOf(r.o.Clock())
	if err := r.follow(next); err != nil {
		return false, err
	}
	before := r.cursors()
	err = r.keepPages(reply.Pages)
	return reply.More || !slices.Equal(before, r.cursors()), err
}

func (r *Relay) pull(ctx context.Context, line *client.Line, c county, bytes int) (wire.PullReply, error) {
	return line.Pull(ctx, wire.Pull{
		Cursors: r.cursors(), MaxBytes: bytes, Recipients: c.Enrolment.Recipients.Serial, Revocations: c.Enrolment.Revocations.Serial,
		Signed: true,
	})
}

// follow puts what is known of the county now in place of what was. Feeds that it does not grant any more, or of another
// life of its database, go first.
func (r *Relay) follow(next county) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	reborn := next.Enrolment.Epoch != r.county.Enrolment.Epoch
	err := r.dropFeeds(func(scope survey.ScopeID) bool { return reborn || !slices.Contains(next.Enrolment.Grant.Scopes, scope) })
	if err != nil {
		return err
	}
	if reborn {
		next.Floors = nil
	}
	return r.keepCounty(next)
}

// readFeeds asks for pages until that brings nothing new: what an Erase has put off the disk is read again at once.
func (r *Relay) readFeeds(ctx context.Context, line *client.Line) error {
	for {
		before := r.cursors()
		r.mu.Lock()
		now := r.county
		r.mu.Unlock()
		reply, err := r.pull(ctx, line, now, pullAt)
		if err != nil || reply.Epoch != now.Enrolment.Epoch {
			return err // what another life has to say the next round hears from its start
		}
		if err := r.keepPages(reply.Pages); err != nil || slices.Equal(before, r.cursors()) {
			return err
		}
	}
}

// take takes over a reply's signed words.
func (c *county) take(reply wire.PullReply) (err error) {
	key := c.Enrolment.ServerKey
	if c.Enrolment.Grant, err = reply.Grant.Open(key); err != nil {
		return err
	}
	c.Grant, c.Enrolment.Epoch = reply.Grant, reply.Epoch
	if reply.Recipients != nil {
		if c.Enrolment.Recipients, err = reply.Recipients.Open(key); err != nil {
			return err
		}
		c.Recipients = reply.Recipients
	}
	if reply.Revocations != nil {
		if c.Enrolment.Revocations, err = reply.Revocations.Open(key); err != nil {
			return err
		}
		c.Revocations = reply.Revocations
	}
	return nil
}

// devices asks for all devices of the relay's villages.
func devices(ctx context.Context, line *client.Line) (all []wire.RelayedDevice, err error) {
	var after survey.DeviceID
	for {
		news, err := line.News(ctx, after)
		if err != nil {
			return nil, err
		}
		all = append(all, news.Devices...)
		if !news.More || len(news.Devices) == 0 {
			return all, nil
		}
		after = news.Devices[len(news.Devices)-1].Device
	}
}

// carry hands the county every segment it has not signed for, and returns how many it then had.
func (r *Relay) carry(ctx context.Context, line *client.Line) (passed int, failed error) {
	for _, log := range r.waiting() {
		for batch := range slices.Chunk(log, wire.MaxSegments/4) {
			n, err := r.carryBatch(ctx, line, batch)
			if survey.KindOf(err) == survey.Unavailable {
				return passed, errors.Join(failed, err)
			}
			failed = errors.Join(failed, err)
			if passed += n; n == 0 {
				break // what follows in this log can only follow what was not taken
			}
		}
	}
	return passed, failed
}

func (r *Relay) carryBatch(ctx context.Context, line *client.Line, batch []*held) (int, error) {
	var segments []wire.Segment
	for _, h := range batch {
		s, err := r.segment(h.hash)
		if err != nil {
			return 0, err
		}
		segments = append(segments, s)
	}
	reply, err := line.Carry(ctx, segments)
	if len(batch) > 1 && survey.KindOf(err) == survey.Invalid {
		return r.carryHalves(ctx, line, batch) // too large together
	}
	if err != nil {
		return 0, err
	}
	return len(reply.Kept), r.hear(batch, reply)
}

func (r *Relay) carryHalves(ctx context.Context, line *client.Line, batch []*held) (int, error) {
	first, err := r.carryBatch(ctx, line, batch[:len(batch)/2])
	if err != nil {
		return first, err
	}
	second, err := r.carryBatch(ctx, line, batch[len(batch)/2:])
	return first + second, err
}

// hear keeps what the county has said on a batch.
func (r *Relay) hear(batch []*held, reply wire.CarryReply) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, word := range reply.Words {
		if err := word.Verify(r.county.Enrolment.ServerKey); err != nil {
			return err
		}
		if len(word.Logs) != 1 || word.Logs[0].Replica != batch[0].replica {
			return errors.New("word on another log")
		}
		if err := r.keepWord(word); err != nil {
			return err
		}
	}
	for _, h := range batch {
		if slices.Contains(reply.Apart, h.hash) {
			if err := r.put(r.segmentPath(h.hash)+apartEnd, 0); err != nil {
				return err
			}
			h.apart = true
		}
	}
	return nil
}

// carryFiles hands over attachments that are whole here, the smallest first. The county knows of them by the segments.
func (r *Relay) carryFiles(ctx context.Context, line *client.Line) (failed error) {
	r.mu.Lock()
	files := slices.Collect(maps.Values(r.files))
	r.mu.Unlock()
	slices.SortFunc(files, func(a, b *file) int {
		return cmp.Or(cmp.Compare(a.Size, b.Size), bytes.Compare(a.SHA256[:], b.SHA256[:]))
	})
	for _, f := range files {
		if held, err := r.o.Blobs.Held(ctx, f.SHA256, f.Size); f.passed || err != nil || held < f.Size {
			failed = errors.Join(failed, err)
			continue
		}
		err := line.Upload(ctx, f.Attachment, func(at int64, p []byte) (int, error) { return r.o.Blobs.Read(ctx, f.SHA256, at, p) })
		if survey.KindOf(err) == survey.Unavailable {
			return errors.Join(failed, err)
		}
		r.mu.Lock()
		f.passed = err == nil
		r.mu.Unlock()
		failed = errors.Join(failed, err)
	}
	return failed
}

// tidy takes off the disk what the county holds off its own machine too, or has held long enough.
func (r *Relay) tidy(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	far, forms := r.durables(), r.formFiles()
	for hash, h := range r.segments {
		if !r.passed(h) || far[h.replica] < h.last && !r.old(h) || !r.filesPassed(hash) {
			continue
		}
		for sum, f := range r.files {
			if delete(f.segments, hash); len(f.segments) > 0 {
				continue
			}
			if _, stays := forms[sum]; !stays {
				if err := r.o.Blobs.Remove(ctx, sum); err != nil && !errors.Is(err, os.ErrNotExist) {
					return err
				}
			}
			delete(r.files, sum)
		}
		if err := r.forget(hash); err != nil {
			return err
		}
	}
	return nil
}

// keptAfter is how long a segment stays that the county has signed for and never called durable: what people asked to
// have erased must not lie on a laptop for ever.
const keptAfter = 30 * 24 * time.Hour

func (r *Relay) old(h *held) bool {
	return r.o.Clock().Sub(r.words[h.replica].Time.Time()) > keptAfter
}

// filesPassed reports whether the county holds every attachment of a segment.
func (r *Relay) filesPassed(hash survey.Hash) bool {
	for _, f := range r.files {
		if f.segments[hash] && !f.passed {
			return false
		}
	}
	return true
}
