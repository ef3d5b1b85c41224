package store

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"zoucun/survey"
	"zoucun/sync/merge"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// card is what lists show of a record, kept beside it so that lists need not open and merge its revisions. It is
// derived, so its form may change: a migration only has to empty it.
type card struct {
	Type      survey.RecordType `cbor:"1,keyasint"`
	Fields    survey.Fields     `cbor:"2,keyasint"`
	Conflicts int               `cbor:"3,keyasint"`
	Form      survey.FormID     `cbor:"4,keyasint"`
	Version   string            `cbor:"5,keyasint"`
	Author    survey.PersonID   `cbor:"6,keyasint"`
	Written   survey.Millis     `cbor:"7,keyasint"` // when the record was first written, by its device's clock
}

// sealed returns v's encoding, sealed for its place.
func sealed(v *vault, value any, place seal.Place) ([]byte, error) {
	plain, err := wire.Encode(value)
	if err != nil {
		return nil, err
	}
	return v.box.Seal(plain, place), nil
}

// open reads what sealed made.
func open[T any](v *vault, sealed []byte, place seal.Place) (T, error) {
	return openIn[T](v.box, sealed, place)
}

// openIn is open for what is sealed in another box.
func openIn[T any](box *seal.Box, sealed []byte, place seal.Place) (T, error) {
	var value T
	plain, err := box.Open(sealed, place)
	if err != nil {
		return value, err
	}
	if err := decode(plain, &value); err != nil {
		return value, damaged("store.open", place.Column, err)
	}
	return value, nil
}

// revise keeps a revision, and reports whether it was new here. The caller settles its record afterwards.
func (s *Store) revise(ctx context.Context, t *tx, r survey.Revision, hlc survey.HLC) (bool, error) {
	payload, err := sealed(s.vault, r, placeOf("revision.payload_sealed", r.ID[:]))
	if err != nil {
		return false, err
	}
	added, err := t.change(ctx, `INSERT INTO revision (rev_id, record_id, scope_id, hlc, payload_sealed) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (rev_id) DO NOTHING`,
		r.ID[:], r.Header.Record[:], r.Header.Scope[:], int64(hlc), payload)
	if err == nil && !added {
		added, err = s.mend(ctx, t, r.ID, payload)
	}
	if err != nil || !added {
		return false, err
	}
	if r.Header.Type == survey.TypeForm {
		if err := s.keepFormVersion(ctx, t, r); err != nil {
			return false, err
		}
	}
	return true, errors.Join(s.keepBlobRefs(ctx, t, r), keepDecision(ctx, t, r))
}

func placeOf(column string, row []byte) seal.Place { return seal.Place{Column: column, Row: row} }

func (s *Store) keepBlobRefs(ctx context.Context, t *tx, r survey.Revision) error {
	body, err := wire.DecodeBody(r)
	if err != nil {
		return err
	}
	for _, file := range body.Attachments {
		err := t.exec(ctx, "INSERT INTO blob_ref (rev_id, sha256) VALUES (?, ?) ON CONFLICT DO NOTHING", r.ID[:], file.SHA256[:])
		if err != nil {
			return err
		}
	}
	return nil
}

// edits returns every revision of a record that is what was written, opened.
func (s *Store) edits(ctx context.Context, t *tx, id survey.RecordID) ([]merge.Edit, error) {
	return s.editsWhere(ctx, t, "record_id = ?", id[:])
}

// editsWhere is edits for the revisions that a condition selects.
func (s *Store) editsWhere(ctx context.Context, t *tx, where string, args ...any) ([]merge.Edit, error) {
	var edits []merge.Edit
	var broken []survey.RevID
	err := t.each(ctx, "SELECT rev_id, hlc, payload_sealed FROM revision WHERE "+where, args, func(row rowScan) error {
		var revision survey.RevID
		var hlc int64
		var payload []byte
		if err := row(&revision, &hlc, &payload); err != nil {
			return err
		}
		edit, err := s.openEdit(revision, survey.HLC(hlc), payload)
		if s.leaveOut(ctx, placeOf("revision.payload_sealed", revision[:]), err) {
			broken = append(broken, revision)
			return nil
		}
		edits = append(edits, edit)
		return err
	})
	return edits, errors.Join(err, s.askAgain(ctx, t, broken))
}

