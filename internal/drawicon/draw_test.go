package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"
)

func TestTheStoredIconIsTheOneDrawn(t *testing.T) {
	stored, err := os.Open("../../assets/icon/Icon.png")
	if err != nil {
		t.Fatal(err)
	}
	defer stored.Close()
	got, err := png.Decode(stored)
	if err != nil {
		t.Fatal(err)
	}
	want := icon(side)
	if got.Bounds() != want.Bounds() {
		t.Fatalf("the stored icon is %v, want %v", got.Bounds(), want.Bounds())
	}
	if at, same := firstDifference(want, got); !same {
		t.Errorf("assets/icon/Icon.png differs from the drawing at %v: run go run ./internal/drawicon", at)
	}
}

// firstDifference compares as a PNG stores colours, not premultiplied, with one step of rounding allowed.
func firstDifference(a, b image.Image) (image.Point, bool) {
	for y := range side {
		for x := range side {
			if !alike(a.At(x, y), b.At(x, y)) {
				return image.Pt(x, y), false
			}
		}
	}
	return image.Point{}, true
}

func alike(a, b color.Color) bool {
	const step = 0x0202
	ar, ag, ab, aa := a.RGBA()
	br, bg, bb, ba := b.RGBA()
	for _, pair := range [][2]uint32{{ar, br}, {ag, bg}, {ab, bb}, {aa, ba}} {
		if max(pair[0], pair[1])-min(pair[0], pair[1]) > step {
			return false
		}
	}
	return true
}

func TestCornersAreTransparentAndTheMiddleIsNot(t *testing.T) {
	for _, size := range []int{48, 192, 512} {
		drawn := icon(size)
		if _, _, _, alpha := drawn.At(0, 0).RGBA(); alpha != 0 {
			t.Errorf("size %d: the corner has alpha %d, want 0", size, alpha)
		}
		if _, _, _, alpha := drawn.At(size/2, size/2).RGBA(); alpha != 0xFFFF {
			t.Errorf("size %d: the middle has alpha %d, want opaque", size, alpha)
		}
	}
}
