package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// parts returns the parts of a document that was written, each of which has to be well-formed.
func parts(t *testing.T, f *File) map[string]string {
	t.Helper()
	var out bytes.Buffer
	n, err := f.WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, out.Len(), err)
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range archive.File {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		found[file.Name] = string(data)
		if strings.HasSuffix(file.Name, ".png") {
			continue
		}
		for d := xml.NewDecoder(bytes.NewReader(data)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", file.Name, err)
			}
		}
	}
	return found
}

func TestWhatPeopleWriteStaysText(t *testing.T) {
	f := New("<题目> & \"引号\"", Page{Wide: 210, High: 297, Top: 20, Side: 18})
	f.Paragraph("a<b>&\"𠮷\x00\x0b\ufffe第一行\n第二行", Style{Size: 10.5})
	f.Table([]float64{20, 30}, []Row{{Height: 8, Head: true, Cells: []Cell{
		{Text: "</w:t>", Cols: 2, Down: 1},
	}}, {Height: 8, Cells: []Cell{{Text: "下", Cols: 1, Down: 2}, {Text: "", Cols: 1, Down: 1}}}, {Height: 8, Cells: []Cell{{Cols: 1}, {Cols: 1, Down: 1}}}})
	body := parts(t, f)["word/document.xml"]
	for _, want := range []string{
		"a&lt;b&gt;&amp;&#34;𠮷第一行", "<w:br/>", "&lt;/w:t&gt;", `<w:gridSpan w:val="2"/>`, `<w:vMerge w:val="restart"/>`, "<w:vMerge/>", "<w:tblHeader/>",
		`<w:pgSz w:w="11906" w:h="16838"/>`, `w:left="1020"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the document has no %s:\n%s", want, body)
		}
	}
}

func TestPicturesAreNamedWhereTheyAre(t *testing.T) {
	f := New("", Page{Wide: 297, High: 210, Numbered: true})
	f.Title("一", Style{Size: 22}, []byte("one"), 17)
	f.Title("二", Style{Size: 22}, nil, 17)
	f.Title("三", Style{Size: 22}, []byte("three"), 17)
	all := parts(t, f)
	if all["word/media/p1.png"] != "one" || all["word/media/p2.png"] != "three" || len(all) != 9 {
		t.Errorf("parts: %d", len(all))
	}
	for _, want := range []string{`Id="rIdP1"`, `Id="rIdP2"`, `Target="media/p2.png"`} {
		if !strings.Contains(all["word/_rels/document.xml.rels"], want) {
			t.Errorf("no relation %s", want)
		}
	}
	if !strings.Contains(all["word/document.xml"], `w:orient="landscape"`) || !strings.Contains(all["word/footer1.xml"], " PAGE ") {
		t.Error("the page does not lie or has no number")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAFullDiskIsNoticed(t *testing.T) {
	f := New("", Page{Wide: 210, High: 297})
	f.Paragraph("一", Style{})
	if _, err := f.WriteTo(full{}); err == nil {
		t.Error("written to a full disk")
	}
}