func (s *Store) openEdit(id survey.RevID, hlc survey.HLC, payload []byte) (merge.Edit, error) {
	r, err := s.openRevision(id, payload)
	if err != nil {
		return merge.Edit{}, err
	}
	return editOf(r, hlc)
}

func editOf(r survey.Revision, hlc survey.HLC) (merge.Edit, error) {
	body, err := wire.DecodeBody(r)
	return merge.Edit{ID: r.ID, Header: r.Header, Body: body, Erased: wire.Erased(r), HLC: hlc}, err
}

func (s *Store) openRevision(id survey.RevID, payload []byte) (survey.Revision, error) {
	r, err := open[survey.Revision](s.vault, payload, placeOf("revision.payload_sealed", id[:]))
	r.ID = id
	return r, err
}

// settle works out again what a record is, after one of its revisions has arrived.
func (s *Store) settle(ctx context.Context, t *tx, id survey.RecordID) error {
	edits, err := s.edits(ctx, t, id)
	if err != nil || len(edits) == 0 {
		return err
	}
	if err := s.eraseAncestors(ctx, t, edits); err != nil {
		return err
	}
	record := merge.Apply(edits)
	t.settle(record)
	return s.keepRecord(ctx, t, record, firstOf(edits))
}

// firstOf returns the edit a record began with.
func firstOf(edits []merge.Edit) merge.Edit {
	return slices.MinFunc(edits, func(a, b merge.Edit) int {
		return cmp.Or(cmp.Compare(a.HLC, b.HLC), a.ID.Compare(b.ID))
	})
}

func (s *Store) keepRecord(ctx context.Context, t *tx, r survey.Record, first merge.Edit) error {
	if err := s.keepCard(ctx, t, r, first); err != nil {
		return err
	}
	return errors.Join(keepHeads(ctx, t, r), s.keepConflicts(ctx, t, r), s.keepReview(ctx, t, r), s.keepDecided(ctx, t, r))
}

// ownOf finds the revisions of a record that this device has written, as the view delivery does, without asking how far they
// have come.
const ownOf = `SELECT 1 FROM revision v WHERE v.record_id = ?1
	AND (EXISTS (SELECT 1 FROM rlog l WHERE l.rev_id = v.rev_id) OR EXISTS (SELECT 1 FROM shed s WHERE s.rev_id = v.rev_id))`

// A card is put into the table record, over what was known of the record before. It is the device's own where a revision of
// the record is in its log.
const (
	cardInto = "INSERT INTO record (record_id, scope_id, type_tag, about, hlc, voided, card_sealed, own) VALUES "
	cardOver = ` ON CONFLICT (record_id) DO UPDATE SET scope_id = excluded.scope_id, type_tag = excluded.type_tag, about = excluded.about,
		hlc = excluded.hlc, voided = excluded.voided, own = excluded.own, card_sealed = excluded.card_sealed`
)

func (s *Store) keepCard(ctx context.Context, t *tx, r survey.Record, first merge.Edit) error {
	row, err := s.cardValues(r, s.typeTag(r.Type), first)
	if err != nil {
		return err
	}
	return t.exec(ctx, cardInto+"(?1, ?2, ?3, ?4, ?5, ?6, ?7, EXISTS ("+ownOf+"))"+cardOver, row...)
}

// cardValues are the columns of a card, but for whether it is the device's own.
func (s *Store) cardValues(r survey.Record, tag []byte, first merge.Edit) ([]any, error) {
	face, err := sealed(s.vault, cardOf(r, first), placeOf("record.card_sealed", r.ID[:]))
	return []any{r.ID[:], r.Scope[:], tag, about(r), int64(r.Updated), r.Voided, face}, err
}

