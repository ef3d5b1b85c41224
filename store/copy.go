package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// What is not durable elsewhere leaves the store here, for a second copy or a stick that somebody carries to town: the
// log in the segments in which it is, or was, pushed; attachments the server does not hold; drafts with their journals.

// Segments that are cut before any push are small, so that a push may carry few of them over a slow network.
const copiedBytes = 16 << 10

// Undurable hands out the segments of this device's logs that the server does not hold durably, in the order of each
// log. What is not cut into segments yet is cut now, and will be pushed as it was cut.
func (s *Store) Undurable(ctx context.Context, do func(wire.Segment) error) error {
	runs, err := s.cutAll(ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		segment, err := s.cutSegmentAgain(ctx, r)
		if survey.KindOf(err) == survey.Damaged {
			s.log.WarnContext(ctx, "a segment the server has signed for is damaged here and left out")
			continue
		}
		if err == nil {
			err = do(segment)
		}
		if err != nil {
			return opError("store.Undurable", "replica "+r.replica.String(), err)
		}
	}
	return nil
}

// cutAll cuts what is not cut of the present log, and returns what is not durable of all logs. An entry that is damaged
// makes the log go on as a new one without it, as a push would.
func (s *Store) cutAll(ctx context.Context) (runs []run, err error) {
	for range 2 {
		again := false
		err = s.update(ctx, "store.Undurable", "", func(ctx context.Context, t *tx) error {
			t.quiet = true
			err := s.cutRest(ctx, t)
			if survey.KindOf(err) == survey.Damaged {
				again, t.quiet = true, false
				return s.goOnAsNewReplica(ctx, t)
			}
			if err != nil {
				return err
			}
			runs, err = cutRuns(ctx, t, "g.first_n + g.count - 1 > r.durable_n AND (r.replica_id = ? OR g.first_n <= r.acked_n)", s.self.replica[:])
			return err
		})
		if err != nil || !again {
			return runs, err
		}
	}
	return runs, err
}

// cutRest cuts the present log to its end, from where it was cut last or the server has signed.
func (s *Store) cutRest(ctx context.Context, t *tx) error {
	state, err := s.replicaState(ctx, t)
	if err != nil {
		return err
	}
	var cut int64
	err = t.row(ctx, "SELECT coalesce(max(first_n + count - 1), 0) FROM segment WHERE replica_id = ?", []any{s.self.replica[:]}, &cut)
	for next := max(cut, state.acked) + 1; err == nil && next <= state.last; next++ {
		r := run{replica: s.self.replica, first: next}
		if r.last, err = s.measure(ctx, t, next, wire.MaxEntries, copiedBytes); err == nil {
			_, err = s.buildSegment(ctx, t, r)
		}
		next = r.last
	}
	return err
}

// cutSegmentAgain makes a segment that was cut before.
func (s *Store) cutSegmentAgain(ctx context.Context, r run) (segment wire.Segment, err error) {
	err = s.update(ctx, "store.Undurable", "replica "+r.replica.String(), func(ctx context.Context, t *tx) error {
		t.quiet = true
		segment, err = s.buildSegment(ctx, t, r)
		return err
	})
	return segment, err
}

// LogVersion returns a text that is another one whenever Undurable would hand out something else.
func (s *Store) LogVersion(ctx context.Context) (string, error) {
	sum := sha256.New()
	err := s.db.each(ctx, "SELECT replica_id, last_n, durable_n FROM replica ORDER BY replica_id", nil, func(row rowScan) error {
		var id survey.ReplicaID
		var last, durable int64
		err := row(&id, &last, &durable)
		sum.Write(fmt.Appendln(nil, id, last, durable))
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), opError("store.LogVersion", "", err)
}

// UnheldBlobs returns the attachments of finished records that the server has not signed for holding, the smallest
// first.
func (s *Store) UnheldBlobs(ctx context.Context) ([]survey.Kept, error) {
	var blobs []survey.Kept
	err := s.db.each(ctx, "SELECT sha256, size FROM blob WHERE done = 0 ORDER BY size, sha256", nil, func(row rowScan) error {
		var blob survey.Kept
		err := row(&blob.SHA256, &blob.Size)
		blob.Tag = s.fileShelfTag(blob.SHA256)
		blobs = append(blobs, blob)
		return err
	})
	return blobs, opError("store.UnheldBlobs", "", err)
}

func (s *Store) fileShelfTag(hash survey.Hash) string {
	return hex.EncodeToString(s.vault.tag("copy.file", string(hash[:]))[:8])
}

// WriteBlob writes the bytes of an attachment to somewhere, without holding more than a chunk of them.
func (s *Store) WriteBlob(ctx context.Context, hash survey.Hash, to io.Writer) error {
	a, err := s.OpenBlob(ctx, hash)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{to}, io.NewSectionReader(a, 0, a.Size()), make([]byte, chunkSize))
	return opError("store.WriteBlob", "blob "+hash.String(), errors.Join(err, a.Close()))
}

