package field

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"zoucun/app/present"
	"zoucun/form/xlsform"
	"zoucun/server/central"
	"zoucun/survey"
)

// plain is a picture of one colour, as a file.
func plain(t *testing.T, width, height int, c color.Color) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(picture, picture.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// publish puts a form and its files on the server, as zouctl does.
func (c *county) publish(sheets string, files map[string][]byte) {
	c.t.Helper()
	book, _ := xlsform.ReadMarkdown(sheets, "form")
	compiled := xlsform.Compile(book, xlsform.Options{})
	if compiled.XML == nil {
		c.t.Fatal(compiled.Findings)
	}
	w := central.Write{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeForm, Scope: survey.RegisterScope(c.central.County()), Form: "P-1", FormVersion: "1",
		Fields: survey.Fields{survey.FormTitle: "看图", survey.FormXML: string(compiled.XML)},
	}
	for name, data := range files {
		file := survey.Attachment{Name: name, SHA256: sha256.Sum256(data), Size: int64(len(data)), MIME: "image/png"}
		if _, err := c.blobs.Append(c.t.Context(), file.SHA256, file.Size, 0, data); err != nil {
			c.t.Fatal(err)
		}
		w.Files = append(w.Files, file)
	}
	c.write(w)
}

// picturesOf returns the pictures in a tree of objects.
func picturesOf(o fyne.CanvasObject) []*canvas.Image {
	if shown, ok := o.(*canvas.Image); ok && shown.Image != nil {
		return []*canvas.Image{shown}
	}
	var found []*canvas.Image
	for _, child := range children(o) {
		found = append(found, picturesOf(child)...)
	}
	return found
}

// TestLabelPictures shows a question with a picture, one of whose options has one too, sound, and a larger picture.
func TestLabelPictures(t *testing.T) {
	c, d := newCounty(t), newDesk(t)
	village, person := survey.NewID[survey.RecordID](), survey.NewID[survey.PersonID]()
	shared := survey.RegisterScope(c.central.County())
	c.write(central.Write{Record: village, Type: survey.TypePlace, Scope: shared, Fields: survey.Place{Name: "前村"}.Fields()})
	c.write(central.Write{Record: survey.RecordID(person), Type: survey.TypeStaff, Scope: shared, Fields: survey.Fields{survey.StaffName: "测试员"}})
	red, blue := color.RGBA{200, 30, 30, 255}, color.RGBA{30, 30, 200, 255}
	c.publish(`| survey | | | | | | |
| | type | name | label | media::image | media::big-image | media::audio |
| | select_one roofs | roof | 房顶是哪种 | roof.png | big.png | roof.mp3 |
| | text | lost | 这张没有图 | gone.png | | |
| choices | | | | |
| | list_name | name | label | media::image |
| | roofs | tile | 瓦 | tile.png |
| | roofs | flat | 平顶 | |
| settings | | |
| | form_id | version |
| | P-1 | 1 |
`, map[string][]byte{
		"roof.png": plain(t, 3000, 1500, red), "tile.png": plain(t, 60, 60, blue), "big.png": plain(t, 4000, 2000, red),
	})
	s := c.tablet(person, village)
	forms, err := s.Forms(t.Context())
	if err != nil || len(forms) != 1 || forms[0].Missing != 0 {
		t.Fatalf("%+v, %v", forms, err)
	}
	self, _, err := s.Enrolment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v, err := present.Desk{
		Forms: s, Keeper: s, Enrolment: self, Definitions: &present.Definitions{}, Now: time.Now, Later: d.host.Later,
		NextNumber: func() (int, error) { return 1, nil },
	}.Begin(t.Context(), forms[0], village, survey.RecordID{})
	if err != nil {
		t.Fatal(err)
	}
	screen := NewVisit(d.host, VisitSpec{Presenter: v})
	d.show(screen, 420, 900)
	shown := picturesOf(screen.Body)
	if len(shown) != 2 {
		t.Fatalf("%d pictures are shown", len(shown))
	}
	for i, want := range []struct {
		width  int
		colour color.Color
	}{{800, red}, {60, blue}} {
		if got := shown[i].Image; got.Bounds().Dx() != want.width || got.At(20, 20) != want.colour || shown[i].Size().Height < 48 {
			t.Errorf("picture %d: %v, %v at its middle, %v on the screen", i, got.Bounds(), got.At(20, 20), shown[i].Size())
		}
	}
	said := strings.Join(words(screen.Body), "\n")
	for _, want := range []string{"本机不播放", "本机显示不了", "看大图", "瓦"} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing about %q in:\n%s", want, said)
		}
	}
	if err := v.Answer(t.Context(), "roof", "tile"); err != nil {
		t.Fatal(err)
	}
	if again := picturesOf(screen.Body); len(again) != 2 || again[0] != shown[0] {
		t.Error("an answer makes the pictures anew")
	}
	d.look("label-pictures")
	d.tap("看大图")
	if big := picturesOf(d.top().Body); len(big) != 1 || big[0].Image.Bounds().Dx() != 1600 {
		t.Errorf("the larger picture: %v", big)
	}
}

// TestAFormWithoutItsFilesSaysSo lists a form whose files have not come.
func TestAFormWithoutItsFilesSaysSo(t *testing.T) {
	newDesk(t)
	screen := NewForms([]survey.FormInfo{{ID: "P-1", Version: "1", Title: "看图", Missing: 2}, {ID: "P-2", Title: "好的"}}, func(survey.FormInfo) {})
	said := strings.Join(words(screen.Body), "\n")
	if strings.Count(said, "表的附件还没收全，联网后自动接收") != 1 {
		t.Error(said)
	}
}
