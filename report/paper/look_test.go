package paper

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zoucun/internal/qr"
	"zoucun/report/pdf"
)

// rect is a frame of a page in millimetres from its upper left corner.
type rect struct{ x, y, w, h float64 }

// frames returns the frames drawn on the first page of a file, read out of the page's own description.
func frames(t *testing.T, file []byte) []rect {
	t.Helper()
	stream := regexp.MustCompile(`(?s)/Filter /FlateDecode /Length \d+ >>\nstream\n`)
	for _, at := range stream.FindAllIndex(file, -1) {
		r, err := zlib.NewReader(bytes.NewReader(file[at[1]:]))
		if err != nil {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil || !bytes.Contains(content, []byte(" Tf ")) {
			continue
		}
		var found []rect
		for _, m := range regexp.MustCompile(`([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re S`).FindAllStringSubmatch(string(content), -1) {
			var v [4]float64
			for n := range v {
				v[n], _ = strconv.ParseFloat(m[n+1], 64)
				v[n] *= pdf.Point
			}
			found = append(found, rect{v[0], 297 - v[1] - v[3], v[2], v[3]})
		}
		return found
	}
	t.Fatal("no page in the file")
	return nil
}

func TestTheSheetHasTheGridItWasDrawnWith(t *testing.T) {
	got := frames(t, printed(t, fonts(t), Filled(setting(t), madeUp())))
	outer := got[len(got)-1]
	if math.Abs(outer.x-18) > 0.05 || math.Abs(outer.w-174) > 0.05 || math.Abs(outer.h-214) > 0.05 {
		t.Errorf("the grid's frame is %+v, want 174 by 214 at 18", outer)
	}
	// Columns of each row of QZ-01's A4 layout, and the heights of rows.
	rows := []struct {
		height float64
		cols   []int
	}{
		{8, []int{2, 2, 1, 4, 1, 2}},
		{8, []int{2, 2, 1, 2, 2, 3}},
		{8, []int{2, 4, 1, 2, 2, 1}},
		{8, []int{2, 8, 1, 1}},
		{8, []int{2, 2, 2, 1, 1, 4}},
		{8, []int{2, 2, 3, 2, 1, 2}},
		{8, []int{2, 10}},
		{16, []int{2, 10}},
		{12, []int{1, 1, 10}},
		{12, []int{0, 1, 10}},
		{12, []int{0, 1, 10}},
		{16, []int{2, 10}},
		{6, []int{12}},
		{44, []int{12}},
		{14, []int{2, 10}},
		{12, []int{2, 6, 1, 3}},
		{14, []int{12}},
	}
	n, y := 0, outer.y
	for r, row := range rows {
		at := 0
		for _, cols := range row.cols {
			if cols == 0 { // the cell above reaches down
				at++
				continue
			}
			want := rect{18 + 14.5*float64(at), y, 14.5 * float64(cols), row.height}
			if r == 8 && at == 0 {
				want.h = 36
			}
			if n >= len(got) || !near(got[n], want) {
				t.Fatalf("row %d, cell at column %d: got %+v, want %+v", r+1, at, got[n], want)
			}
			n, at = n+1, at+cols
		}
		y += row.height
	}
	if n != len(got)-1 {
		t.Errorf("%d cells, %d frames", n, len(got))
	}
}

func near(a, b rect) bool {
	return max(math.Abs(a.x-b.x), math.Abs(a.y-b.y), math.Abs(a.w-b.w), math.Abs(a.h-b.h)) < 0.05
}

// picture renders a page in greys.
func picture(t *testing.T, file []byte, page, dpi int) *image.Gray {
	t.Helper()
	out := filepath.Join(t.TempDir(), "page")
	n := strconv.Itoa(page)
	read(t, file, "pdftoppm", "-gray", "-r", strconv.Itoa(dpi), "-f", n, "-l", n, "-singlefile", "FILE", out)
	raw, err := os.ReadFile(out + ".pgm")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(raw[:min(len(raw), 40)]))
	width, _ := strconv.Atoi(fields[1])
	height, _ := strconv.Atoi(fields[2])
	grey := image.NewGray(image.Rect(0, 0, width, height))
	copy(grey.Pix, raw[len(raw)-width*height:])
	return grey
}

