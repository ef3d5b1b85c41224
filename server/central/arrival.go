package central

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// arrival is one transaction that adds to logs, records and feeds. It carries the moment at which all of it came.
type arrival struct {
	*Central
	tx      querier
	now     time.Time
	life    survey.Epoch // the epoch in which all of it came
	nonce   []byte
	rejects []wire.Reject
	news    []news
	types   map[survey.RecordID]survey.RecordType // of the records that are locked; empty for a new one
	awaited map[survey.RevID]bool                 // of the revisions of a segment: those whose children came first
}

// news is one line a feed will get.
type news struct {
	scope survey.ScopeID
	rev   survey.RevID
	op    wire.FeedOp
}

// keep stores the segment and those of its entries that lie behind received.
func (a *arrival) keep(ctx context.Context, s wire.Segment, received uint64, who standing) error {
	if err := a.keepSegment(ctx, s); err != nil {
		return err
	}
	if err := a.remind(ctx, s, received); err != nil || s.Last() <= received {
		return err
	}
	fresh := s.Entries[received+1-s.Header.First:]
	if err := a.lockRecords(ctx, fresh); err != nil {
		return err
	}
	if err := a.log(ctx, s.Header.Replica, fresh); err != nil {
		return err
	}
	for _, e := range fresh {
		if err := a.entry(ctx, e, who); err != nil {
			return err
		}
	}
	_, err := a.tx.ExecContext(ctx, `UPDATE replica SET received = $3 WHERE county = $1 AND replica_id = $2`,
		int64(a.county), s.Header.Replica[:], int64(s.Last()))
	return err
}

// remind names again what was refused of entries that are held already: the receipt that named it may have been lost, and
// its push cut in pieces since.
func (a *arrival) remind(ctx context.Context, s wire.Segment, received uint64) error {
	for _, e := range s.Entries {
		if e.N > received {
			return nil
		}
		no, err := a.decided(ctx, e.Revision.ID)
		if err != nil {
			return err
		}
		a.reject(e.Revision.ID, no)
	}
	return nil
}

// reject names a refused revision in the receipt.
func (a *arrival) reject(id survey.RevID, no refusal) {
	if !no.none() {
		a.rejects = append(a.rejects, wire.Reject{Revision: id, Kind: no.kind, Message: no.message})
	}
}

