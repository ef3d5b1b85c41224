package present

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"zoucun/form"
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

// photo makes a photo of bytes.
func photo(data []byte, longest int) ([]byte, error) { return Photo(bytes.NewReader(data), longest) }

// quarters returns a picture whose quarters are black, red, green and blue, row by row.
func quarters(width, height int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	colours := []color.RGBA{{A: 255}, {R: 255, A: 255}, {G: 255, A: 255}, {B: 255, A: 255}}
	for y := range height {
		for x := range width {
			picture.SetRGBA(x, y, colours[y*2/height*2+x*2/width])
		}
	}
	return picture
}

// quarterAt names the colour of a point given in quarters of the size.
func quarterAt(picture image.Image, x, y int) string {
	b := picture.Bounds()
	r, g, blue, _ := picture.At(b.Min.X+b.Dx()*x/4, b.Min.Y+b.Dy()*y/4).RGBA()
	switch {
	case r > 0x8000 && g < 0x8000:
		return "red"
	case g > 0x8000:
		return "green"
	case blue > 0x8000:
		return "blue"
	}
	return "black"
}

// noise returns what compresses worst: a different colour at every point.
func noise(width, height int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	dice := rand.New(rand.NewPCG(1, 2))
	for at := range picture.Pix {
		picture.Pix[at] = uint8(dice.Uint32())
		if at%4 == 3 {
			picture.Pix[at] = 255
		}
	}
	return picture
}

func asJPEG(tb testing.TB, picture image.Image) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: 95}); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(tb testing.TB, picture image.Image) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// withSegments puts segments behind the first marker of a JPEG, as cameras and editors do.
func withSegments(picture []byte, segments ...string) []byte {
	out := []byte{0xFF, 0xD8}
	for i, body := range segments {
		marker := []byte{0xE1, 0xE1, 0xE2, 0xED, 0xFE}[i%5]
		out = append(out, 0xFF, marker)
		out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
		out = append(out, body...)
	}
	return append(out, picture[2:]...)
}

// exifOf returns an Exif segment that notes an orientation and a place, in either order of bytes.
func exifOf(order binary.AppendByteOrder, orientation uint16) string {
	tiff := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	entry := func(tag, kind uint16) {
		tiff = order.AppendUint16(tiff, tag)
		tiff = order.AppendUint16(tiff, kind)
		tiff = order.AppendUint32(tiff, 1)
	}
	entry(0x010F, 2)
	tiff = append(tiff, "GPS\x00"...)
	entry(0x0112, 3)
	tiff = order.AppendUint16(tiff, orientation)
	return "Exif\x00\x00" + string(order.AppendUint32(tiff, 0))
}

func TestPhotoIsUprightHoweverItWasTaken(t *testing.T) {
	for orientation, want := range [9][4]string{
		0: {"black", "red", "green", "blue"}, 1: {"black", "red", "green", "blue"},
		2: {"red", "black", "blue", "green"}, 3: {"blue", "green", "red", "black"},
		4: {"green", "blue", "black", "red"}, 5: {"black", "green", "red", "blue"},
		6: {"green", "black", "blue", "red"}, 7: {"blue", "red", "green", "black"},
		8: {"red", "blue", "black", "green"},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			data, err := photo(withSegments(asJPEG(t, quarters(400, 200)), exifOf(order, uint16(orientation))), 100)
			if err != nil {
				t.Fatal(err)
			}
			picture, err := jpeg.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			size := image.Pt(100, 50)
			if orientation >= 5 {
				size = image.Pt(50, 100)
			}
			if got := picture.Bounds().Size(); got != size {
				t.Errorf("orientation %d: size %v, want %v", orientation, got, size)
			}
			got := [4]string{quarterAt(picture, 1, 1), quarterAt(picture, 3, 1), quarterAt(picture, 1, 3), quarterAt(picture, 3, 3)}
			if got != want {
				t.Errorf("orientation %d, %v: quarters %v, want %v", orientation, order, got, want)
			}
		}
	}
}

