package qr

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"zoucun/survey"
)

const invitation = "zoucun:relay?a=192.168.43.1%3A8444&p=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855&t=%E9%9D%92%E7%94%B0%E4%B9%A1"

// photo lays a code turned, scaled and noisy into a picture as a camera would take it.
func photo(t *testing.T, degrees, scale float64, noise int) []byte {
	t.Helper()
	drawn, err := PNG(invitation)
	if err != nil {
		t.Fatal(err)
	}
	code, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		t.Fatal(err)
	}
	const edge = 1600
	paper := image.NewRGBA(image.Rect(0, 0, edge, edge))
	draw.Draw(paper, paper.Bounds(), image.NewUniform(color.Gray{200}), image.Point{}, draw.Src)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	sin, cos = sin*scale, cos*scale
	half := float64(code.Bounds().Dx()) / 2
	at := f64.Aff3{cos, -sin, edge/2 - cos*half + sin*half, sin, cos, edge/2 - sin*half - cos*half}
	draw.BiLinear.Transform(paper, at, code, code.Bounds(), draw.Over, nil)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range paper.Pix {
		if noise > 0 && i%4 != 3 {
			paper.Pix[i] = uint8(min(255, max(0, int(paper.Pix[i])+random.IntN(2*noise)-noise)))
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, paper, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRoundTrip(t *testing.T) {
	for name, p := range map[string]struct {
		degrees, scale float64
		noise          int
	}{
		"straight": {0, 1, 0}, "tilted": {12, 1.2, 20}, "upside down": {180, 1, 20}, "on its side": {90, 0.6, 10},
		"small": {3, 0.4, 10}, "large": {-7, 1.6, 40},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Read(photo(t, p.degrees, p.scale, p.noise)); err != nil || got != invitation {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
}

func TestNoCode(t *testing.T) {
	var blank bytes.Buffer
	if err := png.Encode(&blank, image.NewGray(image.Rect(0, 0, 300, 300))); err != nil {
		t.Fatal(err)
	}
	for name, picture := range map[string][]byte{"blank": blank.Bytes(), "no picture": []byte("走村"), "nothing": nil} {
		if _, err := Read(picture); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	drawn, err := PNG(invitation)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(drawn)
	f.Fuzz(func(t *testing.T, picture []byte) {
		if _, err := Read(picture); err != nil && survey.MessageOf(err) == "" {
			t.Errorf("no sentence: %v", err)
		}
	})
}

func TestText(t *testing.T) {
	if lines, err := Text(invitation); err != nil || len(lines) < 100 {
		t.Errorf("%q, %v", lines, err)
	}
}