func (a *arrival) keepSegment(ctx context.Context, s wire.Segment) error {
	hash, err := s.Hash()
	if err != nil {
		return err
	}
	header, err := wire.Encode(s.Header)
	if err != nil {
		return err
	}
	_, err = a.tx.ExecContext(ctx, `INSERT INTO segment (county, replica_id, last, hash, header, signature)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		int64(a.county), s.Header.Replica[:], int64(s.Last()), hash[:], header, s.Signature)
	return err
}

// lockRecords keeps others from the records that will change, in one order for everybody so that nobody waits in a
// circle, and looks which of the revisions are parents of others. Heads are right only if nobody adds a parent and its child
// at the same time.
func (a *arrival) lockRecords(ctx context.Context, entries []survey.Entry) error {
	ids := map[survey.RecordID]struct{}{}
	for _, e := range entries {
		ids[e.Revision.Header.Record] = struct{}{}
	}
	for run := range slices.Chunk(slices.SortedFunc(maps.Keys(ids), survey.RecordID.Compare), manyRows) {
		if err := a.lockRun(ctx, run); err != nil {
			return err
		}
	}
	return a.await(ctx, entries)
}

func (a *arrival) lockRun(ctx context.Context, ids []survey.RecordID) error {
	var args []any
	for _, id := range ids {
		args = append(args, int64(a.county), id[:], []byte{}, "")
	}
	rows, err := a.tx.QueryContext(ctx, `INSERT INTO record (county, record_id, scope_id, type) VALUES`+places(len(ids), 4)+`
		ON CONFLICT (county, record_id) DO UPDATE SET type = record.type RETURNING record_id, type`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id survey.RecordID
		var typ string
		if err := rows.Scan(&id, &typ); err != nil {
			return err
		}
		a.types[id] = survey.RecordType(typ)
	}
	return rows.Err()
}

// log adds lines to a replica's log.
func (a *arrival) log(ctx context.Context, replica survey.ReplicaID, entries []survey.Entry) error {
	var rows [][]any
	for _, e := range entries {
		rows = append(rows, []any{int64(a.county), replica[:], int64(e.N), e.Revision.ID[:]})
	}
	return insertMany(ctx, a.tx, "INSERT INTO rlog (county, replica_id, n, rev_id) VALUES", rows)
}

// await finds which revisions have children that came before them.
func (a *arrival) await(ctx context.Context, entries []survey.Entry) error {
	a.awaited = map[survey.RevID]bool{}
	for run := range slices.Chunk(entries, manyRows) {
		args := []any{int64(a.county)}
		for _, e := range run {
			args = append(args, e.Revision.ID[:])
		}
		parents, err := column[survey.RevID](ctx, a.tx, `SELECT parent_id FROM parent WHERE county = $1 AND parent_id IN`+behindFirst(len(run)), args...)
		if err != nil {
			return err
		}
		for _, id := range parents {
			a.awaited[id] = true
		}
	}
	return nil
}

// entry adds a revision to record and feed if it is new and admitted.
func (a *arrival) entry(ctx context.Context, e survey.Entry, who standing) error {
	id := e.Revision.ID
	known, err := a.placeOf(ctx, e.Revision, who)
	if err != nil {
		return err
	}
	no, added, err := a.revision(ctx, e.Revision, admit(who, e.Revision.Header, known))
	switch {
	case err != nil:
		return err
	case !no.none():
		a.reject(id, no)
		return nil
	case !added:
		return nil
	}
	return a.enter(ctx, e.Revision, known)
}

// placeOf returns what is known of a revision's record and of its author. Refused revisions do not count.
func (a *arrival) placeOf(ctx context.Context, r survey.Revision, who standing) (place, error) {
	h := r.Header
	p := place{known: a.types[h.Record] != "", typ: a.types[h.Record]}
	if err := a.people(ctx, r, who, &p); err != nil || !p.known {
		return p, err
	}
	var within int
	err := a.tx.QueryRowContext(ctx, `SELECT count(*) FROM revision WHERE county = $1 AND record_id = $2 AND scope_id = $3 AND refused < 0`,
		int64(a.county), h.Record[:], h.Scope[:]).Scan(&within)
	if err != nil {
		return p, err
	}
	p.within = within > 0
	var first []byte
	err = a.tx.QueryRowContext(ctx, `SELECT header FROM revision WHERE county = $1 AND record_id = $2 AND refused < 0
		ORDER BY received, ehlc, rev_id LIMIT 1`, int64(a.county), h.Record[:]).Scan(&first)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	var header survey.Header
	err = cbor.Unmarshal(first, &header)
	p.author, p.device = header.Author, header.Device
	return p, err
}

// revision stores a revision, and reports whether it was new. What was decided when it first came stays: a log written
// again under a new replica brings old revisions.
func (a *arrival) revision(ctx context.Context, r survey.Revision, no refusal) (refusal, bool, error) {
	header, err := wire.Encode(r.Header)
	if err != nil {
		return no, false, err
	}
	result, err := a.tx.ExecContext(ctx, `INSERT INTO revision
		(county, rev_id, record_id, scope_id, author, header, salt, commitment, body, ehlc, received, refused, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`,
		int64(a.county), r.ID[:], r.Header.Record[:], r.Header.Scope[:], r.Header.Author[:], header, r.Salt[:], r.Commit[:],
		append([]byte{}, r.Body...), int64(effective(r.Header.HLC, a.now)), a.now.UnixMilli(), no.code(), no.message)
	if err != nil {
		return no, false, err
	}
	count, err := result.RowsAffected()
	if err != nil {
		return no, false, err
	}
	if count == 0 {
		no, err = a.decided(ctx, r.ID)
		return no, false, err
	}
	return no, true, a.attachments(ctx, r)
}

// decided returns what was decided about a revision that is held already.
func (a *arrival) decided(ctx context.Context, id survey.RevID) (no refusal, err error) {
	var code int64
	var judgement string
	err = a.tx.QueryRowContext(ctx, `SELECT refused, reason, judgement FROM revision WHERE county = $1 AND rev_id = $2`, int64(a.county), id[:]).
		Scan(&code, &no.message, &judgement)
	if err != nil || code < 0 {
		return refusal{}, err // admitted, perhaps by a person after it was refused
	}
	no.kind = survey.Kind(code)
	if judgement != "" {
		no.message = notTaken + judgement
	}
	return no, nil
}

// notTaken comes before the reason that a person gave.
const notTaken = "乡镇没有采用："

// effective is the HLC that counts: a clock that runs ahead wins nothing by it.
func effective(hlc survey.HLC, now time.Time) survey.HLC {
	return min(hlc, survey.HLC(uint64(now.UnixMilli()+1)<<16)-1)
}

func (a *arrival) attachments(ctx context.Context, r survey.Revision) error {
	files, err := wire.AttachmentsOf(r)
	if err != nil {
		return err
	}
	for _, file := range files {
		_, err := a.tx.ExecContext(ctx, `INSERT INTO blob_ref (county, sha256, rev_id, size) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			int64(a.county), file.SHA256[:], r.ID[:], file.Size)
		if err != nil {
			return err
		}
	}
	return nil
}

