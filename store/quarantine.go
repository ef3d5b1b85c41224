package store

import (
	"cmp"
	"context"
	"encoding/hex"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"zoucun/survey"
	"zoucun/sync/seal"
)

// quarantine is the rows that turned out, since the store was opened, not to be what was written. They stay in the
// database and are left out of everything that is read.
type quarantine struct {
	mu   sync.Mutex
	rows map[string]survey.Quarantine
}

func (q *quarantine) add(row survey.Quarantine) (added bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	key := row.Place + " " + row.Row
	if _, known := q.rows[key]; known {
		return false
	}
	if q.rows == nil {
		q.rows = map[string]survey.Quarantine{}
	}
	q.rows[key] = row
	return true
}

func (q *quarantine) list() []survey.Quarantine {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.SortedFunc(maps.Values(q.rows), func(a, b survey.Quarantine) int {
		return cmp.Or(cmp.Compare(a.Found, b.Found), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Row, b.Row))
	})
}

func (q *quarantine) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.rows)
}

// Quarantined names the rows that are left out because they are not what was written, those found first first.
func (s *Store) Quarantined() []survey.Quarantine { return s.broken.list() }

// leaveOut reports whether an error says that a row is not what was written, in which case it is named and the reader
// goes on without it.
func (s *Store) leaveOut(ctx context.Context, place seal.Place, err error) bool {
	if err == nil || survey.KindOf(err) != survey.Damaged {
		return false
	}
	row := survey.Quarantine{Place: place.Column, Row: hex.EncodeToString(place.Row), Found: survey.MillisOf(s.clock())}
	if s.broken.add(row) {
		s.log.ErrorContext(ctx, "row is not what was written",
			slog.String("place", row.Place), slog.String("row", row.Row), slog.Any("error", err))
	}
	return true
}

// askAgain has the feeds that brought these revisions read again from their beginning. What only this device has
// written and no server has signed for comes from nowhere.
func (s *Store) askAgain(ctx context.Context, t *tx, broken []survey.RevID) error {
	for _, id := range broken {
		var scope survey.ScopeID
		err := t.row(ctx, `SELECT scope_id FROM revision WHERE rev_id = ?1 AND NOT EXISTS (
			SELECT 1 FROM unsigned_record u WHERE u.record_id = revision.record_id)`, []any{id[:]}, &scope)
		if survey.KindOf(opError("", "", err)) == survey.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		if t.reread == nil {
			t.reread = map[survey.ScopeID]bool{}
		}
		t.reread[scope] = true
		if err := t.exec(ctx, "DELETE FROM cursor WHERE scope_id = ?", scope[:]); err != nil {
			return err
		}
	}
	return nil
}

// mend puts a revision in the place of one that has the same identifier and is not what was written.
func (s *Store) mend(ctx context.Context, t *tx, id survey.RevID, payload []byte) (bool, error) {
	var kept []byte
	if err := t.row(ctx, "SELECT payload_sealed FROM revision WHERE rev_id = ?", []any{id[:]}, &kept); err != nil {
		return false, err
	}
	if _, err := s.openRevision(id, kept); survey.KindOf(err) != survey.Damaged {
		return false, err
	}
	return t.change(ctx, "UPDATE revision SET payload_sealed = ? WHERE rev_id = ?", payload, id[:])
}

// remakeCards works out again the records whose cards are not what was written.
func (s *Store) remakeCards(ctx context.Context) error {
	var broken []survey.RecordID
	for _, row := range s.broken.list() {
		id, err := hex.DecodeString(row.Row)
		if err == nil && row.Place == "record.card_sealed" {
			broken = append(broken, survey.RecordID(id))
		}
	}
	if len(broken) == 0 {
		return nil
	}
	return s.update(ctx, "store.remakeCards", "", func(ctx context.Context, t *tx) error {
		for _, id := range broken {
			if err := s.settle(ctx, t, id); err != nil {
				return err
			}
		}
		return nil
	})
}