// KeepBlob keeps the bytes of an attachment that a draft which is about to be adopted refers to. Where none does in the
// end, they are swept when the store is next opened.
func (s *Store) KeepBlob(_ context.Context, r io.Reader) (survey.Hash, error) {
	b, err := s.receiveBlob(r)
	if err != nil {
		return b.hash, opError("store.KeepBlob", "", err)
	}
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	return b.hash, opError("store.KeepBlob", "", s.settleBlob(b))
}

// Shelves returns the drafts of this device by the key they are sealed under, also those whose key is not here now.
func (s *Store) Shelves(ctx context.Context) ([]survey.Shelf, error) {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	drafts, err := s.shelved(ctx)
	if err != nil {
		return nil, opError("store.Shelves", "", err)
	}
	byTag := map[string]int{}
	var shelves []survey.Shelf
	for _, d := range drafts {
		tag := s.shelfTag(d.owner)
		if _, known := byTag[tag]; !known {
			byTag[tag] = len(shelves)
			shelves = append(shelves, survey.Shelf{Tag: tag, Locked: s.boxOf(d.owner) == nil})
		}
		shelf := &shelves[byTag[tag]]
		files, err := s.filesOf(ctx, d.id)
		if err != nil {
			return nil, opError("store.Shelves", subjectOf(d.id), err)
		}
		for _, file := range files {
			shelf.Files = append(shelf.Files, survey.Kept{Tag: s.fileShelfTag(file.SHA256), SHA256: file.SHA256, Size: file.Size})
		}
		shelf.Drafts = append(shelf.Drafts, d.id)
		shelf.Version = versionAfter(shelf.Version, d.id, d.stands, files)
	}
	return shelves, nil
}

// shelvedDraft is whose a draft is and where it stands.
type shelvedDraft struct {
	id     survey.DraftID
	owner  []byte
	stands [5]int64
}

func (s *Store) shelved(ctx context.Context) ([]shelvedDraft, error) {
	var drafts []shelvedDraft
	err := s.db.each(ctx, `SELECT d.draft_id, d.owner, d.changed, d.state_step, coalesce(p.head, -1), coalesce(p.moved, 0),
		coalesce((SELECT max(j.step) FROM draft_step j WHERE j.draft_id = d.draft_id), 0)
		FROM draft d LEFT JOIN draft_place p ON p.draft_id = d.draft_id ORDER BY d.draft_id`, nil, func(row rowScan) error {
		var d shelvedDraft
		err := row(&d.id, &d.owner, &d.stands[0], &d.stands[1], &d.stands[2], &d.stands[3], &d.stands[4])
		drafts = append(drafts, d)
		return err
	})
	return drafts, err
}

// shelfTag names a shelf outside this device: a keyed hash of what is a keyed hash of a person already.
func (s *Store) shelfTag(owner []byte) string {
	if owner == nil {
		return "0"
	}
	return hex.EncodeToString(s.vault.tag("copy.shelf", string(owner))[:4])
}

func versionAfter(before string, facts ...any) string {
	sum := sha256.Sum256(fmt.Append(nil, before, facts))
	return hex.EncodeToString(sum[:])
}

