package store

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/form"
	"zoucun/internal/testkit/crashfs"
	"zoucun/survey"
)

// soak is how often everything random is done in a long run: so many images of each kind of transaction, so many
// processes killed. The environment variable ZOUCUN_SOAK says it; 0 is the usual short run.
var soak = sync.OnceValue(func() int {
	n, err := strconv.Atoi(os.Getenv("ZOUCUN_SOAK"))
	if err != nil {
		return 0
	}
	return n
})

// crashDisk lets a store write to a disk that loses power.
type crashDisk struct{ *crashfs.Disk }

// Create implements [Disk].
func (d crashDisk) Create(path string) (DiskFile, error) { return d.Disk.Create(path) }

func newCrashDisk(t *testing.T) crashDisk {
	t.Helper()
	disk, err := crashfs.New()
	if err != nil {
		t.Fatal(err)
	}
	return crashDisk{disk}
}

// workshop is a folder on a crashing disk, the store in it and what the office beside it knows.
type workshop struct {
	imports []survey.RecordID // what was imported
	t       *testing.T
	disk    crashDisk
	dir     string
	office  *office
	store   *Store
	draft   survey.Draft
	home    survey.RecordID
	clock   *clock
}

func (w *workshop) open() error {
	s, err := Open(context.Background(), w.dir, Options{Clock: w.clock.tell, VFS: w.disk.VFS(), Disk: w.disk})
	if err != nil {
		return err
	}
	w.store = s
	// A short log brings checkpoints into the middle of the work.
	return errors.Join(s.db.exec(context.Background(), "PRAGMA wal_autocheckpoint=6"))
}

// deed is one kind of transaction: what has to be there before, and what is then done step by step.
type deed struct {
	name  string
	ready func(*workshop) error
	steps []func(*workshop) error
}

func (w *workshop) begin() error {
	w.draft = w.office.draft(w.home)
	return w.store.BeginDraft(context.Background(), w.draft, []byte("开始"))
}

func (w *workshop) change() error {
	return w.store.SaveChange(context.Background(), w.draft.ID, answer("heard_worry", strings.Repeat("路灯坏了。", 40)))
}

func (w *workshop) snapshot() error {
	w.draft.Answered++
	return w.store.SaveState(context.Background(), w.draft, []byte(strings.Repeat("状态", 900)))
}

func (w *workshop) attach() error {
	photo := make([]byte, 150_000)
	for i := range photo {
		photo[i] = byte(i * w.draft.Answered)
	}
	w.draft.Answered++
	return w.store.AttachFile(context.Background(), w.draft.ID, "门口.jpg", "image/jpeg", photo)
}

func (w *workshop) finish() error {
	sub := submission()
	sub.Entities = []form.EntityChange{problemChange("路灯坏了"), problemChange("水管漏水")}
	if files, err := fileNames(context.Background(), w.store, w.draft.ID); err == nil {
		sub.Attachments = files
	}
	return w.store.FinishVisit(context.Background(), w.draft, sub)
}

func (w *workshop) undo() error {
	_, err := w.store.Undo(context.Background(), w.draft.ID)
	return err
}

func (w *workshop) redo() error {
	_, err := w.store.Redo(context.Background(), w.draft.ID)
	return err
}

func (w *workshop) goBack() error {
	return w.store.GoBack(context.Background(), w.draft.ID, []byte(strings.Repeat("从前", 900)))
}

func (w *workshop) admit() error { return w.store.AdmitUser(context.Background(), survey.PersonID{7}) }

func (w *workshop) discard() error { return w.store.DiscardDraft(context.Background(), w.draft.ID) }

// pull applies the next page of the village's feed.
func (w *workshop) pull() error {
	cursors, err := w.store.Cursors(context.Background())
	if err != nil {
		return err
	}
	after := 0
	for _, c := range cursors {
		if c.Scope == w.office.scope() {
			after = int(c.Seq)
		}
	}
	return w.store.ApplyPage(context.Background(), w.office.page(w.office.scope(), after, 8))
}

func (w *workshop) nextPush() error {
	_, _, err := w.store.NextPush(context.Background(), 2, 1<<20)
	return err
}

