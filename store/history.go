package store

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// A draft's journal is never cut while the draft lives. Each line follows another: usually the one before, and after an
// undo the one that was gone back to. The lines from the beginning to where the draft stands are what counts now; the
// others are what once counted. Snapshots only save replaying: any of them that lies on the way will do.

// earlierStates is how far apart the snapshots are that are kept of what a draft once was.
const earlierStates = 10 * time.Minute

// earlierPlace binds a kept snapshot to its draft and to its turn.
func earlierPlace(id survey.DraftID, step int64) seal.Place {
	return placeOf("draft_state.state_sealed", binary.BigEndian.AppendUint64(id[:], uint64(step)))
}

// keepEarlierState puts the present snapshot with the kept ones before another takes its place: the first always, and
// then one in a while.
func keepEarlierState(ctx context.Context, t *tx, p draftPlace, id survey.DraftID) error {
	var at int64
	var latest *int64
	err := t.row(ctx, `SELECT d.changed, (SELECT e.at FROM draft_state e WHERE e.draft_id = d.draft_id ORDER BY e.step DESC LIMIT 1)
		FROM draft d WHERE d.draft_id = ?`, []any{id[:]}, &at, &latest)
	if err != nil || latest != nil && recent(time.Duration(at-*latest)*time.Millisecond) {
		return err
	}
	return keepState(ctx, t, p, id)
}

// recent reports whether a snapshot is too young to be followed by another. Of a clock that went back nothing is known.
func recent(age time.Duration) bool { return age >= 0 && age < earlierStates }

