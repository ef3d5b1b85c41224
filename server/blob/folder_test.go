package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"zoucun/survey"
)

func open(tb testing.TB) *Folder {
	tb.Helper()
	f, err := OpenFolder(filepath.Join(tb.TempDir(), "blobs"))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func sample(n int) ([]byte, survey.Hash) {
	data := bytes.Repeat([]byte("照片 "), n/7+1)[:n]
	return data, sha256.Sum256(data)
}

func wantKind(t *testing.T, err error, kind survey.Kind) {
	t.Helper()
	if err == nil || survey.KindOf(err) != kind {
		t.Errorf("got %v, want kind %v", err, kind)
	}
}

func TestAnyPiecesInAnyOrderMakeTheWhole(t *testing.T) {
	f, files := open(t), 0
	rapid.Check(t, func(t *rapid.T) {
		files++ // every file is a new one
		data := append([]byte(strconv.Itoa(files)), rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "data")...)
		sum, size := survey.Hash(sha256.Sum256(data)), int64(len(data))
		for held := int64(0); held < size; {
			at := rapid.Int64Range(0, size-1).Draw(t, "at")
			end := rapid.Int64Range(at, size).Draw(t, "end")
			got, err := f.Append(t.Context(), sum, size, at, data[at:end])
			if (at > held) != (survey.KindOf(err) == survey.Conflicting) {
				t.Fatalf("bytes %d to %d with %d held: %v", at, end, held, err)
			}
			if err == nil {
				held = max(held, end)
			}
			if got != held {
				t.Fatalf("held %d, want %d", got, held)
			}
		}
		back := make([]byte, size+10)
		n, err := f.Read(t.Context(), sum, 0, back)
		if err != nil || !bytes.Equal(back[:n], data) {
			t.Fatalf("read %d bytes, %v", n, err)
		}
	})
}

func TestWrongBytesAreNeverKept(t *testing.T) {
	f, ctx := open(t), t.Context()
	data, sum := sample(1000)
	bent := bytes.Clone(data)
	bent[500] ^= 1
	_, err := f.Append(ctx, sum, 1000, 0, bent)
	wantKind(t, err, survey.Damaged)
	_, err = f.Read(ctx, sum, 0, make([]byte, 1))
	wantKind(t, err, survey.NotFound)
	if held, err := f.Held(ctx, sum, 1000); held != 0 || err != nil {
		t.Errorf("Held = %d, %v after wrong bytes; want 0", held, err)
	}
	if held, err := f.Append(ctx, sum, 1000, 0, data); held != 1000 || err != nil {
		t.Errorf("Append of the right bytes = %d, %v", held, err)
	}
}

func TestOnlyFlushedBytesCount(t *testing.T) {
	f, ctx := open(t), t.Context()
	data, sum := sample(1000)
	if _, err := f.Append(ctx, sum, 1000, 0, data[:400]); err != nil {
		t.Fatal(err)
	}
	// After a power cut the file may be longer than what reached the disk.
	if err := os.WriteFile(f.part(sum), append(bytes.Clone(data[:400]), make([]byte, 300)...), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := OpenFolder(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	if held, err := again.Held(ctx, sum, 1000); held != 400 || err != nil {
		t.Fatalf("Held = %d, %v; want 400", held, err)
	}
	if held, err := again.Append(ctx, sum, 1000, 400, data[400:]); held != 1000 || err != nil {
		t.Errorf("Append = %d, %v; want 1000", held, err)
	}
}

func TestHalfWrittenMarkBeginsAgain(t *testing.T) {
	f, ctx := open(t), t.Context()
	data, sum := sample(1000)
	if _, err := f.Append(ctx, sum, 1000, 0, data[:400]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.part(sum)+".at", []byte{0, 0}, 0o600); err != nil {
		t.Fatal(err)
	}
	if held, err := f.Append(ctx, sum, 1000, 0, data); held != 1000 || err != nil {
		t.Errorf("Append = %d, %v; want 1000", held, err)
	}
}

func TestPowerCutBetweenLastByteAndName(t *testing.T) {
	f, ctx := open(t), t.Context()
	data, sum := sample(1000)
	if err := os.WriteFile(f.part(sum), data, 0o600); err != nil {
		t.Fatal(err)
	}
	mark := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, 1000), 1000)
	if err := os.WriteFile(f.part(sum)+".at", mark, 0o600); err != nil {
		t.Fatal(err)
	}
	if held, err := f.Append(ctx, sum, 1000, 1000, nil); held != 1000 || err != nil {
		t.Errorf("Append of nothing = %d, %v; want 1000", held, err)
	}
	if n, err := f.Read(ctx, sum, 0, make([]byte, 2000)); n != 1000 || err != nil {
		t.Errorf("Read = %d, %v; want 1000", n, err)
	}
}

