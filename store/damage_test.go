package store

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zoucun/survey"
)

// TestConnectionsLoseNothing holds the writing connection to the settings the crash tests were made with.
func TestConnectionsLoseNothing(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "temp_store": "2", "wal_autocheckpoint": "500",
		"busy_timeout": "5000", "journal_size_limit": "16777216",
	} {
		var got string
		if err := s.db.writer.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", pragma, got, err, want)
		}
	}
	if _, err := s.db.reader.ExecContext(t.Context(), "DELETE FROM draft"); err == nil {
		t.Error("a reading connection writes")
	}
}

func TestFolderWithAnyName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "走村 数据 #1 100% ?a=b&c")
	if err := openStore(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "zoucun.db")); err != nil {
		t.Error(err)
	}
	openStore(t, dir, Options{})
}

// usedFolder returns an office, a folder in which its device has been used and closed, and what the device could tell.
func usedFolder(t *testing.T) (*office, string, view) {
	t.Helper()
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	for i := range 50 {
		o.household(t, strconv.Itoa(i), "张三", strconv.Itoa(i)+"号", "")
	}
	apply(t, s, o.page(o.scope(), 0, 50))
	for range 12 {
		finish(t, s, o.draft(survey.RecordID{}), submission())
	}
	push, _, err := s.NextPush(t.Context(), 5, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Receive(t.Context(), o.accept(t, push)); err != nil {
		t.Fatal(err)
	}
	d := o.draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, []byte("开始")); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveChange(t.Context(), d.ID, answer("a", "1")); err != nil {
		t.Fatal(err)
	}
	told := lists(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return o, dir, told
}

// payloads returns the sealed bytes of every revision a device has written and no server has signed for, by visit.
func payloads(t *testing.T, dir string) map[survey.RecordID][]byte {
	t.Helper()
	s := openStore(t, dir, Options{})
	defer s.Close()
	found := map[survey.RecordID][]byte{}
	err := s.db.each(t.Context(), `SELECT v.record_id, v.payload_sealed FROM revision v
		WHERE v.record_id IN (SELECT record_id FROM unsigned_record)`, nil, func(row rowScan) error {
		var id survey.RecordID
		var payload []byte
		err := row(&id, &payload)
		found[id] = payload
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestEveryPageDestroyed destroys one page of a database after the other. The store opens all the same; every visit
// that waits to be handed over is there unless it lay on that very page; what was damaged is kept and reported.
func TestEveryPageDestroyed(t *testing.T) {
	_, dir, told := usedFolder(t)
	waiting := payloads(t, dir)
	whole, err := os.ReadFile(filepath.Join(dir, "zoucun.db"))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	salvaged, tried, step := 0, 0, 1
	if raceDetector {
		step = 5
	}
	for page := 0; page < len(whole)/pageSize; page += step {
		tried++
		copied := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		bent := bytes.Clone(whole)
		destroyed := bent[page*pageSize : (page+1)*pageSize]
		for i := range destroyed {
			destroyed[i] = byte(random.Uint32())
		}
		file := filepath.Join(copied, "zoucun.db")
		if err := os.WriteFile(file, bent, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), copied, Options{Clock: time.Now})
		if err != nil {
			t.Errorf("page %d: %v", page+1, err)
			continue
		}
		got := lists(t, s)
		for _, visit := range told.Waiting {
			here := slices.ContainsFunc(got.Waiting, func(v survey.Visit) bool { return v.ID == visit.ID })
			on := bytes.Contains(whole[page*pageSize:(page+1)*pageSize], waiting[visit.ID][:40])
			if !here && !on {
				t.Errorf("page %d: visit %s is lost, though it lay elsewhere", page+1, visit.ID)
			}
		}
		if report, ok := s.Salvaged(); ok {
			salvaged++
			kept, err := os.ReadFile(filepath.Join(copied, report.Aside, "zoucun.db"))
			if err != nil || !bytes.Equal(kept, bent) || report.Message == "" {
				t.Errorf("page %d: the damaged file is not kept as it was (%v): %+v", page+1, err, report)
			}
		}
		if err := s.db.check(t.Context()); err != nil {
			t.Errorf("page %d: %v", page+1, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d pages, %d salvages", tried, salvaged)
	if salvaged < tried/2 {
		t.Errorf("only %d of %d destroyed pages were noticed", salvaged, tried)
	}
}

// TestFlippedBytes changes bytes of a database anywhere. A household that is shown afterwards is shown as it was written:
// damage is salvaged, refused, or hides something, but never passes for data.
func TestFlippedBytes(t *testing.T) {
	o, dir, told := usedFolder(t)
	file := filepath.Join(dir, "zoucun.db")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	written := map[survey.RecordID]survey.FoundHousehold{}
	for _, h := range told.Households {
		written[h.ID] = h
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range max(60, soak()/2) {
		flipped := bytes.Clone(whole)
		for range 20 {
			flipped[random.IntN(len(flipped))] ^= byte(1 + random.IntN(255))
		}
		if random.IntN(4) == 0 {
			flipped = flipped[:random.IntN(len(flipped))]
		}
		if err := os.WriteFile(file, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), dir, Options{Clock: time.Now})
		if err != nil {
			if survey.KindOf(err) != survey.Damaged || survey.MessageOf(err) == "" {
				t.Errorf("refused as %v (%q): %v", survey.KindOf(err), survey.MessageOf(err), err)
			}
			continue
		}
		for _, h := range s.SearchHouseholds(o.village, "", 0) {
			if h != written[h.ID] {
				t.Errorf("damage shows as data: %+v", h)
			}
		}
		if err := s.Close(); err != nil {
			t.Logf("close: %v", err)
		}
	}
}

// TestSalvageIsHandedOverAgain sends what was salvaged to an office that had some of it.
func TestSalvageIsHandedOverAgain(t *testing.T) {
	o, dir, told := usedFolder(t)
	file := filepath.Join(dir, "zoucun.db")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clear(whole[:pageSize]) // the schema
	if err := os.WriteFile(file, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, dir, Options{})
	report, ok := s.Salvaged()
	if !ok || report.Unsigned != len(told.Waiting) || report.Drafts != 1 || report.NewIdentity {
		t.Errorf("salvaged = %+v, %v", report, ok)
	}
	if diff := cmp.Diff(told.Waiting, lists(t, s).Waiting); diff != "" {
		t.Errorf("waiting (-before +after):\n%s", diff)
	}
	for {
		push, ok, err := s.NextPush(t.Context(), 5, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		if err := s.Receive(t.Context(), o.accept(t, push)); err != nil {
			t.Fatal(err)
		}
	}
	apply(t, s, o.page(survey.RegisterScope(county), 0, 10)) // feeds are read from the beginning
	apply(t, s, o.page(o.scope(), 0, 50))
	got := lists(t, s)
	if len(got.Waiting) != 0 || len(got.Households) != len(told.Households) || len(got.Delivered) != 12 {
		t.Errorf("%d wait, %d delivered, %d households", len(got.Waiting), len(got.Delivered), len(got.Households))
	}
	if err := s.SalvageSeen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Salvaged(); ok {
		t.Error("seen, and still told")
	}
}

// TestLargeDatabaseIsCheckedBesideTheWork damages a page nobody reads in a database that is too large to be looked over
// at the start: it opens, the damage is found all the same, and the next start salvages.
func TestLargeDatabaseIsCheckedBesideTheWork(t *testing.T) {
	_, dir, told := usedFolder(t)
	s := openStore(t, dir, Options{})
	id := told.Drafts[0].ID
	for range 5 {
		draft := told.Drafts[0]
		draft.ID = survey.NewID[survey.DraftID]()
		if err := s.BeginDraft(t.Context(), draft, photo(4<<20)); err != nil {
			t.Fatal(err)
		}
	}
	var root uint32
	if err := s.db.reader.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'blob_waiting'").Scan(&root); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "zoucun.db")
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, pageSize), int64(root-1)*pageSize); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	changed := s.Changed()
	for s.Health() == nil {
		select {
		case <-changed:
		case <-time.After(20 * time.Second):
			t.Fatal("the damage was not found")
		}
	}
	if survey.KindOf(s.Health()) != survey.Damaged || survey.MessageOf(s.Health()) == "" {
		t.Errorf("Health = %v", s.Health())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	if report, ok := s.Salvaged(); !ok || report.Drafts != 6 || report.Unsigned != len(told.Waiting) {
		t.Errorf("salvaged = %+v, %v", report, ok)
	}
	if _, _, _, err := s.LoadDraft(t.Context(), id); err != nil || s.Health() != nil {
		t.Errorf("afterwards: %v, %v", err, s.Health())
	}
	if _, err := os.Stat(file + suspected); err == nil {
		t.Error("still under suspicion")
	}
}

// TestPowerCutWhileSalvaging cuts the power after every event of a salvage. Whoever opens the folder next finds every
// visit that waits, and exactly one database.
func TestPowerCutWhileSalvaging(t *testing.T) {
	_, used, told := usedFolder(t)
	w := &workshop{t: t, disk: newCrashDisk(t), dir: shortTempDir(t), clock: &clock{now: monday}}
	if err := os.CopyFS(w.dir, os.DirFS(used)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(w.dir, "zoucun.db")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clear(data[:pageSize])
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	tape := w.perform(t, deed{}).tape
	images := max(tape.Len(), soak())
	if testing.Short() || raceDetector {
		images = tape.Len() / 4
	}
	root := shortTempDir(t)
	for i := range images {
		n := 1 + i*tape.Len()/images
		image := *w
		image.dir = filepath.Join(root, "image")
		if err := tape.Image(seeded(i), n, image.dir); err != nil {
			t.Fatal(err)
		}
		if err := image.open(); err != nil {
			t.Fatalf("after event %d of %d: %v", n, tape.Len(), err)
		}
		got := lists(t, image.store)
		if len(got.Waiting) != len(told.Waiting) || len(got.Drafts) != 1 {
			t.Errorf("after event %d of %d: %d visits wait, %d drafts", n, tape.Len(), len(got.Waiting), len(got.Drafts))
		}
		if err := image.store.Close(); err != nil {
			t.Error(err)
		}
		if left, err := filepath.Glob(filepath.Join(image.dir, "*"+salvaged+"*")); err != nil || len(left) > 0 {
			t.Errorf("after event %d of %d: left %v (%v)", n, tape.Len(), left, err)
		}
		if err := os.RemoveAll(image.dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d events, %d images", tape.Len(), images)
}

func FuzzPages(f *testing.F) {
	f.Add([]byte{tableLeaf, 0, 0, 0, 1, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 2, 1, 5}, []byte{})
	f.Fuzz(func(t *testing.T, page, log []byte) {
		file := filepath.Join(t.TempDir(), "db")
		if err := os.WriteFile(file, append(page, make([]byte, 2*pageSize)...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+"-wal", log, 0o600); err != nil {
			t.Fatal(err)
		}
		pages, err := openPages(file)
		if err != nil {
			t.Fatal(err)
		}
		pages.rows(func(row looseRow) { tableOf(row) })
		if err := pages.close(); err != nil {
			t.Fatal(err)
		}
	})
}