func (w *workshop) receive() error {
	push, _, err := w.store.NextPush(context.Background(), 2, 1<<20)
	if err != nil {
		return err
	}
	return w.store.Receive(context.Background(), w.office.accept(w.t, push))
}

func (w *workshop) removeScope() error {
	return w.store.RemoveScope(context.Background(), w.office.scope())
}

// eraseVisit finishes a visit and has the office take it, sign for it and erase it again.
func (w *workshop) eraseVisit() error {
	if err := all((*workshop).begin, (*workshop).attach, (*workshop).finish)(w); err != nil {
		return err
	}
	push, _, err := w.store.NextPush(context.Background(), 10, 1<<20)
	if err != nil {
		return err
	}
	own := push.Segments[0].Entries[0].Revision
	w.office.publish(own)
	w.office.erasing(w.t, own.Header, nil, own.ID)
	return w.store.Receive(context.Background(), w.office.accept(w.t, push))
}

func (w *workshop) fillFeed() error {
	for i := range 40 {
		w.office.household(w.t, fmt.Sprintf("PL-%03d", i), "张三", "1号", "")
	}
	return nil
}

// decide joins two households, writes what the one that goes on takes from the other, and asks a cadre about it.
func (w *workshop) decide() error {
	found := w.store.SearchHouseholds(w.office.village, "", 2)
	kept, other := found[0], found[1]
	link := survey.NewLink(w.office.scope(), survey.TypeHousehold, kept.ID, other.ID, survey.Same)
	task := survey.Task{
		ID: survey.DerivedID[survey.RecordID](w.office.scope(), other.ID.String()), Kind: survey.TaskAsk, About: kept.ID,
		Field: survey.HouseholdPhone, State: survey.TaskOpen,
	}
	taken := w.office.amendment(kept.ID, survey.Fields{survey.HouseholdPhone: "13900000002"})
	taken.Kind = survey.Merge
	return w.store.Amend(context.Background(), w.office.link(link), taken, survey.Amendment{
		Record: task.ID, Type: survey.TypeTask, Kind: survey.Put, Scope: w.office.scope(), Author: w.office.cadre, Fields: task.Fields(),
	})
}

// importRoster writes 40 households at once; the second time they are changed.
func (w *workshop) importRoster() error {
	of := newImport()
	of.ID = survey.DerivedID[survey.RecordID](w.office.scope(), fmt.Sprint(len(w.imports)))
	w.imports = append(w.imports, of.ID)
	return w.store.AmendAll(context.Background(), w.office.roster(of, 40), nil)
}

// undoImport takes the last import back.
func (w *workshop) undoImport() error {
	_, _, err := w.store.UndoImport(context.Background(), w.imports[len(w.imports)-1], w.office.cadre, nil)
	return err
}

type act = func(*workshop) error

func all(acts ...act) act {
	return func(w *workshop) error {
		for _, a := range acts {
			if err := a(w); err != nil {
				return err
			}
		}
		return nil
	}
}

// deeds are the kinds of transaction the store has.
var deeds = []deed{
	{"drafts", nil, []act{
		(*workshop).begin, (*workshop).change, (*workshop).change, (*workshop).snapshot, (*workshop).change, (*workshop).discard,
	}},
	{"undo", all((*workshop).begin, (*workshop).change, (*workshop).change), []act{
		(*workshop).undo, (*workshop).undo, (*workshop).redo, (*workshop).change, (*workshop).undo, (*workshop).redo,
		(*workshop).goBack, (*workshop).undo,
	}},
	{"users", nil, []act{(*workshop).admit, (*workshop).admit}},
	{"finish", all((*workshop).begin, (*workshop).change), []act{
		(*workshop).finish, (*workshop).begin, (*workshop).finish,
	}},
	{"attachments", (*workshop).begin, []act{(*workshop).attach, (*workshop).attach, (*workshop).finish}},
	{"pull", (*workshop).fillFeed, []act{(*workshop).pull, (*workshop).pull, (*workshop).pull}},
	{"erasure", all((*workshop).fillFeed, (*workshop).eraseVisit, (*workshop).fillFeed), []act{
		(*workshop).pull, (*workshop).pull, (*workshop).pull, (*workshop).pull, (*workshop).pull, (*workshop).pull, (*workshop).pull,
	}},
	{"receipt", all((*workshop).begin, (*workshop).finish, (*workshop).begin, (*workshop).finish), []act{
		(*workshop).nextPush, (*workshop).receive, (*workshop).nextPush, (*workshop).receive,
	}},
	{"envelopes", (*workshop).listRecipient, []act{(*workshop).envelope, (*workshop).envelope, (*workshop).nextPush, (*workshop).receive}},
	{"decisions", all((*workshop).fillFeed, (*workshop).pull), []act{(*workshop).decide, (*workshop).decide, (*workshop).decide}},
	{"imports", nil, []act{(*workshop).importRoster, (*workshop).importRoster, (*workshop).undoImport}},
	{"pruning", all((*workshop).fillFeed, (*workshop).pull, (*workshop).begin, (*workshop).finish), []act{
		(*workshop).removeScope, (*workshop).pull,
	}},
}