// keepState puts the present snapshot with the kept ones.
func keepState(ctx context.Context, t *tx, p draftPlace, id survey.DraftID) error {
	var step, at int64
	var state []byte
	err := t.row(ctx, "SELECT state_step, changed, state_sealed FROM draft WHERE draft_id = ?", []any{id[:]}, &step, &at, &state)
	if err != nil {
		return err
	}
	plain, err := p.box.Open(state, statePlace(id))
	if err != nil {
		return err
	}
	return t.exec(ctx, "INSERT INTO draft_state (draft_id, step, state_sealed, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		id[:], step, p.box.Seal(plain, earlierPlace(id, step)), at)
}

// line is a step of a journal: when it was written and which it follows.
type line struct {
	step, at, follows int64
}

// past is what is kept of a draft's history, without the sealed values.
type past struct {
	id     survey.DraftID
	place  draftPlace
	latest int64          // the step of the present snapshot
	states map[int64]bool // the steps of all snapshots
	lines  map[int64]line
}

// past reads a draft's history. The caller holds db.mu.
func (s *Store) past(ctx context.Context, id survey.DraftID) (past, error) {
	h := past{id: id, states: map[int64]bool{}, lines: map[int64]line{}}
	var err error
	if h.place, err = s.place(ctx, id); err != nil {
		return h, err
	}
	t := &tx{db: s.db}
	if err := t.row(ctx, "SELECT state_step FROM draft WHERE draft_id = ?", []any{id[:]}, &h.latest); err != nil {
		return h, err
	}
	h.states[h.latest] = true
	err = t.each(ctx, "SELECT step FROM draft_state WHERE draft_id = ?", []any{id[:]}, func(row rowScan) error {
		var step int64
		err := row(&step)
		h.states[step] = true
		return err
	})
	if err != nil {
		return h, err
	}
	return h, t.each(ctx, "SELECT step, at, coalesce(follows, step - 1) FROM draft_step WHERE draft_id = ?", []any{id[:]}, func(row rowScan) error {
		var l line
		err := row(&l.step, &l.at, &l.follows)
		h.lines[l.step] = l
		return err
	})
}

// before returns the step that another follows. A line that is lost is taken to follow the one before it.
func (h past) before(step int64) int64 {
	if l, ok := h.lines[step]; ok {
		return l.follows
	}
	return step - 1
}

// way returns the steps from the nearest snapshot to head, and that snapshot's step; ok is false where no snapshot is
// left from which head could be reached.
func (h past) way(head int64) (base int64, steps []int64, ok bool) {
	for base = head; !h.states[base]; base = h.before(base) {
		if base <= 0 {
			return 0, nil, false
		}
		steps = append(steps, base)
	}
	slices.Reverse(steps)
	return base, steps, true
}

// redo returns the step after head on the way to the end of the journal.
func (h past) redo() (int64, bool) {
	for step := h.place.last; step > h.place.head; step = h.before(step) {
		if h.before(step) == h.place.head {
			return step, true
		}
	}
	return 0, false
}

// waysTo returns the steps on the way from one step to another, without the first; none where there is no such way.
func (h past) waysTo(to, from int64) map[int64]bool {
	way := map[int64]bool{}
	for ; to > from; to = h.before(to) {
		way[to] = true
	}
	if to != from {
		return nil
	}
	return way
}

// LoadDraft returns a draft, a snapshot of it, and the journal written after that, in order.
func (s *Store) LoadDraft(ctx context.Context, id survey.DraftID) (survey.Draft, []byte, []form.Change, error) {
	draft, state, journal, err := s.loadDraft(ctx, id, func(h past) int64 { return h.place.head })
	return draft, state, journal, opError("store.LoadDraft", subjectOf(id), err)
}

// DraftAfter returns what a draft was after a step of its journal: a snapshot and the journal written after it until
// then. It is an error of kind NotFound where nothing is kept of that time.
func (s *Store) DraftAfter(ctx context.Context, id survey.DraftID, step int64) ([]byte, []form.Change, error) {
	_, state, journal, err := s.loadDraft(ctx, id, func(past) int64 { return step })
	return state, journal, opError("store.DraftAfter", subjectOf(id), err)
}

// loadDraft returns a draft as it is or was at a step. It holds the writer back, so that snapshot and journal belong
// together.
func (s *Store) loadDraft(ctx context.Context, id survey.DraftID, step func(past) int64) (d survey.Draft, state []byte, journal []form.Change, err error) {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	drafts, err := s.drafts(ctx, "WHERE d.draft_id = ?", id[:])
	if err != nil {
		return d, nil, nil, err
	}
	if len(drafts) == 0 {
		return d, nil, nil, notFound("store.loadDraft", subjectOf(id))
	}
	h, err := s.past(ctx, id)
	if err != nil {
		return d, nil, nil, err
	}
	base, steps, ok := h.way(step(h))
	if !ok {
		return d, nil, nil, notFound("store.loadDraft", subjectOf(id))
	}
	if state, err = s.openState(ctx, h, base); err != nil {
		return d, nil, nil, err
	}
	journal, err = s.journal(ctx, h, steps)
	journal = slices.DeleteFunc(journal, func(c form.Change) bool { return c.Op == wentBack })
	return drafts[0], state, journal, err
}

func (s *Store) openState(ctx context.Context, h past, step int64) ([]byte, error) {
	query, place := "SELECT state_sealed FROM draft WHERE draft_id = ? AND state_step = ?", statePlace(h.id)
	if step != h.latest {
		query, place = "SELECT state_sealed FROM draft_state WHERE draft_id = ? AND step = ?", earlierPlace(h.id, step)
	}
	var kept []byte
	t := &tx{db: s.db}
	if err := t.row(ctx, query, []any{h.id[:], step}, &kept); err != nil {
		return nil, err
	}
	return h.place.box.Open(kept, place)
}

// journal returns the changes of some steps. A line that is not what was written is left out and named.
func (s *Store) journal(ctx context.Context, h past, steps []int64) ([]form.Change, error) {
	var journal []form.Change
	t := &tx{db: s.db}
	for _, step := range steps {
		var kept []byte
		if _, ok := h.lines[step]; !ok {
			continue // lost with a damaged page
		}
		err := t.row(ctx, "SELECT change_sealed FROM draft_step WHERE draft_id = ? AND step = ?", []any{h.id[:], step}, &kept)
		if err != nil {
			return nil, err
		}
		change, err := openIn[form.Change](h.place.box, kept, stepPlace(h.id, step))
		if s.leaveOut(ctx, stepPlace(h.id, step), err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		journal = append(journal, change)
	}
	return journal, nil
}

// History returns everything that was ever written in a draft, as far as it is kept, in the order of writing.
func (s *Store) History(ctx context.Context, id survey.DraftID) ([]form.Line, error) {
	lines, err := s.history(ctx, id)
	return lines, opError("store.History", subjectOf(id), err)
}

func (s *Store) history(ctx context.Context, id survey.DraftID) ([]form.Line, error) {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	h, err := s.past(ctx, id)
	if err != nil {
		return nil, err
	}
	counts, next := h.waysTo(h.place.head, 0), h.waysTo(h.place.last, h.place.head)
	var lines []form.Line
	for step := int64(1); step <= h.place.last; step++ {
		changes, err := s.journal(ctx, h, []int64{step})
		if err != nil {
			return nil, err
		}
		for _, change := range changes {
			lines = append(lines, form.Line{
				Step: step, At: survey.Millis(h.lines[step].at), Change: change,
				Undone: !counts[step], Next: next[step], Back: change.Op == wentBack,
			})
		}
	}
	return lines, nil
}

// Undo goes back by one line of a draft's journal, and reports whether there was one. LoadDraft then returns the draft
// as it was before that line.
func (s *Store) Undo(ctx context.Context, id survey.DraftID) (bool, error) {
	return s.moveDraft(ctx, "store.Undo", id, func(h past) (int64, bool) {
		to := h.before(h.place.head)
		_, _, ok := h.way(to)
		return to, ok && h.place.head > 0
	})
}

// Redo goes forward again by one line, and reports whether there was one.
func (s *Store) Redo(ctx context.Context, id survey.DraftID) (bool, error) {
	return s.moveDraft(ctx, "store.Redo", id, past.redo)
}

func (s *Store) moveDraft(ctx context.Context, op string, id survey.DraftID, to func(past) (int64, bool)) (moved bool, err error) {
	err = s.update(ctx, op, subjectOf(id), func(ctx context.Context, t *tx) error {
		h, err := s.past(ctx, id)
		if err != nil {
			return err
		}
		head, ok := to(h)
		if !ok {
			t.quiet = true
			return nil
		}
		t.after = append(t.after, func() {
			moved = true
			s.places[id] = draftPlace{last: h.place.last, head: head, box: h.place.box}
		})
		if head == h.place.last {
			return t.exec(ctx, "DELETE FROM draft_place WHERE draft_id = ?", id[:])
		}
		return t.exec(ctx, `INSERT INTO draft_place (draft_id, head, moved) VALUES (?, ?, ?)
			ON CONFLICT (draft_id) DO UPDATE SET head = excluded.head, moved = excluded.moved`, id[:], head, t.now.UnixMilli())
	})
	return moved, err
}

// wentBack marks a line of the journal that is no change of its own: what the draft was after it is the snapshot that
// was kept with it. Should that be lost, the draft is what it was before.
const wentBack form.Op = "back"

// GoBack makes a draft what it was after some step, given as the snapshot that DraftAfter amounts to.
// It is a line of the journal like any other: Undo takes it back.
func (s *Store) GoBack(ctx context.Context, id survey.DraftID, state []byte) error {
	plain, err := wire.Encode(form.Change{Op: wentBack})
	if err != nil {
		return opError("store.GoBack", subjectOf(id), err)
	}
	return s.update(ctx, "store.GoBack", subjectOf(id), func(ctx context.Context, t *tx) error {
		p, err := s.place(ctx, id)
		if err != nil {
			return err
		}
		if err := keepState(ctx, t, p, id); err != nil {
			return err // from there what the draft is now is built again
		}
		step := p.last + 1
		t.after = append(t.after, func() { s.places[id] = draftPlace{last: step, head: step, box: p.box} })
		return errors.Join(
			t.exec(ctx, "INSERT INTO draft_step (draft_id, step, at, change_sealed, follows) VALUES (?, ?, ?, ?, ?)",
				id[:], step, t.now.UnixMilli(), p.box.Seal(plain, stepPlace(id, step)), p.head),
			t.exec(ctx, "INSERT INTO draft_state (draft_id, step, state_sealed, at) VALUES (?, ?, ?, ?)",
				id[:], step, p.box.Seal(state, earlierPlace(id, step)), t.now.UnixMilli()),
			t.exec(ctx, "DELETE FROM draft_place WHERE draft_id = ?", id[:]))
	})
}
