package relay

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// How much is kept of the feeds that are handed down.
const (
	maxFeed = 64 << 20  // bytes of one feed, of which the oldest pages go beyond that
	goodRun = 64 << 10  // pages that come small are read again as one until it has about so many bytes
	manyFew = 64        // so many small pages are worth that
	pullAt  = 256 << 10 // bytes asked for at once
)

// page is a page of a feed on the disk. The pages of a feed lie in order; one begins where the one before ends or, while
// what lies between is read again, behind that.
type page struct {
	after, end uint64
	size       int
	bodies     map[survey.RecordID]uint64 // whose content it has, and at which seq first
	forms      []survey.Attachment        // files of the forms that it defines
}

// feed is what is kept of one scope's feed.
type feed struct {
	pages []page
	floor uint64 // what lies before is not kept
}

// end returns the cursor from which the county is to be asked: the first seq that is lacking, or the beginning of a run of
// small pages that are better read as one.
func (f *feed) end() uint64 {
	at := f.floor
	for _, p := range f.pages {
		if p.after > at {
			return at
		}
		at = max(at, p.end)
	}
	size, n := 0, 0
	for _, p := range slices.Backward(f.pages) {
		if size += p.size; size > goodRun {
			break
		}
		if n++; n >= manyFew {
			return p.after
		}
	}
	return at
}

// covering returns the page that goes on from a cursor: the one with most behind it. A page without items goes on from its
// own end, and says that nothing lies behind.
func (f *feed) covering(at uint64) (page, bool) {
	var best page
	found := false
	for _, p := range f.pages {
		if p.after <= at && (at < p.end || p.after == p.end && at == p.end) && (!found || p.end > best.end) {
			best, found = p, true
		}
	}
	return best, found
}

func (r *Relay) feedPath(scope survey.ScopeID) string {
	return r.path(feedFolder, hex.EncodeToString(scope[:]))
}

func (r *Relay) pagePath(scope survey.ScopeID, after uint64) string {
	return filepath.Join(r.feedPath(scope), fmt.Sprintf("%016x.cbor", after))
}

