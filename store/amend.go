package store

import (
	"context"
	"maps"
	"slices"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// Amend writes a revision for each amendment, in order, and their entries at the end of the log, all in one
// transaction: when it returns nil all of it is on the disk, and when it returns an error none of it. Every revision
// replaces all heads its record has, so what it says holds until somebody says something else.
//
// A record that has changed since its author looked (Heads) is of kind Conflicting, and nothing is written.
func (s *Store) Amend(ctx context.Context, amendments ...survey.Amendment) error {
	return s.update(ctx, "store.Amend", "", func(ctx context.Context, t *tx) error {
		for _, a := range amendments {
			if err := s.amend(ctx, t, a); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) amend(ctx context.Context, t *tx, a survey.Amendment) error {
	now, err := s.present(ctx, t, a.Record)
	if err != nil {
		return err
	}
	h, err := amendedHeader(now, a)
	if err != nil {
		return err
	}
	return s.write(ctx, t, h, amendedBody(now, a))
}

// amendedHeader is the header of the revision an amendment becomes, without parents, device and clocks.
func amendedHeader(now survey.Record, a survey.Amendment) (survey.Header, error) {
	if a.Heads != nil && !slices.Equal(slices.SortedFunc(slices.Values(a.Heads), survey.RevID.Compare), now.Heads) {
		return survey.Header{}, &survey.Error{
			Kind: survey.Conflicting, Op: "store.Amend", Subject: "record " + a.Record.String(),
			Message: "您看的时候，别处又有了新的内容。这次没有保存，请看过新的内容再定。",
		}
	}
	if a.Form == "" {
		a.Form, a.FormVersion = now.Form, now.FormVersion
	}
	return survey.Header{
		Record: a.Record, Type: a.Type, Kind: a.Kind, Scope: a.Scope, Form: a.Form, FormVersion: a.FormVersion,
		Author: a.Author, Touched: slices.Concat(slices.Collect(maps.Keys(a.Fields)), a.Decides),
	}, nil
}

// amendedBody is what a record says after an amendment. Whoever takes a record out of use says only why.
func amendedBody(now survey.Record, a survey.Amendment) survey.Body {
	if a.Kind == survey.Void {
		return survey.Body{Fields: survey.Fields{}, Note: a.Note}
	}
	body := survey.Body{Fields: survey.Fields{}, Attachments: now.Files, Note: a.Note}
	maps.Copy(body.Fields, now.Fields)
	for field, value := range a.Fields {
		if value == "" {
			delete(body.Fields, field)
		} else {
			body.Fields[field] = value
		}
	}
	if a.Files != nil {
		body.Attachments = a.Files
	}
	return body
}

// Records calls use for every record of a type in a scope, or in every scope for a zero one, as lists show it: of a
// visit only whom it was paid to and its name, of all of them conflicts counted and heads left out. Records out of use
// are among them; one that was joined to another is not, and what is about it is about the other.
func (s *Store) Records(ctx context.Context, kind survey.RecordType, scope survey.ScopeID, use func(survey.Record) error) error {
	where, args := "WHERE r.type_tag = ?", []any{s.typeTag(kind)}
	if !scope.IsZero() {
		where, args = where+" AND r.scope_id = ?", append(args, scope[:])
	}
	err := s.cards(ctx, where, args, func(c cardRow) error { return use(c.record()) })
	return opError("store.Records", "type "+string(kind), err)
}

// Holding returns everything this device holds of one record: what it is now and every revision that led there.
func (s *Store) Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error) {
	var held survey.Holding
	err := s.update(ctx, "store.Holding", "record "+id.String(), func(ctx context.Context, t *tx) error {
		t.quiet = true
		edits, err := s.edits(ctx, t, id)
		if err == nil && len(edits) == 0 {
			err = notFound("store.Holding", "record "+id.String())
		}
		if err == nil {
			held = merge.HoldingOf(edits)
		}
		return err
	})
	return held, err
}

// Conflicted returns the records in which edits made apart wait for a decision.
func (s *Store) Conflicted(ctx context.Context) ([]survey.RecordID, error) {
	var ids []survey.RecordID
	err := s.db.each(ctx, "SELECT DISTINCT record_id FROM conflict ORDER BY record_id", nil, func(row rowScan) error {
		var id survey.RecordID
		err := row(&id)
		ids = append(ids, id)
		return err
	})
	return ids, opError("store.Conflicted", "", err)
}
