package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// kind is what a part of a workbook goes on with.
type kind uint8

const (
	opens  kind = iota + 1 // a tag that opens an element; of one without content, closes follows
	closes                 // a tag that closes one
	says                   // text, with entities resolved
)

// tags reads a part of a workbook piece by piece. A sheet of 100,000 rows has four million of them, so that a piece costs no
// memory of its own: name and text hold until the next one. Prefixes of names are left out, as a workbook uses one vocabulary.
type tags struct {
	in     *bufio.Reader
	buffer []byte // what was longer than the reader's own
	plain  []byte // text whose entities are resolved
	name   []byte
	inside []byte // of the tag, behind the name
	text   []byte
	alone  bool // the tag that was opened has no content
}

var errXML = errors.New("not well-formed")

// newTags begins to read a part, in UTF-8 or in what its declaration says.
func newTags(part io.Reader) (*tags, error) {
	in := bufio.NewReaderSize(part, 1<<16)
	start, _ := in.Peek(200) // a shorter part fails where it is read
	if rest, marked := bytes.CutPrefix(start, byteOrderMark); marked {
		_, err := in.Discard(len(byteOrderMark))
		return &tags{in: in}, errors.Join(err, begins(rest))
	}
	declared, _, _ := bytes.Cut(start, []byte("?>"))
	label, ok := attribute(declared, "encoding")
	if !ok || bytes.EqualFold(label, []byte("utf-8")) {
		return &tags{in: in}, begins(start)
	}
	text, err := decoded(string(label), in)
	return &tags{in: bufio.NewReaderSize(text, 1<<16)}, err
}

// decoded reads a part in another encoding than UTF-8.
func decoded(label string, part io.Reader) (io.Reader, error) {
	encoding, err := htmlindex.Get(label)
	if err != nil {
		return nil, fmt.Errorf("%w: encoding %q", errXML, label)
	}
	return encoding.NewDecoder().Reader(part), nil
}

// begins refuses what is no XML in an encoding with ASCII in it.
func begins(start []byte) error {
	if start = bytes.TrimLeft(start, " \t\r\n"); len(start) > 1 && (start[0] != '<' || start[1] == 0) {
		return errXML
	}
	return nil
}

// next goes on to the next piece, or returns io.EOF behind the last.
func (t *tags) next() (kind, error) {
	if t.alone {
		t.alone = false
		return closes, nil
	}
	for {
		text, err := t.until('<')
		switch {
		case len(text) > 0 && errors.Is(err, io.EOF):
			t.text = text
			return says, nil
		case err != nil:
			return 0, err
		case len(text) > 1:
			return t.textBefore(text[:len(text)-1])
		}
		found, err := t.tag()
		if found != 0 || err != nil {
			return found, ended(err)
		}
	}
}

// textBefore gives text, and the tag behind it back.
func (t *tags) textBefore(text []byte) (kind, error) {
	var err error
	t.text, err = t.resolve(text)
	return says, errors.Join(err, t.in.UnreadByte())
}

// tag reads behind "<"; it finds nothing in what only speaks to the reader.
func (t *tags) tag() (kind, error) {
	first, err := t.in.Peek(1)
	if err != nil {
		return 0, err
	}
	switch first[0] {
	case '?':
		return 0, t.pass("?>")
	case '!':
		return t.special()
	}
	tag, err := t.until('>')
	for err == nil && quoted(tag) {
		begun := bytes.Clone(tag) // the sign stands in an attribute
		tag, err = t.until('>')
		tag = append(begun, tag...)
	}
	if err != nil {
		return 0, err
	}
	return t.named(tag[:len(tag)-1])
}

// named takes a tag apart.
func (t *tags) named(tag []byte) (kind, error) {
	if name, ok := bytes.CutPrefix(tag, []byte("/")); ok {
		t.name = local(bytes.TrimRight(name, " \t\r\n"))
		return closes, nil
	}
	tag, t.alone = bytes.CutSuffix(tag, []byte("/"))
	t.inside = nil
	if end := bytes.IndexAny(tag, " \t\r\n"); end >= 0 {
		tag, t.inside = tag[:end], tag[end:]
	}
	if t.name = local(tag); len(t.name) == 0 {
		return 0, errXML
	}
	return opens, nil
}

