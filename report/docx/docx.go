// Package docx writes text documents in Office Open XML (ECMA-376, transitional): paragraphs, tables and pictures, enough
// for forms and lists, and nothing an office program could complain about.
//
// Documents are written afresh, never changed; lengths are in millimetres, sizes of type in points. Type is named, not
// embedded: 仿宋 for text and 黑体 for labels, which the office program has or replaces.
package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
)

// Page is the paper a document is for.
type Page struct {
	Wide, High float64
	Top, Side  float64 // margins
	Numbered   bool    // pages carry — 1 —
}

// Style is how a text is set.
type Style struct {
	Size  float64
	Bold  bool // 黑体
	Align Align
}

// Align says where a text stands in its line.
type Align string

// Places in a line.
const (
	Left   Align = "left"
	Centre Align = "center"
	Right  Align = "right"
)

// Cell is a cell of a table.
type Cell struct {
	Style

	Text string
	Cols int // it spans, 1 at least
	Down int // rows it spans; 0 where it is covered by one further up
	Top  bool
}

// Row is a row of a table. Cells that one further up covers are in it, with Down 0.
type Row struct {
	Height float64 // at least
	Head   bool    // it stands on every page again
	Cells  []Cell
}

// File is a document being written.
type File struct {
	page     Page
	title    string
	body     bytes.Buffer
	pictures [][]byte // PNG
}

// New begins a document. Its title is what a list of files may show.
func New(title string, page Page) *File { return &File{title: title, page: page} }

// twips are twentieths of a point.
func twips(mm float64) int { return int(math.Round(mm / 25.4 * 1440)) }

// Paragraph writes a paragraph; a line break in it stays one.
func (f *File) Paragraph(text string, s Style) { f.body.WriteString(paragraph(text, s, "")) }

// Ends writes a line with words at both ends.
func (f *File) Ends(left, right string, s Style) {
	tab := fmt.Sprintf(`<w:tabs><w:tab w:val="right" w:pos="%d"/></w:tabs>`, twips(f.page.Wide-2*f.page.Side))
	fmt.Fprintf(&f.body, `<w:p><w:pPr>%s%s</w:pPr><w:r>%s%s<w:tab/>%s</w:r></w:p>`, tab, spacing, look(s), words(left), words(right))
}

// Break begins a new page.
func (f *File) Break() { f.body.WriteString(`<w:p><w:r><w:br w:type="page"/></w:r></w:p>`) }

const spacing = `<w:spacing w:before="0" w:after="0"/>`

func paragraph(text string, s Style, runs string) string {
	align := ""
	if s.Align != "" && s.Align != Left {
		align = fmt.Sprintf(`<w:jc w:val="%s"/>`, s.Align)
	}
	if text != "" {
		runs += `<w:r>` + look(s) + words(text) + `</w:r>`
	}
	return `<w:p><w:pPr>` + spacing + align + `</w:pPr>` + runs + `</w:p>`
}

func look(s Style) string {
	family, bold := "仿宋", ""
	if s.Bold {
		family, bold = "黑体", `<w:b/>`
	}
	half := int(math.Round(s.Size * 2))
	return fmt.Sprintf(`<w:rPr><w:rFonts w:ascii="%[1]s" w:hAnsi="%[1]s" w:eastAsia="%[1]s" w:cs="%[1]s"/>%[2]s<w:sz w:val="%[3]d"/><w:szCs w:val="%[3]d"/></w:rPr>`, family, bold, half)
}

// words returns the text of a run. What XML cannot hold, such as control characters, is left out.
func words(text string) string {
	var b strings.Builder
	for n, part := range strings.Split(text, "\n") {
		if n > 0 {
			b.WriteString(`<w:br/>`)
		}
		b.WriteString(`<w:t xml:space="preserve">`)
		_ = xml.EscapeText(&b, []byte(strings.Map(allowed, part))) // a Builder takes all
		b.WriteString(`</w:t>`)
	}
	return b.String()
}

func allowed(r rune) rune {
	if r < 0x20 && r != '\t' || r == 0xfffe || r == 0xffff {
		return -1
	}
	return r
}

