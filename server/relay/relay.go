// Package relay receives what devices wrote where there is no internet, and carries it to the county when there is.
//
// It keeps segments as their devices signed them, one file each, and attachments by hash. It can neither forge nor alter
// them, and says to a device only that it holds them; what the county holds, the county's own word says, which the relay
// brings back. What others wrote it hands down in pages that the county signed, to devices that the county grants them, with
// the files that come with forms. All of it lies sealed on its disk. It is behind the same requests as the county's server; docs/protocol.md, Relays, is the specification.
package relay

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Blobs is what a relay keeps attachments in.
type Blobs interface {
	Held(ctx context.Context, sum survey.Hash, size int64) (int64, error)
	Append(ctx context.Context, sum survey.Hash, size, at int64, bytes []byte) (held int64, err error)
	Read(ctx context.Context, sum survey.Hash, at int64, p []byte) (int, error)
	Remove(ctx context.Context, sum survey.Hash) error
}

// Options say what a relay is made of.
type Options struct {
	Folder    string
	Key       ed25519.PrivateKey // by which the county and devices know it
	Pin       survey.Hash        // of the certificate that devices see
	Box       *seal.Box          // seals what lies in the folder; Blobs see to themselves
	Blobs     Blobs
	Clock     survey.Clock
	Transport http.RoundTripper // to the county; nil connects by TLS with the pinned certificate
	Log       *slog.Logger      // nil keeps quiet
	OnPassed  func()            // the county has taken something in; nil tells nobody
	MaxFeed   int               // bytes kept of one feed; 64 MiB if not set
}

// Relay is a receiving point. Its methods may be called by several goroutines.
type Relay struct {
	o       Options
	device  survey.DeviceID
	keys    seal.DeviceKeys
	wake    chan struct{}
	errands *Errands // nil where none are taken

	mu       sync.Mutex
	county   county
	segments map[survey.Hash]*held
	words    map[survey.ReplicaID]wire.Carried // the county's latest on each log
	files    map[survey.Hash]*file
	feeds    map[survey.ScopeID]*feed
	visitors map[survey.DeviceID]*visitor // since the relay was opened
}

// held is a segment on the disk.
type held struct {
	hash    survey.Hash
	replica survey.ReplicaID
	device  survey.DeviceID
	first   uint64
	last    uint64
	apart   bool // parts from the log the county holds: kept here for a person, sent no more
}

// file is an attachment that a segment refers to.
type file struct {
	survey.Attachment
	devices  map[survey.DeviceID]bool
	segments map[survey.Hash]bool
	passed   bool // the county holds it
}

// Open opens a relay's folder. What is in it is read and verified; a file that is damaged is put aside, for its device
// still has what it held.
func Open(o Options) (*Relay, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxFeed == 0 {
		o.MaxFeed = maxFeed
	}
	r := &Relay{
		o: o, wake: make(chan struct{}, 1), segments: map[survey.Hash]*held{},
		words: map[survey.ReplicaID]wire.Carried{}, files: map[survey.Hash]*file{}, feeds: map[survey.ScopeID]*feed{},
		visitors: map[survey.DeviceID]*visitor{},
	}
	if err := r.identify(); err != nil {
		return nil, fail("relay.Open", err)
	}
	if err := r.load(); err != nil {
		return nil, fail("relay.Open", err)
	}
	return r, nil
}

// identify derives who the relay is from its one key, so that a folder holds one secret only.
func (r *Relay) identify() error {
	box, err := hkdf.Key(sha256.New, r.o.Key.Seed(), nil, "zoucun relay seal 1", 32)
	if err != nil {
		return err
	}
	if r.keys, err = seal.ParseDeviceKeys(slices.Concat([]byte{1}, r.o.Key.Seed(), box)); err != nil {
		return err
	}
	sum := sha256.Sum256(append([]byte("zoucun relay 1\n"), r.keys.SignPublic()...))
	r.device = survey.DeviceID(sum[:16])
	return nil
}

