package form

import (
	"regexp"
	"slices"
	"strings"
)

// Run is a piece of a label: text, or an element around further runs. Elements are those a label may have: "p", "br",
// "h1" to "h6", "ul", "ol", "li", "strong", "em", "u", "span", "div" and "a".
type Run struct {
	Text     string // of a piece of text, Element is empty
	Element  string
	URL      string            // of an "a"; http, https, mailto and tel only
	Style    map[string]string // of a "span" or "div": "color", "font-family" and so on, nil for none
	Children []Run
}

// placeholder stands for a value in a text whose markup is read (U+FFFC, OBJECT REPLACEMENT CHARACTER).
const placeholder = '\uFFFC'

// Markdown reads the markup that ODK forms may use in labels, hints and messages: Markdown headings, emphasis, lists,
// links, line breaks and paragraphs, and the HTML elements strong, em, b, i, u, span and div with a style. Whatever else
// stands there is text. The outputs take the places of U+FFFC in the text, one after the other; no markup is read in them,
// so that what a person typed cannot style or link anything.
func Markdown(text string, outputs ...string) []Run {
	m := &markdown{outputs: outputs}
	if len(text) > maxMarked {
		return m.plain(text)
	}
	blocks := m.blocks(strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n"))
	if len(blocks) == 1 && blocks[0].Element == "p" {
		return blocks[0].Children
	}
	return blocks
}

// PlainText returns the text of runs without their styles, a line for each block.
func PlainText(runs []Run) string {
	var b strings.Builder
	for i, r := range runs {
		if i > 0 && isBlock(r.Element) {
			b.WriteByte('\n')
		}
		switch r.Element {
		case "":
			b.WriteString(r.Text)
		case "br":
			b.WriteByte('\n')
		default:
			b.WriteString(PlainText(r.Children))
		}
	}
	return b.String()
}

func isBlock(element string) bool {
	switch element {
	case "p", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6":
		return true
	}
	return false
}

// markdown reads one text.
type markdown struct {
	outputs []string // those not yet placed
	depth   int
	looked  int // how many bytes were looked through for the ends of marks
}

// Bounds: a longer text is shown as it stands, and so is markup nested deeper.
const (
	maxMarked = 16 << 10
	maxMarkup = 16
	maxLooked = 1 << 18
)

var (
	heading     = regexp.MustCompile(`^ {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$`)
	orderedItem = regexp.MustCompile(`^\s*\d{1,9}[.)]\s+(.*)$`)
	bulletItem  = regexp.MustCompile(`^\s*[-*+]\s+(.*)$`)
)

// blocks reads lines. A blank line ends a paragraph.
func (m *markdown) blocks(lines []string) []Run {
	var found []Run
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			found = append(found, Run{Element: "p", Children: m.lines(paragraph)})
			paragraph = nil
		}
	}
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.TrimSpace(line) == "" {
			flush()
		} else if h := heading.FindStringSubmatch(line); h != nil {
			flush()
			found = append(found, Run{Element: "h" + string(rune('0'+len(h[1]))), Children: m.inline(h[2])})
		} else if list, after := m.list(lines[i:]); after > 0 {
			flush()
			found = append(found, list)
			i += after - 1
		} else {
			paragraph = append(paragraph, strings.TrimSpace(line))
		}
	}
	flush()
	return found
}

// list reads the list the lines begin with, and returns how many lines it takes.
func (m *markdown) list(lines []string) (Run, int) {
	list, item := Run{Element: "ul"}, bulletItem
	if orderedItem.MatchString(lines[0]) {
		list.Element, item = "ol", orderedItem
	}
	taken := 0
	for _, line := range lines {
		found := item.FindStringSubmatch(line)
		if found == nil {
			break
		}
		taken++
		list.Children = append(list.Children, Run{Element: "li", Children: []Run{{Element: "p", Children: m.inline(found[1])}}})
	}
	return list, taken
}

