package store

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"slices"
	"strings"

	"zoucun/survey"
	"zoucun/sync/merge"
	"zoucun/sync/wire"
)

// cancelEvery is after how many revisions a long transaction asks whether it is still wanted.
const cancelEvery = 100

// AmendAll is Amend for very many amendments, which are made one by one as they are written. It is one transaction: a
// power cut, an error or the end of ctx leaves nothing of it. written, which may be nil, is told how many are written.
func (s *Store) AmendAll(ctx context.Context, amendments iter.Seq[survey.Amendment], written func(int)) error {
	return s.update(ctx, "store.AmendAll", "", func(inner context.Context, t *tx) error {
		return s.inBulk(inner, t, func(b *bulk) error {
			n := 0
			for run := range runs(amendments, cancelEvery) {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := b.amendRun(inner, run); err != nil {
					return err
				}
				n += len(run)
				tell(written, n)
			}
			return nil
		})
	})
}

// runs yields all in runs of size, the last as long as what is left. A run holds until the next.
func runs[T any](all iter.Seq[T], size int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		run := make([]T, 0, size)
		for one := range all {
			if run = append(run, one); len(run) < size {
				continue
			}
			if !yield(run) {
				return
			}
			run = run[:0]
		}
		if len(run) > 0 {
			yield(run)
		}
	}
}

// Memory for pages of the database, in KiB: while very much is written in one transaction, and otherwise.
const (
	bulkCache = "PRAGMA cache_size = -32768"
	restCache = "PRAGMA cache_size = -8000"
)

// bulk writes revisions in the least number of statements: what a transaction moves with each of them, the clock and the end
// of the log, is kept in memory and written once, and what is put in for records that were not there waits until there is a run
// of them. On the disk it is the same as what Amend writes.
type bulk struct {
	s       *Store
	t       *tx
	last    int64 // the end of the log
	tags    map[survey.RecordType][]byte
	waiting [len(insertions)][]any // values of rows that are not put in yet
}

// insertion puts rows into a table.
type insertion struct {
	into, row, over string
	values          int // in a row
}

// insertions are what a record's first revision is on the disk, in the order in which rows refer to one another.
var insertions = [...]insertion{
	{"INSERT INTO revision (rev_id, record_id, scope_id, hlc, payload_sealed) VALUES ", "(?, ?, ?, ?, ?)", "", 5},
	{"INSERT INTO rlog (replica_id, n, rev_id) VALUES ", "(?, ?, ?)", "", 3},
	{cardInto, "(?, ?, ?, ?, ?, ?, ?, 1)", cardOver, 7},
	{"INSERT INTO record_head (record_id, rev_id) VALUES ", "(?, ?)", "", 2},
}

// statement puts in a number of rows at once.
func (i insertion) statement(rows int) string {
	return i.into + strings.Repeat(i.row+", ", rows-1) + i.row + i.over
}

// flush puts in what waits: a run at once, and row by row what is less, so that there are two statements to compile.
func (b *bulk) flush(ctx context.Context) error {
	for i, in := range insertions {
		for values := b.waiting[i]; len(values) > 0; {
			rows := cancelEvery
			if len(values) < rows*in.values {
				rows = 1
			}
			if err := b.t.exec(ctx, in.statement(rows), values[:rows*in.values]...); err != nil {
				return err
			}
			values = values[rows*in.values:]
		}
		clear(b.waiting[i])
		b.waiting[i] = b.waiting[i][:0]
	}
	return nil
}

// inBulk runs do with a bulk writer inside a transaction.
func (s *Store) inBulk(ctx context.Context, t *tx, do func(*bulk) error) (err error) {
	if err := t.exec(ctx, bulkCache); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.exec(ctx, restCache)) }()
	b := &bulk{s: s, t: t, tags: map[survey.RecordType][]byte{}}
	if err := b.begin(ctx); err != nil {
		return err
	}
	if err := do(b); err != nil {
		return err
	}
	return b.settle(ctx)
}

// begin reads where the log ends.
func (b *bulk) begin(ctx context.Context) error {
	state, err := b.s.replicaState(ctx, b.t)
	b.last = state.last
	return err
}

// settle writes down what is kept in memory.
func (b *bulk) settle(ctx context.Context) error {
	return errors.Join(
		b.flush(ctx),
		b.t.exec(ctx, "UPDATE installation SET hlc = ?", int64(b.s.self.hlc)),
		b.t.exec(ctx, "UPDATE replica SET last_n = ? WHERE replica_id = ?", b.last, b.s.self.replica[:]))
}

// amendRun writes amendments, reading at once what there is of their records.
func (b *bulk) amendRun(ctx context.Context, run []survey.Amendment) error {
	ids := make([]survey.RecordID, len(run))
	for i, a := range run {
		ids[i] = a.Record
	}
	edits, err := b.edits(ctx, ids...)
	if err != nil {
		return err
	}
	written := map[survey.RecordID]bool{}
	for _, a := range run {
		if written[a.Record] {
			again, err := b.edits(ctx, a.Record)
			if err != nil {
				return err
			}
			edits[a.Record] = again[a.Record]
		}
		if err := b.amend(ctx, a, edits[a.Record]); err != nil {
			return err
		}
		written[a.Record] = true
	}
	return b.flush(ctx)
}