// filesOf returns the files of a draft. One whose row is not what was written is left out and named.
func (s *Store) filesOf(ctx context.Context, id survey.DraftID) ([]survey.Attachment, error) {
	var files []survey.Attachment
	err := s.db.each(ctx, "SELECT sha256, name_tag, facts_sealed FROM draft_file WHERE draft_id = ? ORDER BY name_tag", []any{id[:]}, func(row rowScan) error {
		var file survey.Attachment
		var tag, kept []byte
		if err := row(&file.SHA256, &tag, &kept); err != nil {
			return err
		}
		place := placeOf("draft_file.facts_sealed", tag)
		facts, err := open[fileFacts](s.vault, kept, place)
		if s.leaveOut(ctx, place, err) {
			return nil
		}
		file.Name, file.MIME, file.Size = facts.Name, facts.MIME, facts.Size
		files = append(files, file)
		return err
	})
	return files, err
}

// Parcel returns a draft with everything that is kept of it. A draft whose key is not here now is not found.
func (s *Store) Parcel(ctx context.Context, id survey.DraftID) (survey.Parcel, error) {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	p, err := s.parcel(ctx, id)
	return p, opError("store.Parcel", subjectOf(id), err)
}

func (s *Store) parcel(ctx context.Context, id survey.DraftID) (survey.Parcel, error) {
	p := survey.Parcel{Draft: id}
	h, err := s.past(ctx, id)
	if err != nil {
		return p, err
	}
	t := &tx{db: s.db}
	var kept []byte
	var changed int64
	if err := t.row(ctx, "SELECT scope_id, changed, facts_sealed FROM draft WHERE draft_id = ?", []any{id[:]}, &p.Scope, &changed, &kept); err != nil {
		return p, err
	}
	facts, err := openIn[draftFacts](h.place.box, kept, placeOf("draft.facts_sealed", id[:]))
	if err != nil {
		return p, err
	}
	p.Form, p.FormVersion, p.Household, p.Author, p.Title = facts.Form, facts.Version, facts.Household, facts.Author, facts.Title
	p.Begun, p.Changed, p.Answered, p.Total, p.Head = facts.Begun, survey.Millis(changed), facts.Answered, facts.Total, h.place.head
	p.Amends = facts.Amends
	if p.Snapshots, err = s.snapshots(ctx, h, changed); err != nil {
		return p, err
	}
	if p.Lines, err = s.lines(ctx, h); err != nil {
		return p, err
	}
	p.Files, err = s.filesOf(ctx, id)
	return p, err
}

