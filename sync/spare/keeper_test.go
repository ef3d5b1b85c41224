package spare

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zoucun/internal/disk"
	"zoucun/internal/testkit/crashfs"
	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// notebook is a small store: a log, shelves of drafts, files.
type notebook struct {
	keys       seal.DeviceKeys
	device     survey.DeviceID
	replica    survey.ReplicaID
	identity   string
	recipients survey.Recipients

	mu       sync.Mutex
	now      time.Time
	segments []wire.Segment
	durable  int // of the segments
	shelves  []survey.Shelf
	parcels  map[survey.DraftID]survey.Parcel
	files    map[survey.Hash][]byte
	damaged  map[survey.DraftID]bool
	reading  func() // called while the log is read
}

func newNotebook(tb testing.TB) *notebook {
	tb.Helper()
	n := &notebook{
		device: survey.NewID[survey.DeviceID](), replica: survey.NewID[survey.ReplicaID](), now: monday,
		parcels: map[survey.DraftID]survey.Parcel{}, files: map[survey.Hash][]byte{}, damaged: map[survey.DraftID]bool{},
	}
	var err error
	if n.keys, err = seal.NewDeviceKeys(rand.Reader); err != nil {
		tb.Fatal(err)
	}
	var recipient string
	if n.identity, recipient, err = seal.NewIdentity(); err != nil {
		tb.Fatal(err)
	}
	n.recipients = survey.Recipients{Serial: 1, Listed: []survey.Recipient{{Use: survey.ForRecovery, Name: "县民政局", Key: recipient}}}
	return n
}

func (n *notebook) tell() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

func (n *notebook) pass(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = n.now.Add(d)
}

func (*notebook) Changed() <-chan struct{} { return nil }

func (n *notebook) Enrolment(context.Context) (survey.Enrolment, bool, error) {
	return survey.Enrolment{Grant: survey.Grant{County: 990001}, Recipients: n.recipients}, true, nil
}

func (n *notebook) Device(context.Context) (survey.DeviceID, seal.DeviceKeys, error) {
	return n.device, n.keys, nil
}

func (n *notebook) LogVersion(context.Context) (string, error) {
	return fmt.Sprint(len(n.segments), n.durable), nil
}

func (n *notebook) Undurable(_ context.Context, do func(wire.Segment) error) error {
	for _, s := range n.segments[n.durable:] {
		if err := do(s); err != nil {
			return err
		}
		if n.reading != nil {
			n.reading()
		}
	}
	return nil
}

func (n *notebook) UnheldBlobs(context.Context) ([]survey.Kept, error) {
	var kept []survey.Kept
	for sum, data := range n.files {
		kept = append(kept, keptAs(sum, data))
	}
	return kept, nil
}

func keptAs(sum survey.Hash, data []byte) survey.Kept {
	return survey.Kept{Tag: sum.String()[:16], SHA256: sum, Size: int64(len(data))}
}

func (n *notebook) WriteBlob(_ context.Context, sum survey.Hash, to io.Writer) error {
	_, err := to.Write(n.files[sum])
	return err
}

func (n *notebook) Shelves(context.Context) ([]survey.Shelf, error) { return n.shelves, nil }

func (n *notebook) Parcel(_ context.Context, id survey.DraftID) (survey.Parcel, error) {
	if n.damaged[id] {
		return survey.Parcel{}, &survey.Error{Kind: survey.Damaged}
	}
	return n.parcels[id], nil
}