func TestRefusals(t *testing.T) {
	f, ctx := open(t), t.Context()
	data, sum := sample(1000)
	if _, err := f.Append(ctx, sum, 1000, 0, data[:10]); err != nil {
		t.Fatal(err)
	}
	_, err := f.Append(ctx, sum, 2000, 10, data[10:20])
	wantKind(t, err, survey.Conflicting)
	_, err = f.Held(ctx, sum, 2000)
	wantKind(t, err, survey.Conflicting)
	_, err = f.Append(ctx, sum, 1000, 990, data)
	wantKind(t, err, survey.Conflicting)
	_, err = f.Append(ctx, sum, 1000, -5, data[:5])
	wantKind(t, err, survey.Conflicting)
}

func TestManyUploadOneFile(t *testing.T) {
	f := open(t)
	data, sum := sample(100_000)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for held := int64(0); held < 100_000; {
				end := min(held+7000, 100_000)
				got, err := f.Append(t.Context(), sum, 100_000, held, data[held:end])
				if err != nil {
					t.Error(err)
					return
				}
				held = got
			}
		})
	}
	group.Wait()
	back := make([]byte, 100_000)
	if n, err := f.Read(t.Context(), sum, 0, back); err != nil || !bytes.Equal(back[:n], data) {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestRemovedIsGone(t *testing.T) {
	f := open(t)
	whole, sum := sample(300)
	half, other := sample(200)
	if _, err := f.Append(t.Context(), sum, 300, 0, whole); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Append(t.Context(), other, 200, 0, half[:100]); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is not there any more is no error
		for _, name := range []survey.Hash{sum, other} {
			if err := f.Remove(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := f.Read(t.Context(), sum, 0, make([]byte, 10))
	wantKind(t, err, survey.NotFound)
	for name, size := range map[survey.Hash]int64{sum: 300, other: 200} {
		if held, err := f.Held(t.Context(), name, size); err != nil || held != 0 {
			t.Errorf("held %d, %v", held, err)
		}
	}
	var left []string
	err = filepath.WalkDir(f.dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			left = append(left, path)
		}
		return err
	})
	if err != nil || len(left) > 0 {
		t.Errorf("files left: %v, %v", left, err)
	}
	if held, err := f.Append(t.Context(), sum, 300, 0, whole); err != nil || held != 300 {
		t.Errorf("handed over again: %d, %v", held, err)
	}
}

func TestForgetTakesBackWhatWasAdded(t *testing.T) {
	f := open(t)
	data, sum := sample(300)
	for _, at := range []int{0, 100} {
		if _, err := f.Append(t.Context(), sum, 300, int64(at), data[at:at+100]); err != nil {
			t.Fatal(err)
		}
	}
	for _, to := range []int64{150, 100, 120} { // what is not held is no fault
		if err := f.Forget(t.Context(), sum, to); err != nil {
			t.Fatal(err)
		}
	}
	if held, err := f.Held(t.Context(), sum, 300); held != 100 || err != nil {
		t.Errorf("%d held, %v; want 100", held, err)
	}
	if _, err := f.Append(t.Context(), sum, 300, 100, data[100:]); err != nil {
		t.Fatal(err)
	}
	if err := f.Forget(t.Context(), sum, 0); err != nil {
		t.Fatal(err)
	}
	if held, err := f.Held(t.Context(), sum, 300); held != 300 || err != nil {
		t.Errorf("%d held of a whole one, %v", held, err)
	}
	if err := f.Forget(t.Context(), survey.Hash{9}, 0); err != nil {
		t.Error("one that nobody has sent:", err)
	}
}