// Title writes the name of a document as a paragraph, and with it a PNG picture, if any, so wide and high as side at the
// right end of it.
func (f *File) Title(text string, s Style, png []byte, side float64) {
	run := ""
	if png != nil {
		f.pictures = append(f.pictures, png)
		run = anchored(len(f.pictures), side)
	}
	f.body.WriteString(paragraph(text, s, run))
}

// anchored is a run with a picture that stands at the right margin and takes no room.
func anchored(n int, side float64) string {
	const emu = 36000 // to the millimetre
	return fmt.Sprintf(`<w:r><w:drawing><wp:anchor distT="0" distB="0" distL="0" distR="0" simplePos="0" relativeHeight="1" behindDoc="0" locked="0"`+
		` layoutInCell="1" allowOverlap="1"><wp:simplePos x="0" y="0"/><wp:positionH relativeFrom="margin"><wp:align>right</wp:align></wp:positionH>`+
		`<wp:positionV relativeFrom="paragraph"><wp:posOffset>%[3]d</wp:posOffset></wp:positionV><wp:extent cx="%[1]d" cy="%[1]d"/>`+
		`<wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapNone/><wp:docPr id="%[2]d" name="编号 %[2]d" descr="编号"/><wp:cNvGraphicFramePr/>`+
		`<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">`+
		`<pic:pic><pic:nvPicPr><pic:cNvPr id="%[2]d" name="编号"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rIdP%[2]d"/>`+
		`<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%[1]d" cy="%[1]d"/></a:xfrm>`+
		`<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:anchor></w:drawing></w:r>`,
		int(side*emu), n, int(-side/2*emu))
}

// Table writes a table of columns so wide.
func (f *File) Table(columns []float64, rows []Row) {
	b := &f.body
	b.WriteString(`<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblBorders>`)
	for _, side := range []string{"top", "left", "bottom", "right"} {
		fmt.Fprintf(b, `<w:%s w:val="single" w:sz="8" w:space="0" w:color="000000"/>`, side)
	}
	b.WriteString(`<w:insideH w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:insideV w:val="single" w:sz="4" w:space="0" w:color="000000"/>`)
	b.WriteString(`</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="57" w:type="dxa"/><w:right w:w="57" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>`)
	for _, width := range columns {
		fmt.Fprintf(b, `<w:gridCol w:w="%d"/>`, twips(width))
	}
	b.WriteString(`</w:tblGrid>`)
	for _, row := range rows {
		row.write(b, columns)
	}
	b.WriteString(`</w:tbl>`)
}

func (r Row) write(b *bytes.Buffer, columns []float64) {
	fmt.Fprintf(b, `<w:tr><w:trPr><w:trHeight w:val="%d" w:hRule="atLeast"/>`, twips(r.Height))
	if r.Head {
		b.WriteString(`<w:tblHeader/>`)
	}
	b.WriteString(`</w:trPr>`)
	at := 0
	for _, cell := range r.Cells {
		last := min(len(columns), at+cell.Cols)
		width := 0.0
		for _, w := range columns[at:last] {
			width += w
		}
		at = last
		cell.write(b, width)
	}
	b.WriteString(`</w:tr>`)
}

