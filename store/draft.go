package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// draftFacts is what lists show of a draft.
type draftFacts struct {
	Form      survey.FormID      `cbor:"1,keyasint"`
	Version   string             `cbor:"2,keyasint"`
	Household survey.RecordID    `cbor:"3,keyasint"`
	Author    survey.PersonID    `cbor:"4,keyasint"`
	Title     string             `cbor:"5,keyasint"`
	Begun     survey.Millis      `cbor:"6,keyasint"`
	Answered  int                `cbor:"7,keyasint"`
	Total     int                `cbor:"8,keyasint"`
	Judged    []survey.Judgement `cbor:"9,keyasint,omitempty"`
	Place     []survey.Spot      `cbor:"10,keyasint,omitempty"`
	Amends    *survey.Amends     `cbor:"11,keyasint,omitempty"`
}

// amends returns what a draft amends as it is kept: nothing where that is nothing.
func amends(d survey.Draft) *survey.Amends {
	if d.Amends.IsZero() {
		return nil
	}
	return &d.Amends
}

// amended is amends, read.
func amended(kept *survey.Amends) survey.Amends {
	if kept == nil {
		return survey.Amends{}
	}
	return *kept
}

func decode(plain []byte, value any) error { return cbor.Unmarshal(plain, value) }

func subjectOf(id survey.DraftID) string { return "draft " + id.String() }

// BeginDraft keeps a new draft with the state its filling begins in.
func (s *Store) BeginDraft(ctx context.Context, d survey.Draft, state []byte) error {
	return s.update(ctx, "store.BeginDraft", subjectOf(d.ID), func(ctx context.Context, t *tx) error {
		if d.Begun == 0 {
			d.Begun = survey.MillisOf(t.now)
		}
		box := s.ownBox()
		facts, err := s.sealFacts(box, d)
		if err != nil {
			return err
		}
		t.after = append(t.after, func() { s.places[d.ID] = draftPlace{box: box} })
		err = t.exec(ctx, `INSERT INTO draft (draft_id, scope_id, changed, state_step, facts_sealed, state_sealed, owner)
			VALUES (?, ?, ?, 0, ?, ?, ?)`, d.ID[:], d.Scope[:], t.now.UnixMilli(), facts, box.Seal(state, statePlace(d.ID)), s.owner.tag)
		return errors.Join(err, s.noteDraftForm(ctx, t, d), s.lendFiles(ctx, t, d))
	})
}

func (s *Store) sealFacts(box *seal.Box, d survey.Draft) ([]byte, error) {
	plain, err := wire.Encode(draftFacts{
		Form: d.Form, Version: d.FormVersion, Household: d.Household, Author: d.Author, Title: d.Title,
		Begun: d.Begun, Answered: d.Answered, Total: d.Total, Judged: d.Judged, Place: d.Place,
		Amends: amends(d),
	})
	return box.Seal(plain, placeOf("draft.facts_sealed", d.ID[:])), err
}

func statePlace(id survey.DraftID) seal.Place { return placeOf("draft.state_sealed", id[:]) }

// SaveChange writes one line of a draft's journal. When it returns nil the line is on disk, whatever happens to the
// device; when it returns an error the draft is as it was. What had been undone stays in the journal, but redo no
// longer leads there.
func (s *Store) SaveChange(ctx context.Context, id survey.DraftID, c form.Change) error {
	plain, err := wire.Encode(c)
	if err == nil {
		err = s.appendStep(context.WithoutCancel(ctx), id, plain)
	}
	return opError("store.SaveChange", subjectOf(id), err)
}

func (s *Store) appendStep(ctx context.Context, id survey.DraftID, plain []byte) error {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	p, err := s.place(ctx, id)
	if err != nil {
		return err
	}
	step := p.last + 1
	insert := func(follows any) error {
		return s.db.exec(ctx, "INSERT INTO draft_step (draft_id, step, at, change_sealed, follows) VALUES (?, ?, ?, ?, ?)",
			id[:], step, s.clock().UnixMilli(), p.box.Seal(plain, stepPlace(id, step)), follows)
	}
	if p.head == p.last {
		err = insert(nil)
	} else {
		err = s.db.transact(ctx, func() error {
			return errors.Join(insert(p.head), s.db.exec(ctx, "DELETE FROM draft_place WHERE draft_id = ?", id[:]))
		})
	}
	if err != nil {
		return err
	}
	s.places[id] = draftPlace{last: step, head: step, box: p.box}
	return nil
}

// stepPlace binds a journal line to its draft and to its turn.
func stepPlace(id survey.DraftID, step int64) seal.Place {
	return placeOf("draft_step.change_sealed", binary.BigEndian.AppendUint64(id[:], uint64(step)))
}

// draftPlace is where a draft stands in its journal: after the step head, of the steps up to last.
type draftPlace struct {
	last, head int64
	box        *seal.Box // what the draft is sealed in
}

