package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/internal/township"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// BenchmarkDurableSave sets one saved answer beside one bare SQLite commit of the same bytes, turn by turn on the same
// disk.
func BenchmarkDurableSave(b *testing.B) {
	dir := b.TempDir()
	s := openStore(b, dir, Options{Clock: time.Now})
	d := newOffice(b).draft(survey.RecordID{})
	if err := s.BeginDraft(b.Context(), d, []byte("{}")); err != nil {
		b.Fatal(err)
	}
	change := form.Change{Op: form.OpSet, Path: "heard_worry", Value: "路灯坏了三个月，晚上老人不敢出门", At: survey.MillisOf(monday)}
	line, err := wire.Encode(change)
	if err != nil {
		b.Fatal(err)
	}
	bare := bareCommit(b, filepath.Join(dir, "bare.db"))

	var saves, commits []time.Duration
	for b.Loop() {
		begun := time.Now()
		if err := s.SaveChange(b.Context(), d.ID, change); err != nil {
			b.Fatal(err)
		}
		saved := time.Now()
		bare(line)
		saves, commits = append(saves, saved.Sub(begun)), append(commits, time.Since(saved))
	}
	for _, q := range []float64{0.5, 0.99} {
		save, commit := quantile(saves, q), quantile(commits, q)
		b.ReportMetric(float64(save.Microseconds()), fmt.Sprintf("save-p%.0f-us", q*100))
		b.ReportMetric(float64(commit.Microseconds()), fmt.Sprintf("bare-p%.0f-us", q*100))
		b.ReportMetric(float64(save)/float64(commit), fmt.Sprintf("ratio-p%.0f", q*100))
	}
}

// BenchmarkSealedSave sets a saved answer beside the same row written in clear, turn by turn on the same disk: what
// secrecy costs.
func BenchmarkSealedSave(b *testing.B) {
	s := openStore(b, b.TempDir(), Options{Clock: time.Now})
	d, clear := newOffice(b).draft(survey.RecordID{}), newOffice(b).draft(survey.RecordID{})
	for _, draft := range []survey.Draft{d, clear} {
		if err := s.BeginDraft(b.Context(), draft, []byte("{}")); err != nil {
			b.Fatal(err)
		}
	}
	change := form.Change{Op: form.OpSet, Path: "heard_worry", Value: "路灯坏了三个月，晚上老人不敢出门", At: survey.MillisOf(monday)}
	var sealedSaves, clearSaves []time.Duration
	for step := int64(1); b.Loop(); step++ {
		begun := time.Now()
		if err := s.SaveChange(b.Context(), d.ID, change); err != nil {
			b.Fatal(err)
		}
		saved := time.Now()
		line, err := wire.Encode(change)
		if err != nil {
			b.Fatal(err)
		}
		err = s.db.exec(b.Context(), "INSERT INTO draft_step (draft_id, step, at, change_sealed, follows) VALUES (?, ?, ?, ?, NULL)",
			clear.ID[:], step, time.Now().UnixMilli(), line)
		if err != nil {
			b.Fatal(err)
		}
		sealedSaves, clearSaves = append(sealedSaves, saved.Sub(begun)), append(clearSaves, time.Since(saved))
	}
	for _, q := range []float64{0.5, 0.99} {
		b.ReportMetric(float64(quantile(sealedSaves, q))/float64(quantile(clearSaves, q)), fmt.Sprintf("ratio-p%.0f", q*100))
	}
}