func (c Cell) write(b *bytes.Buffer, width float64) {
	fmt.Fprintf(b, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>`, twips(width))
	if c.Cols > 1 {
		fmt.Fprintf(b, `<w:gridSpan w:val="%d"/>`, c.Cols)
	}
	switch {
	case c.Down > 1:
		b.WriteString(`<w:vMerge w:val="restart"/>`)
	case c.Down == 0:
		b.WriteString(`<w:vMerge/>`)
	}
	if !c.Top {
		b.WriteString(`<w:vAlign w:val="center"/>`)
	}
	b.WriteString(`</w:tcPr>` + paragraph(c.Text, c.Style, "") + `</w:tc>`)
}

// Parts of every document.
const (
	spaces = ` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"` +
		` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"` +
		` xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"` +
		` xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"` +
		` xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`
	relations = `http://schemas.openxmlformats.org/officeDocument/2006/relationships/`
	wordType  = `application/vnd.openxmlformats-officedocument.wordprocessingml.`
	types     = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>` +
		`<Override PartName="/word/document.xml" ContentType="` + wordType + `document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="` + wordType + `styles+xml"/>` +
		`<Override PartName="/word/footer1.xml" ContentType="` + wordType + `footer+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`
	styles = `<w:styles` + spaces + `><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="仿宋" w:hAnsi="仿宋" w:eastAsia="仿宋" w:cs="仿宋"/>` +
		`<w:sz w:val="21"/><w:szCs w:val="21"/><w:lang w:val="zh-CN" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault></w:docDefaults>` +
		`<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style></w:styles>`
)

// WriteTo writes the document. It may be written once.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	counted := &counter{w: w}
	archive := zip.NewWriter(counted)
	parts := []struct{ name, content string }{
		{"[Content_Types].xml", types},
		{"_rels/.rels", relationships("rId1", "officeDocument", "word/document.xml") + `<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`},
		{"docProps/core.xml", f.core()},
		{"word/document.xml", `<w:document` + spaces + `><w:body>` + f.body.String() + f.section() + `</w:body></w:document>`},
		{"word/styles.xml", styles},
		{"word/footer1.xml", f.footer()},
		{"word/_rels/document.xml.rels", f.relations()},
	}
	for n, png := range f.pictures {
		parts = append(parts, struct{ name, content string }{fmt.Sprintf("word/media/p%d.png", n+1), string(png)})
	}
	for _, part := range parts {
		to, err := archive.Create(part.name)
		if err == nil && strings.HasSuffix(part.name, ".png") {
			_, err = io.WriteString(to, part.content)
		} else if err == nil {
			_, err = io.WriteString(to, xml.Header+part.content)
		}
		if err != nil {
			return counted.n, fmt.Errorf("write docx: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return counted.n, fmt.Errorf("write docx: %w", err)
	}
	return counted.n, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func relationships(id, kind, target string) string {
	return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + relation(id, kind, target)
}

func relation(id, kind, target string) string {
	return fmt.Sprintf(`<Relationship Id="%s" Type="%s%s" Target="%s"/>`, id, relations, kind, target)
}

func (f *File) relations() string {
	var all strings.Builder
	all.WriteString(relationships("rId1", "styles", "styles.xml") + relation("rId2", "footer", "footer1.xml"))
	for n := range f.pictures {
		all.WriteString(relation(fmt.Sprintf("rIdP%d", n+1), "image", fmt.Sprintf("media/p%d.png", n+1)))
	}
	return all.String() + `</Relationships>`
}

func (f *File) core() string {
	var title strings.Builder
	_ = xml.EscapeText(&title, []byte(f.title)) // a Builder takes all
	return `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>` +
		title.String() + `</dc:title><dc:creator>走村</dc:creator></cp:coreProperties>`
}

func (f *File) footer() string {
	number := ""
	if f.page.Numbered {
		s := look(Style{Size: 14})
		field := func(kind string) string { return `<w:r>` + s + `<w:fldChar w:fldCharType="` + kind + `"/></w:r>` }
		number = `<w:r>` + s + words("— ") + `</w:r>` + field("begin") + `<w:r>` + s + `<w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>` +
			field("end") + `<w:r>` + s + words(" —") + `</w:r>`
	}
	return `<w:ftr` + spaces + `>` + paragraph("", Style{Align: Centre}, number) + `</w:ftr>`
}

func (f *File) section() string {
	orientation := ""
	if f.page.Wide > f.page.High {
		orientation = ` w:orient="landscape"`
	}
	return fmt.Sprintf(`<w:sectPr><w:footerReference w:type="default" r:id="rId2"/><w:pgSz w:w="%d" w:h="%d"%s/>`+
		`<w:pgMar w:top="%[4]d" w:right="%[5]d" w:bottom="%[4]d" w:left="%[5]d" w:header="454" w:footer="454" w:gutter="0"/></w:sectPr>`,
		twips(f.page.Wide), twips(f.page.High), orientation, twips(f.page.Top), twips(f.page.Side))
}
