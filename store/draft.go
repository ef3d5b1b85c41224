package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// draftFacts is what lists show of a draft.
type draftFacts struct {
	Form      survey.FormID   `cbor:"1,keyasint"`
	Version   string          `cbor:"2,keyasint"`
	Household survey.RecordID `cbor:"3,keyasint"`
	Author    survey.PersonID `cbor:"4,keyasint"`
	Title     string          `cbor:"5,keyasint"`
	Begun     survey.Millis   `cbor:"6,keyasint"`
	Answered  int             `cbor:"7,keyasint"`
	Total     int             `cbor:"8,keyasint"`
}

func decode(plain []byte, value any) error { return cbor.Unmarshal(plain, value) }

func subjectOf(id survey.DraftID) string { return "draft " + id.String() }

// BeginDraft keeps a new draft with the state its filling begins in.
func (s *Store) BeginDraft(ctx context.Context, d survey.Draft, state []byte) error {
	return s.update(ctx, "store.BeginDraft", subjectOf(d.ID), func(ctx context.Context, t *tx) error {
		if d.Begun == 0 {
			d.Begun = survey.MillisOf(t.now)
		}
		facts, err := s.sealFacts(d)
		if err != nil {
			return err
		}
		t.after = append(t.after, func() { s.steps[d.ID] = 0 })
		return t.exec(ctx, `INSERT INTO draft (draft_id, scope_id, changed, state_step, facts_sealed, state_sealed)
			VALUES (?, ?, ?, 0, ?, ?)`, d.ID[:], d.Scope[:], t.now.UnixMilli(), facts, s.sealState(d.ID, state))
	})
}

// boxOf returns the box that seals a draft with this owner, or nil where the owner is somebody else.
func (s *Store) boxOf(owner []byte) *seal.Box {
	if owner == nil {
		return s.vault.box
	}
	return nil
}

func (s *Store) sealFacts(d survey.Draft) ([]byte, error) {
	return sealed(s.vault, draftFacts{
		Form: d.Form, Version: d.FormVersion, Household: d.Household, Author: d.Author, Title: d.Title,
		Begun: d.Begun, Answered: d.Answered, Total: d.Total,
	}, placeOf("draft.facts_sealed", d.ID[:]))
}

func (s *Store) sealState(id survey.DraftID, state []byte) []byte {
	return s.vault.box.Seal(state, placeOf("draft.state_sealed", id[:]))
}

// SaveChange writes one line of a draft's journal. When it returns nil the line is on disk, whatever happens to the
// device; when it returns an error the draft is as it was.
func (s *Store) SaveChange(ctx context.Context, id survey.DraftID, c form.Change) error {
	ctx = context.WithoutCancel(ctx)
	plain, err := wire.Encode(c)
	if err != nil {
		return opError("store.SaveChange", subjectOf(id), err)
	}
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	step, err := s.lastStep(ctx, id)
	if err == nil {
		step++
		err = s.db.exec(ctx, "INSERT INTO draft_step (draft_id, step, at, change_sealed) VALUES (?, ?, ?, ?)",
			id[:], step, s.clock().UnixMilli(), s.vault.box.Seal(plain, stepPlace(id, step)))
	}
	if err != nil {
		return opError("store.SaveChange", subjectOf(id), err)
	}
	s.steps[id] = step
	return nil
}

// stepPlace binds a journal line to its draft and to its turn.
func stepPlace(id survey.DraftID, step int64) seal.Place {
	return placeOf("draft_step.change_sealed", binary.BigEndian.AppendUint64(id[:], uint64(step)))
}

// lastStep returns the last step of a draft's journal. The caller holds db.mu.
func (s *Store) lastStep(ctx context.Context, id survey.DraftID) (int64, error) {
	if step, ok := s.steps[id]; ok {
		return step, nil
	}
	t := &tx{db: s.db}
	var step int64
	err := t.row(ctx, `SELECT max(d.state_step, coalesce((SELECT max(j.step) FROM draft_step j WHERE j.draft_id = d.draft_id), 0))
		FROM draft d WHERE d.draft_id = ?`, []any{id[:]}, &step)
	if err == nil {
		s.steps[id] = step
	}
	return step, err
}