// TestPapersLookAsTheyDid compares pages with pictures of them that somebody has looked at. Versions of poppler smooth type
// in different ways, so it compares how dark small squares are, not points.
func TestPapersLookAsTheyDid(t *testing.T) {
	s := setting(t)
	s.File = signature
	filled := printed(t, fonts(t), Filled(s, madeUp()))
	for _, test := range []struct {
		name string
		file []byte
		page int
	}{
		{"blank", printed(t, fonts(t), Blank(setting(t))), 1},
		{"blank-back", printed(t, fonts(t), Blank(setting(t))), 2},
		{"filled", filled, 1},
		{"filled-back", filled, 2},
		{"list", printed(t, fonts(t), sampleList().Document()), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := picture(t, test.file, test.page, 40)
			golden := filepath.Join("testdata", test.name+".png")
			if os.Getenv("ZOUCUN_GOLDEN") == "write" {
				var out bytes.Buffer
				if err := png.Encode(&out, got); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			data, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			want, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if worst, where := difference(got, want); worst > 40 {
				t.Errorf("around %v it is %d of 255 darker or lighter than the picture of it", where, worst)
			}
		})
	}
}

// difference returns by how much two pictures differ most in the mean of a square of eight dots, and where.
func difference(a, b image.Image) (worst int, where image.Point) {
	if a.Bounds() != b.Bounds() {
		return 255, image.Point{}
	}
	const side = 8
	for y := 0; y+side <= a.Bounds().Dy(); y += side {
		for x := 0; x+side <= a.Bounds().Dx(); x += side {
			sum := 0
			for n := range side * side {
				at := image.Pt(x+n%side, y+n/side)
				sum += dark(b, at) - dark(a, at)
			}
			if mean := max(sum, -sum) / (side * side); mean > worst {
				worst, where = mean, image.Pt(x, y)
			}
		}
	}
	return worst, where
}

// dark returns how dark a dot of a grey picture is.
func dark(picture image.Image, at image.Point) int {
	r, _, _, _ := picture.At(at.X, at.Y).RGBA()
	return 255 - int(r>>8)
}

func TestTheCodeReadsTheNumberAndNothingElse(t *testing.T) {
	page := picture(t, printed(t, fonts(t), Filled(setting(t), madeUp())), 1, 200)
	var out bytes.Buffer
	if err := png.Encode(&out, page); err != nil {
		t.Fatal(err)
	}
	text, err := qr.Read(out.Bytes())
	if err != nil || text != "QZ-520102001-2026-07-0012K" {
		t.Errorf("the code on the printed page reads %q, %v", text, err)
	}
}

func TestASheetHasAnEvenNumberOfPages(t *testing.T) {
	long := madeUp()
	long.Fields["hear/heard_ask"] = strings.Repeat("修一修门前的路，", 700)
	visits := []Document{Filled(setting(t), long), Filled(setting(t), madeUp())}
	info := read(t, printed(t, fonts(t), visits...), "pdfinfo", "FILE")
	pages, err := strconv.Atoi(regexp.MustCompile(`Pages: +(\d+)`).FindStringSubmatch(info)[1])
	if err != nil || pages%2 != 0 || pages < 6 {
		t.Errorf("%d pages: printed on both sides, one visit's sheet has another's on its back", pages)
	}
}

func TestPrintingStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := 0
	endless := func(yield func(Document, error) bool) {
		for yield(sampleList().Document(), nil) {
		}
	}
	err := PDF(ctx, io.Discard, fonts(t), "", endless, func(n int) {
		if done = n; n == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || done != 3 {
		t.Errorf("got %v after %d", err, done)
	}
	broken := errors.New("disk full")
	if err := PDF(t.Context(), full{broken}, fonts(t), "", each(slices.Repeat([]Document{sampleList().Document()}, 30)...), nil); !errors.Is(err, broken) {
		t.Errorf("a full disk was not noticed: %v", err)
	}
}

type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

// BenchmarkSheet prints one visit, fonts at hand.
func BenchmarkSheet(b *testing.B) {
	f, s, visit := fonts(b), setting(b), madeUp()
	for b.Loop() {
		if err := PDF(b.Context(), io.Discard, f, Sheet, each(Filled(s, visit)), nil); err != nil {
			b.Fatal(err)
		}
	}
}
