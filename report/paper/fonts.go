package paper

import (
	"errors"
	"fmt"
	"slices"
	"unicode"

	"zoucun/report/pdf"
)

// Fonts are what papers are set in.
type Fonts struct {
	regular, bold *pdf.Font
	spare         []*pdf.Font
	picked        map[want]picked // by one who sets a file; nil for all others, who may be many
}

// want is a character in text or in a label, and picked how it is set.
type (
	want struct {
		r    rune
		bold bool
	}
	picked struct {
		font    *pdf.Font // nil where there is no glyph
		advance float64   // for a size of one point, in millimetres
	}
)

// forOne returns the fonts for one goroutine, which remember what they have looked up.
func (f *Fonts) forOne() *Fonts {
	own := *f
	own.picked = map[want]picked{}
	return &own
}

// NewFonts reads the fonts for text and for labels, and others that know characters those do not (生僻字包). One of the
// others that is no font is left out and named in the error, beside fonts that can be used.
func NewFonts(regular, bold []byte, spare ...[]byte) (*Fonts, error) {
	f := &Fonts{}
	var err error
	if f.regular, err = pdf.ReadFont(regular); err != nil {
		return nil, fmt.Errorf("read regular font: %w", err)
	}
	if f.bold, err = pdf.ReadFont(bold); err != nil {
		return nil, fmt.Errorf("read bold font: %w", err)
	}
	var failed []error
	for n, data := range spare {
		font, err := pdf.ReadFont(data)
		if err != nil {
			failed = append(failed, fmt.Errorf("read spare font %d: %w", n+1, err))
			continue
		}
		f.spare = append(f.spare, font)
	}
	return f, errors.Join(failed...)
}

// geta 〓 stands where a character has no glyph.
const geta = '〓'

// pick returns how a character is set.
func (f *Fonts) pick(r rune, bold bool) picked {
	if known, ok := f.picked[want{r, bold}]; ok {
		return known
	}
	p := picked{font: f.find(r, bold)}
	drawn := pdf.Text{Font: p.font, Size: 1, Drawn: string(r)}
	if p.font == nil {
		drawn.Font, drawn.Drawn = f.regular, string(geta)
	}
	p.advance = drawn.Width()
	if f.picked != nil {
		f.picked[want{r, bold}] = p
	}
	return p
}

// find returns the font a character is set in, or none.
func (f *Fonts) find(r rune, bold bool) *pdf.Font {
	if bold && f.bold.Has(r) {
		return f.bold
	}
	if f.regular.Has(r) {
		return f.regular
	}
	for _, font := range f.spare {
		if font.Has(r) {
			return font
		}
	}
	return nil
}

// unseen reports whether a character is not meant to be seen.
func unseen(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r)
}

// Missing returns the characters of a document that no font has, each once.
func (f *Fonts) Missing(d Document) []rune {
	var missing []rune
	for _, text := range d.texts() {
		for _, r := range text {
			if !unseen(r) && f.find(r, false) == nil && !slices.Contains(missing, r) {
				missing = append(missing, r)
			}
		}
	}
	return missing
}

// style is how a text is set.
type style struct {
	size float64
	bold bool
}

// pitch is how far lines are apart.
func (s style) pitch() float64 { return s.size * 1.36 * pdf.Point }

// runs splits a line where the font changes.
func (f *Fonts) runs(line string, s style) []pdf.Text {
	var runs []pdf.Text
	for _, r := range line {
		if unseen(r) {
			continue
		}
		font := f.pick(r, s.bold).font
		if font == nil {
			runs = append(runs, pdf.Text{Font: f.regular, Size: s.size, Drawn: string(geta), Copied: string(r)})
			continue
		}
		last := len(runs) - 1
		if last < 0 || runs[last].Font != font || runs[last].Copied != "" {
			runs = append(runs, pdf.Text{Font: font, Size: s.size})
			last++
		}
		runs[last].Drawn += string(r)
	}
	return runs
}

// width returns how wide a line is.
func (f *Fonts) width(line string, s style) float64 {
	sum := 0.0
	for _, r := range line {
		if !unseen(r) {
			sum += f.pick(r, s.bold).advance
		}
	}
	return sum * s.size
}