// edits returns every revision of at most a run of records, those that wait to be put in among them.
func (b *bulk) edits(ctx context.Context, ids ...survey.RecordID) (map[survey.RecordID][]merge.Edit, error) {
	if err := b.flush(ctx); err != nil {
		return nil, err
	}
	args := make([]any, cancelEvery) // those of a shorter run are NULL, which no record is called
	for i := range ids {
		args[i] = ids[i][:]
	}
	all, err := b.s.editsWhere(ctx, b.t, ofRun, args...)
	edits := make(map[survey.RecordID][]merge.Edit, len(ids))
	for _, e := range all {
		edits[e.Header.Record] = append(edits[e.Header.Record], e)
	}
	return edits, err
}

var ofRun = "record_id IN (?" + strings.Repeat(", ?", cancelEvery-1) + ")"

// amend writes one amendment over the edits there are of its record. A record with more than a line of revisions, or with
// files, a form and a visit go the ordinary way.
func (b *bulk) amend(ctx context.Context, a survey.Amendment, edits []merge.Edit) error {
	now := merge.Apply(edits)
	body := amendedBody(now, a)
	if len(now.Heads) > 1 || len(body.Attachments) > 0 || a.Type == survey.TypeForm || a.Type == survey.TypeVisit {
		if err := b.settle(ctx); err != nil {
			return err
		}
		return errors.Join(b.s.amend(ctx, b.t, a), b.begin(ctx))
	}
	h, err := amendedHeader(now, a)
	if err != nil {
		return err
	}
	b.s.self.hlc = b.s.self.hlc.Next(b.t.now) // a transaction that fails leaves the clock ahead, which does no harm
	h.HLC, h.Parents, h.Device, h.Wall = b.s.self.hlc, now.Heads, b.s.self.device, survey.MillisOf(b.t.now)
	return b.write(ctx, h, body, edits, now)
}

// write writes a revision, its place in the log, and what its record, which has been as before, is from here on.
func (b *bulk) write(ctx context.Context, h survey.Header, body survey.Body, edits []merge.Edit, before survey.Record) error {
	r, err := wire.SealRevision(h, body, rand.Reader)
	if err != nil {
		return &survey.Error{Kind: survey.Invalid, Op: "store.AmendAll", Message: "有一行内容太多，不能保存成记录。什么都没有写入。", Err: err}
	}
	payload, err := sealed(b.s.vault, r, placeOf("revision.payload_sealed", r.ID[:]))
	if err != nil {
		return err
	}
	b.last++
	b.wait(0, r.ID[:], h.Record[:], h.Scope[:], int64(h.HLC), payload)
	b.wait(1, b.s.self.replica[:], b.last, r.ID[:])
	edits = append(edits, merge.Edit{ID: r.ID, Header: r.Header, Body: body, HLC: h.HLC})
	record := merge.Apply(edits)
	b.t.settle(record)
	if !goesOn(before, record) {
		return errors.Join(b.flush(ctx), b.s.keepRecord(ctx, b.t, record, firstOf(edits)))
	}
	if len(before.Heads) > 0 {
		err = b.t.exec(ctx, "DELETE FROM record_head WHERE record_id = ?", record.ID[:])
	}
	card, faceless := b.s.cardValues(record, b.typeTag(record.Type), firstOf(edits))
	b.wait(2, card...)
	b.wait(3, record.ID[:], r.ID[:])
	return errors.Join(err, faceless)
}

// goesOn reports whether nothing but a record's card and its head is other than before: it is in use as it was, and nobody
// disagrees with anything. What links and tasks say is kept elsewhere too.
func goesOn(before, now survey.Record) bool {
	apart := len(before.Heads) > 1 || len(now.Heads) > 1 || len(before.Conflicts)+len(now.Conflicts) > 0
	return !apart && before.Voided == now.Voided && now.Type != survey.TypeLink && now.Type != survey.TypeTask
}

// wait lays a row aside until there is a run of them.
func (b *bulk) wait(insertion int, values ...any) {
	b.waiting[insertion] = append(b.waiting[insertion], values...)
}

// typeTag is the store's typeTag, reckoned once.
func (b *bulk) typeTag(kind survey.RecordType) []byte {
	tag, known := b.tags[kind]
	if !known {
		tag = b.s.typeTag(kind)
		b.tags[kind] = tag
	}
	return tag
}

func tell(told func(int), n int) {
	if told != nil {
		told(n)
	}
}

