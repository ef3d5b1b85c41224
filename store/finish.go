package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/merge"
	"zoucun/sync/wire"
)

// FinishVisit turns a draft into records, all in one transaction: the visit's revision, a revision of every household,
// problem or other record the form changes, their entries in the log, the references to attachments; and the draft is
// gone. When it returns nil all of it is on disk; when it returns an error the draft is as it was.
//
// The visit has the draft's identifier. Its fields are the answers and, under meta, the household and the filling's
// name. A change to a list of the form is a revision of the record with that type: its present fields overlaid with
// what the form says.
//
// A draft that amends a visit becomes a revision of that visit. It replaces the heads its author saw, so that what was
// written meanwhile is joined field by field as ever, and it says which review it answers.
func (s *Store) FinishVisit(ctx context.Context, d survey.Draft, sub form.Submission) error {
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	var files []survey.Hash
	err := s.update(ctx, "store.FinishVisit", subjectOf(d.ID), func(ctx context.Context, t *tx) (err error) {
		if files, err = draftFiles(ctx, t, d.ID); err != nil {
			return err
		}
		f := &finishing{s: s, tx: t, draft: d, id: survey.RecordID(d.ID)}
		if err := f.visit(ctx, sub); err != nil {
			return err
		}
		for _, change := range sub.Entities {
			if err := f.entity(ctx, change); err != nil {
				return err
			}
		}
		return s.removeDraft(ctx, t, d.ID)
	})
	if err == nil {
		s.tidy(ctx, files...)
	}
	return err
}

// finishing is one draft on its way into records.
type finishing struct {
	s     *Store
	tx    *tx
	draft survey.Draft
	id    survey.RecordID // the visit
	seen  survey.Record   // what its author saw of it, where one is amended
}

// visit writes the visit's own revision.
func (f *finishing) visit(ctx context.Context, sub form.Submission) error {
	if _, err := f.s.place(ctx, f.draft.ID); err != nil {
		return err // no such draft, or somebody else's
	}
	if err := f.lookBack(ctx); err != nil {
		return err
	}
	said := f.fields(sub)
	touched := slices.Concat(sub.Touched, slices.Collect(maps.Keys(said)))
	body := survey.Body{Fields: survey.Fields{}, Joins: sub.Joins}
	maps.Copy(body.Fields, f.seen.Fields)
	for _, field := range touched {
		delete(body.Fields, field)
	}
	maps.Copy(body.Fields, said)
	var err error
	if body.Attachments, err = f.attachments(ctx, sub.Attachments); err != nil {
		return err
	}
	return f.s.writeOver(ctx, f.tx, f.header(f.id, survey.TypeVisit, touched), body, f.draft.Amends.Heads)
}

// lookBack finds what the author saw of the visit that is amended.
func (f *finishing) lookBack(ctx context.Context) error {
	over := f.draft.Amends
	if over.IsZero() {
		return nil
	}
	f.id = over.Visit
	edits, err := f.s.edits(ctx, f.tx, f.id)
	f.seen = merge.Apply(merge.Until(edits, over.Heads))
	return err
}

// fields returns what the filling says of the visit: its answers, and what the program notes beside them.
func (f *finishing) fields(sub form.Submission) survey.Fields {
	said := survey.Fields{}
	maps.Copy(said, sub.Fields)
	if household := f.household(sub); !household.IsZero() {
		said[survey.VisitHousehold] = household.String()
	}
	if name := sub.InstanceName; name != "" {
		said[survey.VisitName] = name
	} else if f.draft.Title != "" {
		said[survey.VisitName] = f.draft.Title
	}
	for _, change := range sub.Entities {
		if change.Instance != "" {
			said[survey.MadeFrom(change.Instance)] = f.entityID(change).String()
		}
	}
	if round := f.draft.Amends.Round; round != "" {
		said[survey.ReviewAnswerField] = round
	}
	return said
}

// household returns the household the visit was paid to: the one the form itself creates or updates, else the one the
// draft was begun for.
func (f *finishing) household(sub form.Submission) survey.RecordID {
	for _, change := range sub.Entities {
		if survey.RecordType(change.Dataset) == survey.TypeHousehold && change.Instance == "" {
			return f.entityID(change)
		}
	}
	return f.s.Kept(f.draft.Household)
}

// attachments takes the draft's files that answers refer to over into the record.
func (f *finishing) attachments(ctx context.Context, names []string) ([]survey.Attachment, error) {
	var attachments []survey.Attachment
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		tag := f.s.fileTag(f.draft.ID, name)
		var hash survey.Hash
		var kept []byte
		err := f.tx.row(ctx, "SELECT sha256, facts_sealed FROM draft_file WHERE draft_id = ? AND name_tag = ?",
			[]any{f.draft.ID[:], tag}, &hash, &kept)
		was := slices.IndexFunc(f.seen.Files, func(a survey.Attachment) bool { return a.Name == name })
		if was >= 0 && (err != nil || hash == f.seen.Files[was].SHA256) {
			attachments = append(attachments, f.seen.Files[was]) // as it was, wherever its bytes are
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("attachment: %w", err)
		}
		facts, err := open[fileFacts](f.s.vault, kept, placeOf("draft_file.facts_sealed", tag))
		if err != nil {
			return nil, err
		}
		attachments = append(attachments, survey.Attachment{Name: name, SHA256: hash, Size: facts.Size, MIME: facts.MIME})
		err = f.tx.exec(ctx, "INSERT INTO blob (sha256, size) VALUES (?, ?) ON CONFLICT DO NOTHING", hash[:], facts.Size)
		if err != nil {
			return nil, err
		}
	}
	return attachments, nil
}

