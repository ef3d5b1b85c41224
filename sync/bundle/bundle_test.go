package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// party is a device and the county's recovery key.
type party struct {
	keys                seal.DeviceKeys
	device              survey.DeviceID
	replica             survey.ReplicaID
	identity, recipient string
}

func newParty(tb testing.TB) party {
	tb.Helper()
	p := party{device: survey.NewID[survey.DeviceID](), replica: survey.NewID[survey.ReplicaID]()}
	var err error
	if p.keys, err = seal.NewDeviceKeys(rand.Reader); err != nil {
		tb.Fatal(err)
	}
	if p.identity, p.recipient, err = seal.NewIdentity(); err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p party) spec() Spec {
	return Spec{
		Label: Label{
			Bundle: survey.BundleID{1}, Kind: Work, County: 340122, Device: p.device, Epoch: survey.Epoch{7},
			Created: 1764000000000, Volume: 1, Volumes: 1, List: 2,
		},
		To: []string{p.recipient}, Key: p.keys.Signer(),
	}
}

func (p party) public() ed25519.PublicKey { return p.keys.SignPublic() }

func (p party) segment(tb testing.TB, first uint64, texts ...string) wire.Segment {
	tb.Helper()
	var entries []survey.Entry
	for i, text := range texts {
		r, err := wire.SealRevision(survey.Header{
			Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Kind: survey.Put, Scope: survey.ScopeID{1}, Device: p.device,
			HLC: survey.HLC(0).Next(time.UnixMilli(1764000000000)),
		}, survey.Body{Fields: survey.Fields{"heard_worry": text}}, rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		entries = append(entries, survey.Entry{N: first + uint64(i), Revision: r})
	}
	s, err := wire.NewSegment(wire.SegmentHeader{Replica: p.replica, Device: p.device, First: first}, entries, p.keys.Signer())
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func sample() survey.Parcel {
	return survey.Parcel{
		Draft: survey.DraftID{3}, Scope: survey.ScopeID{1}, Form: "QZ-01", FormVersion: "1.0", Title: "张三", Begun: 5, Changed: 9, Answered: 2, Total: 40,
		Snapshots: []survey.Snapshot{{Step: 0, At: 5, State: []byte("开始")}},
		Lines:     []survey.JournalLine{{Step: 1, At: 6, Follows: 0, Change: []byte("路灯")}, {Step: 2, At: 7, Follows: 1, Change: []byte("水管")}},
		Head:      2, Files: []survey.Attachment{{Name: "门口.jpg", SHA256: survey.Hash{4}, Size: 10, MIME: "image/jpeg"}},
	}
}

// written is what went into a bundle or came out of one.
type written struct {
	Segments []wire.Segment
	Files    map[survey.Hash][]byte
	Drafts   []survey.Parcel
	Receipts []wire.Carried
}

func (w written) write(tb testing.TB, spec Spec) []byte {
	tb.Helper()
	var file bytes.Buffer
	b, err := NewWriter(&file, spec)
	if err != nil {
		tb.Fatal(err)
	}
	for _, s := range w.Segments {
		err = errors.Join(err, b.Segment(s))
	}
	for sum, data := range w.Files {
		err = errors.Join(err, b.Attachment(survey.Kept{SHA256: sum, Size: int64(len(data))}, bytes.NewReader(data)))
	}
	for _, d := range w.Drafts {
		err = errors.Join(err, b.Draft(d))
	}
	for _, r := range w.Receipts {
		err = errors.Join(err, b.Receipt(r))
	}
	if err := errors.Join(err, b.Close()); err != nil {
		tb.Fatal(err)
	}
	if b.Size() != int64(file.Len()) {
		tb.Errorf("Size = %d of a file of %d bytes", b.Size(), file.Len())
	}
	return file.Bytes()
}

func open(file []byte, identity string, key ed25519.PublicKey) (*Content, error) {
	b, err := Inspect(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	return b.Open([]string{identity}, key)
}

func read(file []byte, identity string, key ed25519.PublicKey) (written, error) {
	got := written{Files: map[survey.Hash][]byte{}}
	c, err := open(file, identity, key)
	if err != nil {
		return got, err
	}
	return got, got.take(c)
}

// take takes everything a bundle holds.
func (w *written) take(c *Content) error {
	return c.Each(Takers{
		Segment: func(s wire.Segment) error { w.Segments = append(w.Segments, s); return nil },
		Attachment: func(a survey.Kept, r io.Reader) error {
			data, err := io.ReadAll(r)
			w.Files[a.SHA256] = data
			return err
		},
		Draft:   func(p survey.Parcel) error { w.Drafts = append(w.Drafts, p); return nil },
		Receipt: func(r wire.Carried) error { w.Receipts = append(w.Receipts, r); return nil },
	})
}

func filesOf(all ...[]byte) map[survey.Hash][]byte {
	files := map[survey.Hash][]byte{}
	for _, data := range all {
		files[survey.Hash(sha256.Sum256(data))] = data
	}
	return files
}

func TestWhatGoesInComesOut(t *testing.T) {
	p := newParty(t)
	long := sample()
	long.Lines = nil
	for n := range 2500 {
		long.Lines = append(long.Lines, survey.JournalLine{Step: int64(n + 1), Follows: int64(n), Change: []byte("改")})
	}
	want := written{
		Segments: []wire.Segment{p.segment(t, 1, "路灯坏了", "水管漏水"), p.segment(t, 3, "没有")},
		Files:    filesOf([]byte{}, []byte("小"), bytes.Repeat([]byte("照片"), 400_000)),
		Drafts:   []survey.Parcel{sample(), long},
		Receipts: []wire.Carried{{County: 340122, Device: p.device, Logs: []wire.HeldLog{{Replica: p.replica, Last: 3}}, Signature: []byte("x")}},
	}
	file := want.write(t, p.spec())
	got, err := read(file, p.identity, p.public())
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(want.Files, got.Files, bytes.Equal) {
		t.Errorf("%d files came out", len(got.Files))
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(written{}, "Files")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c, err := open(file, p.identity, p.public())
	if err != nil {
		t.Fatal(err)
	}
	wantCounts := Counts{Segments: 2, Entries: 3, Attachments: 3, Drafts: 2, Receipts: 1, Bytes: 3 + 2_400_000}
	if c.Counts != wantCounts || len(c.Recipients) != 1 || c.Recipients[0] != p.recipient {
		t.Errorf("holds %+v for %v", c.Counts, c.Recipients)
	}
	if bytes.Contains(file, []byte("路灯")) || bytes.Contains(file, []byte("张三")) {
		t.Error("something can be read without a key")
	}
	if err := c.Each(Takers{}); err != nil {
		t.Errorf("passing over everything: %v", err)
	}
}

func TestAnyDamageIsFound(t *testing.T) {
	p := newParty(t)
	file := written{Segments: []wire.Segment{p.segment(t, 1, "路灯坏了")}, Drafts: []survey.Parcel{sample()}}.write(t, p.spec())
	for size := range file {
		_, err := read(file[:size], p.identity, p.public())
		if !errors.Is(err, ErrIncomplete) || survey.MessageOf(err) == "" {
			t.Fatalf("%d of %d bytes: %v", size, len(file), err)
		}
	}
	for i := range file {
		bent := bytes.Clone(file)
		bent[i] ^= 0x20
		_, err := read(bent, p.identity, p.public())
		if err == nil || survey.MessageOf(err) == "" {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if i >= len(file)-sha256.Size {
			continue
		}
		if _, err := read(rehash(bent), p.identity, p.public()); err == nil || survey.MessageOf(err) == "" {
			t.Fatalf("byte %d changed and the hash with it: %v", i, err)
		}
	}
	longer := append(bytes.Clone(file), 0)
	if _, err := read(longer, p.identity, p.public()); !errors.Is(err, ErrIncomplete) {
		t.Errorf("a byte more: %v", err)
	}
}

// rehash gives a changed file the hash that fits it, as somebody who means harm would.
func rehash(file []byte) []byte {
	sum := sha256.Sum256(file[:len(file)-sha256.Size])
	return append(bytes.Clone(file[:len(file)-sha256.Size]), sum[:]...)
}

func TestRefusals(t *testing.T) {
	p, other := newParty(t), newParty(t)
	file := written{Segments: []wire.Segment{p.segment(t, 1, "路灯坏了")}}.write(t, p.spec())
	newer := bytes.Replace(file, []byte("zoucun bundle 1"), []byte("zoucun bundle 2"), 1)
	for _, test := range []struct {
		fact     string
		file     []byte
		identity string
		key      ed25519.PublicKey
		want     error
		kind     survey.Kind
	}{
		{"another's key", file, other.identity, p.public(), ErrNotForKey, survey.Denied},
		{"another's signature", file, p.identity, other.public(), ErrDamaged, survey.Damaged},
		{"no key at all", file, p.identity, nil, ErrDamaged, survey.Damaged},
		{"a newer version", newer, p.identity, p.public(), ErrNewer, survey.Newer},
		{"no bundle", []byte("一张照片的内容，不是数据包"), p.identity, p.public(), ErrNone, survey.Invalid},
		{"an empty file", nil, p.identity, p.public(), ErrIncomplete, survey.Damaged},
	} {
		_, err := read(test.file, test.identity, test.key)
		if !errors.Is(err, test.want) || survey.KindOf(err) != test.kind || survey.MessageOf(err) == "" {
			t.Errorf("%s: %v", test.fact, err)
		}
	}
	if _, err := open(file, "nonsense", p.public()); survey.KindOf(err) != survey.Invalid {
		t.Errorf("no identity: %v", err)
	}
}

// TestALabelIsNotExchanged puts another label on a bundle and mends the hash: the label inside is what counts.
func TestALabelIsNotExchanged(t *testing.T) {
	p := newParty(t)
	file := written{}.write(t, p.spec())
	spec := p.spec()
	spec.Label.Device = survey.NewID[survey.DeviceID]()
	other := written{}.write(t, spec)
	from := len(opening) + 2 + int(binary.BigEndian.Uint16(file[len(opening):]))
	mixed := rehash(append(bytes.Clone(other[:from]), file[from:]...))
	if _, err := open(mixed, p.identity, p.public()); !errors.Is(err, ErrDamaged) {
		t.Errorf("with another label: %v", err)
	}
}

func TestAWriterRefuses(t *testing.T) {
	p := newParty(t)
	spec := p.spec()
	spec.To = nil
	if _, err := NewWriter(io.Discard, spec); survey.KindOf(err) != survey.Invalid {
		t.Errorf("for nobody: %v", err)
	}
	spec = p.spec()
	spec.Label.Volume = 2
	if _, err := NewWriter(io.Discard, spec); survey.KindOf(err) != survey.Invalid {
		t.Errorf("volume 2 of 1: %v", err)
	}
	w, err := NewWriter(io.Discard, p.spec())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Attachment(survey.Kept{Size: 3}, strings.NewReader("abc")); survey.KindOf(err) != survey.Damaged {
		t.Errorf("an attachment of another hash: %v", err)
	}
	if err := w.Attachment(survey.Kept{Size: 4}, strings.NewReader("abc")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a short attachment: %v", err)
	}
	w.file.size = MaxVolume - 100
	if err := errors.Join(w.Draft(sample()), w.Close()); survey.KindOf(err) != survey.Full {
		t.Errorf("beyond a volume: %v", err)
	}
}

func TestVolumes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(200<<10, 4<<20).Draw(t, "limit")
		sizes := rapid.SliceOfN(rapid.Int64Range(0, 100<<10), 0, 60).Draw(t, "sizes")
		var items []Item
		for _, size := range sizes {
			items = append(items, Item{Size: size})
		}
		volumes, err := Volumes(items, limit)
		if err != nil || len(volumes) == 0 {
			t.Fatalf("%d volumes, %v", len(volumes), err)
		}
		var got []int64
		for _, volume := range volumes {
			var bytes int64
			for _, item := range volume {
				got, bytes = append(got, item.Size), bytes+item.Size
			}
			if bytes > limit {
				t.Fatalf("%d bytes in a volume of %d", bytes, limit)
			}
		}
		if len(got) != len(sizes) || len(got) > 0 && !cmp.Equal(got, sizes) {
			t.Fatalf("items %v became %v", sizes, got)
		}
	})
	if _, err := Volumes([]Item{{Size: 2 << 20}}, 1<<20); survey.KindOf(err) != survey.Invalid {
		t.Errorf("an item larger than a volume: %v", err)
	}
}

// TestAVolumeStaysWithinItsLimit fills volumes with what does not compress.
func TestAVolumeStaysWithinItsLimit(t *testing.T) {
	p := newParty(t)
	const limit = 1 << 20
	var items []Item
	for range 40 {
		data := make([]byte, 70_000)
		_, _ = rand.Read(data)
		items = append(items, Item{Size: int64(len(data)), Write: func(w *Writer) error {
			return w.Attachment(survey.Kept{SHA256: sha256.Sum256(data), Size: int64(len(data))}, bytes.NewReader(data))
		}})
	}
	volumes, err := Volumes(items, limit)
	if err != nil {
		t.Fatal(err)
	}
	for i, volume := range volumes {
		spec := p.spec()
		spec.Label.Volume, spec.Label.Volumes = uint32(i+1), uint32(len(volumes))
		w, err := NewWriter(io.Discard, spec)
		for _, item := range volume {
			err = errors.Join(err, item.Write(w))
		}
		if err := errors.Join(err, w.Close()); err != nil || w.Size() > limit {
			t.Errorf("volume %d has %d bytes, %v", i+1, w.Size(), err)
		}
	}
}

func TestMissing(t *testing.T) {
	got := Missing([]Label{{Volume: 4, Volumes: 5}, {Volume: 1, Volumes: 5}})
	if want := []uint32{2, 3, 5}; !cmp.Equal(got, want) {
		t.Errorf("Missing = %v, want %v", got, want)
	}
	if got := Missing(nil); got != nil {
		t.Errorf("Missing of nothing = %v", got)
	}
}

// golden is what a file of a released version must be read as.
type golden struct {
	Identity string
	Key      []byte
	Label    Label
	Counts   Counts
	Drafts   []survey.Parcel
	Texts    []string // of the entries, in order
	Files    map[string]int
}

// TestGoldens reads the files of every released version. A golden is never edited; ZOUCUN_GOLDEN=write makes those that
// are not there yet.
func TestGoldens(t *testing.T) {
	for _, kind := range []Kind{Work, Copy, Reply, Desk, Errand} {
		name := filepath.Join("testdata", "v1", fmt.Sprintf("kind%d", kind))
		file, err := os.ReadFile(name + ".zcb")
		if errors.Is(err, os.ErrNotExist) && os.Getenv("ZOUCUN_GOLDEN") == "write" {
			file, err = writeGolden(t, kind, name)
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want golden
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, goldenOf(t, file, want.Identity, want.Key)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func goldenOf(t *testing.T, file []byte, identity string, key []byte) golden {
	t.Helper()
	b, err := Inspect(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.Open([]string{identity}, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(file, identity, key)
	if err != nil {
		t.Fatal(err)
	}
	g := golden{Identity: identity, Key: key, Label: b.Label, Counts: c.Counts, Drafts: got.Drafts, Files: map[string]int{}}
	for _, s := range got.Segments {
		for _, e := range s.Entries {
			body, err := wire.DecodeBody(e.Revision)
			if err != nil {
				t.Fatal(err)
			}
			g.Texts = append(g.Texts, body.Fields["heard_worry"])
		}
	}
	for hash, data := range got.Files {
		g.Files[hash.String()] = len(data)
	}
	return g
}

func writeGolden(t *testing.T, kind Kind, name string) ([]byte, error) {
	t.Helper()
	p := newParty(t)
	spec := p.spec()
	spec.Label.Kind = kind
	var w written
	switch kind {
	case Work:
		w.Segments, w.Files = []wire.Segment{p.segment(t, 1, "路灯坏了", "没有")}, filesOf([]byte("照片"))
		spec.Label.Volume, spec.Label.Volumes = 2, 3
	case Copy:
		w.Segments, w.Drafts = []wire.Segment{p.segment(t, 5, "水管漏水")}, []survey.Parcel{sample()}
	case Reply:
		w.Receipts = []wire.Carried{{County: 340122, Device: p.device, Logs: []wire.HeldLog{{Replica: p.replica, Last: 2, Hash: survey.Hash{9}}}, Signature: []byte("签")}}
	case Desk:
		w.Drafts = []survey.Parcel{sample()}
	case Errand:
		w.Segments, w.Files = []wire.Segment{p.segment(t, 1, "桥断了")}, filesOf([]byte("照片"))
	}
	file := w.write(t, spec)
	raw, err := json.MarshalIndent(goldenOf(t, file, p.identity, p.public()), "", "\t")
	if err != nil {
		return nil, err
	}
	return file, errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name+".json", raw, 0o644), os.WriteFile(name+".zcb", file, 0o644))
}

func BenchmarkWrite(b *testing.B) {
	p := newParty(b)
	data := make([]byte, 300<<10)
	_, _ = rand.Read(data)
	photo := survey.Kept{SHA256: sha256.Sum256(data), Size: int64(len(data))}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		w, err := NewWriter(io.Discard, p.spec())
		if err := errors.Join(err, w.Attachment(photo, bytes.NewReader(data)), w.Close()); err != nil {
			b.Fatal(err)
		}
	}
}