// place returns where a draft stands. A draft of somebody else is not found. The caller holds db.mu.
func (s *Store) place(ctx context.Context, id survey.DraftID) (draftPlace, error) {
	if p, ok := s.places[id]; ok {
		return p, nil
	}
	t := &tx{db: s.db}
	var p draftPlace
	var owner []byte
	var head *int64
	err := t.row(ctx, `SELECT d.owner, p.head,
		max(d.state_step, coalesce((SELECT max(j.step) FROM draft_step j WHERE j.draft_id = d.draft_id), 0))
		FROM draft d LEFT JOIN draft_place p ON p.draft_id = d.draft_id WHERE d.draft_id = ?`, []any{id[:]}, &owner, &head, &p.last)
	if err != nil {
		return p, err
	}
	if p.box = s.boxOf(owner); p.box == nil {
		return p, notFound("store.place", subjectOf(id))
	}
	if p.head = p.last; head != nil {
		p.head = *head
	}
	s.places[id] = p
	return p, nil
}

// SaveState keeps a snapshot of the filling as the journal so far has made it, and what lists show of it.
func (s *Store) SaveState(ctx context.Context, d survey.Draft, state []byte) error {
	return s.update(ctx, "store.SaveState", subjectOf(d.ID), func(ctx context.Context, t *tx) error {
		p, err := s.place(ctx, d.ID)
		if err != nil {
			return err
		}
		if err := keepEarlierState(ctx, t, p, d.ID); err != nil {
			return err
		}
		facts, err := s.sealFacts(p.box, d)
		if err != nil {
			return err
		}
		return t.exec(ctx, "UPDATE draft SET changed = ?, state_step = ?, facts_sealed = ?, state_sealed = ? WHERE draft_id = ?",
			t.now.UnixMilli(), p.head, facts, p.box.Seal(state, statePlace(d.ID)), d.ID[:])
	})
}

// selectDrafts reads drafts with the time of their last journal line.
const selectDrafts = `SELECT d.draft_id, d.scope_id,
	max(d.changed, coalesce((SELECT max(j.at) FROM draft_step j WHERE j.draft_id = d.draft_id), 0)), d.owner, d.facts_sealed
	FROM draft d `

// drafts returns the drafts the person may see: own ones, and those from before anybody had a PIN.
func (s *Store) drafts(ctx context.Context, rest string, args ...any) ([]survey.Draft, error) {
	var drafts []survey.Draft
	err := s.db.each(ctx, selectDrafts+rest, args, func(row rowScan) error {
		var d survey.Draft
		var owner, sealed []byte
		if err := row(&d.ID, &d.Scope, &d.Changed, &owner, &sealed); err != nil {
			return err
		}
		box := s.boxOf(owner)
		if box == nil {
			return nil
		}
		facts, err := openIn[draftFacts](box, sealed, placeOf("draft.facts_sealed", d.ID[:]))
		d.Form, d.FormVersion, d.Household, d.Author = facts.Form, facts.Version, facts.Household, facts.Author
		if s.leaveOut(ctx, placeOf("draft.facts_sealed", d.ID[:]), err) {
			return nil
		}
		d.Title, d.Begun, d.Answered, d.Total = facts.Title, facts.Begun, facts.Answered, facts.Total
		d.Judged, d.Place, d.Amends = facts.Judged, facts.Place, amended(facts.Amends)
		d.Household = s.Kept(d.Household)
		if err == nil && s.owner.sees(owner, d.Author) {
			drafts = append(drafts, d)
		}
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

// DraftsOf returns the fillings for one household that are not finished: more than one where it was begun twice.
func (s *Store) DraftsOf(ctx context.Context, household survey.RecordID) ([]survey.Draft, error) {
	drafts, err := s.drafts(ctx, "")
	drafts = slices.DeleteFunc(drafts, func(d survey.Draft) bool { return d.Household != s.Kept(household) })
	return drafts, opError("store.DraftsOf", "record "+household.String(), err)
}

// DiscardDraft throws a draft away with its journal, all of its history and its files. To discard what is not there is no error.
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
	t.after = append(t.after, func() { delete(s.places, id) })
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
	return s.AttachFrom(ctx, id, name, mime, bytes.NewReader(data))
}

// AttachFrom is AttachFile for what is read from somewhere. It never holds more than two chunks of it in memory.
func (s *Store) AttachFrom(ctx context.Context, id survey.DraftID, name, mime string, r io.Reader) error {
	b, err := s.receiveBlob(r)
	if err != nil {
		return opError("store.AttachFile", subjectOf(id), err)
	}
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	if err := s.settleBlob(b); err != nil {
		return opError("store.AttachFile", subjectOf(id), err)
	}
	var replaced survey.Hash
	err = s.update(ctx, "store.AttachFile", subjectOf(id), func(ctx context.Context, t *tx) error {
		if _, err := s.place(ctx, id); err != nil {
			return err // no such draft, or somebody else's
		}
		replaced, err = s.replaceFile(ctx, t, id, b.hash, fileFacts{Name: name, MIME: mime, Size: b.size})
		return err
	})
	s.tidy(ctx, b.hash, replaced)
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