// TestPowerCutWhileMigrating brings a database of the first version forward and cuts the power meanwhile.
func TestPowerCutWhileMigrating(t *testing.T) {
	w := &workshop{t: t, disk: newCrashDisk(t), dir: shortTempDir(t), clock: &clock{now: monday}}
	unpack(t, "testdata/v1.zip", w.dir)
	c := w.perform(t, deed{})
	if !strings.Contains(c.states[0], "路灯坏了") || !strings.Contains(c.states[0], "门口.jpg") {
		t.Errorf("the first version's records are not there: %s", c.states[0])
	}
	w.check(t, c)
}

// TestPowerCutWhileCreating cuts the power while a database comes into being.
func TestPowerCutWhileCreating(t *testing.T) {
	w := &workshop{t: t, disk: newCrashDisk(t), dir: shortTempDir(t), office: newOffice(t), clock: &clock{now: monday}}
	d := deed{steps: []act{(*workshop).begin}}
	c := w.perform(t, d)
	for n := 1; n <= c.tape.Len(); n++ {
		image := *w
		image.dir = filepath.Join(shortTempDir(t), "image")
		if err := c.tape.Image(seeded(n), n, image.dir); err != nil {
			t.Fatal(err)
		}
		if err := image.open(); err != nil {
			t.Errorf("after event %d of %d: %v", n, c.tape.Len(), err)
			continue
		}
		if drafts := lists(t, image.store).Drafts; c.ackedAt(n) == 1 && len(drafts) != 1 {
			t.Errorf("after event %d of %d: %d drafts", n, c.tape.Len(), len(drafts))
		}
		if err := image.store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// unpack extracts a kept folder.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	kept, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, kept); err != nil {
		t.Fatal(err)
	}
}