// SaveState keeps a snapshot of the filling as the journal so far has made it, and what lists show of it. The journal
// lines it covers are dropped.
func (s *Store) SaveState(ctx context.Context, d survey.Draft, state []byte) error {
	return s.update(ctx, "store.SaveState", subjectOf(d.ID), func(ctx context.Context, t *tx) error {
		step, err := s.lastStep(ctx, d.ID)
		if err != nil {
			return err
		}
		facts, err := s.sealFacts(d)
		if err != nil {
			return err
		}
		err = t.exec(ctx, "UPDATE draft SET changed = ?, state_step = ?, facts_sealed = ?, state_sealed = ? WHERE draft_id = ?",
			t.now.UnixMilli(), step, facts, s.sealState(d.ID, state), d.ID[:])
		if err != nil {
			return err
		}
		return t.exec(ctx, "DELETE FROM draft_step WHERE draft_id = ?", d.ID[:])
	})
}

// selectDrafts reads drafts with the time of their last journal line.
const selectDrafts = `SELECT d.draft_id, d.scope_id,
	max(d.changed, coalesce((SELECT max(j.at) FROM draft_step j WHERE j.draft_id = d.draft_id), 0)), d.facts_sealed
	FROM draft d `

func (s *Store) drafts(ctx context.Context, rest string, args ...any) ([]survey.Draft, error) {
	var drafts []survey.Draft
	err := s.db.each(ctx, selectDrafts+rest, args, func(row rowScan) error {
		var d survey.Draft
		var sealed []byte
		if err := row(&d.ID, &d.Scope, &d.Changed, &sealed); err != nil {
			return err
		}
		facts, err := open[draftFacts](s.vault, sealed, placeOf("draft.facts_sealed", d.ID[:]))
		d.Form, d.FormVersion, d.Household, d.Author = facts.Form, facts.Version, facts.Household, facts.Author
		if s.leaveOut(ctx, placeOf("draft.facts_sealed", d.ID[:]), err) {
			return nil
		}
		d.Title, d.Begun, d.Answered, d.Total = facts.Title, facts.Begun, facts.Answered, facts.Total
		drafts = append(drafts, d)
		return err
	})
	slices.SortFunc(drafts, func(a, b survey.Draft) int {
		return cmp.Or(cmp.Compare(b.Changed, a.Changed), b.ID.Compare(a.ID))
	})
	return drafts, err
}

// Drafts returns the fillings that are not finished, the one worked on last first.
func (s *Store) Drafts(ctx context.Context) ([]survey.Draft, error) {
	drafts, err := s.drafts(ctx, "")
	return drafts, opError("store.Drafts", "", err)
}

// LoadDraft returns a draft, its last snapshot, and the journal written after it, in order.
func (s *Store) LoadDraft(ctx context.Context, id survey.DraftID) (survey.Draft, []byte, []form.Change, error) {
	draft, state, journal, err := s.loadDraft(ctx, id)
	return draft, state, journal, opError("store.LoadDraft", subjectOf(id), err)
}

// loadDraft holds the writer back, so that snapshot and journal belong together.
func (s *Store) loadDraft(ctx context.Context, id survey.DraftID) (d survey.Draft, state []byte, journal []form.Change, err error) {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	drafts, err := s.drafts(ctx, "WHERE d.draft_id = ?", id[:])
	if err != nil {
		return d, nil, nil, err
	}
	if len(drafts) == 0 {
		return d, nil, nil, notFound("store.loadDraft", subjectOf(id))
	}
	var sealed []byte
	if err := s.db.reader.QueryRowContext(ctx, "SELECT state_sealed FROM draft WHERE draft_id = ?", id[:]).Scan(&sealed); err != nil {
		return d, nil, nil, err
	}
	if state, err = s.vault.box.Open(sealed, placeOf("draft.state_sealed", id[:])); err != nil {
		return d, nil, nil, err
	}
	journal, err = s.journal(ctx, id)
	return drafts[0], state, journal, err
}

func (s *Store) journal(ctx context.Context, id survey.DraftID) ([]form.Change, error) {
	var journal []form.Change
	err := s.db.each(ctx, "SELECT step, change_sealed FROM draft_step WHERE draft_id = ? ORDER BY step", []any{id[:]}, func(row rowScan) error {
		var step int64
		var sealed []byte
		if err := row(&step, &sealed); err != nil {
			return err
		}
		change, err := open[form.Change](s.vault, sealed, stepPlace(id, step))
		if s.leaveOut(ctx, stepPlace(id, step), err) {
			return nil
		}
		journal = append(journal, change)
		return err
	})
	return journal, err
}