// Pass returns what the relay shows to devices, or nil before it is enrolled.
func (r *Relay) Pass() *wire.RelayPass {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.county.Enrolment.Server == "" {
		return nil
	}
	return &wire.RelayPass{Grant: r.county.Grant, Pin: r.o.Pin}
}

// Enrolment returns the county the relay belongs to, and whether it belongs to one.
func (r *Relay) Enrolment() (survey.Enrolment, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.county.Enrolment, r.county.Enrolment.Server != ""
}

// Device returns the relay's identifier and keys.
func (r *Relay) Device(context.Context) (survey.DeviceID, seal.DeviceKeys, error) {
	return r.device, r.keys, nil
}

// Enrol keeps the county the relay now belongs to.
func (r *Relay) Enrol(_ context.Context, e survey.Enrolment, grant wire.SignedGrant) error {
	if !slices.Contains(e.Grant.Roles, survey.RoleRelay) || !bytes.Equal(e.Grant.SignKey, r.keys.SignPublic()) {
		return &survey.Error{
			Kind: survey.Denied, Op: "relay.Enrol", Message: "这个登记码不是给接收点的。请用 zouctl enrol-code -role relay 另开一个。",
			Err: errors.New("grant without the role"),
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return fail("relay.Enrol", r.keepCounty(county{Enrolment: e, Grant: grant}))
}

// Standing is how much a relay holds, for its operator.
type Standing struct {
	Segments, Waiting, Apart int // segments here, those the county has not signed for, those it will never take
	Files                    int
}

// Standing counts what is here.
func (r *Relay) Standing() Standing {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Standing{Segments: len(r.segments), Files: len(r.files)}
	for _, h := range r.segments {
		switch {
		case h.apart:
			s.Apart++
		case !r.passed(h):
			s.Waiting++
		}
	}
	return s
}

// passed reports whether the county has signed for a segment in its present life.
func (r *Relay) passed(h *held) bool {
	word, ok := r.words[h.replica]
	return ok && word.Epoch == r.county.Enrolment.Epoch && word.Logs[0].Last >= h.last
}

// durables returns how far the county has said that it holds each log off its own machine.
func (r *Relay) durables() map[survey.ReplicaID]uint64 {
	far := map[survey.ReplicaID]uint64{}
	for _, d := range r.county.Devices {
		told, err := d.Holdings.Open(r.county.Enrolment.ServerKey)
		if err != nil || told.Epoch != r.county.Enrolment.Epoch {
			continue // nothing is taken off the disk for a word that is not the county's
		}
		for _, state := range told.Replicas {
			far[state.Replica] = state.Durable
		}
	}
	return far
}

// enter takes a segment that lies on the disk into the index.
func (r *Relay) enter(s wire.Segment, hash survey.Hash) {
	r.segments[hash] = &held{hash: hash, replica: s.Header.Replica, device: s.Header.Device, first: s.Header.First, last: s.Last()}
	for _, entry := range s.Entries {
		body, err := wire.DecodeBody(entry.Revision)
		if err != nil {
			continue // an erased body names no file
		}
		for _, a := range body.Attachments {
			f := r.files[a.SHA256]
			if f == nil {
				f = &file{Attachment: a, devices: map[survey.DeviceID]bool{}, segments: map[survey.Hash]bool{}}
				r.files[a.SHA256] = f
			}
			f.devices[s.Header.Device], f.segments[hash] = true, true
		}
	}
}

// waiting returns the segments to carry to the county, log by log, in the order of each.
func (r *Relay) waiting() [][]*held {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*held
	for _, h := range r.segments {
		if !h.apart && !r.passed(h) {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b *held) int {
		return cmp.Or(a.replica.Compare(b.replica), cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last))
	})
	var logs [][]*held
	for _, h := range all {
		if n := len(logs); n > 0 && logs[n-1][0].replica == h.replica {
			logs[n-1] = append(logs[n-1], h)
			continue
		}
		logs = append(logs, []*held{h})
	}
	return logs
}
