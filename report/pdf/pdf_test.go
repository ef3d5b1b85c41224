package pdf

import (
	"bytes"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zoucun/assets"
	"zoucun/internal/testkit/rarefont"
)

func regular(t testing.TB) *Font {
	t.Helper()
	f, err := ReadFont(assets.FontRegular())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// run has a program of poppler-utils read a file.
func run(t *testing.T, data []byte, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed (poppler-utils)", program)
	}
	file := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for n, arg := range args {
		if arg == "FILE" {
			args[n] = file
		}
	}
	var out, complaints bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Fatalf("%s: %v\n%s", program, err, complaints.String())
	}
	return out.String()
}

func written(t *testing.T, draw func(*File)) []byte {
	t.Helper()
	var out bytes.Buffer
	f := New(&out, "试印 𬱖")
	draw(f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRareCharactersAreCopiedAsTheyWere(t *testing.T) {
	font := regular(t)
	const hidden = 'Ā' // of the font's glyphs any will do
	rare, err := ReadFont(rarefont.Forge(assets.FontRegular(), '𠮷', font.glyph('吉')))
	if err != nil {
		t.Fatal(err)
	}
	if font.Has('𠮷') || !rare.Has('𠮷') || rare.Has(hidden) {
		t.Fatal("the forged font has to know 𠮷 alone")
	}
	text := "𬱖㛃䶮 Ab1, 贵州·éß"
	data := written(t, func(f *File) {
		p := f.Page(210, 297)
		x := p.Write(20, 20, Text{Font: font, Size: 12, Drawn: text})
		x = p.Write(x, 20, Text{Font: rare, Size: 12, Drawn: "𠮷"})
		p.Write(x, 20, Text{Font: font, Size: 12, Drawn: "〓", Copied: "𰻝"})
		if err := p.Done(); err != nil {
			t.Fatal(err)
		}
	})
	if got := strings.TrimSpace(run(t, data, "pdftotext", "FILE", "-")); got != text+"𠮷𰻝" {
		t.Errorf("copied %q, want %q", got, text+"𠮷𰻝")
	}
	fonts := run(t, data, "pdffonts", "FILE")
	if strings.Count(fonts, "yes yes yes") != 2 {
		t.Errorf("want two fonts embedded, subset, with a map to Unicode:\n%s", fonts)
	}
	if info := run(t, data, "pdfinfo", "FILE"); !strings.Contains(info, "试印 𬱖") || strings.Contains(info, "CreationDate") {
		t.Errorf("the file says of itself:\n%s", info)
	}
	if len(data) > 30_000 {
		t.Errorf("%d bytes for a dozen characters: the font is not a subset", len(data))
	}
}

func TestAFileMayHaveManyPages(t *testing.T) {
	font := regular(t)
	data := written(t, func(f *File) {
		for range 300 {
			p := f.Page(297, 210)
			p.Write(10, 10, Text{Font: font, Size: 9, Drawn: "页"})
			if err := p.Done(); err != nil {
				t.Fatal(err)
			}
		}
		if f.Pages() != 300 {
			t.Errorf("%d pages", f.Pages())
		}
	})
	info := run(t, data, "pdfinfo", "FILE")
	if !strings.Contains(info, "Pages:           300") || !strings.Contains(info, "841.89 x 595.28 pts (A4)") {
		t.Error(info)
	}
}

func TestThingsAreDrawnWhereTheyAre(t *testing.T) {
	black := image.NewUniform(color.Black)
	picture := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	for n := range 16 {
		picture.Set(n%4, n/4, black.C)
	}
	picture.Set(0, 0, color.Transparent)
	data := written(t, func(f *File) {
		p := f.Page(100, 50)
		p.Fill(10, 10, 20, 10, 0.5)
		p.Picture(60, 20, 20, 20, picture)
		p.Line(0, 45, 100, 45, 2)
		p.Frame(5, 5, 90, 42, 1)
		if err := p.Done(); err != nil {
			t.Fatal(err)
		}
	})
	file := filepath.Join(t.TempDir(), "page")
	run(t, data, "pdftoppm", "-gray", "-r", "254", "-singlefile", "-aa", "no", "FILE", file) // ten dots to the millimetre
	raw, err := os.ReadFile(file + ".pgm")
	if err != nil {
		t.Fatal(err)
	}
	raw = raw[len(raw)-1000*500:]
	for _, test := range []struct {
		x, y float64
		want byte
	}{
		{20, 15, 127},
		{20, 22, 255},
		{9, 15, 255},
		{70, 30, 0},
		{61, 21, 255},
		{81, 30, 255},
		{50, 45, 0},
		{50, 43, 255},
		{5, 25, 0},
		{95, 25, 0},
		{50, 47, 0},
	} {
		if got := raw[int(test.y*10)*1000+int(test.x*10)]; got < test.want-min(test.want, 3) || got > test.want+min(255-test.want, 3) {
			t.Errorf("at %v, %v mm: %d, want %d", test.x, test.y, got, test.want)
		}
	}
}

func TestFontsThatAreNoneAreRefused(t *testing.T) {
	good := assets.FontRegular()
	for name, data := range map[string][]byte{
		"empty":  nil,
		"text":   []byte("这不是字体"),
		"header": good[:12],
		"half":   good[:len(good)/2],
		"ends":   append([]byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x01"), 0xff, 0xff, 0xff, 0xf0),
		"cff":    append([]byte("OTTO"), good[4:]...),
	} {
		if f, err := ReadFont(data); err == nil {
			f.glyph('村') // a font that is only damaged further down is read without a crash
			f.outline(f.glyph('村'))
			if name != "half" {
				t.Errorf("%s was taken for a font", name)
			}
		}
	}
}

func FuzzReadFont(f *testing.F) {
	f.Add(assets.FontRegular()[:4096])
	f.Add(rarefont.Forge(assets.FontRegular(), '𠮷', 5)[:3000])
	f.Fuzz(func(_ *testing.T, data []byte) {
		font, err := ReadFont(data)
		if err != nil {
			return
		}
		s := &subset{font: font, runes: []rune{0}, codes: map[rune]int{}}
		for _, r := range "村𠮷 é" {
			s.code(r)
		}
		s.program()
		widths(s)
	})
}
