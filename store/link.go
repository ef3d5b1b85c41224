package store

import (
	"context"
	"errors"

	"zoucun/survey"
)

// keepDecided notes what the township's queues and lists need to know of a record that has been settled: whether it has
// several heads, what a link says, whether a task waits, and which records count as one.
func (s *Store) keepDecided(ctx context.Context, t *tx, r survey.Record) error {
	err := keepIn(ctx, t, "parted", r.ID, len(r.Heads) > 1 && !r.Voided)
	switch r.Type {
	case survey.TypeLink:
		return errors.Join(err, s.keepLink(ctx, t, survey.LinkFrom(r)))
	case survey.TypeTask:
		return errors.Join(err, keepIn(ctx, t, "waiting", r.ID, survey.TaskFrom(r).Waits()))
	case survey.TypeHousehold, survey.TypeVisit, survey.TypeProblem, survey.TypePlace, survey.TypeStaff, survey.TypeForm,
		survey.TypeAccess, survey.TypeSealed, survey.TypeReading, survey.TypeUser, survey.TypeUnit, survey.TypePolicy,
		survey.TypeRound, survey.TypeDuty, survey.TypeImport:
	}
	return errors.Join(err, s.relink(ctx, t, r.ID))
}

// keepIn puts a record into one of the tables that only list records, or takes it out.
func keepIn(ctx context.Context, t *tx, table string, id survey.RecordID, in bool) error {
	if in {
		return t.exec(ctx, "INSERT INTO "+table+" (record_id) VALUES (?) ON CONFLICT DO NOTHING", id[:])
	}
	return t.exec(ctx, "DELETE FROM "+table+" WHERE record_id = ?", id[:])
}

// keepDecision notes a revision by which somebody has decided something.
func keepDecision(ctx context.Context, t *tx, r survey.Revision) error {
	h := r.Header
	if h.Kind != survey.Merge && h.Type != survey.TypeLink && (h.Kind != survey.Void || len(h.Parents) < 2) {
		return nil
	}
	return t.exec(ctx, "INSERT INTO decision (rev_id) VALUES (?) ON CONFLICT DO NOTHING", r.ID[:])
}

func (s *Store) keepLink(ctx context.Context, t *tx, l survey.Link) error {
	if l.Says == "" || l.First.IsZero() || l.Last.IsZero() || l.First == l.Last {
		if err := t.exec(ctx, "DELETE FROM link WHERE record_id = ?", l.ID[:]); err != nil {
			return err
		}
	} else {
		var kept []byte
		if !l.Kept.IsZero() {
			kept = l.Kept[:]
		}
		err := t.exec(ctx, `INSERT INTO link (record_id, first_id, last_id, kept_id) VALUES (?, ?, ?, ?)
			ON CONFLICT (record_id) DO UPDATE SET first_id = excluded.first_id, last_id = excluded.last_id, kept_id = excluded.kept_id`,
			l.ID[:], l.First[:], l.Last[:], kept)
		if err != nil {
			return err
		}
	}
	return errors.Join(s.relink(ctx, t, l.First), s.relink(ctx, t, l.Last))
}

// relink works out again which record a record and everything joined with it counts as.
func (s *Store) relink(ctx context.Context, t *tx, id survey.RecordID) error {
	links, members, err := linksAround(ctx, t, id)
	if err != nil {
		return err
	}
	using := map[survey.RecordID]bool{}
	for _, member := range members {
		var here bool
		err := t.row(ctx, "SELECT EXISTS (SELECT 1 FROM record WHERE record_id = ? AND voided = 0)", []any{member[:]}, &here)
		if err != nil {
			return err
		}
		using[member] = here
	}
	joined := survey.Joined(links, func(id survey.RecordID) bool { return using[id] })
	for _, member := range members {
		if err := s.join(ctx, t, member, joined[member]); err != nil {
			return err
		}
	}
	return nil
}