// entity writes what the form says about one record of a list.
func (f *finishing) entity(ctx context.Context, change form.EntityChange) error {
	id := f.entityID(change)
	present, err := f.s.present(ctx, f.tx, id)
	if err != nil {
		return err
	}
	body := survey.Body{Fields: survey.Fields{}, Attachments: present.Files}
	maps.Copy(body.Fields, present.Fields)
	if len(change.Joins) > 0 {
		body.Joins = make(map[survey.FieldPath]survey.Joining, len(change.Joins))
	}
	for property, how := range change.Joins {
		body.Joins[survey.FieldPath(property)] = how
	}
	said := f.saidOf(change, present)
	maps.Copy(body.Fields, said)
	return f.write(ctx, id, survey.RecordType(change.Dataset), body, slices.Collect(maps.Keys(said)))
}

// saidOf returns the fields a change speaks of. A problem belongs to the household that was visited, and a new household
// to the village, unless the form says otherwise.
func (f *finishing) saidOf(change form.EntityChange, present survey.Record) survey.Fields {
	said := survey.Fields{}
	for property, value := range change.Properties {
		said[survey.FieldPath(property)] = value
	}
	if change.Label != "" {
		said[labelColumn] = change.Label
	}
	belongs := func(field survey.FieldPath, id survey.RecordID) {
		if said[field] == "" && present.Fields[field] == "" && !id.IsZero() {
			said[field] = id.String()
		}
	}
	if change.Dataset == string(survey.TypeProblem) {
		belongs(survey.ProblemHousehold, f.s.Kept(f.draft.Household))
	}
	if change.Dataset == string(survey.TypeHousehold) {
		belongs(survey.HouseholdVillage, survey.RecordID(f.draft.Scope))
	}
	return said
}

// entityID returns the record a change is about, or the one that goes on where the township has joined it to another
// since the filling was begun. A list that counts in its own way has identifiers derived from that.
func (f *finishing) entityID(change form.EntityChange) survey.RecordID {
	id, err := parseRecordID(change.ID)
	if err != nil {
		return survey.DerivedID[survey.RecordID](f.draft.Scope, change.Dataset+"/"+change.ID)
	}
	return f.s.Kept(id)
}

// present returns what a record is now, or an empty one.
func (s *Store) present(ctx context.Context, t *tx, id survey.RecordID) (survey.Record, error) {
	edits, err := s.edits(ctx, t, id)
	if err != nil {
		return survey.Record{}, err
	}
	return merge.Apply(edits), nil
}

// write puts one revision of the filling into the store and at the end of the log.
func (f *finishing) write(ctx context.Context, id survey.RecordID, kind survey.RecordType, body survey.Body, touched []survey.FieldPath) error {
	return f.s.write(ctx, f.tx, f.header(id, kind, touched), body)
}

func (f *finishing) header(id survey.RecordID, kind survey.RecordType, touched []survey.FieldPath) survey.Header {
	return survey.Header{
		Record: id, Type: kind, Kind: survey.Put, Scope: f.draft.Scope,
		Form: f.draft.Form, FormVersion: f.draft.FormVersion, Author: f.draft.Author, Touched: touched,
	}
}

// write puts one revision over all heads of its record into the store and at the end of the log.
func (s *Store) write(ctx context.Context, t *tx, h survey.Header, body survey.Body) error {
	present, err := s.present(ctx, t, h.Record)
	if err != nil {
		return err
	}
	return s.writeOver(ctx, t, h, body, present.Heads)
}

// writeOver puts one revision that replaces some revisions into the store and at the end of the log. Device and clocks
// are filled in here.
func (s *Store) writeOver(ctx context.Context, t *tx, h survey.Header, body survey.Body, parents []survey.RevID) (err error) {
	if h.HLC, err = s.tick(ctx, t); err != nil {
		return err
	}
	h.Parents, h.Device, h.Wall = parents, s.self.device, survey.MillisOf(t.now)
	revision, err := wire.SealRevision(h, body, rand.Reader)
	if err != nil {
		return &survey.Error{Kind: survey.Invalid, Op: "store.write", Message: "这份表太大，不能保存成记录。请减少内容后再完成；草稿还在。", Err: err}
	}
	if _, err := s.revise(ctx, t, revision, h.HLC); err != nil {
		return err
	}
	if err := appendLog(ctx, t, s.self.replica, revision.ID); err != nil {
		return err
	}
	return s.settle(ctx, t, h.Record)
}