// finish adds a segment of one entry to the log.
func (n *notebook) finish(tb testing.TB, text string) {
	tb.Helper()
	r, err := wire.SealRevision(survey.Header{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Kind: survey.Put, Scope: survey.ScopeID{1}, Device: n.device,
	}, survey.Body{Fields: survey.Fields{"heard_worry": text}}, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	header := wire.SegmentHeader{Replica: n.replica, Device: n.device, First: uint64(len(n.segments) + 1)}
	s, err := wire.NewSegment(header, []survey.Entry{{N: header.First, Revision: r}}, n.keys.Signer())
	if err != nil {
		tb.Fatal(err)
	}
	n.segments = append(n.segments, s)
}

// draft puts a draft on a shelf.
func (n *notebook) draft(tag string, lines int) survey.DraftID {
	id := survey.NewID[survey.DraftID]()
	n.parcels[id] = survey.Parcel{Draft: id, Lines: make([]survey.JournalLine, lines), Snapshots: []survey.Snapshot{{}}}
	i := slices.IndexFunc(n.shelves, func(s survey.Shelf) bool { return s.Tag == tag })
	if i < 0 {
		i, n.shelves = len(n.shelves), append(n.shelves, survey.Shelf{Tag: tag})
	}
	n.shelves[i].Drafts = append(n.shelves[i].Drafts, id)
	n.shelves[i].Version += "+"
	return id
}

func (n *notebook) file(size int) {
	data := make([]byte, size)
	_, _ = rand.Read(data)
	n.files[sha256.Sum256(data)] = data
}

// kept is what can be read from a folder with the recovery key.
type kept struct {
	entries map[uint64]bool
	drafts  map[survey.DraftID]int // lines
	files   map[survey.Hash]bool
	names   []string
}

// open reads every file that bears a final name, and fails where one is not whole.
func (n *notebook) open(t *testing.T, folder string) kept {
	t.Helper()
	k := kept{entries: map[uint64]bool{}, drafts: map[survey.DraftID]int{}, files: map[survey.Hash]bool{}}
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), extension) {
			continue
		}
		k.names = append(k.names, entry.Name())
		data, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		b, err := bundle.Inspect(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatalf("%s: %v", entry.Name(), err)
		}
		c, err := b.Open([]string{n.identity}, n.keys.SignPublic())
		if err != nil {
			t.Fatalf("%s: %v", entry.Name(), err)
		}
		err = c.Each(bundle.Takers{
			Segment:    func(s wire.Segment) error { k.entries[s.Header.First] = true; return s.Verify(n.keys.SignPublic()) },
			Draft:      func(p survey.Parcel) error { k.drafts[p.Draft] = max(k.drafts[p.Draft], len(p.Lines)); return nil },
			Attachment: func(a survey.Kept, _ io.Reader) error { k.files[a.SHA256] = true; return nil },
		})
		if err != nil {
			t.Fatalf("%s: %v", entry.Name(), err)
		}
	}
	return k
}

func (n *notebook) keeper(folder string, d disk.Disk) *Keeper {
	k := New(n, Options{Clock: n.tell, Disk: d})
	k.Use(folder)
	return k
}