// DiscardDraft throws a draft away with its journal and its files. To discard what is not there is no error.
func (s *Store) DiscardDraft(ctx context.Context, id survey.DraftID) error {
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	var files []survey.Hash
	err := s.update(ctx, "store.DiscardDraft", subjectOf(id), func(ctx context.Context, t *tx) (err error) {
		if files, err = draftFiles(ctx, t, id); err != nil {
			return err
		}
		return s.removeDraft(ctx, t, id)
	})
	if err == nil {
		s.tidy(ctx, files...)
	}
	return err
}

func (s *Store) removeDraft(ctx context.Context, t *tx, id survey.DraftID) error {
	t.after = append(t.after, func() { delete(s.steps, id) })
	return t.exec(ctx, "DELETE FROM draft WHERE draft_id = ?", id[:])
}

// fileFacts is what is known of a draft's file beside its bytes.
type fileFacts struct {
	Name string `cbor:"1,keyasint"`
	MIME string `cbor:"2,keyasint"`
	Size int64  `cbor:"3,keyasint"`
}

// AttachFile keeps a file of a draft under the name the form gave it, in place of one of the same name. When it returns
// nil the file is on disk.
func (s *Store) AttachFile(ctx context.Context, id survey.DraftID, name, mime string, data []byte) error {
	if len(data) > wire.MaxBlob {
		return &survey.Error{
			Kind: survey.Invalid, Op: "store.AttachFile", Subject: subjectOf(id), Message: "这个文件太大，不能附上。请换一个小一些的。",
		}
	}
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	hash, err := s.writeBlob(data)
	if err != nil {
		return opError("store.AttachFile", subjectOf(id), err)
	}
	var replaced survey.Hash
	err = s.update(ctx, "store.AttachFile", subjectOf(id), func(ctx context.Context, t *tx) error {
		replaced, err = s.replaceFile(ctx, t, id, hash, fileFacts{Name: name, MIME: mime, Size: int64(len(data))})
		return err
	})
	s.tidy(ctx, hash, replaced)
	return err
}

func (s *Store) replaceFile(ctx context.Context, t *tx, id survey.DraftID, hash survey.Hash, f fileFacts) (old survey.Hash, err error) {
	tag := s.fileTag(id, f.Name)
	facts, err := sealed(s.vault, f, placeOf("draft_file.facts_sealed", tag))
	if err != nil {
		return old, err
	}
	err = t.row(ctx, "SELECT sha256 FROM draft_file WHERE draft_id = ? AND name_tag = ?", []any{id[:], tag}, &old)
	if err != nil && survey.KindOf(opError("", "", err)) != survey.NotFound {
		return old, err
	}
	return old, t.exec(ctx, `INSERT INTO draft_file (draft_id, name_tag, sha256, facts_sealed) VALUES (?, ?, ?, ?)
		ON CONFLICT (draft_id, name_tag) DO UPDATE SET sha256 = excluded.sha256, facts_sealed = excluded.facts_sealed`,
		id[:], tag, hash[:], facts)
}

func (s *Store) fileTag(id survey.DraftID, name string) []byte {
	return s.vault.tag("draft_file.name", string(id[:]), name)
}

// File returns the bytes of a draft's file.
func (s *Store) File(ctx context.Context, id survey.DraftID, name string) ([]byte, error) {
	var hash survey.Hash
	err := s.db.reader.QueryRowContext(ctx, "SELECT sha256 FROM draft_file WHERE draft_id = ? AND name_tag = ?",
		id[:], s.fileTag(id, name)).Scan(&hash)
	if err != nil {
		return nil, opError("store.File", subjectOf(id), err)
	}
	data, err := s.readBlob(hash)
	return data, opError("store.File", subjectOf(id), err)
}

// draftFiles returns the hashes of a draft's files.
func draftFiles(ctx context.Context, t *tx, id survey.DraftID) ([]survey.Hash, error) {
	var files []survey.Hash
	err := t.each(ctx, "SELECT sha256 FROM draft_file WHERE draft_id = ?", []any{id[:]}, func(row rowScan) error {
		var hash survey.Hash
		err := row(&hash)
		files = append(files, hash)
		return err
	})
	return files, err
}
