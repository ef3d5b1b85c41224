package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// watch checks after a step what must hold at any moment.
func (w *World) watch(ctx context.Context, s Step) {
	switch s.Kind {
	case KillServer, PowerServer, Restore:
		w.feeds(ctx)
		for _, t := range w.tablets {
			w.watermarks(ctx, t)
		}
	case Pass, Register, NewHome, Move, Decide, Void, Backup, Trouble, Clock, Dark, Forward, KillPoint, LosePoint, Lost:
	case Give:
		w.watermarks(ctx, w.tablets[s.A%len(w.tablets)])
		w.watermarks(ctx, w.tablets[s.Node%len(w.tablets)])
	default:
		w.watermarks(ctx, w.tablets[s.Node%len(w.tablets)])
	}
}

// watermarks checks that a tablet believes no more than the server holds, that its log is whole, and that its hybrid
// clock has not gone back: I6, I9, I10, I13; and that it holds nothing it was never granted: I7.
func (w *World) watermarks(ctx context.Context, t *tablet) {
	w.each(ctx, t.audit, `SELECT i.hlc, p.replica_id, p.last_n, p.acked_n, p.durable_n,
			coalesce((SELECT d.n FROM pruned d WHERE d.replica_id = p.replica_id), 0),
			(SELECT count(*) FROM rlog l WHERE l.replica_id = p.replica_id
				AND l.n > max(p.durable_n, coalesce((SELECT d.n FROM pruned d WHERE d.replica_id = p.replica_id), 0))),
			(SELECT coalesce(max(l.n), 0) FROM rlog l WHERE l.replica_id = p.replica_id)
		FROM installation i, replica p`, func(row scan) error {
		var hlc, last, acked, durable, pruned, kept, highest int64
		var replica survey.ReplicaID
		if err := row(&hlc, &replica, &last, &acked, &durable, &pruned, &kept, &highest); err != nil {
			return err
		}
		if hlc < t.hlc {
			w.violated("I10", "%s: the hybrid clock went back by %d ms", t.name, (t.hlc-hlc)>>16)
		}
		t.hlc = hlc
		var received, backed int64
		err := w.office.audit.QueryRowContext(ctx, "SELECT received, durable FROM replica WHERE replica_id = ?", replica[:]).Scan(&received, &backed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if acked > received && !w.stale(ctx, t) {
			w.violated("I9", "%s believes %d entries received, the server has %d", t.name, acked, received)
		}
		if len(w.office.left) > 0 {
			backed = received // what was pruned is in the backup that was put back, whatever that says of itself
		}
		if durable > backed && !w.stale(ctx, t) {
			w.violated("I13", "%s believes %d entries durable, the server says %d", t.name, durable, backed)
		}
		if len(w.office.left) == 0 && pruned > durable {
			w.violated("I13", "%s has pruned %d entries, of which %d are durable", t.name, pruned, durable)
		}
		if durable = max(durable, pruned); kept != last-durable {
			w.violated("I13", "%s keeps %d of the %d entries that are not durable", t.name, kept, last-durable)
		}
		if highest != last && last > durable {
			w.violated("I6", "%s: the log ends at %d, not at %d", t.name, highest, last)
		}
		return nil
	})
	w.scopes(ctx, t, func(scope survey.ScopeID) {
		if !t.granted[scope] {
			w.violated("I7", "%s holds a scope it was never granted", t.name)
		}
	})
}

// stale reports whether a tablet does not know yet that the server's database was put back.
func (w *World) stale(ctx context.Context, t *tablet) bool {
	e, _, err := t.store.Enrolment(ctx)
	return err == nil && w.office.left[e.Epoch]
}

// scopes tells in which scopes a tablet holds what others wrote. What was written where a record was before counts
// where it is.
func (w *World) scopes(ctx context.Context, t *tablet, tell func(survey.ScopeID)) {
	w.each(ctx, t.audit, `SELECT DISTINCT coalesce(r.scope_id, v.scope_id) FROM revision v LEFT JOIN record r ON r.record_id = v.record_id
		WHERE v.rev_id NOT IN (SELECT rev_id FROM rlog)`, func(row scan) error {
		var scope survey.ScopeID
		err := row(&scope)
		if err == nil {
			tell(scope)
		}
		return err
	})
}

// feeds checks the feeds and logs on the server: I2 and I6.
func (w *World) feeds(ctx context.Context) {
	w.none(ctx, "I2", "feeds with gaps", `SELECT count(*) FROM (SELECT h.seq AS head, count(f.seq) AS lines, min(f.seq) AS low, max(f.seq) AS high
		FROM scope_head h LEFT JOIN feed f ON f.scope_id = h.scope_id GROUP BY h.scope_id) WHERE head <> lines OR low <> 1 OR high <> head`)
	w.none(ctx, "I2", "revisions twice in a feed", `SELECT count(*) FROM (SELECT 1 FROM feed GROUP BY scope_id, rev_id, op HAVING count(*) > 1)`)
	w.none(ctx, "I2", "admitted revisions in no feed", `SELECT count(*) FROM revision r
		WHERE r.refused < 0 AND NOT EXISTS (SELECT 1 FROM feed f WHERE f.rev_id = r.rev_id AND f.op = 1)`)
	w.none(ctx, "I6", "logs with gaps", `SELECT count(*) FROM (SELECT p.received AS received, count(l.n) AS lines, coalesce(max(l.n), 0) AS high
		FROM replica p LEFT JOIN rlog l ON l.replica_id = p.replica_id GROUP BY p.replica_id) WHERE received <> lines OR received <> high`)
	w.none(ctx, "I5", "heads that are gone without a descendant", `SELECT count(*) FROM revision r WHERE r.refused < 0
		AND NOT EXISTS (SELECT 1 FROM record_head h WHERE h.rev_id = r.rev_id)
		AND NOT EXISTS (SELECT 1 FROM parent p JOIN revision c ON c.rev_id = p.rev_id AND c.refused < 0 WHERE p.parent_id = r.rev_id)`)
}

type scan = func(dest ...any) error

// each runs a query of the audit. One that fails is a fault of the harness, and ends the run as such.
func (w *World) each(ctx context.Context, db *sql.DB, query string, do func(row scan) error, args ...any) {
	if err := eachRow(ctx, db, query, do, args...); err != nil {
		w.violated("audit", "%s: %v", strings.Join(strings.Fields(query), " "), err)
	}
}

func eachRow(ctx context.Context, db *sql.DB, query string, do func(row scan) error, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// none checks that a query counts nothing on the server.
func (w *World) none(ctx context.Context, invariant, what, query string) {
	w.each(ctx, w.office.audit, query, func(row scan) error {
		var n int
		err := row(&n)
		if err == nil && n > 0 {
			w.violated(invariant, "%d %s", n, what)
		}
		return err
	})
}

// judge checks what must hold once everybody has had time.
func (w *World) judge(ctx context.Context) {
	w.feeds(ctx)
	apart := w.arrived(ctx)
	w.pictures(ctx)
	w.queue(ctx)
	w.survived(ctx, apart)
	for _, t := range w.tablets {
		w.watermarks(ctx, t)
		w.readable(t)
		w.size(t)
		if t.revoked || !t.good {
			continue
		}
		w.reader(ctx, t, apart)
	}
}

// arrived checks that everything anybody was told is safe is on the server, once: I1. It returns the records of which
// something is kept apart.
func (w *World) arrived(ctx context.Context) map[survey.RecordID]bool {
	type key struct {
		record survey.RecordID
		field  survey.FieldPath
		text   string
	}
	count, apart := map[key]int{}, map[survey.RecordID]bool{}
	w.each(ctx, w.office.audit, `SELECT header, body, refused FROM revision`, func(row scan) error {
		var header, raw []byte
		var refused int
		if err := row(&header, &raw, &refused); err != nil {
			return err
		}
		var h survey.Header
		if err := cbor.Unmarshal(header, &h); err != nil {
			return err
		}
		body, err := wire.DecodeBody(survey.Revision{Header: h, Body: raw})
		for _, field := range h.Touched {
			if h.Kind == survey.Put {
				count[key{h.Record, field, body.Fields[field]}]++
			}
		}
		apart[h.Record] = apart[h.Record] || refused >= 0
		return err
	})
	for _, text := range w.wrote {
		n := count[key{text.record, text.field, text.text}]
		if n == 0 && !text.unsure {
			w.violated("I1", "%s: %s was written at %s and is nowhere", text.text, text.field, text.by.name)
		}
		if n > 1 {
			w.violated("I2", "%s: %s was written once at %s and is there %d times", text.text, text.field, text.by.name, n)
		}
	}
	return apart
}

// pictures checks that what the server calls whole is what its name says, and that everything handed over is there: I8.
func (w *World) pictures(ctx context.Context) {
	root := filepath.Join(w.dir, "server-blobs")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Base(filepath.Dir(path)) == "part" {
			return err
		}
		data, err := os.ReadFile(path)
		if sum := survey.Hash(sha256.Sum256(data)); err == nil && sum.String() != entry.Name() {
			w.violated("I8", "an attachment is not what its name says")
		}
		return err
	})
	if err != nil {
		w.violated("audit", "attachments: %v", err)
	}
	for _, text := range w.wrote {
		if text.file == nil || text.unsure {
			continue
		}
		held, err := w.office.blobs.Held(ctx, text.file.SHA256, text.file.Size)
		if err != nil || held != text.file.Size {
			w.violated("I8", "%s: of a picture of %d bytes the server has %d, %v", text.by.name, text.file.Size, held, err)
		}
	}
}

