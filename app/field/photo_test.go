package field

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"zoucun/app/present"
	"zoucun/survey"
)

// house returns a photo of a house under a grey sky.
func house(tb testing.TB, width, height int) []byte {
	tb.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			colour := color.RGBA{R: 0xB8, G: 0xC4, B: 0xCE, A: 0xFF}
			if y > height/2 {
				colour = color.RGBA{R: 0x8A, G: 0x7B, B: 0x5A, A: 0xFF}
			}
			if y > height/3 && y < height*4/5 && x > width/4 && x < width*3/4 {
				colour = color.RGBA{R: 0xA0, G: 0x4A, B: 0x3A, A: 0xFF}
			}
			picture.SetRGBA(x, y, colour)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// open is a file from the picker that knows whether it was closed.
type open struct {
	io.Reader
	closed bool
}

func (o *open) Close() error {
	o.closed = true
	return nil
}

// toMaterials goes to the question that takes a photo.
func (d *desk) toMaterials() {
	v := d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0"})
	screen := NewVisit(d.host, VisitSpec{Presenter: v})
	d.show(screen, 1280, 2000)
	d.tap("1 走访情况")
	d.tap("见到并交谈")
	d.tap("4 问题登记")
	d.tap("是")
	d.tap("填写")
	d.tap("求助")
	for range 5 {
		if strings.Contains(strings.Join(words(d.top().Body), "\n"), "选择照片") {
			return
		}
		d.tap("下一页")
	}
	d.t.Fatal("no question takes a photo")
}

func TestAPhotoIsAskedAboutInItsPlace(t *testing.T) {
	d := newDesk(t, "QZ-01")
	file := &open{}
	d.host.PickFile = func(_ []string, then func(string, io.ReadCloser)) { then("IMG_1.jpg", file) }
	d.toMaterials()
	file.Reader = bytes.NewReader(house(t, 1600, 1200))
	d.tap("选择照片")
	if !file.closed {
		t.Error("the picked file was left open")
	}
	d.sees(present.AskForCards)
	if got := blobs(t, d); got != 0 {
		t.Errorf("%d files are on disk before the question is answered", got)
	}
	d.tap("有，不保存")
	d.sees("当面核对")
	if got := blobs(t, d); got != 0 {
		t.Errorf("%d files of a photo with a card in it are on disk", got)
	}
	file.Reader = bytes.NewReader(house(t, 1600, 1200))
	d.tap("选择照片")
	d.tap("没有，保存")
	d.sees("删除")
	if got := blobs(t, d); got != 1 || len(d.complaints) > 0 {
		t.Errorf("%d files on disk, want 1; complaints %v", got, d.complaints)
	}
}

func TestACardIsRefusedInItsPlace(t *testing.T) {
	d := newDesk(t, "QZ-01")
	file := &open{Reader: bytes.NewReader(house(t, 856, 540))}
	d.host.PickFile = func(_ []string, then func(string, io.ReadCloser)) { then("scan.jpg", file) }
	d.toMaterials()
	d.tap("选择照片")
	d.sees("看起来像身份证")
	d.sees("选择照片")
}

// blobs returns how many attachments are on disk.
func blobs(t *testing.T, d *desk) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(d.dir, "blobs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}