// snapshots returns all snapshots of a draft, the present one last.
func (s *Store) snapshots(ctx context.Context, h past, changed int64) ([]survey.Snapshot, error) {
	var all []survey.Snapshot
	t := &tx{db: s.db}
	err := t.each(ctx, "SELECT step, at FROM draft_state WHERE draft_id = ? AND step <> ? ORDER BY at", []any{h.id[:], h.latest}, func(row rowScan) error {
		var shot survey.Snapshot
		err := row(&shot.Step, &shot.At)
		all = append(all, shot)
		return err
	})
	if err != nil {
		return nil, err
	}
	all = append(all, survey.Snapshot{Step: h.latest, At: survey.Millis(changed)})
	var opened []survey.Snapshot
	for i, shot := range all {
		shot.State, err = s.openState(ctx, h, shot.Step)
		if i < len(all)-1 && s.leaveOut(ctx, earlierPlace(h.id, shot.Step), err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		opened = append(opened, shot)
	}
	return opened, nil
}

// lines returns a draft's journal. A line that is not what was written is left out and named.
func (s *Store) lines(ctx context.Context, h past) ([]survey.JournalLine, error) {
	var lines []survey.JournalLine
	t := &tx{db: s.db}
	err := t.each(ctx, "SELECT step, at, coalesce(follows, step - 1), change_sealed FROM draft_step WHERE draft_id = ? ORDER BY step", []any{h.id[:]}, func(row rowScan) error {
		var l survey.JournalLine
		var kept []byte
		if err := row(&l.Step, &l.At, &l.Follows, &kept); err != nil {
			return err
		}
		var err error
		l.Change, err = h.place.box.Open(kept, stepPlace(h.id, l.Step))
		if s.leaveOut(ctx, stepPlace(h.id, l.Step), err) {
			return nil
		}
		lines = append(lines, l)
		return err
	})
	return lines, err
}

// Adopt takes over a draft from another device as this person's own. It reports whether it was taken: a draft that is
// here already, or was finished here, stays as it is. The files it refers to are to be kept before by [Store.KeepBlob];
// missing is how many were not.
func (s *Store) Adopt(ctx context.Context, p survey.Parcel) (taken bool, missing int, err error) {
	if err := s.checkParcel(p); err != nil {
		return false, 0, err
	}
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	err = s.update(ctx, "store.Adopt", subjectOf(p.Draft), func(ctx context.Context, t *tx) error {
		var known bool
		err := t.row(ctx, `SELECT EXISTS (SELECT 1 FROM draft WHERE draft_id = ?1) OR EXISTS (SELECT 1 FROM record WHERE record_id = ?1)`,
			[]any{p.Draft[:]}, &known)
		if err != nil || known {
			t.quiet = true
			return err
		}
		taken = true
		missing, err = s.adopt(ctx, t, p)
		return err
	})
	return taken && err == nil, missing, err
}

func (s *Store) checkParcel(p survey.Parcel) error {
	m := s.member.Load()
	switch {
	case m == nil:
		return notFound("store.Adopt", "enrolment")
	case !p.Author.IsZero() && p.Author != m.enrolment.Grant.Person:
		return denied("store.Adopt", "这份草稿是别人写的，不能在这台设备上接着写，没有接收。", nil)
	case len(p.Snapshots) == 0:
		return &survey.Error{Kind: survey.Damaged, Op: "store.Adopt", Subject: subjectOf(p.Draft), Message: "这份草稿不完整，没有接收。"}
	}
	return nil
}

func (s *Store) adopt(ctx context.Context, t *tx, p survey.Parcel) (missing int, err error) {
	box := s.ownBox()
	facts, err := s.sealFacts(box, survey.Draft{
		ID: p.Draft, Form: p.Form, FormVersion: p.FormVersion, Household: p.Household, Author: p.Author, Title: p.Title,
		Begun: p.Begun, Answered: p.Answered, Total: p.Total, Amends: amended(p.Amends),
	})
	if err != nil {
		return 0, err
	}
	latest := p.Snapshots[len(p.Snapshots)-1]
	err = t.exec(ctx, `INSERT INTO draft (draft_id, scope_id, changed, state_step, facts_sealed, state_sealed, owner)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, p.Draft[:], p.Scope[:], int64(cmp.Or(p.Changed, latest.At)), latest.Step, facts,
		box.Seal(latest.State, statePlace(p.Draft)), s.owner.tag)
	err = errors.Join(err, s.noteDraftForm(ctx, t, survey.Draft{ID: p.Draft, Form: p.Form, FormVersion: p.FormVersion}))
	for _, shot := range p.Snapshots[:len(p.Snapshots)-1] {
		err = errors.Join(err, t.exec(ctx, "INSERT INTO draft_state (draft_id, step, state_sealed, at) VALUES (?, ?, ?, ?)",
			p.Draft[:], shot.Step, box.Seal(shot.State, earlierPlace(p.Draft, shot.Step)), int64(shot.At)))
	}
	last := latest.Step
	for _, l := range p.Lines {
		last = max(last, l.Step)
		err = errors.Join(err, t.exec(ctx, "INSERT INTO draft_step (draft_id, step, at, change_sealed, follows) VALUES (?, ?, ?, ?, ?)",
			p.Draft[:], l.Step, int64(l.At), box.Seal(l.Change, stepPlace(p.Draft, l.Step)), l.Follows))
	}
	if err == nil && p.Head != last {
		err = t.exec(ctx, "INSERT INTO draft_place (draft_id, head, moved) VALUES (?, ?, ?)", p.Draft[:], p.Head, t.now.UnixMilli())
	}
	if err != nil {
		return 0, err
	}
	return s.adoptFiles(ctx, t, p)
}

func (s *Store) adoptFiles(ctx context.Context, t *tx, p survey.Parcel) (missing int, err error) {
	for _, file := range p.Files {
		a, err := openChunks(s.vault.box, s.blobs.path(file.SHA256), file.SHA256)
		if err != nil {
			missing++
			continue
		}
		size := a.Size()
		if err := a.Close(); err != nil {
			return missing, err
		}
		if _, err := s.replaceFile(ctx, t, p.Draft, file.SHA256, fileFacts{Name: file.Name, MIME: file.MIME, Size: size}); err != nil {
			return missing, err
		}
	}
	return missing, nil
}

// ReceiveCarried takes over the server's word on logs that somebody carried to it, which moves the watermark as a
// receipt does, and says what it keeps apart. It reports how many entries it signs for that nothing had before. A word that is not the pinned
// server's, or is on a log that this device did not write, changes nothing.
func (s *Store) ReceiveCarried(ctx context.Context, c wire.Carried) (fresh int64, err error) {
	err = s.update(ctx, "store.ReceiveCarried", "", func(ctx context.Context, t *tx) error {
		fresh = 0
		if err := s.verifyCarried(c); err != nil {
			return err
		}
		for _, log := range c.Logs {
			moved, err := s.advanceTo(ctx, t, log)
			if err != nil {
				return err
			}
			fresh += moved
		}
		rejects, err := s.unpublished(ctx, t, c.Rejects)
		if err != nil {
			return err
		}
		return s.keepRejects(ctx, t, rejects)
	})
	return fresh, err
}

// unpublished leaves out what a feed has brought since: an old word may come again after somebody has accepted it.
func (s *Store) unpublished(ctx context.Context, t *tx, rejects []wire.Reject) ([]wire.Reject, error) {
	var standing []wire.Reject
	for _, reject := range rejects {
		var published bool
		err := t.row(ctx, `SELECT EXISTS (SELECT 1 FROM stamp WHERE epoch = ? AND instr(revisions, ?) > 0)`,
			[]any{s.self.enrolment.Epoch[:], reject.Revision[:]}, &published)
		if err != nil {
			return nil, err
		}
		if !published {
			standing = append(standing, reject)
		}
	}
	return standing, nil
}

func (s *Store) verifyCarried(c wire.Carried) error {
	m := s.member.Load()
	if m == nil {
		return notFound("store.ReceiveCarried", "enrolment")
	}
	refuse := func(kind survey.Kind, message string, err error) error {
		return &survey.Error{Kind: kind, Op: "store.ReceiveCarried", Message: message, Err: err}
	}
	if err := c.Verify(m.enrolment.ServerKey); err != nil {
		return refuse(survey.Damaged, "这份回执不是本县服务器签的，没有采用，本机的内容没有变动。", err)
	}
	if c.Device != s.self.device || c.County != m.enrolment.Grant.County {
		return refuse(survey.Denied, "这份回执是给另一台设备的，没有采用，本机的内容没有变动。", fmt.Errorf("for device %s", c.Device))
	}
	if c.Epoch != m.enrolment.Epoch {
		return refuse(survey.Unavailable, "服务器恢复过备份，这份回执已经过时，没有采用。请联网同步一次。", fmt.Errorf("epoch %s", c.Epoch))
	}
	return nil
}

// advanceTo moves a log's watermark to the end of a segment, if it is the segment this device cut there.
func (s *Store) advanceTo(ctx context.Context, t *tx, held wire.HeldLog) (moved int64, err error) {
	var acked int64
	err = t.row(ctx, `SELECT r.acked_n FROM segment g JOIN replica r ON r.replica_id = g.replica_id
		WHERE g.replica_id = ? AND g.first_n + g.count - 1 = ? AND g.hash = ?`,
		[]any{held.Replica[:], int64(held.Last), held.Hash[:]}, &acked)
	if errors.Is(err, sql.ErrNoRows) {
		s.log.WarnContext(ctx, "the server's word is on a log that was not written here")
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return max(0, int64(held.Last)-acked), t.exec(ctx, `UPDATE replica SET acked_n = max(acked_n, ?2),
		durable_n = max(durable_n, min(?3, max(acked_n, ?2))) WHERE replica_id = ?1`,
		held.Replica[:], int64(held.Last), int64(min(held.Durable, held.Last)))
}
