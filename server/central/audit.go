package central

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Audit is what came out of looking every log and every feed over.
type Audit struct {
	Logs, Entries, Segments int
	Feeds, Items            int
	Erased                  int      // revisions whose bodies were taken out
	Faults                  []string // what is missing or is not what was signed, in words for the operator
}

// Audit verifies that nothing was taken out of a log or a feed and nothing in them was changed: every entry from 1 on is
// there, belongs to a segment that its device has signed, and names a revision that is what its identifier says; every
// feed has each number from 1 to its head, and every admitted revision stands in the feed of its scope.
//
// Who holds the database and the server's key could write the server's own log anew. What devices have signed, and what
// they have read, he cannot.
func (c *Central) Audit(ctx context.Context) (audit Audit, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		a := &auditor{Central: c, tx: tx}
		err := errors.Join(a.revisions(ctx), a.logs(ctx), a.feeds(ctx), a.admitted(ctx))
		audit = a.Audit
		return err
	})
	return audit, fail("central.Audit", err)
}

type auditor struct {
	*Central
	Audit
	tx *sql.Tx
}

func (a *auditor) fault(format string, args ...any) {
	a.Faults = append(a.Faults, fmt.Sprintf(format, args...))
}

// revisions verifies that every revision is what its identifier says.
func (a *auditor) revisions(ctx context.Context) error {
	rows, err := a.tx.QueryContext(ctx, `SELECT `+revisionColumns+` FROM revision r WHERE r.county = $1`, int64(a.county))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var stored storedRevision
		if err := rows.Scan(stored.into()...); err != nil {
			return err
		}
		r, err := stored.revision()
		if err == nil {
			err = wire.VerifyRevision(r)
		}
		if err != nil {
			a.fault("版本 %s 的内容与编号不符，被改动过", stored.id)
		}
		if wire.Erased(r) {
			a.Erased++
		}
	}
	return rows.Err()
}

// logs verifies the log of every replica.
func (a *auditor) logs(ctx context.Context) error {
	replicas, err := column[survey.ReplicaID](ctx, a.tx, `SELECT replica_id FROM replica WHERE county = $1 ORDER BY replica_id`, int64(a.county))
	for _, replica := range replicas {
		err = errors.Join(err, a.log(ctx, replica))
	}
	return err
}

func (a *auditor) log(ctx context.Context, replica survey.ReplicaID) error {
	var owner survey.DeviceID
	var received int64
	err := a.tx.QueryRowContext(ctx, `SELECT device_id, received FROM replica WHERE county = $1 AND replica_id = $2`,
		int64(a.county), replica[:]).Scan(&owner, &received)
	if err != nil {
		return err
	}
	entries, err := a.entries(ctx, replica)
	if err != nil {
		return err
	}
	a.Logs, a.Entries = a.Logs+1, a.Entries+len(entries)
	for n := int64(1); n <= received; n++ {
		if _, ok := entries[n]; !ok {
			a.fault("日志 %s 缺少第 %d 条", replica, n)
		}
	}
	return a.segments(ctx, replica, owner, received, entries)
}

