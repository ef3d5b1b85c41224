package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// xlsx is an .xlsx file: an archive of parts.
//
// Sheets are read here as they are unpacked, and not by the library that writes them: a register of 100,000 rows costs it five
// times the time, and it holds the whole part and every shared text in a structure of its own meanwhile. What is needed here is
// little: which text stands in which cell.
type xlsx struct {
	parts     map[string]*zip.File // by name in lower case
	sheets    []part
	shared    []string // texts that cells name by number
	since1904 bool
}

// part is a sheet: its name and where it is kept.
type part struct{ name, at string }

// Kinds of relations between parts end in these.
const (
	toWorkbook = "/officeDocument"
	toShared   = "/sharedStrings"
)

// Why a workbook is not read.
const (
	damagedBook = "文件不完整、已损坏，或者不是工作簿。请在表格软件里打开，另存为 .xlsx 后再导入。"
	hugeBook    = "文件解开以后太大，不像是花名册，没有读。请删去图片和无关的工作表，另存后再导入。"
)

// maxShared is how many texts cells may share: twenty of its own for each row.
const maxShared = 20 * maxRows

var errTooLarge = errors.New("more than a workbook may unpack to")

// openWorkbook opens a file and finds its sheets.
func openWorkbook(ctx context.Context, data []byte) (*xlsx, error) {
	if message := NotWorkbook(data); message != "" {
		return nil, refuse(message, nil)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, refuse(damagedBook, err)
	}
	w := &xlsx{parts: map[string]*zip.File{}}
	var size uint64
	for _, file := range archive.File {
		if size += min(file.UncompressedSize64, MaxUnzipped+1); size > MaxUnzipped {
			return nil, refuse(hugeBook, errTooLarge)
		}
		w.parts[partName(file.Name)] = file
	}
	if w.parts["[content_types].xml"] == nil {
		return nil, refuse(damagedBook, nil)
	}
	if err := w.find(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// partName is how a part is looked up, however a program writes it.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, "\\", "/"), "/"))
}

// relations are where a part says what others are to it.
type relations struct {
	from string // the folder that targets are written from
	All  []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

// relationsOf reads the relations of a part; where there are none it returns none.
func (w *xlsx) relationsOf(name string) relations {
	r := relations{from: path.Dir(name)}
	_ = w.decode(path.Join(r.from, "_rels", path.Base(name)+".rels"), &r) // what is laid out in another way is looked for where it usually is
	return r
}

// at returns where the first relation that is meant leads, or usual.
func (r relations) at(usual string, meant func(id, kind string) bool) string {
	for _, to := range r.All {
		if !meant(to.ID, to.Type) {
			continue
		}
		if whole, ok := strings.CutPrefix(to.Target, "/"); ok {
			return whole
		}
		return path.Join(r.from, to.Target)
	}
	return usual
}

func ofKind(suffix string) func(id, kind string) bool {
	return func(_, kind string) bool { return strings.HasSuffix(kind, suffix) }
}

// find reads which sheets there are, and what texts they share.
func (w *xlsx) find(ctx context.Context) error {
	name := w.relationsOf("").at("xl/workbook.xml", ofKind(toWorkbook))
	var book struct {
		Properties struct {
			Since1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
			Same string `xml:"http://purl.oclc.org/ooxml/officeDocument/relationships id,attr"` // in the strict form
		} `xml:"sheets>sheet"`
	}
	if err := w.decode(name, &book); err != nil && w.parts[partName(name)] != nil {
		return refuse(damagedBook, err)
	}
	if len(book.Sheets) == 0 {
		return refuse("这个文件里没有工作表，可能是文档或压缩包。请选 .xlsx 或 .csv。", nil)
	}
	w.since1904 = book.Properties.Since1904 == "1" || book.Properties.Since1904 == "true"
	relations := w.relationsOf(name)
	for _, s := range book.Sheets {
		at := relations.at("", func(id, _ string) bool { return id == s.ID+s.Same })
		w.sheets = append(w.sheets, part{s.Name, at})
	}
	return w.share(ctx, relations.at("xl/sharedStrings.xml", ofKind(toShared)))
}

// open opens a part. It ends with an error where it is longer than a workbook may be, whatever the archive says of it.
func (w *xlsx) open(name string) (io.ReadCloser, error) {
	file := w.parts[partName(name)]
	if file == nil {
		return nil, fmt.Errorf("no part %s", name)
	}
	return file.Open() //nolint:wrapcheck // the caller says of which file
}

// decode reads a short part as a whole.
func (w *xlsx) decode(name string, into any) (err error) {
	in, err := w.open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	d := xml.NewDecoder(in)
	d.CharsetReader = decoded
	return d.Decode(into) //nolint:wrapcheck // the caller says of which file
}

// share reads the texts that cells name by number; a workbook need not have any.
func (w *xlsx) share(ctx context.Context, name string) error {
	in, err := w.open(name)
	if err != nil {
		return nil // every text stands in its cell
	}
	defer func() { _ = in.Close() }() // read only: nothing is lost
	t, err := newTags(in)
	for err == nil {
		var k kind
		if k, err = t.next(); err == nil && k == opens && string(t.name) == "si" {
			switch n := len(w.shared); {
			case n == maxShared:
				return refuse(hugeBook, errTooLarge)
			case n%10_000 == 0 && ctx.Err() != nil:
				return fmt.Errorf("sheet.Read: %w", ctx.Err())
			}
			var text []byte
			text, err = t.rich("si", nil)
			w.shared = append(w.shared, unescape(string(text)))
		}
	}
	if !errors.Is(err, io.EOF) {
		return refuse(damagedBook, err)
	}
	return nil
}

// rich appends the text of an element that was opened, in one piece or in several of different looks, to text. How it is said
// (rPh) is left out.
func (t *tags) rich(end string, text []byte) ([]byte, error) {
	written, said := false, false
	for {
		k, err := t.next()
		if err != nil {
			return nil, ended(err)
		}
		switch name := string(t.name); {
		case k == says:
			if written && !said {
				text = append(text, t.text...)
			}
		case k == closes && name == end:
			return text, nil
		case name == "t":
			written = k == opens
		case name == "rPh":
			said = k == opens
		}
	}
}

var escaped = regexp.MustCompile(`_x[a-fA-F\d]{4}_`)

// unescape puts characters in the place of what a workbook writes for those XML has no room for: _x000D_.
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	return escaped.ReplaceAllStringFunc(text, func(code string) string {
		n, _ := strconv.ParseUint(code[2:6], 16, 16) // digits by the pattern
		return string(rune(n))
	})
}