// BenchmarkUnlock is from the last digit of a PIN to the keys, at what trying a PIN costs in the product.
func BenchmarkUnlock(b *testing.B) {
	keys, err := OpenKeys(b.TempDir(), KeyOptions{Device: &pocket{}})
	if err != nil {
		b.Fatal(err)
	}
	zhang := survey.NewID[survey.PersonID]()
	if err := keys.AddPerson(b.Context(), zhang, "老张", "846021"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		keys.Lock()
		if err := keys.Unlock(b.Context(), zhang, "846021"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheck is how long SQLite looks a database over, by its size.
func BenchmarkCheck(b *testing.B) {
	s := openStore(b, b.TempDir(), Options{Clock: time.Now})
	d := newOffice(b).draft(survey.RecordID{})
	if err := s.BeginDraft(b.Context(), d, nil); err != nil {
		b.Fatal(err)
	}
	if err := s.update(b.Context(), "", "", func(ctx context.Context, t *tx) error {
		for step := range 60_000 {
			err := t.exec(ctx, "INSERT INTO draft_step (draft_id, step, at, change_sealed) VALUES (?, ?, 0, ?)", d.ID[:], step, make([]byte, 250))
			if err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	var pages int64
	if err := s.db.reader.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.db.check(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(pages * pageSize)
}

// bareCommit returns a function that commits one row of bytes with the store's own settings and nothing else.
func bareCommit(b *testing.B, file string) func(line []byte) {
	b.Helper()
	db, err := sql.Open("sqlite", dataSource(file, Options{}, false))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE line (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"); err != nil {
		b.Fatal(err)
	}
	insert, err := db.Prepare("INSERT INTO line (bytes) VALUES (?)")
	if err != nil {
		b.Fatal(err)
	}
	return func(line []byte) {
		if _, err := insert.Exec(line); err != nil {
			b.Fatal(err)
		}
	}
}

func quantile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[min(len(d)-1, int(float64(len(d))*q))]
}

// bigRegister is how many households the goals of the register speak of; 100,000 persons live in them.
const bigRegister = 30_000

// bigTownship fills a folder with that many households, all in one village, which is harder than any township, and
// returns the office.
func bigTownship(b *testing.B, dir string) *office {
	b.Helper()
	o := newOffice(b)
	s := enrolled(b, o, dir)
	for i, row := range township.New(1, bigRegister).Good() {
		o.publishHousehold(b, survey.Household{
			Code: fmt.Sprintf("QC-%05d", i), Head: row.Head, Members: strings.Join(row.Members, survey.MemberStop),
			Door: row.Door, Phone: row.Phone, Resident: 3, Away: 1, Location: survey.Central,
		})
	}
	begun := time.Now()
	for after := 0; after < bigRegister; after += wire.MaxItems {
		apply(b, s, o.page(o.scope(), after, wire.MaxItems))
	}
	b.Logf("applied %d households in %v", bigRegister, time.Since(begun))
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return o
}

// BenchmarkOpenRegister is the time from a closed database of 30,000 households to a list that can be searched.
func BenchmarkOpenRegister(b *testing.B) {
	dir := b.TempDir()
	o := bigTownship(b, dir)
	for b.Loop() {
		s, err := Open(b.Context(), dir, Options{Clock: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		if got := len(s.SearchHouseholds(o.village, "", 0)); got != bigRegister {
			b.Fatal("households:", got)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRegister is how long the register of 100,000 persons takes to build from the cards in the database, and what
// it takes of memory.
func BenchmarkRegister(b *testing.B) {
	dir := b.TempDir()
	o := bigTownship(b, dir)
	s := openStore(b, dir, Options{Clock: time.Now})
	var taking float64
	var built time.Duration
	for b.Loop() {
		s.register = newRegister()
		before := heap()
		begun := time.Now()
		if err := s.readRegister(b.Context()); err != nil {
			b.Fatal(err)
		}
		s.SearchHouseholds(o.village, "zhang", 50) // puts the list in its order
		built += time.Since(begun)
		taking = float64(heap()-before) / (1 << 20)
	}
	b.ReportMetric(taking, "register-MiB")
	b.ReportMetric(built.Seconds()*1000/float64(b.N), "build-ms")
}

// keyPresses is what is typed letter by letter, by what is looked for, with queries that find nothing or nearly all.
var keyPresses = map[string][]string{
	"names":    {"王", "王国", "李", "李秀", "欧阳", "𬱖", "单", "国建", "没有这个人"},
	"pinyin":   {"z", "zh", "zha", "zhang", "zhangw", "zhangwei", "shan", "yuchi", "xyz", "a", "li秀"},
	"initials": {"zs", "wxm", "lgj", "oyg", "yc", "w", "zzz"},
	"phones":   {"154", "1540", "0001", "29999", "777", "00012345"},
	"doors":    {"1", "12", "12号", "3组", "QC-0", "qc-299", "shuitang", "cdt"},
}

// BenchmarkSearch is one key press in the search field over 100,000 persons of one village.
func BenchmarkSearch(b *testing.B) {
	dir := b.TempDir()
	o := bigTownship(b, dir)
	s := openStore(b, dir, Options{Clock: time.Now})
	s.SearchHouseholds(o.village, "", 50)
	for _, kind := range slices.Sorted(maps.Keys(keyPresses)) {
		b.Run(kind, func(b *testing.B) {
			var taken []time.Duration
			for i := 0; b.Loop(); i++ {
				begun := time.Now()
				s.SearchHouseholds(o.village, keyPresses[kind][i%len(keyPresses[kind])], 200)
				taken = append(taken, time.Since(begun))
			}
			b.ReportMetric(float64(quantile(taken, 0.5).Microseconds()), "key-p50-us")
			b.ReportMetric(float64(quantile(taken, 0.99).Microseconds()), "key-p99-us")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkFinishVisit is the one transaction that ends a visit with a household updated and two problems.
func BenchmarkFinishVisit(b *testing.B) {
	o := newOffice(b)
	s := enrolled(b, o, b.TempDir())
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		id := o.household(b, fmt.Sprintf("QC-%05d", i), "张三", "1号", "")
		apply(b, s, o.page(o.scope(), i, 1))
		d := o.draft(id)
		if err := s.BeginDraft(b.Context(), d, nil); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := s.FinishVisit(b.Context(), d, withEntities(id)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVisitSize finishes visits of forty short answers and two problems, and reports what each adds to the database.
func BenchmarkVisitSize(b *testing.B) {
	const visits = 200
	o := newOffice(b)
	s := enrolled(b, o, b.TempDir())
	sub := submission()
	for i := range 40 {
		path := survey.FieldPath(fmt.Sprintf("hear/answer_%02d", i))
		sub.Fields[path], sub.Touched = fmt.Sprintf("第%d题，路灯坏了，晚上看不见", i), append(sub.Touched, path)
	}
	bytes := func() float64 {
		b.Helper()
		var pages, free, page int64
		for pragma, into := range map[string]*int64{"page_count": &pages, "freelist_count": &free, "page_size": &page} {
			if err := s.db.reader.QueryRowContext(b.Context(), "PRAGMA "+pragma).Scan(into); err != nil {
				b.Fatal(err)
			}
		}
		return float64((pages - free) * page)
	}
	before := bytes()
	for b.Loop() {
		for range visits {
			sub.Entities = []form.EntityChange{problemChange("路灯坏了"), problemChange("水管漏水")}
			finish(b, s, o.draft(survey.RecordID{}), sub)
		}
	}
	b.ReportMetric((bytes()-before)/float64(visits*b.N), "bytes/visit")
}
