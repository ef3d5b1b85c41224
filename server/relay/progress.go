package relay

import (
	"cmp"
	"context"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// visitor is what a device has brought since the relay was opened.
type visitor struct {
	seen  survey.Millis
	runs  []run
	known map[survey.Hash]bool // the segments among them
}

// run is a segment that came.
type run struct {
	replica     survey.ReplicaID
	first, last uint64
}

// saw notes that a device was here. The caller holds mu.
func (r *Relay) saw(id survey.DeviceID) *visitor {
	v := r.visitors[id]
	if v == nil {
		v = &visitor{known: map[survey.Hash]bool{}}
		r.visitors[id] = v
	}
	v.seen = survey.MillisOf(r.o.Clock())
	return v
}

// brought notes a segment that came. The caller holds mu.
func (r *Relay) brought(s wire.Segment, hash survey.Hash) {
	v := r.saw(s.Header.Device)
	if !v.known[hash] {
		v.known[hash] = true
		v.runs = append(v.runs, run{s.Header.Replica, s.Header.First, s.Last()})
	}
}

// Progress returns what each device has brought since the relay was opened and how far it has come, whoever was seen last
// first.
func (r *Relay) Progress(ctx context.Context) []survey.Brought {
	r.mu.Lock()
	var all []survey.Brought
	files := map[survey.DeviceID][]survey.Attachment{}
	for id, v := range r.visitors {
		all = append(all, r.progressOf(id, v))
		for _, f := range r.files {
			if f.devices[id] {
				files[id] = append(files[id], f.Attachment)
			}
		}
	}
	r.mu.Unlock()
	for i, received := range all {
		for _, f := range files[received.Device] {
			all[i].Files++
			if held, err := r.o.Blobs.Held(ctx, f.SHA256, f.Size); err == nil && held == f.Size {
				all[i].FilesWhole++
			}
		}
	}
	slices.SortFunc(all, func(a, b survey.Brought) int { return cmp.Or(cmp.Compare(b.Seen, a.Seen), a.Device.Compare(b.Device)) })
	return all
}

func (r *Relay) progressOf(id survey.DeviceID, v *visitor) survey.Brought {
	received := survey.Brought{Device: id, Seen: v.seen}
	if known, ok := r.county.device(id); ok {
		if grant, err := known.Grant.Open(r.county.Enrolment.ServerKey); err == nil {
			received.Person, received.Name = grant.Person, grant.Name
		}
	}
	for _, run := range v.runs {
		n := int(run.last - run.first + 1)
		received.Entries += n
		if word, ok := r.words[run.replica]; ok && word.Epoch == r.county.Enrolment.Epoch {
			if signed := word.Logs[0].Last; signed >= run.first {
				received.Signed += int(min(signed, run.last) - run.first + 1)
			}
		}
	}
	return received
}

// Seen returns when the county was last in reach, 0 for never.
func (r *Relay) Seen() survey.Millis {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.county.Seen
}