// enter makes a revision part of its record and of the feeds it concerns. Whoever may read a scope gets every revision
// of the records in it, and so makes the same of them as everybody else: a record that moves takes its history along,
// and what was written where it is no more goes where it is now.
func (a *arrival) enter(ctx context.Context, r survey.Revision, known place) error {
	home := r.Header.Scope
	if known.known {
		err := a.tx.QueryRowContext(ctx, `SELECT scope_id FROM record WHERE county = $1 AND record_id = $2`, int64(a.county), r.Header.Record[:]).Scan(&home)
		if err != nil {
			return err
		}
	}
	if known.known && r.Header.Kind == survey.Move && home != r.Header.Scope {
		if err := a.history(ctx, r); err != nil {
			return err
		}
		a.news = append(a.news, news{scope: home, rev: r.ID, op: wire.FeedLeave})
		home = r.Header.Scope
	}
	a.news = append(a.news, news{scope: home, rev: r.ID, op: wire.FeedPut})
	if home != r.Header.Scope {
		a.news = append(a.news, news{scope: r.Header.Scope, rev: r.ID, op: wire.FeedLeave})
	}
	if !known.known || r.Header.Kind == survey.Move {
		_, err := a.tx.ExecContext(ctx, `UPDATE record SET scope_id = $3, type = $4 WHERE county = $1 AND record_id = $2`,
			int64(a.county), r.Header.Record[:], r.Header.Scope[:], string(r.Header.Type))
		if err != nil {
			return err
		}
		a.types[r.Header.Record] = r.Header.Type
	}
	if err := a.heads(ctx, r); err != nil {
		return err
	}
	if !known.known && r.Header.Kind != survey.Erase {
		return nil
	}
	return a.erase(ctx, r.Header, r.ID)
}

// history gives the feed that a record moves to those of its revisions that were never in it.
func (a *arrival) history(ctx context.Context, move survey.Revision) error {
	rows, err := a.tx.QueryContext(ctx, `SELECT r.rev_id FROM revision r
		WHERE r.county = $1 AND r.record_id = $2 AND r.refused < 0 AND r.rev_id <> $3
			AND NOT EXISTS (SELECT 1 FROM feed f WHERE f.county = $1 AND f.scope_id = $4 AND f.rev_id = r.rev_id AND f.op = $5)
		ORDER BY r.received, r.ehlc, r.rev_id`, int64(a.county), move.Header.Record[:], move.ID[:], move.Header.Scope[:], int64(wire.FeedPut))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		line := news{scope: move.Header.Scope, op: wire.FeedPut}
		if err := rows.Scan(&line.rev); err != nil {
			return err
		}
		if !slices.Contains(a.news, line) {
			a.news = append(a.news, line)
		}
	}
	return rows.Err()
}

// heads keeps record_head true: the parents are none any more, and the revision is one unless its child came first.
func (a *arrival) heads(ctx context.Context, r survey.Revision) error {
	for _, p := range r.Header.Parents {
		a.awaited[p] = true
		_, err := a.tx.ExecContext(ctx, `INSERT INTO parent (county, parent_id, rev_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			int64(a.county), p[:], r.ID[:])
		if err != nil {
			return err
		}
		_, err = a.tx.ExecContext(ctx, `DELETE FROM record_head WHERE county = $1 AND record_id = $2 AND rev_id = $3`,
			int64(a.county), r.Header.Record[:], p[:])
		if err != nil {
			return err
		}
	}
	if a.awaited[r.ID] {
		return nil
	}
	_, err := a.tx.ExecContext(ctx, `INSERT INTO record_head (county, record_id, rev_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		int64(a.county), r.Header.Record[:], r.ID[:])
	return err
}

// publish adds what is new to the feeds. It comes last: from the moment a feed's counter is raised nobody else raises
// it until this transaction ends, so that the order of seq is the order of commit and a reader's cursor misses nothing.
func (a *arrival) publish(ctx context.Context) error {
	slices.SortStableFunc(a.news, func(x, y news) int { return x.scope.Compare(y.scope) })
	for run := range chunkBy(a.news, func(x, y news) bool { return x.scope == y.scope }) {
		scope := run[0].scope
		var seq int64
		err := a.tx.QueryRowContext(ctx, `INSERT INTO scope_head (county, scope_id, seq) VALUES ($1, $2, $3)
			ON CONFLICT (county, scope_id) DO UPDATE SET seq = scope_head.seq + excluded.seq RETURNING seq`,
			int64(a.county), scope[:], len(run)).Scan(&seq)
		if err != nil {
			return err
		}
		var rows [][]any
		for i, line := range run {
			rows = append(rows, []any{int64(a.county), scope[:], seq - int64(len(run)) + int64(i) + 1, line.rev[:], int64(line.op)})
		}
		if err := insertMany(ctx, a.tx, "INSERT INTO feed (county, scope_id, seq, rev_id, op) VALUES", rows); err != nil {
			return err
		}
	}
	return nil
}

// arriving begins an arrival in a transaction.
func (c *Central) arriving(tx *sql.Tx) *arrival {
	return &arrival{Central: c, tx: c.forMany(tx), now: c.clock(), types: map[survey.RecordID]survey.RecordType{}}
}

// chunkBy yields the runs of neighbours that are alike.
func chunkBy[T any](list []T, alike func(a, b T) bool) func(yield func([]T) bool) {
	return func(yield func([]T) bool) {
		for start := 0; start < len(list); {
			end := start + 1
			for end < len(list) && alike(list[start], list[end]) {
				end++
			}
			if !yield(list[start:end]) {
				return
			}
			start = end
		}
	}
}
