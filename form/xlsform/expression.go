package xlsform

import (
	"regexp"
	"strings"
	"unicode"
)

// namePattern is what a question, list property or entity may be called: an XML name without a colon.
var namePattern = regexp.MustCompile(`^[\p{L}_][\p{L}\p{M}\p{Nd}_.\-·]*$`)

func isName(text string) bool { return namePattern.MatchString(text) }

// token is a piece of an expression.
type token struct {
	kind       tokenKind
	text       string
	start, end int
}

type tokenKind uint8

const (
	otherToken  tokenKind = iota
	nameToken             // a word, a number, a date
	callToken             // a word with an opening bracket right behind it
	indexToken            // a word with an opening square bracket right behind it
	stringToken           // a literal in quotes
	mathToken             // + - * and the words mod and div
	unionToken            // |
	refToken              // ${…}
)

var tokenPatterns = []struct {
	kind    tokenKind
	pattern *regexp.Regexp
}{
	{nameToken, regexp.MustCompile(`^-?\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?`)},
	{nameToken, regexp.MustCompile(`^\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?`)},
	{nameToken, regexp.MustCompile(`^-?\d+(\.\d+)?`)},
	{mathToken, regexp.MustCompile(`^(?:\s(?:mod|div)\s|[*+-])`)},
	{stringToken, regexp.MustCompile(`^(?:"[^"]*"|'[^']*')`)},
	{unionToken, regexp.MustCompile(`^\|`)},
	{refToken, regexp.MustCompile(`^\$\{[^{}]*\}`)},
	{nameToken, regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://\S*`)},
	{callToken, regexp.MustCompile(`^[\p{L}_][\p{L}\p{M}\p{Nd}_.\-:]*\(`)},
	{indexToken, regexp.MustCompile(`^[\p{L}_][\p{L}\p{M}\p{Nd}_.\-:]*\[`)},
	{nameToken, regexp.MustCompile(`^[\p{L}_][\p{L}\p{M}\p{Nd}_.\-]*(:[\p{L}_][\p{L}\p{M}\p{Nd}_.\-]*)?`)},
}

// tokens cuts an expression into pieces; anything it does not know is a piece of one character.
func tokens(text string) []token {
	var out []token
	for start := 0; start < len(text); {
		one := nextToken(text[start:])
		one.start, one.end = start, start+len(one.text)
		out = append(out, one)
		start = one.end
	}
	return out
}

func nextToken(rest string) token {
	for _, p := range tokenPatterns {
		if found := p.pattern.FindString(rest); found != "" {
			return token{kind: p.kind, text: found}
		}
	}
	for i := range rest[1:] {
		return token{text: rest[:i+1]}
	}
	return token{text: rest}
}

// hyphenated are types whose plain values hold hyphens.
var hyphenated = map[string]bool{"date": true, "dateTime": true, "geopoint": true, "geotrace": true, "geoshape": true}

// isDynamic reports whether a default is an expression rather than a value.
func isDynamic(text, typeName string) bool {
	for _, one := range tokens(text) {
		switch one.kind {
		case mathToken:
			if one.text == "-" && hyphenated[typeName] {
				return false
			}
			return true
		case callToken, indexToken, unionToken, refToken:
			return true
		case otherToken, nameToken, stringToken:
		}
	}
	return false
}

// straight replaces typographic quotation marks, which spreadsheets like to put into expressions.
var straight = strings.NewReplacer("‘", "'", "’", "'", "“", `"`, "”", `"`)

// instanceCalls finds the paths into other instances that stand in a text, as start and end of each.
func instanceCalls(text string) [][2]int {
	var out [][2]int
	for i := 0; i < len(text); {
		at := strings.Index(text[i:], "instance(")
		if at < 0 {
			return out
		}
		start := i + at
		i = start + len("instance(")
		if start > 0 && isNameByte(text[start-1]) {
			continue
		}
		if end := pathEnd(text, start+len("instance")); end > 0 && strings.HasPrefix(text[closing(text, start+len("instance")):], "/") {
			out = append(out, [2]int{start, end})
			i = end
		}
	}
	return out
}

func isNameByte(b byte) bool {
	return b == '_' || b == '-' || b == '.' || unicode.IsLetter(rune(b)) || unicode.IsDigit(rune(b))
}

// pathEnd returns where the path whose first bracket opens at start ends, or 0 when a bracket stays open.
func pathEnd(text string, start int) int {
	end := closing(text, start)
	for end > 0 && end < len(text) {
		switch {
		case text[end] == '[' || text[end] == '(':
			end = closing(text, end)
		case text[end] == '/' || text[end] == '@' || text[end] == ':':
			end++
		case text[end] >= 0x80 || isNameByte(text[end]):
			if text[end-1] == ']' || text[end-1] == ')' {
				return end
			}
			end++
		default:
			return end
		}
	}
	return end
}

// closing returns the position behind the bracket that closes the one at start, or 0.
func closing(text string, start int) int {
	depth := 0
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
			if depth == 0 {
				return i + 1
			}
		case '\'', '"':
			quote := strings.IndexByte(text[i+1:], text[i])
			if quote < 0 {
				return 0
			}
			i += quote + 1
		}
	}
	return 0
}
