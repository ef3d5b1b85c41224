package present

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"zoucun/survey"
)

// shot returns a JPEG whose left half is dark, as a camera held on its side writes it.
func shot(tb testing.TB, width, height int, orientation byte) []byte {
	tb.Helper()
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := width / 2; x < width; x++ {
			picture.SetGray(x, y, color.Gray{Y: 0xFF})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		tb.Fatal(err)
	}
	exif := append([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"), orientation, 0, 0, 0, 'G', 'P', 'S')
	segment := append([]byte{0xFF, 0xE1, 0, byte(len(exif) + 2)}, exif...)
	return append(append([]byte{0xFF, 0xD8}, segment...), out.Bytes()[2:]...)
}

func TestPhotoIsUprightSmallAndBare(t *testing.T) {
	for _, test := range []struct {
		orientation  byte
		size         image.Point
		darkX, darkY int // somewhere in the dark half, in tenths
	}{
		{1, image.Pt(100, 50), 1, 5},
		{3, image.Pt(100, 50), 9, 5},
		{6, image.Pt(50, 100), 5, 1},
		{8, image.Pt(50, 100), 5, 9},
	} {
		data, err := Photo(shot(t, 400, 200, test.orientation), 100)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("GPS")) || bytes.Contains(data, []byte("Exif")) {
			t.Error("what the camera wrote beside the picture is still there")
		}
		picture, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if got := picture.Bounds().Size(); got != test.size {
			t.Errorf("orientation %d: size %v, want %v", test.orientation, got, test.size)
		}
		dark, _, _, _ := picture.At(test.size.X*test.darkX/10, test.size.Y*test.darkY/10).RGBA()
		if dark > 0x4000 {
			t.Errorf("orientation %d: the dark half is elsewhere", test.orientation)
		}
	}
}

func TestASmallPhotoKeepsItsSize(t *testing.T) {
	data, err := Photo(shot(t, 80, 40, 1), 0)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(data)); err != nil || c.Width != 80 || c.Height != 40 {
		t.Errorf("%dx%d, %v", c.Width, c.Height, err)
	}
}

func TestWhatIsNoPhotoIsRefused(t *testing.T) {
	_, err := Photo([]byte("%PDF-1.7"), 0)
	if survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
		t.Errorf("Photo of a PDF = %v", err)
	}
}

func FuzzPhotoOrientation(f *testing.F) {
	f.Add(shot(f, 8, 8, 6))
	f.Add([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0x00, 0x00})
	f.Add([]byte("\xFF\xD8\xFF\xE1\x00\x10Exif\x00\x00MM\x00*\xFF\xFF\xFF\xFF"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		orientation(data)
	})
}