// linksAround returns the links that call records the same with which a record hangs together, and those records.
func linksAround(ctx context.Context, t *tx, id survey.RecordID) (links []survey.Link, members []survey.RecordID, err error) {
	seen := map[survey.RecordID]bool{id: true}
	members = []survey.RecordID{id}
	for at := 0; at < len(members) && err == nil; at++ {
		err = t.each(ctx, `SELECT record_id, first_id, last_id, kept_id FROM link
			WHERE (first_id = ?1 OR last_id = ?1) AND kept_id IS NOT NULL`, []any{members[at][:]}, func(row rowScan) error {
			l := survey.Link{Says: survey.Same}
			if err := row(&l.ID, &l.First, &l.Last, &l.Kept); err != nil || seen[l.ID] {
				return err
			}
			seen[l.ID], links = true, append(links, l)
			for _, end := range []survey.RecordID{l.First, l.Last} {
				if !seen[end] {
					seen[end], members = true, append(members, end)
				}
			}
			return nil
		})
	}
	return links, members, err
}

// join notes that a record counts as another, or, for a zero one, as itself.
func (s *Store) join(ctx context.Context, t *tx, id, kept survey.RecordID) error {
	var changed bool
	var err error
	if kept.IsZero() {
		changed, err = t.change(ctx, "DELETE FROM joined WHERE record_id = ?", id[:])
	} else {
		changed, err = t.change(ctx, `INSERT INTO joined (record_id, kept_id) VALUES (?1, ?2)
			ON CONFLICT (record_id) DO UPDATE SET kept_id = excluded.kept_id WHERE kept_id <> excluded.kept_id`, id[:], kept[:])
	}
	if err != nil || !changed {
		return err
	}
	t.joins = append(t.joins, func() { s.register.join(id, kept) })
	return t.each(ctx, selectCards+"WHERE r.record_id = ?", []any{id[:]}, func(row rowScan) error {
		c, err := s.openCard(row)
		if s.leaveOut(ctx, placeOf("record.card_sealed", id[:]), err) {
			return nil
		}
		t.settle(c.record())
		return err
	})
}

// readJoined reads which records count as another.
func (s *Store) readJoined(ctx context.Context) error {
	return s.db.each(ctx, "SELECT record_id, kept_id FROM joined", nil, func(row rowScan) error {
		var id, kept survey.RecordID
		if err := row(&id, &kept); err != nil {
			return err
		}
		s.register.join(id, kept)
		return nil
	})
}

// Kept returns the record that one counts as: itself, unless the township has joined it to another.
func (s *Store) Kept(id survey.RecordID) survey.RecordID { return s.register.keptOf(id) }

// resolved is a card in which what refers to a joined household refers to the one that goes on.
func (s *Store) resolved(c cardRow) cardRow {
	field, refers := map[survey.RecordType]survey.FieldPath{
		survey.TypeVisit: survey.VisitHousehold, survey.TypeProblem: survey.ProblemHousehold,
	}[c.Type]
	if !refers {
		return c
	}
	if id, err := parseRecordID(c.Fields[field]); err == nil {
		if kept := s.Kept(id); kept != id {
			c.Fields[field] = kept.String()
		}
	}
	return c
}

// Links returns every word on pairs of records that holds, those that say they are two among them. Scope and type are
// left out.
func (s *Store) Links(ctx context.Context) ([]survey.Link, error) {
	var links []survey.Link
	err := s.db.each(ctx, "SELECT record_id, first_id, last_id, kept_id FROM link ORDER BY record_id", nil, func(row rowScan) error {
		l := survey.Link{Says: survey.Different}
		var kept []byte
		if err := row(&l.ID, &l.First, &l.Last, &kept); err != nil {
			return err
		}
		if kept != nil {
			l.Says, l.Kept = survey.Same, survey.RecordID(kept)
		}
		links = append(links, l)
		return nil
	})
	return links, opError("store.Links", "", err)
}

// JoinedTo returns the records that count as one, without itself.
func (s *Store) JoinedTo(ctx context.Context, kept survey.RecordID) ([]survey.RecordID, error) {
	var ids []survey.RecordID
	err := s.db.each(ctx, "SELECT record_id FROM joined WHERE kept_id = ? ORDER BY record_id", []any{kept[:]}, func(row rowScan) error {
		var id survey.RecordID
		err := row(&id)
		ids = append(ids, id)
		return err
	})
	return ids, opError("store.JoinedTo", "record "+kept.String(), err)
}