func (s *Store) typeTag(t survey.RecordType) []byte { return s.vault.tag("record.type", string(t)) }

// about returns the household a record belongs to, by which its card finds it, or nil.
func about(r survey.Record) []byte {
	field := survey.ProblemHousehold
	if r.Type == survey.TypeVisit {
		field = survey.VisitHousehold
	}
	id, err := parseRecordID(r.Fields[field])
	if err != nil {
		return nil
	}
	return id[:]
}

func parseRecordID(text string) (id survey.RecordID, err error) {
	return id, id.UnmarshalText([]byte(text))
}

func keepHeads(ctx context.Context, t *tx, r survey.Record) error {
	if err := t.exec(ctx, "DELETE FROM record_head WHERE record_id = ?", r.ID[:]); err != nil {
		return err
	}
	for _, head := range r.Heads {
		if err := t.exec(ctx, "INSERT INTO record_head (record_id, rev_id) VALUES (?, ?)", r.ID[:], head[:]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) keepConflicts(ctx context.Context, t *tx, r survey.Record) error {
	if err := t.exec(ctx, "DELETE FROM conflict WHERE record_id = ?", r.ID[:]); err != nil {
		return err
	}
	for i, conflict := range r.Conflicts {
		row, err := sealed(s.vault, conflict, placeOf("conflict.conflict_sealed", r.ID[:]))
		if err != nil {
			return err
		}
		err = t.exec(ctx, "INSERT INTO conflict (record_id, ordinal, conflict_sealed) VALUES (?, ?, ?)", r.ID[:], i, row)
		if err != nil {
			return err
		}
	}
	return nil
}

// cardOf returns what lists show of a record. A visit's answers and a form's definition stay in the revisions.
func cardOf(r survey.Record, first merge.Edit) card {
	c := card{
		Type: r.Type, Fields: r.Fields, Conflicts: len(r.Conflicts), Form: r.Form,
		Version: r.FormVersion, Author: first.Header.Author, Written: first.Header.Wall,
	}
	switch r.Type {
	case survey.TypeVisit:
		c.Fields = only(r.Fields, survey.VisitHousehold, survey.VisitName)
	case survey.TypeForm:
		c.Fields = only(r.Fields, survey.FormTitle)
	case survey.TypeAccess:
		c.Fields = survey.Fields{} // no list shows it
	case survey.TypeSealed:
		c.Fields = nil // it is counted, never shown
	case survey.TypeHousehold, survey.TypeProblem, survey.TypePlace, survey.TypeStaff, survey.TypeReading, survey.TypeUser,
		survey.TypeUnit, survey.TypePolicy, survey.TypeRound, survey.TypeDuty, survey.TypeLink, survey.TypeTask, survey.TypeImport:
	}
	return c
}

func only(fields survey.Fields, paths ...survey.FieldPath) survey.Fields {
	kept := survey.Fields{}
	for _, path := range paths {
		if value, ok := fields[path]; ok {
			kept[path] = value
		}
	}
	return kept
}

// cardRow is a record as its card and its row tell it.
type cardRow struct {
	card
	id     survey.RecordID
	scope  survey.ScopeID
	hlc    survey.HLC
	voided bool
}

// record returns the row as far as the card knows the record: conflicts are counted, heads left out.
func (c cardRow) record() survey.Record {
	return survey.Record{
		ID: c.id, Type: c.Type, Scope: c.scope, Fields: c.Fields, Conflicts: make([]survey.Conflict, c.Conflicts),
		Voided: c.voided, Updated: c.hlc,
	}
}

// selectCards begins every query for cards; the rest may join and restrict the table record r.
const selectCards = "SELECT r.record_id, r.scope_id, r.hlc, r.voided, r.card_sealed FROM record r "

// cards calls use for every row of a query that begins with selectCards, but for records that count as another: what
// refers to those refers to the other here.
func (s *Store) cards(ctx context.Context, rest string, args []any, use func(cardRow) error) error {
	return s.allCards(ctx, rest, args, func(c cardRow) error {
		if s.Kept(c.id) != c.id {
			return nil
		}
		return use(s.resolved(c))
	})
}

// allCards is cards with every record as itself.
func (s *Store) allCards(ctx context.Context, rest string, args []any, use func(cardRow) error) error {
	return s.db.each(ctx, selectCards+rest, args, func(row rowScan) error {
		c, err := s.openCard(row)
		if s.leaveOut(ctx, placeOf("record.card_sealed", c.id[:]), err) {
			return nil
		}
		if err != nil {
			return err
		}
		return use(c)
	})
}

func (s *Store) openCard(row rowScan) (c cardRow, err error) {
	var hlc int64
	var face []byte
	if err := row(&c.id, &c.scope, &hlc, &c.voided, &face); err != nil {
		return c, err
	}
	c.hlc = survey.HLC(hlc)
	c.card, err = open[card](s.vault, face, placeOf("record.card_sealed", c.id[:]))
	return c, err
}

// card returns a record as its card tells it, or the one it counts as.
func (s *Store) card(ctx context.Context, id survey.RecordID) (survey.Record, error) {
	id = s.Kept(id)
	var found *survey.Record
	err := s.cards(ctx, "WHERE r.record_id = ?", []any{id[:]}, func(c cardRow) error {
		record := c.record()
		found = &record
		return nil
	})
	if err == nil && found == nil {
		err = notFound("store.card", "record "+id.String())
	}
	if err != nil {
		return survey.Record{}, err
	}
	return *found, nil
}

// readRegister fills the register from the cards of what it lists. A card that is not what was written is made again
// from the record's revisions.
func (s *Store) readRegister(ctx context.Context) error {
	if err := s.readJoined(ctx); err != nil {
		return err
	}
	for _, listed := range []survey.RecordType{survey.TypeReading, survey.TypePlace, survey.TypeStaff, survey.TypeHousehold} {
		err := s.cards(ctx, "WHERE r.type_tag = ? AND r.voided = 0", []any{s.typeTag(listed)}, func(c cardRow) error {
			s.register.put(c.record())
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.remakeCards(ctx)
}

// aboutOne restricts cards to those of a type that are about a household or one that was joined to it.
const aboutOne = `WHERE (r.about = ?1 OR r.about IN (SELECT record_id FROM joined WHERE kept_id = ?1))
	AND r.type_tag = ?2 AND r.voided = 0 AND r.record_id NOT IN (SELECT record_id FROM joined)`

// VisitsOf returns the visits paid to a household, the latest first.
func (s *Store) VisitsOf(ctx context.Context, household survey.RecordID) ([]survey.Visit, error) {
	kept := s.Kept(household)
	visits, err := s.visits(ctx, aboutOne+" ORDER BY r.hlc DESC", kept[:], s.typeTag(survey.TypeVisit))
	return visits, opError("store.VisitsOf", "record "+household.String(), err)
}

// ProblemsOf returns the problems found in a household, open ones first, then the latest first.
func (s *Store) ProblemsOf(ctx context.Context, household survey.RecordID) ([]survey.Problem, error) {
	var problems []survey.Problem
	kept := s.Kept(household)
	err := s.cards(ctx, aboutOne+" ORDER BY r.hlc DESC",
		[]any{kept[:], s.typeTag(survey.TypeProblem)}, func(c cardRow) error {
			problem := survey.ProblemOf(c.record())
			problem.Raised = c.Written
			problems = append(problems, problem)
			return nil
		})
	slices.SortStableFunc(problems, func(a, b survey.Problem) int {
		switch {
		case a.Open() == b.Open():
			return 0
		case a.Open():
			return -1
		}
		return 1
	})
	return problems, opError("store.ProblemsOf", "record "+household.String(), err)
}
