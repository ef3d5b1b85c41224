package widgets

import (
	"testing"

	"fyne.io/fyne/v2/theme"

	"zoucun/assets"
)

func TestWhatNoFaceDrawsIsShownAsGeta(t *testing.T) {
	c := NewCoverage(assets.FontRegular(), theme.DefaultTextFont().Content())
	for text, want := range map[string]string{
		"张三，13812345678":  "张三，13812345678",
		"𬱖":               "𬱖", // in the national table, beyond the basic plane
		"王\U000323AF":     "王〓",
		"one\ntwo":        "one\ntwo",
		"\U0010FFFD村":     "〓村",
		"欧阳·建国（户主）〓 café": "欧阳·建国（户主）〓 café",
	} {
		if got := c.Displayable(text); got != want {
			t.Errorf("Displayable(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestAnUnreadableFaceCoversNothing(t *testing.T) {
	if NewCoverage([]byte("not a font")).Covers('村') {
		t.Error("no face draws 村")
	}
}

func BenchmarkDisplayable(b *testing.B) {
	c := NewCoverage(assets.FontRegular())
	for b.Loop() {
		c.Displayable("1组 · 大樟树下第二家 · 编号 008 · 常住 5 人")
	}
}
