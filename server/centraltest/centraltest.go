// Package centraltest holds server/central to one suite on every database it runs on, and plays the devices that push
// to it and pull from it.
package centraltest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// County is the county of every test.
const County = 990000

// Pin is the certificate every test's server shows.
var Pin = survey.Hash(sha256.Sum256([]byte("certificate")))

// ServerKey is the key of every test's server.
var ServerKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// PublicKey is the key by which devices know every test's server.
var PublicKey = ed25519.PublicKey(ServerKey[ed25519.SeedSize:])

// Start is when every test's clock begins.
var Start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// Clock is a clock that tests put forward.
type Clock struct{ now chan time.Time }

// NewClock returns a clock that stands at Start.
func NewClock() *Clock {
	c := &Clock{now: make(chan time.Time, 1)}
	c.now <- Start
	return c
}

// Now returns where the clock stands.
func (c *Clock) Now() time.Time {
	now := <-c.now
	c.now <- now
	return now
}

// Pass puts the clock forward.
func (c *Clock) Pass(d time.Duration) { c.now <- (<-c.now).Add(d) }

// Open opens a Central on dsn.
func Open(tb testing.TB, dsn string, clock survey.Clock) *central.Central {
	tb.Helper()
	c, err := central.Open(tb.Context(), dsn, central.Options{Key: ServerKey, County: County, Township: "青田乡", Clock: clock})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

// Device is an installation as a server sees it: keys, a replica and its log.
type Device struct {
	ID      survey.DeviceID
	Person  survey.PersonID
	Keys    seal.DeviceKeys
	Replica survey.ReplicaID
	Grant   survey.Grant
	Log     []survey.Entry
	Nonce   []byte
	hashes  map[uint64]survey.Hash // of segments, by their last n
	hlc     survey.HLC
}

// Enrolment returns a device and the message with which it asks to be taken in.
func Enrolment(tb testing.TB, code string) (*Device, wire.Enrol) {
	tb.Helper()
	keys, err := seal.NewDeviceKeys(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	parsed, err := wire.ParseCode(code)
	if err != nil {
		tb.Fatal(err)
	}
	d := &Device{ID: survey.NewID[survey.DeviceID](), Keys: keys}
	d.NewReplica()
	e := wire.Enrol{Device: d.ID, SignKey: keys.SignPublic(), SealKey: keys.SealPublic(), CodeID: parsed.ID(), Challenge: []byte("c")}
	e.Proof = e.DeviceProof(parsed.Key(), Pin)
	return d, e
}

// NewReplica gives the device an empty log under a new identifier.
func (d *Device) NewReplica() {
	d.Replica, d.Log, d.Nonce, d.hashes = survey.NewID[survey.ReplicaID](), nil, nil, map[uint64]survey.Hash{}
}

// Enrolled returns a device that was taken in for a new person.
func Enrolled(tb testing.TB, c *central.Central, scopes []survey.ScopeID, roles ...survey.Role) *Device {
	tb.Helper()
	person := survey.NewID[survey.PersonID]()
	code, err := c.NewCode(tb.Context(), person, scopes, roles, time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	d, e := Enrolment(tb, code)
	answer, err := c.Enrol(tb.Context(), e, Pin)
	if err != nil {
		tb.Fatal(err)
	}
	if d.Grant, err = answer.Grant.Open(c.Key()); err != nil {
		tb.Fatal(err)
	}
	d.Person = person
	return d
}

// Add writes a revision to the device's log.
func (d *Device) Add(tb testing.TB, h survey.Header, b survey.Body) survey.Revision {
	tb.Helper()
	d.hlc = d.hlc.Next(Start)
	if h.HLC == 0 {
		h.HLC = d.hlc
	}
	if h.Kind == 0 {
		h.Kind = survey.Put
	}
	if h.Author.IsZero() {
		h.Author = d.Person
	}
	h.Device = d.ID
	r, err := wire.SealRevision(h, b, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	d.Log = append(d.Log, survey.Entry{N: uint64(len(d.Log)) + 1, Revision: r})
	return r
}

// Visit writes a visit of its own record to the log.
func (d *Device) Visit(tb testing.TB, scope survey.ScopeID, says string) survey.Revision {
	tb.Helper()
	return d.Add(tb, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope, Form: "QZ-01", FormVersion: "1"},
		survey.Body{Fields: survey.Fields{"says": says}})
}

// Household writes a revision of a shared record to the log.
func (d *Device) Household(tb testing.TB, id survey.RecordID, scope survey.ScopeID, fields survey.Fields, parents ...survey.RevID) survey.Revision {
	tb.Helper()
	var touched []survey.FieldPath
	for path := range fields {
		touched = append(touched, path)
	}
	return d.Add(tb, survey.Header{Record: id, Type: survey.TypeHousehold, Scope: scope, Parents: parents, Touched: touched}, survey.Body{Fields: fields})
}

// Segment signs the run of the log from first to last.
func (d *Device) Segment(tb testing.TB, first, last uint64) wire.Segment {
	tb.Helper()
	s, err := wire.NewSegment(wire.SegmentHeader{Replica: d.Replica, Device: d.ID, First: first, Prev: d.hashes[first-1]},
		d.Log[first-1:last], d.Keys.Signer())
	if err != nil {
		tb.Fatal(err)
	}
	hash, err := s.Hash()
	if err != nil {
		tb.Fatal(err)
	}
	d.hashes[last] = hash
	return s
}

// Push is a new push of segments with the device's last nonce.
func (d *Device) Push(segments ...wire.Segment) wire.Push {
	return wire.Push{ID: survey.NewID[survey.PushID](), Nonce: d.Nonce, Segments: segments}
}

// Send pushes the log from first to its end, checks the receipt and keeps its nonce.
func (d *Device) Send(tb testing.TB, c *central.Central, first uint64) wire.Receipt {
	tb.Helper()
	receipt, err := d.TrySend(tb, c, first)
	if err != nil {
		tb.Fatal(err)
	}
	return receipt
}

// TrySend is Send for a push that may be refused.
func (d *Device) TrySend(tb testing.TB, c *central.Central, first uint64) (wire.Receipt, error) {
	tb.Helper()
	push := d.Push(d.Segment(tb, first, uint64(len(d.Log))))
	receipt, err := c.Receive(tb.Context(), push)
	if err != nil {
		return receipt, err
	}
	if err := receipt.Verify(push, c.Key()); err != nil {
		return receipt, err
	}
	d.Nonce = receipt.Nonce
	return receipt, nil
}

// Reader follows feeds as a device does, and fails where one has a gap.
type Reader struct {
	Device  survey.DeviceID
	Seen    map[survey.RevID]int // how often each revision came
	Order   []survey.RevID
	Removed []survey.ScopeID
	cursors map[survey.ScopeID]survey.Cursor
}

// NewReader returns a reader that has read nothing.
func NewReader(d *Device) *Reader {
	return &Reader{Device: d.ID, Seen: map[survey.RevID]int{}, cursors: map[survey.ScopeID]survey.Cursor{}}
}

// Follow asks for scope too, granted or not.
func (r *Reader) Follow(scope survey.ScopeID) { r.cursors[scope] = survey.Cursor{Scope: scope} }

// Pull reads until there is no more.
func (r *Reader) Pull(tb testing.TB, c *central.Central, maxBytes int) error {
	tb.Helper()
	for {
		pull := wire.Pull{MaxBytes: maxBytes}
		for _, cursor := range r.cursors {
			pull.Cursors = append(pull.Cursors, cursor)
		}
		reply, err := c.Feed(tb.Context(), r.Device, pull)
		if err != nil {
			return err
		}
		if err := r.take(reply); err != nil {
			return err
		}
		if !reply.More {
			return nil
		}
	}
}

func (r *Reader) take(reply wire.PullReply) error {
	r.Removed = reply.Removed
	for _, page := range reply.Pages {
		at := r.cursors[page.Scope]
		if page.After != at.Seq && at.Epoch == page.Epoch {
			return fmt.Errorf("page after %d, asked after %d", page.After, at.Seq)
		}
		for i, item := range page.Items {
			if item.Seq != page.After+uint64(i)+1 {
				return fmt.Errorf("item %d after %d", item.Seq, page.After+uint64(i))
			}
			r.Seen[item.Revision.ID]++
			r.Order = append(r.Order, item.Revision.ID)
		}
		r.cursors[page.Scope] = survey.Cursor{Epoch: page.Epoch, Scope: page.Scope, Seq: page.After + uint64(len(page.Items))}
	}
	return nil
}