// prepare makes a workshop whose store is ready for a deed, and closed.
func prepare(t *testing.T, d deed) *workshop {
	t.Helper()
	w := &workshop{t: t, disk: newCrashDisk(t), dir: shortTempDir(t), office: newOffice(t), clock: &clock{now: monday}}
	s := enrolledOn(t, w.office, w.dir, Options{VFS: w.disk.VFS(), Disk: w.disk, Clock: w.clock.tell})
	w.home = w.office.household(t, "QC-001", "𬱖𠮷", "1号", "13800000001")
	apply(t, s, w.office.page(w.office.scope(), 0, 1))
	w.store = s
	if d.ready != nil {
		if err := d.ready(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

// shortTempDir returns a folder in memory where there is one: the disks of these tests are made up.
func shortTempDir(t *testing.T) string {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		dir, err := os.MkdirTemp("/dev/shm", "store") //nolint:usetesting // t.TempDir lies on the disk
		if err == nil {
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			return dir
		}
	}
	return t.TempDir()
}

// portrait is everything a store can tell, as text.
func portrait(s *Store) (string, error) {
	var text strings.Builder
	ctx := context.Background()
	err := errors.Join(
		portrayDrafts(ctx, s, &text),
		portrayRecords(ctx, s, &text),
		s.db.each(ctx, `SELECT 'replica ' || hex(replica_id) || last_n || ' ' || acked_n || ' ' || durable_n FROM replica
			UNION ALL SELECT 'log ' || n || hex(rev_id) FROM rlog
			UNION ALL SELECT 'push ' || hex(push_id) || first_n || ' ' || last_n FROM push
			UNION ALL SELECT 'segment ' || first_n || ' ' || count || hex(hash) FROM segment
			UNION ALL SELECT 'receipt ' || hex(push_id) FROM receipt
			UNION ALL SELECT 'pruned ' || hex(replica_id) || n || hex(hash) FROM pruned
			UNION ALL SELECT 'shed ' || hex(rev_id) FROM shed
			UNION ALL SELECT 'reject ' || hex(rev_id) FROM reject
			UNION ALL SELECT 'stamp ' || hex(scope_id) || after_n || hex(revisions) FROM stamp
			UNION ALL SELECT 'withdrawn ' || hex(scope_id) FROM withdrawn
			UNION ALL SELECT 'revision ' || hex(rev_id) || length(payload_sealed) FROM revision
			UNION ALL SELECT 'head ' || hex(record_id) || hex(rev_id) FROM record_head
			UNION ALL SELECT 'cursor ' || hex(scope_id) || seq FROM cursor
			UNION ALL SELECT 'decision ' || hex(rev_id) FROM decision
			UNION ALL SELECT 'parted ' || hex(record_id) FROM parted
			UNION ALL SELECT 'link ' || hex(record_id) || hex(kept_id) FROM link
			UNION ALL SELECT 'joined ' || hex(record_id) || hex(kept_id) FROM joined
			UNION ALL SELECT 'waiting ' || hex(record_id) FROM waiting
			UNION ALL SELECT 'blob ' || hex(sha256) || size || done FROM blob
			UNION ALL SELECT 'installation ' || hex(device_id) || hlc FROM installation ORDER BY 1`, nil, func(row rowScan) error {
			var line string
			err := row(&line)
			fmt.Fprintln(&text, line)
			return err
		}),
	)
	return text.String(), err
}

func portrayDrafts(ctx context.Context, s *Store, text *strings.Builder) error {
	drafts, err := s.Drafts(ctx)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		_, state, journal, err := s.LoadDraft(ctx, d.ID)
		if err != nil {
			return err
		}
		fmt.Fprintf(text, "draft %+v\n%s %v\n", d, state, journal)
		names, err := fileNames(ctx, s, d.ID)
		if err != nil {
			return err
		}
		for _, name := range names {
			data, err := s.File(ctx, d.ID, name)
			if err != nil {
				return err
			}
			fmt.Fprintf(text, "file %s %x\n", name, sha256.Sum256(data))
		}
	}
	return nil
}

// fileNames returns the names of a draft's files.
func fileNames(ctx context.Context, s *Store, id survey.DraftID) (names []string, err error) {
	err = s.db.each(ctx, "SELECT name_tag, facts_sealed FROM draft_file WHERE draft_id = ?", []any{id[:]}, func(row rowScan) error {
		var tag, kept []byte
		if err := row(&tag, &kept); err != nil {
			return err
		}
		facts, err := open[fileFacts](s.vault, kept, placeOf("draft_file.facts_sealed", tag))
		names = append(names, facts.Name)
		return err
	})
	return names, err
}

func portrayRecords(ctx context.Context, s *Store, text *strings.Builder) error {
	if err := s.cards(ctx, "ORDER BY r.record_id", nil, func(c cardRow) error {
		fmt.Fprintf(text, "record %+v\n", c)
		return nil
	}); err != nil {
		return err
	}
	if err := s.db.each(ctx, "SELECT sha256 FROM blob", nil, func(row rowScan) error {
		var hash survey.Hash
		if err := row(&hash); err != nil {
			return err
		}
		_, err := s.Blob(ctx, hash)
		return err
	}); err != nil {
		return err
	}
	for _, village := range s.Villages() {
		fmt.Fprintf(text, "village %+v\n", village)
		for _, h := range s.SearchHouseholds(village.ID, "", 0) {
			fmt.Fprintf(text, "household %+v\n", h)
		}
	}
	return nil
}

// chronicle is a deed as it was done: what the store told after each step, and how far the disk's events were when the
// step was acknowledged.
type chronicle struct {
	states []string
	acked  []int
	tape   *crashfs.Recording
}

// perform does a deed with the power on and records it.
func (w *workshop) perform(t *testing.T, d deed, with ...act) chronicle {
	t.Helper()
	var c chronicle
	if err := w.disk.Record(w.dir); err != nil {
		t.Fatal(err)
	}
	steps := append([]act{all(append([]act{(*workshop).open}, with...)...)}, d.steps...)
	for i, step := range steps {
		if err := step(w); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		state, err := portrait(w.store)
		if err != nil {
			t.Fatal(err)
		}
		c.states, c.acked = append(c.states, state), append(c.acked, w.disk.Events())
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	c.tape = w.disk.Stop()
	return c
}

// ackedAt returns how many steps had been acknowledged after n events.
func (c chronicle) ackedAt(n int) int {
	acked := 0
	for i, at := range c.acked {
		if at <= n {
			acked = i
		}
	}
	return acked
}

// verdict is what a power cut did to a store.
type verdict int

const (
	whole verdict = iota
	corrupt
	halfApplied
	lost
)

// judge opens an image and compares what it tells with what was acknowledged before the power went.
func (c chronicle) judge(w *workshop, n int) (verdict, error) {
	if err := w.open(); err != nil {
		return corrupt, err
	}
	defer w.store.Close()
	var integrity string
	err := w.store.db.reader.QueryRow("PRAGMA integrity_check").Scan(&integrity)
	if err != nil || integrity != "ok" {
		return corrupt, fmt.Errorf("integrity: %s %w", integrity, err)
	}
	state, err := portrait(w.store)
	if err != nil {
		return corrupt, err
	}
	acked := c.ackedAt(n)
	switch due := c.states[acked:min(len(c.states), acked+2)]; {
	case slices.Contains(due, state):
		return whole, nil
	case slices.Contains(c.states[:acked], state):
		return lost, fmt.Errorf("step %d is not there", acked)
	}
	return halfApplied, errors.New(cmp.Diff(c.states[acked], state))
}

// images draws so many power-cut images of a deed, some after every event, and counts what became of them.
func (c chronicle) images(t *testing.T, w *workshop, count int) (counts [4]int) {
	t.Helper()
	random := rand.New(rand.NewPCG(7, uint64(c.tape.Len())))
	root := shortTempDir(t)
	for i := range count {
		n := 1 + i%c.tape.Len()
		image := *w
		image.dir = filepath.Join(root, "image")
		if err := c.tape.Image(random, n, image.dir); err != nil {
			t.Fatal(err)
		}
		v, err := c.judge(&image, n)
		if counts[v]++; v != whole {
			t.Logf("image %d, after event %d of %d: %v", i, n, c.tape.Len(), err)
		}
		if err := os.RemoveAll(image.dir); err != nil {
			t.Fatal(err)
		}
	}
	return counts
}

// seeded returns a source of randomness.
func seeded(n int) *rand.Rand { return rand.New(rand.NewPCG(9, uint64(n))) }

// imagesEach is how many images of each kind of transaction are drawn.
func imagesEach() int {
	switch {
	case soak() > 0:
		return soak()
	case testing.Short(), raceDetector:
		return 10
	}
	return 100
}

// TestPowerCut cuts the power after every event of every kind of transaction.
func TestPowerCut(t *testing.T) {
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			w := prepare(t, d)
			w.check(t, w.perform(t, d))
		})
	}
}

// check draws images of a deed and expects all of them whole.
func (w *workshop) check(t *testing.T, c chronicle) {
	t.Helper()
	counts := c.images(t, w, imagesEach())
	t.Logf("%d events, %d images whole", c.tape.Len(), counts[whole])
	if counts[corrupt]+counts[halfApplied]+counts[lost] > 0 {
		t.Errorf("corrupt %d, half applied %d, acknowledged and lost %d", counts[corrupt], counts[halfApplied], counts[lost])
	}
}

// TestPowerCutHasTeeth has a store that does not wait for the disk lose what it acknowledged.
func TestPowerCutHasTeeth(t *testing.T) {
	d := deeds[0]
	w := prepare(t, d)
	c := w.perform(t, d, func(w *workshop) error { return w.store.db.exec(context.Background(), "PRAGMA synchronous=OFF") })
	if counts := c.images(t, w, 200); counts[corrupt]+counts[lost]+counts[halfApplied] < 20 {
		t.Errorf("without syncs %v of whole, corrupt, half applied, lost", counts)
	}
}
