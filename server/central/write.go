package central

import (
	"context"
	"crypto/rand"
	"database/sql"
	"maps"
	"slices"

	"zoucun/survey"
	"zoucun/sync/merge"
	"zoucun/sync/wire"
)

// Write is a change the server itself makes to a record: a register imported, a form published.
type Write struct {
	Record      survey.RecordID
	Type        survey.RecordType
	Scope       survey.ScopeID
	Fields      survey.Fields // laid over what the record has; an empty value takes a field away
	Form        survey.FormID
	FormVersion string
	Kind        survey.RevisionKind // Put if not set
	Note        string
	Files       []survey.Attachment // of an Erase: those that stay; of any other all it then has, and none named keeps all
}

// Write makes the changes in the author's name, and returns how many of them changed anything; the others write
// nothing. Each two hundred are one transaction, in order: after an error those before it stay.
func (c *Central) Write(ctx context.Context, author survey.PersonID, changes []Write) (written int, err error) {
	for run := range slices.Chunk(changes, wire.MaxEntries) {
		var count int
		err := c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			var err error
			count, err = c.arriving(tx).writeRun(ctx, author, run)
			return err
		})
		if err != nil {
			return written, fail("central.Write", err)
		}
		written += count
	}
	return written, nil
}

// writeRun adds the revisions that a run of changes needs to the server's own log, signed like any other.
func (a *arrival) writeRun(ctx context.Context, author survey.PersonID, changes []Write) (int, error) {
	own, err := a.lockReplica(ctx, a.replica, a.device)
	if err != nil {
		return 0, err
	}
	hlc, err := a.loadHLC(ctx)
	if err != nil {
		return 0, err
	}
	made := map[survey.RecordID][]merge.Edit{} // by this run
	var entries []survey.Entry
	for _, change := range changes {
		r, err := a.revise(ctx, author, change, hlc.Next(a.now), made)
		if err != nil {
			return 0, err
		}
		if r == nil {
			continue
		}
		hlc = r.Header.HLC
		entries = append(entries, survey.Entry{N: own.received + uint64(len(entries)) + 1, Revision: *r})
	}
	if len(entries) == 0 {
		return 0, nil
	}
	return len(entries), a.append(ctx, own.received, entries, hlc)
}

// append signs the entries as one segment and stores it by the way every segment takes.
func (a *arrival) append(ctx context.Context, received uint64, entries []survey.Entry, hlc survey.HLC) error {
	prev, err := a.lastHash(ctx, received)
	if err != nil {
		return err
	}
	segment, err := wire.NewSegment(wire.SegmentHeader{
		Replica: a.replica, Device: a.device, First: received + 1, Prev: prev,
	}, entries, a.key)
	if err != nil {
		return err
	}
	if err := a.keep(ctx, segment, received, standing{trusted: true}); err != nil {
		return err
	}
	if _, err := a.tx.ExecContext(ctx, `UPDATE server SET hlc = $2 WHERE county = $1`, int64(a.county), int64(hlc)); err != nil {
		return err
	}
	return a.publish(ctx)
}

// revise returns the revision that brings about a change, or nil if the record is so already.
func (a *arrival) revise(ctx context.Context, author survey.PersonID, w Write, hlc survey.HLC, made map[survey.RecordID][]merge.Edit) (*survey.Revision, error) {
	edits, err := a.edits(ctx, a.tx, w.Record)
	if err != nil {
		return nil, err
	}
	edits = append(edits, made[w.Record]...)
	now := merge.Apply(edits)
	header, body, changes := w.over(now, edits)
	if !changes {
		return nil, nil
	}
	header.Author, header.Device = author, a.device
	header.HLC, header.Wall = max(hlc, now.Updated+1), survey.MillisOf(a.now)
	r, err := wire.SealRevision(header, body, rand.Reader)
	if err != nil {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "central.Write", Subject: "record " + w.Record.String(), Err: err}
	}
	made[w.Record] = append(made[w.Record], merge.Edit{ID: r.ID, Header: r.Header, Body: body, HLC: effective(header.HLC, a.now)})
	return &r, nil
}

// over lays the change over the record as it is, and reports whether that makes a difference.
func (w Write) over(now survey.Record, edits []merge.Edit) (survey.Header, survey.Body, bool) {
	if w.Kind == 0 {
		w.Kind = survey.Put
	}
	if w.Kind == survey.Erase {
		return w.erasing(now, edits)
	}
	fields := maps.Clone(now.Fields)
	if fields == nil {
		fields = survey.Fields{}
	}
	maps.Copy(fields, w.Fields)
	maps.DeleteFunc(fields, func(_ survey.FieldPath, value string) bool { return value == "" })
	header := survey.Header{
		Record: w.Record, Type: w.Type, Kind: w.Kind, Scope: w.Scope, Parents: now.Heads,
		Form: w.Form, FormVersion: w.FormVersion, Touched: slices.Collect(maps.Keys(w.Fields)),
	}
	body := survey.Body{Fields: fields, Attachments: now.Files, Note: w.Note}
	if w.Files != nil {
		body.Attachments = w.Files
	}
	same := len(now.Heads) > 0 && maps.Equal(fields, now.Fields) && slices.Equal(body.Attachments, now.Files) && now.Scope == w.Scope && w.formIs(now, edits)
	switch w.Kind {
	case survey.Void:
		return header, body, !now.Voided && len(now.Heads) > 0
	case survey.Put, survey.Move, survey.Review:
		return header, body, !same || now.Voided
	case survey.Merge:
		return header, body, len(now.Heads) > 1 || len(now.Conflicts) > 0 || !same
	case survey.Erase: // above
	}
	return header, body, true
}

// formIs reports whether the latest head was made with the form and version that the change names.
func (w Write) formIs(now survey.Record, edits []merge.Edit) bool {
	return slices.ContainsFunc(edits, func(e merge.Edit) bool {
		return slices.Contains(now.Heads, e.ID) && e.Header.Form == w.Form && e.Header.FormVersion == w.FormVersion
	})
}

func (a *arrival) loadHLC(ctx context.Context) (survey.HLC, error) {
	var hlc int64
	err := a.tx.QueryRowContext(ctx, `SELECT hlc FROM server WHERE county = $1`, int64(a.county)).Scan(&hlc)
	return survey.HLC(hlc), err
}

// lastHash returns the hash of the server's own last segment: the server cuts its log in one way only.
func (a *arrival) lastHash(ctx context.Context, received uint64) (hash survey.Hash, err error) {
	if received == 0 {
		return hash, nil
	}
	err = a.tx.QueryRowContext(ctx, `SELECT hash FROM segment WHERE county = $1 AND replica_id = $2 AND last = $3`,
		int64(a.county), a.replica[:], int64(received)).Scan(&hash)
	return hash, err
}
