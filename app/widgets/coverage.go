package widgets

import (
	"strings"
	"sync"

	"fyne.io/fyne/v2/theme"
	"golang.org/x/image/font/sfnt"
)

// Geta (〓) stands on the screen for a character that no installed face can draw. The data keeps the character.
const Geta = '〓'

// Coverage knows which characters can be drawn.
//
// Asking the toolkit to draw one that no face covers makes it append a face to a list on every look-up, so a single
// rare name in a scrolling list would slow everything down until the app is started again.
type Coverage struct {
	mu    sync.Mutex
	faces []*sfnt.Font
	buf   sfnt.Buffer
	known map[rune]bool
}

// NewCoverage reads the character maps of the faces given; what cannot be read covers nothing.
func NewCoverage(faces ...[]byte) *Coverage {
	c := &Coverage{known: map[rune]bool{}}
	for _, data := range faces {
		if f, err := sfnt.Parse(data); err == nil {
			c.faces = append(c.faces, f)
		}
	}
	return c
}

// Covers reports whether some face draws r.
func (c *Coverage) Covers(r rune) bool {
	if r < ' ' {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	covered, ok := c.known[r]
	if !ok {
		covered = c.lookUp(r)
		c.known[r] = covered
	}
	return covered
}

func (c *Coverage) lookUp(r rune) bool {
	for _, f := range c.faces {
		if glyph, err := f.GlyphIndex(&c.buf, r); err == nil && glyph != 0 {
			return true
		}
	}
	return false
}

// Displayable returns text with every character that cannot be drawn replaced by Geta.
func (c *Coverage) Displayable(text string) string {
	return strings.Map(func(r rune) rune {
		if c.Covers(r) {
			return r
		}
		return Geta
	}, text)
}

var (
	displayMu sync.RWMutex
	display   = func(text string) string { return text }
)

// UseFonts makes every text shown from now on pass through the coverage of the faces given and the toolkit's own.
// Without a face of ours nothing is known of what the device can draw, and text passes as it is.
func UseFonts(fonts Fonts) {
	if len(fonts.Regular) == 0 {
		return
	}
	c := NewCoverage(fonts.Regular, theme.DefaultTextFont().Content(), theme.DefaultSymbolFont().Content(),
		theme.DefaultEmojiFont().Content())
	displayMu.Lock()
	display = c.Displayable
	displayMu.Unlock()
}

func displayable(text string) string {
	displayMu.RLock()
	defer displayMu.RUnlock()
	return display(text)
}