func mustKeep(t *testing.T, k *Keeper) survey.Spare {
	t.Helper()
	now, err := k.round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func TestEverythingIsKeptAndTheRestDropped(t *testing.T) {
	n, folder := newNotebook(t), t.TempDir()
	for _, text := range []string{"一", "二", "三"} {
		n.finish(t, text)
	}
	draft := n.draft("aaaa", 3)
	n.file(100_000)
	n.file(10)
	keeper := n.keeper(folder, nil)
	now := mustKeep(t, keeper)
	got := n.open(t, folder)
	if len(got.entries) != 3 || got.drafts[draft] != 3 || len(got.files) != 2 || len(got.names) != 4 {
		t.Errorf("kept %+v", got)
	}
	if now.State != survey.SpareKept || now.Entries != 3 || now.Drafts != 1 || now.Files != 2 || now.Verified != survey.MillisOf(monday) || now.Bytes < 100_000 {
		t.Errorf("says %+v", now)
	}
	mustKeep(t, keeper)
	if again := n.open(t, folder); !slices.Equal(again.names, got.names) {
		t.Errorf("nothing had changed, and %v became %v", got.names, again.names)
	}
	n.finish(t, "四")
	mustKeep(t, keeper)
	if got := n.open(t, folder); len(got.entries) != 4 || len(got.names) != 4 {
		t.Errorf("after another visit %+v", got)
	}
	n.durable = 4
	clear(n.files)
	n.shelves = nil
	now = mustKeep(t, keeper)
	if got := n.open(t, folder); len(got.names) != 0 || now.Entries+now.Drafts+now.Files != 0 {
		t.Errorf("all of it is durable elsewhere, and %v is left; says %+v", got.names, now)
	}
}

func TestANewRunGoesOn(t *testing.T) {
	n, folder := newNotebook(t), t.TempDir()
	n.finish(t, "一")
	n.file(1000)
	mustKeep(t, n.keeper(folder, nil))
	photo := slices.IndexFunc(n.open(t, folder).names, func(name string) bool { return strings.Contains(name, filePart) })
	name := n.open(t, folder).names[photo]
	if err := os.WriteFile(filepath.Join(folder, "走村-"+Short(n.device)+"-记录-000009.zcb.part"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	exporting := filepath.Join(folder, "走村-"+Short(n.device)+"-数据包-00-1.zcb.part") // somebody copies out by hand meanwhile
	if err := os.WriteFile(exporting, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.finish(t, "二")
	mustKeep(t, n.keeper(folder, nil))
	got := n.open(t, folder)
	if len(got.entries) != 2 || len(got.names) != 2 || !slices.Contains(got.names, name) {
		t.Errorf("kept %+v", got)
	}
	entries, err := os.ReadDir(folder)
	if _, gone := os.Stat(exporting); err != nil || len(entries) != 3 || gone != nil {
		t.Errorf("%d files are left, %v, %v", len(entries), err, gone)
	}
}

func TestDraftsOfOthersStay(t *testing.T) {
	n, folder := newNotebook(t), t.TempDir()
	zhang := n.draft("aaaa", 2)
	mustKeep(t, n.keeper(folder, nil))
	n.shelves[0].Locked, n.shelves[0].Version = true, ""
	li := n.draft("bbbb", 5)
	keeper := n.keeper(folder, nil)
	mustKeep(t, keeper)
	if got := n.open(t, folder); got.drafts[zhang] != 2 || got.drafts[li] != 5 {
		t.Errorf("kept %+v", got.drafts)
	}
	n.shelves = n.shelves[1:] // Zhang's were finished
	mustKeep(t, keeper)
	if got := n.open(t, folder); len(got.drafts) != 1 {
		t.Errorf("kept %+v", got.drafts)
	}
}

func TestDraftsAreNotWrittenAtEveryKey(t *testing.T) {
	n, folder := newNotebook(t), t.TempDir()
	n.draft("aaaa", 1)
	keeper := n.keeper(folder, nil)
	mustKeep(t, keeper)
	late := n.draft("aaaa", 9)
	n.pass(time.Second)
	mustKeep(t, keeper)
	if got := n.open(t, folder); got.drafts[late] != 0 {
		t.Error("written again after a second")
	}
	n.pass(calm)
	mustKeep(t, keeper)
	if got := n.open(t, folder); got.drafts[late] != 9 {
		t.Errorf("not written within a minute: %+v", got.drafts)
	}
}

func TestADamagedDraftKeepsItsLastCopy(t *testing.T) {
	n, folder := newNotebook(t), t.TempDir()
	broken, whole := n.draft("aaaa", 2), n.draft("aaaa", 3)
	keeper := n.keeper(folder, nil)
	mustKeep(t, keeper)
	n.damaged[broken] = true
	third := n.draft("aaaa", 4)
	n.pass(time.Minute)
	mustKeep(t, keeper)
	if got := n.open(t, folder); got.drafts[broken] != 2 || got.drafts[whole] != 3 || got.drafts[third] != 4 {
		t.Errorf("kept %+v", got.drafts)
	}
}

func TestWhatRotsOnTheCardIsWrittenAgain(t *testing.T) {
	n, folder := newNotebook(t), t.TempDir()
	n.finish(t, "一")
	n.file(5000)
	keeper := n.keeper(folder, nil)
	mustKeep(t, keeper)
	for _, name := range n.open(t, folder).names {
		path := filepath.Join(folder, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n.pass(recheck + time.Second)
	now := mustKeep(t, keeper)
	if got := n.open(t, folder); len(got.entries) != 1 || len(got.files) != 1 {
		t.Errorf("kept %+v", got)
	}
	if now.Verified != survey.MillisOf(n.tell()) {
		t.Errorf("verified at %v", now.Verified)
	}
}

func TestAnotherKeyHasEverythingWrittenAgain(t *testing.T) {
	n, folder := newNotebook(t), t.TempDir()
	n.finish(t, "一")
	n.draft("aaaa", 1)
	n.file(500)
	keeper := n.keeper(folder, nil)
	mustKeep(t, keeper)
	identity, recipient, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	n.identity, n.recipients.Serial = identity, 2
	n.recipients.Listed = append(slices.Clone(n.recipients.Listed), survey.Recipient{Use: survey.ForRecovery, Key: recipient})
	n.pass(time.Minute)
	mustKeep(t, keeper)
	if got := n.open(t, folder); len(got.entries) != 1 || len(got.drafts) != 1 || len(got.files) != 1 {
		t.Errorf("the new key opens %+v", got)
	}
}

func TestNoKeyNoCopy(t *testing.T) {
	n, folder := newNotebook(t), t.TempDir()
	n.finish(t, "一")
	n.recipients = survey.Recipients{}
	if now := mustKeep(t, n.keeper(folder, nil)); now.State != survey.SpareNoKey {
		t.Errorf("says %+v", now)
	}
	if _, err := Export(t.Context(), n, folder, ExportOptions{Clock: n.tell}); !strings.Contains(survey.MessageOf(err), "恢复钥匙") {
		t.Errorf("Export = %v", err)
	}
	if got := n.open(t, folder); len(got.names) != 0 {
		t.Errorf("wrote %v", got.names)
	}
	if now := mustKeep(t, n.keeper("", nil)); now.State != survey.SpareOff {
		t.Errorf("without a folder: %+v", now)
	}
}

// crashDisk lets a keeper write to a disk that loses power.
type crashDisk struct{ *crashfs.Disk }

func (d crashDisk) Create(path string) (disk.File, error) { return d.Disk.Create(path) }

func newCrashDisk(t *testing.T) crashDisk {
	t.Helper()
	d, err := crashfs.New()
	if err != nil {
		t.Fatal(err)
	}
	return crashDisk{d}
}

// TestPowerCut draws what a card might hold had the power gone, or the card been pulled, after every event of some
// rounds: what bears a final name is whole, and what a round had kept is there.
func TestPowerCut(t *testing.T) {
	n, folder, card := newNotebook(t), t.TempDir(), newCrashDisk(t)
	keeper := n.keeper(folder, card)
	if err := card.Record(folder); err != nil {
		t.Fatal(err)
	}
	type promise struct{ events, entries, files int }
	var promises []promise
	rounds, seeds := 3, 1
	if os.Getenv("ZOUCUN_SOAK") != "" {
		rounds, seeds = 6, 6
	}
	for round := range rounds {
		n.finish(t, strings.Repeat("路灯坏了。", 200*round))
		n.draft("aaaa", round)
		n.file(3000 + 70_000*round)
		n.pass(time.Minute)
		mustKeep(t, keeper)
		promises = append(promises, promise{card.Events(), len(n.segments), len(n.files)})
	}
	tape := card.Stop()
	images := 0
	for events := range tape.Len() + 1 {
		for seed := range seeds {
			image := t.TempDir()
			if err := tape.Image(mathrand.New(mathrand.NewPCG(uint64(events), uint64(seed))), events, image); err != nil {
				t.Fatal(err)
			}
			got, want := n.open(t, image), promise{}
			for _, p := range promises {
				if p.events <= events {
					want = p
				}
			}
			if len(got.entries) < want.entries || len(got.files) < want.files {
				t.Fatalf("after %d events: %d entries and %d files of %+v", events, len(got.entries), len(got.files), want)
			}
			images++
		}
	}
	t.Logf("%d events, %d images", tape.Len(), images)
}

// TestEveryFault fails every operation of a round in every way, once and for good.
func TestEveryFault(t *testing.T) {
	step := 5 // so that each kind of fault hits other operations
	if os.Getenv("ZOUCUN_SOAK") != "" {
		step = 1
	}
	begin := 0
	for how, kind := range map[crashfs.Failure]survey.Kind{crashfs.Full: survey.Full, crashfs.WriteError: survey.Unavailable, crashfs.SyncError: survey.Unavailable} {
		for _, sticky := range []bool{false, true} {
			begin++
			for at := 1 + begin%step; ; at += step {
				n, folder, card := newNotebook(t), t.TempDir(), newCrashDisk(t)
				n.finish(t, "一")
				keeper := n.keeper(folder, card)
				keeper.keep(t.Context())
				n.finish(t, "二")
				n.draft("aaaa", 2)
				n.file(1000)
				card.Fail(crashfs.Fault{At: at, How: how, Sticky: sticky})
				keeper.keep(t.Context())
				failed := card.Failed()
				if got := n.open(t, folder); len(got.entries) == 0 {
					t.Fatalf("fault %v at %d: nothing is left", how, at)
				}
				if now := keeper.last; failed > 0 && (now.State != survey.SpareTrouble || survey.KindOf(now.Err) != kind ||
					!strings.HasPrefix(survey.MessageOf(now.Err), intact) || now.Retry == 0) {
					t.Fatalf("fault %v at %d: says %+v", how, at, now)
				}
				card.Fail(crashfs.Fault{})
				keeper.keep(t.Context())
				if got := n.open(t, folder); keeper.last.State != survey.SpareKept || len(got.entries) != 2 || len(got.drafts) != 1 || len(got.files) != 1 {
					t.Fatalf("after fault %v at %d: %+v, says %+v", how, at, got, keeper.last)
				}
				if failed == 0 {
					break
				}
			}
		}
	}
}

func TestPulledCard(t *testing.T) {
	n, folder := newNotebook(t), filepath.Join(t.TempDir(), "card")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	n.finish(t, "一")
	n.finish(t, "二")
	keeper := n.keeper(folder, nil)
	n.reading = func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	}
	wait := keeper.keep(t.Context())
	if now := keeper.last; now.State != survey.SpareTrouble || survey.KindOf(now.Err) != survey.NotFound || wait != firstRetry {
		t.Errorf("pulled while writing: %+v, again in %v", now, wait)
	}
	if next := keeper.keep(t.Context()); next != 2*firstRetry {
		t.Errorf("still away: again in %v", next)
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made anew where a card belongs: %v", err)
	}
	n.reading = nil
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	keeper.keep(t.Context())
	if got := n.open(t, folder); len(got.entries) != 2 || keeper.last.State != survey.SpareKept {
		t.Errorf("back again: %+v, %+v", got, keeper.last)
	}
}

func TestTroubleHasWords(t *testing.T) {
	for err, want := range map[error]string{
		syscall.ENOSPC: messageFull, fs.ErrNotExist: messageGone, syscall.EROFS: messageLocked, fs.ErrPermission: messageLocked,
		syscall.EIO: messageUnknown, fmt.Errorf("%w: x", errReadBack): messageFaulty,
	} {
		if got := survey.MessageOf(trouble(err)); got != want {
			t.Errorf("%v: %q", err, got)
		}
	}
}

// killed names the folder in which a child of a test is to keep a copy until it is killed.
const killed = "ZOUCUN_TEST_SPARE_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(killed); folder != "" {
		keepUntilKilled(folder)
	}
	os.Exit(m.Run())
}

// keepUntilKilled writes a copy over and over.
func keepUntilKilled(folder string) {
	t := &testing.T{}
	n := newNotebook(t)
	keeper := n.keeper(folder, nil)
	for {
		n.finish(t, strings.Repeat("路灯", 5000))
		n.file(300_000)
		n.pass(time.Minute)
		if _, err := keeper.round(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(len(n.segments))
	}
}

func TestKilledWhileWriting(t *testing.T) {
	for round := range 20 {
		folder := t.TempDir()
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env, child.Stderr = append(os.Environ(), killed+"="+folder), os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(50+mathrand.IntN(150)) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // killed
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		logs := 0
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), disk.Unfinished) {
				continue
			}
			if _, _, err := inspect(filepath.Join(folder, entry.Name())); err != nil {
				t.Fatalf("round %s: %s: %v", strconv.Itoa(round), entry.Name(), err)
			}
			if strings.Contains(entry.Name(), logPart) {
				logs++
			}
		}
		if logs == 0 && len(entries) > 1 {
			t.Errorf("round %d: %d files and no log", round, len(entries))
		}
	}
}

// BenchmarkKeep is a round after one more visit, with many held already.
func BenchmarkKeep(b *testing.B) {
	n, folder := newNotebook(b), b.TempDir()
	for range 2000 {
		n.finish(b, strings.Repeat("路灯坏了。", 50))
	}
	keeper := n.keeper(folder, nil)
	for b.Loop() {
		n.finish(b, "又一户")
		if _, err := keeper.round(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
