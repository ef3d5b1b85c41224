package widgets

import (
	"image/color"

	"fyne.io/fyne/v2/theme"
)

// Colours of the one light theme. Text on its background has a contrast of at least 7:1, so that it can be read in
// sunlight.
var (
	Ink      = color.NRGBA{R: 0x14, G: 0x1A, B: 0x21, A: 0xFF} // text
	Quiet    = color.NRGBA{R: 0x43, G: 0x4E, B: 0x5A, A: 0xFF} // hints and second lines
	Primary  = color.NRGBA{R: 0x0B, G: 0x4F, B: 0x8A, A: 0xFF} // what to do next, what is chosen
	Danger   = color.NRGBA{R: 0xA6, G: 0x1B, B: 0x1B, A: 0xFF} // what is wrong, what cannot be taken back
	Good     = color.NRGBA{R: 0x14, G: 0x5C, B: 0x32, A: 0xFF} // what is safe
	Paper    = color.NRGBA{R: 0xFF, G: 0xFF, B: 0xFF, A: 0xFF} // cards and fields
	Table    = color.NRGBA{R: 0xEE, G: 0xF1, B: 0xF4, A: 0xFF} // what cards lie on
	Line     = color.NRGBA{R: 0xC3, G: 0xCB, B: 0xD3, A: 0xFF} // edges of cards
	Edge     = color.NRGBA{R: 0x6B, G: 0x77, B: 0x84, A: 0xFF} // edges of what can be touched
	Chosen   = color.NRGBA{R: 0xE1, G: 0xEE, B: 0xFA, A: 0xFF} // ground of what is chosen
	Warned   = color.NRGBA{R: 0xFD, G: 0xEC, B: 0xEA, A: 0xFF} // ground of what is wrong
	OnColour = color.NRGBA{R: 0xFF, G: 0xFF, B: 0xFF, A: 0xFF} // text on Primary, Danger and Good
)

// Measures in device-independent pixels.
const (
	touch  = 52 // the least height of what can be touched
	gap    = 10 // between things that belong together
	inset  = 16 // between a card's edge and what it holds
	radius = 8
	stroke = 1.5
)

// em is the size of the text the person has chosen.
func em() float32 { return theme.TextSize() }