// readable checks that nothing anybody wrote can be read in a tablet's files: I7.
func (w *World) readable(t *tablet) {
	err := filepath.WalkDir(t.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(mark)) {
			w.violated("I7", "%s: what was written can be read in %s", t.name, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		w.violated("audit", "files: %v", err)
	}
}

// bound is how large a tablet's folder may be after a script: what was written is some hundred kilobytes.
const bound = 24 << 20

// size checks that a tablet's folder does not grow without bounds: I14.
func (w *World) size(t *tablet) {
	var total int64
	err := filepath.WalkDir(t.dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		w.violated("audit", "files: %v", err)
	}
	if total > bound {
		w.violated("I14", "%s: %d bytes", t.name, total)
	}
}

// reader checks that a tablet holds exactly what it is granted, and that what it makes of it is what everybody makes
// of it: I3, I4, I7, I12. Records of which something is kept apart look different to those who wrote it.
func (w *World) reader(ctx context.Context, t *tablet, apart map[survey.RecordID]bool) {
	enrolment, _, err := t.store.Enrolment(ctx)
	if err != nil {
		w.violated("audit", "%v", err)
		return
	}
	granted := map[survey.ScopeID]bool{}
	for _, scope := range enrolment.Grant.Scopes {
		granted[scope] = true
		w.sameRevisions(ctx, t, scope)
		w.sameRecords(ctx, t, scope, apart)
	}
	w.scopes(ctx, t, func(scope survey.ScopeID) {
		if !granted[scope] {
			w.violated("I7", "%s still holds a scope that is not granted any more", t.name)
		}
	})
}

// sameRevisions compares a scope's revisions on a tablet with the server's feed.
func (w *World) sameRevisions(ctx context.Context, t *tablet, scope survey.ScopeID) {
	here, there := map[survey.RevID]int64{}, map[survey.RevID]int64{}
	into := func(set map[survey.RevID]int64) func(row scan) error {
		return func(row scan) error {
			var id survey.Hash
			var hlc int64
			err := row(&id, &hlc)
			set[survey.RevID(id)] = hlc
			return err
		}
	}
	w.each(ctx, t.audit, "SELECT rev_id, hlc FROM revision", into(here))
	w.each(ctx, w.office.audit, `SELECT r.rev_id, r.ehlc FROM feed f JOIN revision r ON r.rev_id = f.rev_id
		WHERE f.scope_id = ? AND f.op = 1`, into(there), scope[:])
	missing, otherwise := 0, 0
	for id, hlc := range there {
		mine, known := here[id]
		switch {
		case !known:
			missing++
		case mine != hlc:
			otherwise++
		}
	}
	if missing > 0 {
		w.violated("I3", "%s lacks %d of %d revisions of a scope it is granted", t.name, missing, len(there))
	}
	if otherwise > 0 {
		w.violated("I4", "%s: %d revisions have another effective time than on the server", t.name, otherwise)
	}
}

// face is what two readers must agree on.
type face struct {
	updated   int64
	voided    bool
	heads     string
	conflicts int
}

// sameRecords compares what a tablet and the server make of a scope's revisions.
func (w *World) sameRecords(ctx context.Context, t *tablet, scope survey.ScopeID, apart map[survey.RecordID]bool) {
	here, there := w.faces(ctx, t, scope), map[survey.RecordID]face{}
	err := w.office.central.Records(ctx, central.Query{Scope: scope}, func(r survey.Record) error {
		heads := make([]string, 0, len(r.Heads))
		for _, head := range r.Heads {
			heads = append(heads, survey.Hash(head).String())
		}
		there[r.ID] = face{int64(r.Updated), r.Voided, strings.Join(heads, " "), len(r.Conflicts)}
		if r.Type == survey.TypeHousehold && !r.Voided && !apart[r.ID] {
			w.sameHousehold(ctx, t, r)
		}
		return nil
	})
	if err != nil {
		w.violated("audit", "%v", err)
	}
	for id := range apart {
		if apart[id] {
			delete(here, id)
			delete(there, id)
		}
	}
	if maps.Equal(here, there) {
		return
	}
	for _, id := range slices.Collect(maps.Keys(there)) {
		if mine, known := here[id]; !known {
			w.violated("I4", "%s does not show a record of a scope it is granted", t.name)
		} else if mine.conflicts != there[id].conflicts {
			w.violated("I12", "%s shows %d conflicts, the server %d", t.name, mine.conflicts, there[id].conflicts)
		} else if mine != there[id] {
			w.violated("I4", "%s makes another record of the same revisions: %+v, the server %+v", t.name, mine, there[id])
		}
		delete(here, id)
	}
	if len(here) > 0 {
		w.violated("I4", "%s shows %d records that are not in the scope", t.name, len(here))
	}
}

func (w *World) faces(ctx context.Context, t *tablet, scope survey.ScopeID) map[survey.RecordID]face {
	faces := map[survey.RecordID]face{}
	w.each(ctx, t.audit, `SELECT r.record_id, r.hlc, r.voided,
			(SELECT count(*) FROM conflict c WHERE c.record_id = r.record_id),
			(SELECT group_concat(lower(hex(rev_id)), ' ') FROM (SELECT h.rev_id FROM record_head h WHERE h.record_id = r.record_id ORDER BY h.rev_id))
		FROM record r WHERE r.scope_id = ?`, func(row scan) error {
		var id survey.RecordID
		var f face
		err := row(&id, &f.updated, &f.voided, &f.conflicts, &f.heads)
		faces[id] = f
		return err
	}, scope[:])
	return faces
}

// sameHousehold compares what people read.
func (w *World) sameHousehold(ctx context.Context, t *tablet, r survey.Record) {
	mine, err := t.store.Household(ctx, r.ID)
	if err != nil {
		w.violated("I4", "%s does not find a household: %v", t.name, err)
		return
	}
	theirs := survey.HouseholdOf(r)
	if mine.Conflicted != theirs.Conflicted {
		w.violated("I12", "%s shows a conflict %v, the server %v", t.name, mine.Conflicted, theirs.Conflicted)
	} else if mine != theirs {
		w.violated("I4", "%s reads a household as %s, the server as %s", t.name, fmt.Sprint(mine), fmt.Sprint(theirs))
	}
}

// queue checks that every conflict lies in exactly one village's list for the township to decide: I12.
func (w *World) queue(ctx context.Context) {
	listed := map[survey.RecordID]int{}
	for v := range w.office.village {
		err := w.office.central.Records(ctx, central.Query{Scope: w.office.scope(v)}, func(r survey.Record) error {
			if len(r.Conflicts) > 0 {
				listed[r.ID]++
			}
			return nil
		})
		if err != nil {
			w.violated("audit", "%v", err)
		}
	}
	w.each(ctx, w.office.audit, `SELECT record_id FROM record_head GROUP BY record_id HAVING count(*) > 1`, func(row scan) error {
		var id survey.RecordID
		if err := row(&id); err != nil {
			return err
		}
		r, err := w.office.central.Record(ctx, id)
		if err == nil && len(r.Conflicts) > 0 && listed[id] != 1 {
			w.violated("I12", "a conflict lies in %d lists of the township", listed[id])
		}
		return err
	})
}

// survived checks that what only the newer form asks for is still there after others wrote who do not know of it: F18.
func (w *World) survived(ctx context.Context, apart map[survey.RecordID]bool) {
	written := map[survey.RecordID]bool{}
	for _, text := range w.wrote {
		if text.field == newerField && !text.unsure && !apart[text.record] {
			written[text.record] = true
		}
	}
	for _, home := range w.office.home {
		if !written[home] {
			continue
		}
		r, err := w.office.central.Record(ctx, home)
		if err != nil || !strings.HasPrefix(r.Fields[newerField], mark) {
			w.violated("F18", "what only a newer form knows is gone from a household: %q, %v", r.Fields[newerField], err)
		}
	}
}