// loadFeeds reads which pages are here. What is not a page that the county signed goes: it is read again.
func (r *Relay) loadFeeds() error {
	files, err := filepath.Glob(r.path(feedFolder, "*", "*"))
	if err != nil {
		return err
	}
	for _, name := range files {
		raw, err := r.read(name)
		if err != nil && survey.KindOf(err) != survey.Damaged {
			return err
		}
		if err == nil {
			err = r.loadPage(name, raw)
		}
		if err == nil {
			continue
		}
		r.o.Log.Warn("a page is read again", slog.Any("err", err))
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

func (r *Relay) loadPage(name string, raw []byte) error {
	p, err := wire.Decode[wire.FeedPage](raw)
	if err == nil {
		err = p.Verify(r.county.Enrolment.ServerKey)
	}
	if err == nil && (p.Epoch != r.county.Enrolment.Epoch || name != r.pagePath(p.Scope, p.After)) {
		err = errors.New("page in another's place")
	}
	if err == nil {
		r.feed(p.Scope).enter(p, len(raw))
	}
	return err
}

// feed returns what is kept of a scope's feed.
func (r *Relay) feed(scope survey.ScopeID) *feed {
	f := r.feeds[scope]
	if f == nil {
		f = &feed{floor: r.county.Floors[scope]}
		r.feeds[scope] = f
	}
	return f
}

// enter takes a page that lies on the disk into the index, in place of the one that begins at the same cursor.
func (f *feed) enter(p wire.FeedPage, size int) {
	held := page{after: p.After, end: p.End(), size: size, bodies: map[survey.RecordID]uint64{}}
	for _, item := range p.Items {
		if wire.Erased(item.Revision) {
			continue
		}
		h := item.Revision.Header
		if _, known := held.bodies[h.Record]; !known {
			held.bodies[h.Record] = item.Seq
		}
		if h.Type == survey.TypeForm {
			held.forms = append(held.forms, filesOf(item.Revision)...)
		}
	}
	f.pages = slices.DeleteFunc(f.pages, func(old page) bool { return old.after == p.After })
	f.pages = append(f.pages, held)
	slices.SortFunc(f.pages, func(a, b page) int { return cmp.Compare(a.after, b.after) })
}

func filesOf(r survey.Revision) []survey.Attachment {
	body, err := wire.DecodeBody(r)
	if err != nil {
		return nil // a page whose revisions do not decode is not taken in
	}
	return body.Attachments
}

// keepPage keeps a page as the county signed it. What it erases goes first, out of the pages before it. One of another life
// or of a scope that this relay does not know to be granted is passed over.
func (r *Relay) keepPage(p wire.FeedPage) error {
	if p.Epoch != r.county.Enrolment.Epoch || !slices.Contains(r.county.Enrolment.Grant.Scopes, p.Scope) {
		return nil
	}
	if err := p.Verify(r.county.Enrolment.ServerKey); err != nil {
		return err
	}
	if err := r.dropErased(p); err != nil {
		return err
	}
	if err := os.MkdirAll(r.feedPath(p.Scope), 0o700); err != nil {
		return err
	}
	raw, err := wire.Encode(p)
	if err == nil {
		err = r.fill(r.pagePath(p.Scope, p.After), raw)
	}
	if err != nil {
		return err
	}
	r.feed(p.Scope).enter(p, len(raw))
	err = r.dropPages(p.Scope, func(old page) bool {
		return old.after != p.After && (old.after > p.After && old.end <= p.End() || old.after == old.end)
	})
	return errors.Join(err, r.keepBounded(p.Scope))
}

// dropErased takes the pages off the disk that still have what an Erase in a later page takes out. The county has taken it
// out before it published the Erase: they are read again without it.
func (r *Relay) dropErased(p wire.FeedPage) error {
	gone := map[survey.RecordID]uint64{}
	for _, item := range p.Items {
		if item.Revision.Header.Kind == survey.Erase {
			gone[item.Revision.Header.Record] = item.Seq
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return r.dropPages(p.Scope, func(old page) bool {
		for record, seq := range gone {
			if first, has := old.bodies[record]; has && first < seq {
				return true
			}
		}
		return false
	})
}

// dropPages takes pages of a feed off the disk.
func (r *Relay) dropPages(scope survey.ScopeID, which func(page) bool) (failed error) {
	f := r.feed(scope)
	f.pages = slices.DeleteFunc(f.pages, func(p page) bool {
		if !which(p) {
			return false
		}
		if err := os.Remove(r.pagePath(scope, p.after)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
			return false
		}
		return true
	})
	return failed
}

// keepBounded lets the oldest pages of a feed go that has become too large. Who has not read them reads them from the
// county.
func (r *Relay) keepBounded(scope survey.ScopeID) error {
	f := r.feed(scope)
	size, floor := 0, f.floor
	for _, p := range slices.Backward(f.pages) {
		if size += p.size; size > r.o.MaxFeed && floor < p.end {
			floor = p.end
		}
	}
	if floor == f.floor {
		return nil
	}
	next := r.county
	next.Floors = map[survey.ScopeID]uint64{scope: floor}
	for other, at := range r.county.Floors {
		if other != scope {
			next.Floors[other] = at
		}
	}
	if err := r.keepCounty(next); err != nil {
		return err
	}
	f.floor = floor
	return r.dropPages(scope, func(p page) bool { return p.end <= floor })
}

// dropFeeds takes all of those feeds off the disk.
func (r *Relay) dropFeeds(which func(survey.ScopeID) bool) (failed error) {
	for scope := range r.feeds {
		if which(scope) {
			delete(r.feeds, scope)
			failed = errors.Join(failed, os.RemoveAll(r.feedPath(scope)))
		}
	}
	return failed
}

// cursors are where the county is asked to go on.
func (r *Relay) cursors() []survey.Cursor {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.county.Enrolment
	var all []survey.Cursor
	for _, scope := range e.Grant.Scopes {
		if at := r.feed(scope).end(); at > 0 {
			all = append(all, survey.Cursor{Epoch: e.Epoch, Scope: scope, Seq: at})
		}
	}
	return all
}

// keepPages keeps the pages of a reply.
func (r *Relay) keepPages(pages []wire.FeedPage) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range pages {
		if err := r.keepPage(p); err != nil {
			return err
		}
	}
	return nil
}

// pagesFor returns what lies behind a device's cursors in the scopes it is granted, as far as it is here, and whether there
// is more.
func (r *Relay) pagesFor(device wire.RelayedDevice, pull wire.Pull) (pages []wire.FeedPage, more bool, err error) {
	grant, err := device.Grant.Open(r.county.Enrolment.ServerKey)
	if err != nil || !pull.Signed || device.Revoked != 0 || grant.NotAfter < survey.MillisOf(r.o.Clock()) {
		return nil, false, err
	}
	left := max(wire.MinPage, min(pull.MaxBytes, wire.MaxPage))
	for _, scope := range grant.Scopes {
		held, ok := r.next(scope, pull.Cursors)
		if !ok {
			continue
		}
		if len(pages) > 0 && held.size > left || len(pages) == wire.MaxPages {
			return pages, true, nil
		}
		raw, err := r.read(r.pagePath(scope, held.after))
		if err != nil {
			return pages, false, err
		}
		p, err := wire.Decode[wire.FeedPage](raw)
		if err != nil {
			return pages, false, err
		}
		pages, left = append(pages, p), left-held.size
		_, further := r.feeds[scope].covering(held.end)
		more = more || further && held.after < held.end
	}
	return pages, more, nil
}

// next returns the page that goes on from a device's cursor. A cursor of another life of the county's database is led no
// further here.
func (r *Relay) next(scope survey.ScopeID, cursors []survey.Cursor) (page, bool) {
	f, ok := r.feeds[scope]
	if !ok {
		return page{}, false
	}
	var at uint64
	for _, c := range cursors {
		if c.Epoch != r.county.Enrolment.Epoch {
			return page{}, false
		}
		if c.Scope == scope {
			at = c.Seq
		}
	}
	return f.covering(at)
}