// entries returns a log by its numbers.
func (a *auditor) entries(ctx context.Context, replica survey.ReplicaID) (map[int64]survey.RevID, error) {
	rows, err := a.tx.QueryContext(ctx, `SELECT l.n, l.rev_id, (SELECT count(*) FROM revision r WHERE r.county = l.county AND r.rev_id = l.rev_id)
		FROM rlog l WHERE l.county = $1 AND l.replica_id = $2`, int64(a.county), replica[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	entries := map[int64]survey.RevID{}
	for rows.Next() {
		var n, held int64
		var id survey.RevID
		if err := rows.Scan(&n, &id, &held); err != nil {
			return nil, err
		}
		if held == 0 {
			a.fault("日志 %s 第 %d 条的内容不见了", replica, n)
		}
		entries[n] = id
	}
	return entries, rows.Err()
}

// keptSegment is a segment as it lies here, without its entries.
type keptSegment struct {
	last            int64
	hash            survey.Hash
	raw, signature  []byte
	header          wire.SegmentHeader
	headerUndecoded error
}

func (a *auditor) segments(ctx context.Context, replica survey.ReplicaID, owner survey.DeviceID, received int64, entries map[int64]survey.RevID) error {
	key := a.Key()
	if owner != a.device {
		known, err := a.findDevice(ctx, a.tx, owner)
		switch {
		case survey.KindOf(err) == survey.Denied:
			a.fault("日志 %s 的设备没有登记，签名无法核对", replica)
		case err != nil:
			return err
		}
		key = known.signKey
	}
	segments, err := a.keptSegments(ctx, replica)
	if err != nil {
		return err
	}
	covered := map[int64]bool{}
	for _, s := range segments {
		if !a.verifies(s, segments, key, entries) {
			a.fault("日志 %s 到第 %d 条为止的一段与签名不符", replica, s.last)
			continue
		}
		a.Segments++
		for n := int64(s.header.First); n <= s.last; n++ {
			covered[n] = true
		}
	}
	for n := int64(1); n <= received; n++ {
		if _, here := entries[n]; here && !covered[n] {
			a.fault("日志 %s 第 %d 条没有签名", replica, n)
		}
	}
	return nil
}

func (a *auditor) keptSegments(ctx context.Context, replica survey.ReplicaID) ([]keptSegment, error) {
	rows, err := a.tx.QueryContext(ctx, `SELECT last, hash, header, signature FROM segment WHERE county = $1 AND replica_id = $2 ORDER BY last`,
		int64(a.county), replica[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var segments []keptSegment
	for rows.Next() {
		var s keptSegment
		if err := rows.Scan(&s.last, &s.hash, &s.raw, &s.signature); err != nil {
			return nil, err
		}
		s.headerUndecoded = cbor.Unmarshal(s.raw, &s.header)
		segments = append(segments, s)
	}
	return segments, rows.Err()
}

// verifies reports whether a segment is signed, has the entries it was signed with, and follows one that is here.
func (a *auditor) verifies(s keptSegment, all []keptSegment, key ed25519.PublicKey, entries map[int64]survey.RevID) bool {
	if s.headerUndecoded != nil || s.header.First == 0 || int64(s.header.First+s.header.Count)-1 != s.last {
		return false
	}
	h := sha256.New()
	h.Write(s.raw)
	for n := s.header.First; n < s.header.First+s.header.Count; n++ {
		id := entries[int64(n)]
		h.Write(binary.BigEndian.AppendUint64(nil, n))
		h.Write(id[:])
	}
	follows := s.header.First == 1 && s.header.Prev.IsZero() || slices.ContainsFunc(all, func(before keptSegment) bool {
		return before.last == int64(s.header.First)-1 && before.hash == s.header.Prev
	})
	return follows && survey.Hash(h.Sum(nil)) == s.hash && wire.SignedSegment(s.hash, s.signature, key)
}

// feeds verifies that every feed has each number once, up to its head.
func (a *auditor) feeds(ctx context.Context) error {
	rows, err := a.tx.QueryContext(ctx, `SELECT h.scope_id, h.seq, count(f.seq), coalesce(min(f.seq), 0), coalesce(max(f.seq), 0)
		FROM scope_head h LEFT JOIN feed f ON f.county = h.county AND f.scope_id = h.scope_id
		WHERE h.county = $1 GROUP BY h.scope_id, h.seq ORDER BY h.scope_id`, int64(a.county))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var scope survey.ScopeID
		var head, count, first, last int64
		if err := rows.Scan(&scope, &head, &count, &first, &last); err != nil {
			return err
		}
		a.Feeds, a.Items = a.Feeds+1, a.Items+int(count)
		if head != count || head > 0 && (first != 1 || last != head) {
			a.fault("村的收发清单 %s 应有 %d 条，实有 %d 条", scope, head, count)
		}
	}
	return rows.Err()
}

// admitted verifies that every revision that was admitted stands in its scope's feed.
func (a *auditor) admitted(ctx context.Context) error {
	missing, err := column[survey.RevID](ctx, a.tx, `SELECT m.rev_id FROM (
			SELECT rev_id, scope_id FROM revision WHERE county = $1 AND refused < 0
			EXCEPT SELECT rev_id, scope_id FROM feed WHERE county = $1) m ORDER BY m.rev_id`, int64(a.county))
	for _, id := range missing {
		a.fault("版本 %s 不在村的收发清单里", id)
	}
	return err
}