// UndoImport takes back what an import has written, all in one transaction: records that it began are taken out of use,
// those it changed get the values they had. A record that somebody has changed since is left as it is. It returns how many
// records were taken back and how many were left.
func (s *Store) UndoImport(ctx context.Context, id survey.RecordID, author survey.PersonID, done func(int)) (back, left int, err error) {
	err = s.update(ctx, "store.UndoImport", "record "+id.String(), func(inner context.Context, t *tx) error {
		of, first, err := s.importOf(inner, t, id)
		if err != nil {
			return err
		}
		wrote, err := s.wroteIn(inner, t, of, first)
		if err != nil {
			return err
		}
		return s.inBulk(inner, t, func(b *bulk) error {
			for run := range slices.Chunk(wrote, cancelEvery) {
				if err := ctx.Err(); err != nil {
					return err
				}
				n, err := b.takeBackRun(inner, run, of, author)
				if err != nil {
					return err
				}
				back, left = back+n, left+len(run)-n
				tell(done, back+left)
			}
			of.Back = back
			return b.amendRun(inner, []survey.Amendment{{
				Record: id, Type: survey.TypeImport, Kind: survey.Put, Scope: first.Header.Scope, Author: author, Fields: of.Fields(), Note: "撤销导入",
			}})
		})
	})
	return back, left, err
}

// importOf returns an import and its first revision.
func (s *Store) importOf(ctx context.Context, t *tx, id survey.RecordID) (survey.Import, merge.Edit, error) {
	edits, err := s.edits(ctx, t, id)
	if err != nil {
		return survey.Import{}, merge.Edit{}, err
	}
	if len(edits) == 0 {
		return survey.Import{}, merge.Edit{}, notFound("store.UndoImport", "record "+id.String())
	}
	first := slices.MinFunc(edits, func(a, b merge.Edit) int { return int(int64(a.HLC) - int64(b.HLC)) })
	of := survey.ImportFrom(merge.Apply(edits))
	if of.Back >= 0 {
		return of, first, &survey.Error{
			Kind: survey.Conflicting, Op: "store.UndoImport", Subject: "record " + id.String(), Message: "这次导入已经撤销过了，没有再改。",
		}
	}
	return of, first, nil
}

// imported is one revision of an import.
type imported struct {
	record survey.RecordID
	rev    survey.RevID
}

// wroteIn returns the revisions of an import. They were written in one transaction, so their clocks count up from its own;
// their notes name it.
func (s *Store) wroteIn(ctx context.Context, t *tx, of survey.Import, first merge.Edit) (wrote []imported, err error) {
	until := int64(first.HLC) + int64(of.Added+of.Changed)
	err = t.each(ctx, "SELECT rev_id, record_id, payload_sealed FROM revision WHERE hlc > ? AND hlc <= ?", []any{int64(first.HLC), until}, func(row rowScan) error {
		var w imported
		var payload []byte
		if err := row(&w.rev, &w.record, &payload); err != nil {
			return err
		}
		edit, err := s.openEdit(w.rev, 0, payload)
		if s.leaveOut(ctx, placeOf("revision.payload_sealed", w.rev[:]), err) {
			return nil
		}
		if err == nil && edit.Header.Device == first.Header.Device && strings.HasSuffix(edit.Body.Note, of.Note()) {
			wrote = append(wrote, w)
		}
		return err
	})
	return wrote, err
}

// takeBackRun undoes revisions of an import where nothing has been said since, and returns how many.
func (b *bulk) takeBackRun(ctx context.Context, run []imported, of survey.Import, author survey.PersonID) (back int, err error) {
	ids := make([]survey.RecordID, len(run))
	for i, w := range run {
		ids[i] = w.record
	}
	edits, err := b.edits(ctx, ids...)
	if err != nil {
		return 0, err
	}
	for _, w := range run {
		taken, err := b.takeBack(ctx, w, edits[w.record], of, author)
		if err != nil {
			return back, err
		}
		if taken {
			back++
		}
	}
	return back, nil
}

// takeBack undoes one revision of an import where nothing has been said since.
func (b *bulk) takeBack(ctx context.Context, w imported, edits []merge.Edit, of survey.Import, author survey.PersonID) (bool, error) {
	now := merge.Apply(edits)
	if len(now.Heads) != 1 || now.Heads[0] != w.rev {
		return false, nil
	}
	before := merge.Apply(slices.DeleteFunc(slices.Clone(edits), func(e merge.Edit) bool { return e.ID == w.rev }))
	a := survey.Amendment{
		Record: w.record, Type: now.Type, Kind: survey.Put, Scope: now.Scope, Author: author, Note: "撤销" + of.Note(), Fields: survey.Fields{},
	}
	if len(before.Heads) == 0 || before.Voided {
		a.Kind = survey.Void
		return true, b.amend(ctx, a, edits)
	}
	for field := range now.Fields {
		if _, had := before.Fields[field]; !had {
			a.Fields[field] = ""
		}
	}
	for field, value := range before.Fields {
		if now.Fields[field] != value {
			a.Fields[field] = value
		}
	}
	return true, b.amend(ctx, a, edits)
}