// special reads a comment, which says nothing, or text that is quoted as a whole.
func (t *tags) special() (kind, error) {
	const comment, quote = "!--", "![CDATA["
	if start, _ := t.in.Peek(len(comment)); string(start) == comment {
		return 0, t.pass("-->")
	}
	if start, _ := t.in.Peek(len(quote)); string(start) != quote {
		return 0, fmt.Errorf("%w: a declaration inside", errXML) // no workbook has one; entities could be declared in it
	}
	if _, err := t.in.Discard(len(quote)); err != nil {
		return 0, err
	}
	text, err := t.upto("]]>")
	t.text = text
	return says, err
}

// pass reads on behind end.
func (t *tags) pass(end string) error {
	_, err := t.upto(end)
	return err
}

// upto reads on behind end and returns what stands before it.
func (t *tags) upto(end string) ([]byte, error) {
	var all []byte
	for {
		text, err := t.until(end[len(end)-1])
		if all = append(all, text...); err != nil {
			return nil, ended(err)
		}
		if before, ok := bytes.CutSuffix(all, []byte(end)); ok {
			return before, nil
		}
	}
}

// until reads up to a byte, which is included. Before the part's end it returns all that is left, and io.EOF.
func (t *tags) until(last byte) ([]byte, error) {
	text, err := t.in.ReadSlice(last)
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, err //nolint:wrapcheck // io.EOF has to stay what it is
	}
	t.buffer = t.buffer[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		t.buffer = append(t.buffer, text...)
		text, err = t.in.ReadSlice(last)
	}
	t.buffer = append(t.buffer, text...)
	return t.buffer, err //nolint:wrapcheck // as above
}

// ended is an error inside a piece: no part may end there.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// quoted reports whether a tag ends inside an attribute.
func quoted(tag []byte) bool {
	var quote byte
	for _, c := range tag {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	return quote != 0
}

// local is a name without its prefix.
func local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }

// attribute returns an attribute of the tag that was opened, without resolving entities: no attribute that is asked for has any.
func (t *tags) attribute(name string) []byte {
	value, _ := attribute(t.inside, name)
	return value
}

// attribute finds an attribute behind a tag's name.
func attribute(inside []byte, name string) ([]byte, bool) {
	for {
		key, rest, ok := bytes.Cut(inside, []byte("="))
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if !ok || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil, false
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil, false
		}
		key = bytes.TrimRight(key, " \t\r\n")
		if key = local(key[bytes.LastIndexAny(key, " \t\r\n")+1:]); string(key) == name {
			return rest[1 : end+1], true
		}
		inside = rest[end+2:]
	}
}

var entities = map[string]rune{"lt": '<', "gt": '>', "amp": '&', "quot": '"', "apos": '\''}

// resolve puts characters in the place of entities.
func (t *tags) resolve(text []byte) ([]byte, error) {
	at := bytes.IndexByte(text, '&')
	if at < 0 {
		return text, nil
	}
	t.plain = t.plain[:0]
	for ; at >= 0; at = bytes.IndexByte(text, '&') {
		t.plain = append(t.plain, text[:at]...)
		name, rest, ok := bytes.Cut(text[at+1:], []byte(";"))
		r, known := entity(name)
		if !ok || !known {
			return nil, fmt.Errorf("%w: an entity", errXML)
		}
		t.plain, text = utf8.AppendRune(t.plain, r), rest
	}
	t.plain = append(t.plain, text...)
	return t.plain, nil
}

// entity returns the character an entity stands for.
func entity(name []byte) (rune, bool) {
	number, ok := bytes.CutPrefix(name, []byte("#"))
	if !ok {
		r, known := entities[string(name)]
		return r, known
	}
	base := 10
	if hex, ok := bytes.CutPrefix(number, []byte("x")); ok {
		number, base = hex, 16
	}
	n, err := strconv.ParseUint(string(number), base, 21)
	return rune(n), err == nil
}
