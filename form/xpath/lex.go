package xpath

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind sorts the tokens of an expression (XPath 1.0 §3.7).
type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenSymbol
	tokenOperator // and, or, div, mod, * as multiplication and the like
	tokenName     // a name test, possibly with a prefix or a star
	tokenFunction
	tokenNodeType
	tokenAxis
	tokenNumber
	tokenLiteral
	tokenVariable
)

type token struct {
	kind tokenKind
	text string
	at   int
}

type lexer struct {
	input  string
	pos    int
	tokens []token
}

// lex splits an expression into tokens.
func lex(input string) ([]token, error) {
	l := lexer{input: input}
	for {
		l.space()
		if l.pos >= len(input) {
			return append(l.tokens, token{kind: tokenEnd, at: l.pos}), nil
		}
		if err := l.next(); err != nil {
			return nil, err
		}
	}
}

func (l *lexer) space() {
	for l.pos < len(l.input) && strings.IndexByte(" \t\r\n", l.input[l.pos]) >= 0 {
		l.pos++
	}
}

func (l *lexer) next() error {
	c := l.input[l.pos]
	switch {
	case c == '"' || c == '\'':
		return l.literal(c)
	case isDigit(c), c == '.' && isDigit(l.byteAt(l.pos+1)):
		l.number()
		return nil
	case c == '$':
		return l.variable()
	}
	if symbol := l.symbol(); symbol != "" {
		l.emitSymbol(symbol)
		return nil
	}
	return l.name()
}

func (l *lexer) byteAt(i int) byte {
	if i < len(l.input) {
		return l.input[i]
	}
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) emit(kind tokenKind, text string) {
	l.tokens = append(l.tokens, token{kind, text, l.pos})
}

func (l *lexer) literal(quote byte) error {
	end := strings.IndexByte(l.input[l.pos+1:], quote)
	if end < 0 {
		return &SyntaxError{l.input, l.pos, "引号没有配对"}
	}
	l.emit(tokenLiteral, l.input[l.pos+1:l.pos+1+end])
	l.pos += end + 2
	return nil
}

func (l *lexer) number() {
	start := l.pos
	for isDigit(l.byteAt(l.pos)) {
		l.pos++
	}
	if l.byteAt(l.pos) == '.' {
		l.pos++
		for isDigit(l.byteAt(l.pos)) {
			l.pos++
		}
	}
	l.tokens = append(l.tokens, token{tokenNumber, l.input[start:l.pos], start})
}

func (l *lexer) variable() error {
	start := l.pos
	l.pos++
	name := l.ncName()
	if name == "" {
		return &SyntaxError{l.input, start, "$ 后面应当是名字"}
	}
	l.tokens = append(l.tokens, token{tokenVariable, name, start})
	return nil
}

var symbols = []string{"//", "::", "!=", "<=", ">=", "..", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=", "<", ">", "*"}

func (l *lexer) symbol() string {
	for _, s := range symbols {
		if strings.HasPrefix(l.input[l.pos:], s) {
			return s
		}
	}
	return ""
}

func (l *lexer) emitSymbol(symbol string) {
	kind := tokenSymbol
	switch symbol {
	case "*":
		kind = tokenName
		if l.operatorExpected() {
			kind = tokenOperator
		}
	case "//", "/", "::", "..", "(", ")", "[", "]", ".", "@", ",":
	default:
		kind = tokenOperator
	}
	l.emit(kind, symbol)
	l.pos += len(symbol)
}

// operatorExpected tells whether a star or a word at this place is an operator: there is a token before it, and that
// token is none of @, ::, (, [, comma or an operator (XPath 1.0 §3.7).
func (l *lexer) operatorExpected() bool {
	if len(l.tokens) == 0 {
		return false
	}
	last := l.tokens[len(l.tokens)-1]
	switch last.kind {
	case tokenOperator, tokenAxis:
		return false
	case tokenSymbol:
		return strings.Contains(") ] . ..", last.text)
	case tokenEnd, tokenName, tokenFunction, tokenNodeType, tokenNumber, tokenLiteral, tokenVariable:
		return true
	}
	return true
}

func (l *lexer) name() error {
	start := l.pos
	text := l.qName()
	if text == "" {
		r, _ := utf8.DecodeRuneInString(l.input[start:])
		return &SyntaxError{l.input, start, fmt.Sprintf("不认识的字符 %q", r)}
	}
	if l.operatorExpected() {
		return l.wordOperator(text, start)
	}
	l.tokens = append(l.tokens, token{l.nameKind(text), text, start})
	return nil
}

// wordOperator takes a word that stands where only an operator can.
func (l *lexer) wordOperator(text string, start int) error {
	for _, op := range []string{"and", "or", "div", "mod"} {
		// "1div2" is one word to the grammar, but clients read three.
		if rest, ok := strings.CutPrefix(text, op); ok && (rest == "" || isDigit(rest[0])) {
			l.pos = start + len(op)
			l.tokens = append(l.tokens, token{tokenOperator, op, start})
			return nil
		}
	}
	return &SyntaxError{l.input, start, fmt.Sprintf("“%s”前面缺少运算符", text)}
}

func (l *lexer) nameKind(text string) tokenKind {
	save := l.pos
	l.space()
	defer func() { l.pos = save }()
	switch {
	case strings.HasPrefix(l.input[l.pos:], "::"):
		return tokenAxis
	case l.byteAt(l.pos) != '(' || strings.HasSuffix(text, "*"):
		return tokenName
	}
	switch text {
	case "node", "text", "comment", "processing-instruction":
		return tokenNodeType
	}
	return tokenFunction
}

// qName reads a name with an optional prefix; the local part may be a star.
func (l *lexer) qName() string {
	start := l.pos
	if l.ncName() == "" {
		return ""
	}
	if l.byteAt(l.pos) == ':' && l.byteAt(l.pos+1) != ':' {
		colon := l.pos
		l.pos++
		if l.byteAt(l.pos) == '*' {
			l.pos++
		} else if l.ncName() == "" {
			l.pos = colon
		}
	}
	return l.input[start:l.pos]
}

func (l *lexer) ncName() string {
	start := l.pos
	for l.pos < len(l.input) {
		r, size := utf8.DecodeRuneInString(l.input[l.pos:])
		if !nameRune(r, l.pos > start) {
			break
		}
		l.pos += size
	}
	return l.input[start:l.pos]
}

func nameRune(r rune, inside bool) bool {
	if r == utf8.RuneError {
		return false
	}
	if r == '_' || unicode.IsLetter(r) {
		return true
	}
	return inside && (r == '-' || r == '.' || r == '·' || unicode.IsDigit(r) || unicode.Is(unicode.M, r))
}

// SyntaxError says where an expression cannot be read, in words for the person who writes the form.
type SyntaxError struct {
	Expression string
	Offset     int // in bytes
	Reason     string
}

// Error returns the expression, the place and the reason.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("表达式“%s”第 %d 个字符处有误：%s", e.Expression, utf8.RuneCountInString(e.Expression[:min(e.Offset, len(e.Expression))])+1, e.Reason)
}
