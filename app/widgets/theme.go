package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Text sizes a person can choose from.
const (
	TextNormal  = 18
	TextLarge   = 20
	TextLargest = 24
)

// Fonts are the two faces every text is set in. A face left empty falls back to the toolkit's own.
type Fonts struct {
	Regular, Bold []byte
}

// Theme is the product's look: light, high in contrast, the same whatever the device prefers.
type Theme struct {
	size          float32
	regular, bold fyne.Resource
}

// NewTheme returns the look with text of the size given.
func NewTheme(fonts Fonts, size float32) *Theme {
	return &Theme{size: size, regular: face("regular.ttf", fonts.Regular), bold: face("bold.ttf", fonts.Bold)}
}

func face(name string, data []byte) fyne.Resource {
	if len(data) == 0 {
		return nil
	}
	return fyne.NewStaticResource(name, data)
}

// Font returns one of two faces: every style beyond regular and bold would parse the face once more.
func (t *Theme) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Symbol:
		return theme.DefaultTheme().Font(style)
	case style.Bold && t.bold != nil:
		return t.bold
	case t.regular != nil:
		return t.regular
	}
	return theme.DefaultTheme().Font(style)
}

// Color returns the light palette whatever the variant.
func (t *Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	if c, ok := themeColours[name]; ok {
		return c
	}
	return theme.DefaultTheme().Color(name, theme.VariantLight)
}

var themeColours = map[fyne.ThemeColorName]color.Color{
	theme.ColorNameBackground:          Table,
	theme.ColorNameForeground:          Ink,
	theme.ColorNamePrimary:             Primary,
	theme.ColorNameForegroundOnPrimary: OnColour,
	theme.ColorNamePlaceHolder:         color.NRGBA{R: 0x5A, G: 0x65, B: 0x70, A: 0xFF},
	theme.ColorNameInputBackground:     Paper,
	theme.ColorNameInputBorder:         Edge,
	theme.ColorNameError:               Danger,
	theme.ColorNameSuccess:             Good,
	theme.ColorNameDisabled:            Edge,
	theme.ColorNameSeparator:           Line,
	theme.ColorNameHover:               color.NRGBA{A: 0x0A},
	theme.ColorNameScrollBar:           color.NRGBA{R: 0x43, G: 0x4E, B: 0x5A, A: 0xA0},
}

// Icon returns the toolkit's icons.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Size returns sizes that make rows at least 48 high around text of the size chosen.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return t.size
	case theme.SizeNameCaptionText:
		return t.size * 0.85
	case theme.SizeNameSubHeadingText:
		return t.size * 1.15
	case theme.SizeNameHeadingText:
		return t.size * 1.3
	case theme.SizeNameInnerPadding:
		return 12
	case theme.SizeNameInlineIcon:
		return 24
	case theme.SizeNameScrollBar:
		return 16
	case theme.SizeNameScrollBarSmall:
		return 5
	case theme.SizeNameInputBorder:
		return stroke
	case theme.SizeNameInputRadius:
		return radius
	}
	return theme.DefaultTheme().Size(name)
}