func TestNothingACameraWritesIsKept(t *testing.T) {
	data, err := photo(withSegments(asJPEG(t, quarters(400, 300)),
		exifOf(binary.LittleEndian, 1), "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>王家</x:xmpmeta>",
		"ICC_PROFILE\x00\x01\x01", "Photoshop 3.0\x00", "a comment"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for marker, body := range segments(data) {
		switch {
		case marker >= 0xE0 && marker <= 0xEF, marker == 0xFE:
			t.Errorf("the photo has a segment %X: %q", marker, body)
		case marker != 0xDB && marker != 0xC0 && marker != 0xC4:
			t.Errorf("the photo has a segment %X, which no picture needs", marker)
		}
	}
}

func TestAPhotoIsNeverLargerThanMayBeKept(t *testing.T) {
	for name, data := range map[string][]byte{
		"noise":            asJPEG(t, noise(1700, 1700)),
		"noise in PNG":     asPNG(t, noise(1601, 700)),
		"a large plain":    asJPEG(t, quarters(2000, 3000)),
		"a narrow picture": asPNG(t, noise(20000, 3)),
	} {
		kept, err := photo(data, 4000)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c, err := jpeg.DecodeConfig(bytes.NewReader(kept))
		if err != nil || len(kept) > 300_000 || max(c.Width, c.Height) > 1600 {
			t.Errorf("%s: %d bytes, %dx%d, %v", name, len(kept), c.Width, c.Height, err)
		}
	}
}

func TestASmallPhotoKeepsItsSize(t *testing.T) {
	data, err := photo(shot(t, 80, 40, 1), 0)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(data)); err != nil || c.Width != 80 || c.Height != 40 {
		t.Errorf("%dx%d, %v", c.Width, c.Height, err)
	}
}

func TestWhatIsSeenThroughIsWhite(t *testing.T) {
	data, err := photo(asPNG(t, image.NewNRGBA(image.Rect(0, 0, 30, 40))), 0)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := picture.At(5, 5).RGBA(); r < 0xF000 {
		t.Errorf("a transparent picture became dark: %x", r)
	}
}

// webpDot is a picture of one point in WebP, without loss.
const webpDot = "524946461a000000574542505650384c0d0000002f00000010071011118888fe0700"

func TestPicturesOfOtherKinds(t *testing.T) {
	var moving bytes.Buffer
	if err := gif.Encode(&moving, quarters(40, 40), nil); err != nil {
		t.Fatal(err)
	}
	dot, err := hex.DecodeString(webpDot)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"GIF": moving.Bytes(), "WebP": dot, "PNG": asPNG(t, quarters(40, 40))} {
		if kept, err := photo(data, 0); err != nil || !bytes.HasPrefix(kept, []byte{0xFF, 0xD8}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bomb is a PNG of a few bytes that says it is huge.
func bomb(width, height uint32) []byte {
	chunk := func(kind string, body []byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		out = append(append(out, kind...), body...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	var rows bytes.Buffer
	w := zlib.NewWriter(&rows)
	_, _ = w.Write(make([]byte, 1<<20))
	_ = w.Close()
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(header, 8, 6, 0, 0, 0))...)
	return append(out, chunk("IDAT", rows.Bytes())...)
}

// counting is a reader that knows how much was read of it.
type counting struct {
	io.Reader
	read int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += int64(n)
	return n, err
}

// endless goes on for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestWhatCannotBeAPhotoIsRefusedWithASentence(t *testing.T) {
	whole := asJPEG(t, quarters(400, 300))
	progressive := bytes.Replace(asJPEG(t, quarters(64, 64)), []byte{0xFF, 0xC0}, []byte{0xFF, 0xC2}, 1)
	size := bytes.Index(progressive, []byte{0xFF, 0xC2}) + 5
	binary.BigEndian.PutUint16(progressive[size:], 8000)
	binary.BigEndian.PutUint16(progressive[size+2:], 9000)
	const few = 1 << 20
	for name, test := range map[string]struct {
		from io.Reader
		says string
		most int64 // bytes that may have been read
	}{
		"a document":            {strings.NewReader("%PDF-1.7" + strings.Repeat("x", few*4)), "不是能用的照片", few},
		"nothing":               {strings.NewReader(""), "不是能用的照片", 0},
		"200 MB of something":   {io.LimitReader(endless('x'), 200<<20), "不是能用的照片", few},
		"200 MB of zeros":       {io.LimitReader(endless(0), 200<<20), "不是能用的照片", few},
		"half a photo":          {bytes.NewReader(whole[:len(whole)/2]), "不完整", few},
		"a head only":           {bytes.NewReader(whole[:30]), "不是能用的照片", few},
		"a bomb":                {bytes.NewReader(bomb(60000, 60000)), "太大（60000×60000）", few},
		"a strip":               {bytes.NewReader(bomb(1<<30, 1)), "太大", few},
		"more than fits":        {bytes.NewReader(bomb(9000, 9000)), "太大", few},
		"progressive and large": {bytes.NewReader(progressive), "太大", few},
		"HEIC":                  {strings.NewReader("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "改成 JPG", few},
		"200 MB in segments": {
			io.MultiReader(bytes.NewReader(whole[:2]), io.LimitReader(segmentsForEver(), 200<<20)),
			"超过 40 MB", readBytes,
		},
		"200 MB that begin well": {
			io.MultiReader(bytes.NewReader(bomb(5000, 5000)[:80]), io.LimitReader(endless(0), 200<<20)),
			"不完整", readBytes,
		},
	} {
		from := &counting{Reader: test.from}
		_, err := Photo(from, 0)
		if survey.KindOf(err) != survey.Invalid || !strings.Contains(survey.MessageOf(err), test.says) {
			t.Errorf("%s: %q (%v), want %q", name, survey.MessageOf(err), err, test.says)
		}
		if from.read > test.most {
			t.Errorf("%s: %d bytes were read, want at most %d", name, from.read, test.most)
		}
	}
}

func segmentsForEver() io.Reader {
	segment := append([]byte{0xFF, 0xE1, 0xFF, 0xFF}, make([]byte, 0xFFFD)...)
	var many []io.Reader
	for range 200 << 20 >> 16 {
		many = append(many, bytes.NewReader(segment))
	}
	return io.MultiReader(many...)
}

// TestALargePhotoTakesBoundedMemory opens what a good telephone takes.
func TestALargePhotoTakesBoundedMemory(t *testing.T) {
	data := asJPEG(t, image.NewYCbCr(image.Rect(0, 0, 8000, 6000), image.YCbCrSubsampleRatio420))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := photo(data, 0); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	// The picture itself is 72 MB; everything allocated beside it, garbage too, stays below as much again.
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 144<<20 {
		t.Errorf("%d MB were allocated", grown>>20)
	}
}

func TestPicturesOfTheShapeOfACardAreRefused(t *testing.T) {
	for _, test := range []struct {
		width, height int
		refused       bool
	}{
		{856, 540, true},
		{540, 856, true},
		{1012, 638, true},
		{1585, 1000, true},
		{1560, 1000, true},
		{1615, 1000, true},
		{1550, 1000, false},
		{1620, 1000, false},
		{1500, 1000, false},
		{1600, 1000, false},
		{800, 1280, false},
		{1333, 1000, false},
		{1778, 1000, false},
		{1000, 1000, false},
		{1, 100, false},
	} {
		if got := shapedLikeCard(test.width, test.height); got != test.refused {
			t.Errorf("%dx%d like a card = %v, want %v", test.width, test.height, got, test.refused)
		}
	}
	_, err := photo(asPNG(t, quarters(856, 540)), 0)
	if says := survey.MessageOf(err); !strings.Contains(says, "不收证件照片") || !strings.Contains(says, "当面核对") {
		t.Errorf("a card's photo is refused with %q", says)
	}
}

// files is a form that takes a photo and another file.
const files = `
| survey |
| | type  | name  | label |
| | image | photo | 照片 |
| | file  | paper | 材料 |
| | text  | note  | 备注 |
`

func receive(t *testing.T, v *Visit, question survey.FieldPath, kind form.QuestionType, from io.Reader) error {
	t.Helper()
	v.Await(question)
	r, err := v.Receive(t.Context(), Incoming{Question: question, Type: kind, MIME: "application/pdf", Extension: ".pdf", From: from})
	return errors.Join(err, v.Take(t.Context(), r))
}

func filesVisit(t *testing.T) (*office, *Visit) {
	t.Helper()
	o := newOffice(t)
	info := o.addMarkdown(t, files)
	v, err := o.desk(newTimer()).Begin(t.Context(), info, o.village.ID, o.households[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return o, v
}

func item(t *testing.T, v *Visit, question survey.FieldPath) Item {
	t.Helper()
	for _, i := range v.Page().Items {
		if i.shows(question) {
			return i
		}
	}
	t.Fatalf("%s is not on the page", question)
	return Item{}
}

func (o *office) filesOf(v *Visit) map[string][]byte { return o.drafts[v.Draft().ID].files }

func TestAPhotoIsAskedAboutBeforeItIsKept(t *testing.T) {
	for _, kind := range []struct {
		question survey.FieldPath
		of       form.QuestionType
	}{{"photo", form.Image}, {"paper", form.File}} {
		o, v := filesVisit(t)
		if err := receive(t, v, kind.question, kind.of, bytes.NewReader(shot(t, 400, 300, 6))); err != nil {
			t.Fatal(err)
		}
		if got := item(t, v, kind.question); got.Offered == nil || got.Question.Answered || len(o.filesOf(v)) != 0 {
			t.Errorf("%s: the photo is kept before anybody said what it shows", kind.question)
		}
		wrongs, err := v.Finish(t.Context())
		if err != nil || len(wrongs) != 1 || wrongs[0].Path != kind.question || !strings.Contains(wrongs[0].Message, "身份证") {
			t.Errorf("%s: Finish with an open question = %v, %v", kind.question, wrongs, err)
		}
		v.DropPhoto(kind.question)
		if got := item(t, v, kind.question); got.Offered != nil || !strings.Contains(got.Wrong, "当面核对") || len(o.filesOf(v)) != 0 {
			t.Errorf("%s: a card's photo: offered %v, says %q", kind.question, got.Offered != nil, got.Wrong)
		}
		if err := receive(t, v, kind.question, kind.of, bytes.NewReader(shot(t, 400, 300, 6))); err != nil {
			t.Fatal(err)
		}
		if err := v.KeepPhoto(t.Context(), kind.question); err != nil {
			t.Fatal(err)
		}
		got := item(t, v, kind.question)
		if got.Offered != nil || got.Wrong != "" || !strings.HasSuffix(got.Question.Value, ".jpg") {
			t.Errorf("%s: after the answer: offered %v, says %q, answer %q", kind.question, got.Offered != nil, got.Wrong, got.Question.Value)
		}
		if kept := o.filesOf(v)[got.Question.Value]; bytes.Contains(kept, []byte("Exif")) || len(kept) == 0 {
			t.Errorf("%s: kept %d bytes", kind.question, len(kept))
		}
		if wrongs, err := v.Finish(t.Context()); err != nil || len(wrongs) != 0 {
			t.Errorf("%s: Finish = %v, %v", kind.question, wrongs, err)
		}
	}
}

func TestOtherFilesAreKeptAsTheyAre(t *testing.T) {
	o, v := filesVisit(t)
	if err := receive(t, v, "paper", form.File, strings.NewReader("%PDF-1.7 一份材料")); err != nil {
		t.Fatal(err)
	}
	got := item(t, v, "paper")
	if string(o.filesOf(v)[got.Question.Value]) != "%PDF-1.7 一份材料" || !strings.HasSuffix(got.Question.Value, ".pdf") {
		t.Errorf("the file %q is %q", got.Question.Value, o.filesOf(v)[got.Question.Value])
	}
	for name, data := range map[string]string{
		"a card's scan": string(asPNG(t, quarters(856, 540))), "HEIC": "\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00",
		"TIFF": "II*\x00\x08\x00\x00\x00", "a bitmap": "BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00",
	} {
		if err := receive(t, v, "paper", form.File, strings.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		now := item(t, v, "paper")
		if now.Wrong == "" || now.Question.Value != got.Question.Value || len(o.filesOf(v)) != 1 {
			t.Errorf("%s in the place of a file: says %q, answer %q", name, now.Wrong, now.Question.Value)
		}
	}
}

func TestAFileThatCannotBeReadChangesNothing(t *testing.T) {
	pulled := errors.New("input/output error")
	for _, question := range []survey.FieldPath{"photo", "paper"} {
		for after, head := range map[string]string{"at once": "", "in the middle": string(shot(t, 400, 300, 1)[:300])} {
			o, v := filesVisit(t)
			err := receive(t, v, question, map[survey.FieldPath]form.QuestionType{"photo": form.Image, "paper": form.File}[question],
				io.MultiReader(strings.NewReader(head), iotest.ErrReader(pulled)))
			if survey.KindOf(err) != survey.Unavailable || !strings.Contains(survey.MessageOf(err), "再选一次") {
				t.Errorf("%s, %s: %v", question, after, err)
			}
			if got := item(t, v, question); got.Reading || got.Offered != nil || got.Question.Answered || len(o.filesOf(v)) != 0 {
				t.Errorf("%s, %s: something stayed: %+v", question, after, got)
			}
		}
	}
}

func TestAPhotoThatCannotBeKeptIsAskedAboutAgain(t *testing.T) {
	o, v := filesVisit(t)
	if err := receive(t, v, "photo", form.Image, bytes.NewReader(shot(t, 400, 300, 1))); err != nil {
		t.Fatal(err)
	}
	o.broken = &survey.Error{Kind: survey.Full}
	if err := v.KeepPhoto(t.Context(), "photo"); survey.KindOf(err) != survey.Full {
		t.Errorf("KeepPhoto on a full disk = %v", err)
	}
	if item(t, v, "photo").Offered == nil {
		t.Error("the photo is gone")
	}
	o.broken = nil
	if err := v.KeepPhoto(t.Context(), "photo"); err != nil || !item(t, v, "photo").Question.Answered {
		t.Errorf("KeepPhoto = %v", err)
	}
}

// TestNothingCountsPhotos looks at what a filling says of itself: a photo neither fills a section nor leaves it unfilled.
func TestNothingCountsPhotos(t *testing.T) {
	_, v := filesVisit(t)
	_, without := v.Progress()
	if without != 2 || v.Index()[0].Total != 2 {
		t.Errorf("%d of %d questions count, want 2: the file and the note", without, v.Index()[0].Total)
	}
	if err := v.Attach(t.Context(), "photo", "image/jpeg", ".jpg", []byte("x")); err != nil {
		t.Fatal(err)
	}
	answered, with := v.Progress()
	if answered != 0 || with != without || v.Index()[0].Answered != 0 {
		t.Errorf("a photo counts: %d of %d", answered, with)
	}
}

func TestReadingNeedsNothingOfTheVisit(t *testing.T) {
	_, v := filesVisit(t)
	done := make(chan error)
	go func() {
		_, err := v.Receive(context.Background(), Incoming{Question: "photo", Type: form.Image, From: bytes.NewReader(shot(t, 400, 300, 1))})
		done <- err
	}()
	if err := v.Answer(t.Context(), "note", "同时在写"); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// BenchmarkPhoto makes a photo of what a telephone takes: 12 megapixels.
func BenchmarkPhoto(b *testing.B) {
	data := asJPEG(b, quarters(4000, 3000))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := photo(data, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzPhoto(f *testing.F) {
	f.Add(shot(f, 8, 8, 6))
	f.Add(asPNG(f, quarters(9, 9)))
	f.Add(bomb(50000, 3))
	dot, err := hex.DecodeString(webpDot)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(dot)
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width*c.Height > 1<<22 {
			t.Skip("right, but slow")
		}
		kept, err := photo(data, 0)
		switch {
		case err != nil && survey.MessageOf(err) == "":
			t.Errorf("refused without a sentence: %v", err)
		case err == nil && len(kept) > photoBytes:
			t.Errorf("%d bytes", len(kept))
		case err == nil:
			if c, err := jpeg.DecodeConfig(bytes.NewReader(kept)); err != nil || max(c.Width, c.Height) > photoPixels {
				t.Errorf("%dx%d, %v", c.Width, c.Height, err)
			}
		}
	})
}

func FuzzPhotoOrientation(f *testing.F) {
	f.Add(shot(f, 8, 8, 6))
	f.Add(withSegments(shot(f, 8, 8, 6), "ICC", exifOf(binary.BigEndian, 5)))
	f.Add([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0x00, 0x00})
	f.Add([]byte("\xFF\xD8\xFF\xE1\x00\x10Exif\x00\x00MM\x00*\xFF\xFF\xFF\xFF"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		turned(image.NewRGBA(image.Rect(0, 0, 2, 1)), orientation(data))
		samples(data)
		isPicture(data)
	})
}