// lines reads the lines of a paragraph with a break between each two.
func (m *markdown) lines(lines []string) []Run {
	return m.inline(strings.Join(lines, "\n"))
}

// inline reads what stands within a block.
func (m *markdown) inline(text string) []Run {
	if m.depth++; m.depth > maxMarkup {
		m.depth--
		return m.plain(text)
	}
	defer func() { m.depth-- }()
	var found []Run
	literal := 0
	for i := 0; i < len(text); {
		run, size, ok := m.markup(text, i, func() { found = append(found, m.plain(text[literal:i])...) })
		if !ok {
			i++
			continue
		}
		found = append(found, run...)
		i += size
		literal = i
	}
	return merged(append(found, m.plain(text[literal:])...))
}

// merged joins neighbouring pieces of plain text.
func merged(runs []Run) []Run {
	var joined []Run
	for _, r := range runs {
		if n := len(joined); n > 0 && r.Element == "" && joined[n-1].Element == "" {
			joined[n-1].Text += r.Text
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// markup reads the markup at a place, if there is any. It calls before once it is certain, because outputs are placed in
// order.
func (m *markdown) markup(text string, i int, before func()) (runs []Run, size int, ok bool) {
	rest := text[i:]
	if strings.IndexByte("*_[<", rest[0]) >= 0 {
		if m.looked += len(rest); m.looked > maxLooked {
			return nil, 0, false
		}
	}
	switch rest[0] {
	case '\n':
		before()
		return []Run{{Element: "br"}}, 1, true
	case '\\':
		if len(rest) > 1 && strings.IndexByte("\\`*_{}[]()#+-.!<>|~&\"'", rest[1]) >= 0 {
			before()
			return []Run{{Text: rest[1:2]}}, 2, true
		}
	case '*', '_':
		return m.emphasis(text, i, before)
	case '[':
		return m.link(rest, before)
	case '<':
		return m.html(rest, before)
	}
	return nil, 0, false
}

// emphasis reads *em*, **strong**, _em_ and __strong__. Underscores within a word are part of it.
func (m *markdown) emphasis(text string, i int, before func()) ([]Run, int, bool) {
	rest := text[i:]
	mark, element := rest[:1], "em"
	if strings.HasPrefix(rest, strings.Repeat(mark, 2)) {
		mark, element = rest[:2], "strong"
	}
	if mark[0] == '_' && i > 0 && isWord(text[i-1]) {
		return nil, 0, false
	}
	end := closing(rest, mark)
	if end < 0 {
		return nil, 0, false
	}
	before()
	return []Run{{Element: element, Children: m.inline(rest[len(mark):end])}}, end + len(mark), true
}

// closing returns where the mark at the start of text is closed, or -1. Of three marks in a row the last close the outer
// one.
func closing(text, mark string) int {
	if len(text) <= len(mark) || strings.IndexByte(" \t\n", text[len(mark)]) >= 0 {
		return -1
	}
	for i := len(mark); i < len(text); i++ {
		if text[i] == '\\' {
			i++
			continue
		}
		run := len(text[i:]) - len(strings.TrimLeft(text[i:], mark[:1]))
		if run == 0 {
			continue
		}
		after := i + run
		inWord := mark[0] == '_' && after < len(text) && isWord(text[after])
		if at := after - len(mark); (run == len(mark) || run == 3) && at > len(mark) && strings.IndexByte(" \t\n", text[i-1]) < 0 && !inWord {
			return at
		}
		i = after - 1
	}
	return -1
}

// isWord reports whether an underscore beside c stands within a word. Chinese has no spaces between words, so there it
// does not count.
func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

var linkMark = regexp.MustCompile(`^\[([^\[\]\n]+)\]\(\s*([^\s()]+(?:\([^\s()]*\))?[^\s()]*)\s*\)`)

// link reads [text](address). An address that could do anything but lead somewhere is dropped, and its text kept.
func (m *markdown) link(rest string, before func()) ([]Run, int, bool) {
	found := linkMark.FindStringSubmatch(rest)
	if found == nil {
		return nil, 0, false
	}
	before()
	text := m.inline(found[1])
	if !safeAddress(found[2]) {
		return text, len(found[0]), true
	}
	return []Run{{Element: "a", URL: found[2], Children: text}}, len(found[0]), true
}

func safeAddress(address string) bool {
	if strings.ContainsRune(address, placeholder) {
		return false
	}
	scheme, _, has := strings.Cut(address, ":")
	return !has || strings.ContainsAny(scheme, "/?#") || slices.Contains([]string{"http", "https", "mailto", "tel"}, strings.ToLower(scheme))
}

var (
	openTag   = regexp.MustCompile(`^<\s*([a-zA-Z]+)(?:\s+[^<>]*)?>`)
	emptyTag  = regexp.MustCompile(`^<\s*[bB][rR]\s*/?\s*>`)
	styleText = regexp.MustCompile(`\sstyle\s*=\s*(?:"([^"]*)"|'([^']*)')`)
)

var htmlElements = map[string]string{
	"strong": "strong", "b": "strong", "em": "em", "i": "em", "u": "u", "span": "span", "div": "div", "p": "p",
	"h1": "h1", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h5", "h6": "h6",
}

// html reads an element of the few that labels may have.
func (m *markdown) html(rest string, before func()) ([]Run, int, bool) {
	if br := emptyTag.FindString(rest); br != "" {
		before()
		return []Run{{Element: "br"}}, len(br), true
	}
	open := openTag.FindStringSubmatch(rest)
	if open == nil || htmlElements[strings.ToLower(open[1])] == "" {
		return nil, 0, false
	}
	name := strings.ToLower(open[1])
	inner, size := untilClosed(rest[len(open[0]):], name)
	if size < 0 {
		return nil, 0, false
	}
	before()
	run := Run{Element: htmlElements[name], Style: styleOf(open[0])}
	run.Children = m.inline(strings.TrimSpace(inner))
	return []Run{run}, len(open[0]) + size, true
}

// untilClosed returns what stands before the end tag that belongs to a start tag before text, and how long both are
// together; -1 when there is none.
func untilClosed(text, name string) (inner string, size int) {
	tag := regexp.MustCompile(`(?i)<\s*(/?)\s*` + name + `(?:\s[^<>]*)?>`)
	depth := 1
	for _, at := range tag.FindAllStringSubmatchIndex(text, -1) {
		if at[2] == at[3] {
			depth++
		} else if depth--; depth == 0 {
			return text[:at[0]], at[1]
		}
	}
	return "", -1
}

// styleOf returns the declarations of a style attribute that a screen can honour without harm.
func styleOf(tag string) map[string]string {
	found := styleText.FindStringSubmatch(tag)
	if found == nil {
		return nil
	}
	var style map[string]string
	for declaration := range strings.SplitSeq(found[1]+found[2], ";") {
		name, value, ok := strings.Cut(declaration, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if !ok || value == "" || strings.ContainsAny(value, `()\"'<>@`+string(placeholder)) || !slices.Contains(styles, name) {
			continue
		}
		if style == nil {
			style = map[string]string{}
		}
		style[name] = value
	}
	return style
}

var styles = []string{"color", "background-color", "font-family", "font-size", "font-style", "font-weight", "text-align", "text-decoration"}

// plain returns text with the outputs in their places.
func (m *markdown) plain(text string) []Run {
	var found []Run
	for {
		before, after, ok := strings.Cut(text, string(placeholder))
		if before != "" {
			found = append(found, Run{Text: before})
		}
		if !ok {
			return found
		}
		found = append(found, m.output())
		text = after
	}
}

func (m *markdown) output() Run {
	if len(m.outputs) == 0 {
		return Run{Text: string(placeholder)}
	}
	value := m.outputs[0]
	m.outputs = m.outputs[1:]
	if value == "" {
		return Run{Element: "span"}
	}
	return Run{Element: "span", Children: []Run{{Text: value}}}
}
