package assets_test

import (
	"bytes"
	"image/png"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/encoding/simplifiedchinese"

	"zoucun/assets"
)

// drawn are the marks screens and papers draw with text, and the characters of names that were once hard to show.
const drawn = "0123456789ABCxyz□■√✓〓○●△▲◇◆★☆←↑→↓·—…《》【】（）、。，：；？！￥％℃№①②③×÷≤≥𬱖㛃䶮"

func faces() map[string][]byte {
	return map[string][]byte{"regular": assets.FontRegular(), "bold": assets.FontBold()}
}

func TestBothFacesCoverWhatTheProductPromises(t *testing.T) {
	for name, data := range faces() {
		t.Run(name, func(t *testing.T) {
			missing := missingFrom(t, data, drawn+standardCharacters(t)+gb2312(t))
			if missing != "" {
				t.Errorf("the face lacks %q", missing)
			}
		})
	}
}

func TestNoFaceDrawsWhatItDoesNotHave(t *testing.T) {
	for name, data := range faces() {
		if missing := missingFrom(t, data, "𠮷"); missing == "" {
			t.Errorf("%s: 𠮷 is in the face now: say so where 〓 is explained", name)
		}
	}
}

func TestFacesAreSingleTrueTypeFiles(t *testing.T) {
	for name, data := range faces() {
		if !bytes.HasPrefix(data, []byte{0, 1, 0, 0}) {
			t.Errorf("%s: begins with % x, want a single face with TrueType outlines", name, data[:4])
		}
		if len(data) > 3_200_000 {
			t.Errorf("%s: %d bytes, want at most 3.2 MB", name, len(data))
		}
	}
}

func TestTheIconIsA512PixelSquare(t *testing.T) {
	config, err := png.DecodeConfig(bytes.NewReader(assets.Icon()))
	if err != nil {
		t.Fatal(err)
	}
	if config.Width != 512 || config.Height != 512 {
		t.Errorf("the icon is %d × %d, want 512 × 512", config.Width, config.Height)
	}
}

// missingFrom returns the characters of text for which the face has no glyph.
func missingFrom(t *testing.T, data []byte, text string) string {
	t.Helper()
	face, err := sfnt.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var buffer sfnt.Buffer
	var missing strings.Builder
	for _, r := range text {
		if glyph, err := face.GlyphIndex(&buffer, r); err != nil || glyph == 0 {
			missing.WriteRune(r)
		}
	}
	return missing.String()
}

// standardCharacters returns the 8,105 characters of the Table of General Standard Chinese Characters.
func standardCharacters(t *testing.T) string {
	t.Helper()
	list, err := os.ReadFile("../scripts/fonts/tongyong-8105.txt")
	if err != nil {
		t.Fatal(err)
	}
	var characters strings.Builder
	for word := range strings.FieldsSeq(string(list)) {
		point, err := strconv.ParseUint(word, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		characters.WriteRune(rune(point))
	}
	if n := len([]rune(characters.String())); n != 8105 {
		t.Fatalf("the table has %d characters, want 8105", n)
	}
	return characters.String()
}

// gb2312 returns the 6,763 hanzi of GB 2312; one row leaves five cells empty.
func gb2312(t *testing.T) string {
	t.Helper()
	decoder := simplifiedchinese.HZGB2312.NewDecoder()
	var characters strings.Builder
	for row := byte(0x30); row < 0x78; row++ {
		for cell := byte(0x21); cell < 0x7F; cell++ {
			text, err := decoder.String("~{" + string([]byte{row, cell}) + "~}")
			if err == nil && !strings.ContainsRune(text, '\uFFFD') {
				characters.WriteString(text)
			}
		}
	}
	if n := len([]rune(characters.String())); n != 6763 {
		t.Fatalf("GB 2312 has %d hanzi, want 6763", n)
	}
	return characters.String()
}
