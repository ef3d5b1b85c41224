package words

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// phrase is an expression as far as it has to be understood to be said.
type phrase struct {
	kind phraseKind
	text string // an operator, a function's name, a literal's value, a path as written
	args []phrase
}

type phraseKind uint8

const (
	operation phraseKind = iota
	call
	literal
	number
	path
)

// errUnsaid is met where an expression goes beyond what has words; it is quoted then.
var errUnsaid = errors.New("no words for it")

// deepest is how deep brackets may stand inside each other before the expression is quoted.
const deepest = 40

// ladder is the binary operators, those that bind least first.
var ladder = [][]string{{"or"}, {"and"}, {"!=", "="}, {"<=", ">=", "<", ">"}, {"+", "-"}, {"*", "div", "mod"}}

// parser reads an expression from the left.
type parser struct {
	rest  string
	depth int
}

func parse(source string) (phrase, error) {
	p := &parser{rest: source}
	whole, err := p.binary(0)
	if err != nil {
		return phrase{}, err
	}
	if p.skip(); p.rest != "" {
		return phrase{}, errUnsaid
	}
	return whole, nil
}

func (p *parser) skip() { p.rest = strings.TrimSpace(p.rest) }

// binary reads operands joined by the operators of a rung and all that bind more tightly.
func (p *parser) binary(rung int) (phrase, error) {
	if rung == len(ladder) {
		return p.operand()
	}
	left, err := p.binary(rung + 1)
	for err == nil {
		operator := p.operator(ladder[rung])
		if operator == "" {
			return left, nil
		}
		var right phrase
		right, err = p.binary(rung + 1)
		left = phrase{kind: operation, text: operator, args: []phrase{left, right}}
	}
	return phrase{}, err
}

// operator takes one of the operators if it stands next.
func (p *parser) operator(of []string) string {
	p.skip()
	for _, one := range of {
		rest, ok := strings.CutPrefix(p.rest, one)
		next, _ := utf8.DecodeRuneInString(rest)
		if !ok || unicode.IsLetter(rune(one[0])) && isNameRune(next) {
			continue
		}
		p.rest = rest
		return one
	}
	return ""
}

func isNameRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-' || r == '.' || r == ':'
}

func (p *parser) operand() (phrase, error) {
	p.skip()
	if p.depth++; p.depth > deepest {
		return phrase{}, errUnsaid
	}
	defer func() { p.depth-- }()
	switch {
	case p.rest == "":
		return phrase{}, errUnsaid
	case p.rest[0] == '\'' || p.rest[0] == '"':
		return p.quotation()
	case p.rest[0] == '(':
		return p.bracket()
	case isDigit(p.rest[0]) || p.rest[0] == '-' || p.rest[0] == '.' && len(p.rest) > 1 && isDigit(p.rest[1]):
		return p.number()
	default:
		return p.name()
	}
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func (p *parser) quotation() (phrase, error) {
	text, rest, closed := strings.Cut(p.rest[1:], p.rest[:1])
	if !closed {
		return phrase{}, errUnsaid
	}
	p.rest = rest
	return phrase{kind: literal, text: text}, nil
}

func (p *parser) bracket() (phrase, error) {
	p.rest = p.rest[1:]
	inner, err := p.binary(0)
	if p.skip(); err != nil || !strings.HasPrefix(p.rest, ")") {
		return phrase{}, errUnsaid
	}
	p.rest = p.rest[1:]
	return inner, nil
}

func (p *parser) number() (phrase, error) {
	end := 1
	for end < len(p.rest) && (isDigit(p.rest[end]) || p.rest[end] == '.') {
		end++
	}
	text := p.rest[:end]
	p.rest = p.rest[end:]
	if text == "-" {
		return phrase{}, errUnsaid
	}
	return phrase{kind: number, text: text}, nil
}

// name reads a call or a path. A path is kept as written, predicates and all.
func (p *parser) name() (phrase, error) {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return !isNameRune(r) })
	if end > 0 && p.rest[end] == '(' && !strings.HasPrefix(p.rest, "instance(") && !strings.HasPrefix(p.rest, "current(") {
		return p.call(p.rest[:end], p.rest[end+1:])
	}
	end = pathEnd(p.rest)
	if end <= 0 {
		return phrase{}, errUnsaid
	}
	written := strings.TrimSpace(p.rest[:end])
	p.rest = p.rest[end:]
	return phrase{kind: path, text: written}, nil
}

func (p *parser) call(name, rest string) (phrase, error) {
	p.rest = rest
	made := phrase{kind: call, text: name}
	for {
		p.skip()
		if after, closed := strings.CutPrefix(p.rest, ")"); closed && len(made.args) == 0 {
			p.rest = after
			return made, nil
		}
		arg, err := p.binary(0)
		if err != nil {
			return phrase{}, err
		}
		made.args = append(made.args, arg)
		p.skip()
		switch {
		case strings.HasPrefix(p.rest, ","):
			p.rest = p.rest[1:]
		case strings.HasPrefix(p.rest, ")"):
			p.rest = p.rest[1:]
			return made, nil
		default:
			return phrase{}, errUnsaid
		}
	}
}

// pathEnd returns where a path that begins the text ends.
func pathEnd(text string) int {
	depth := 0
	quote := rune(0)
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case depth > 0 && (r == '\'' || r == '"'):
			quote = r
		case r == '[' || r == '(':
			depth++
		case depth > 0 && (r == ']' || r == ')'):
			depth--
		case depth == 0 && !isNameRune(r) && r != '/' && r != '@':
			return i
		}
	}
	if depth > 0 || quote != 0 {
		return 0
	}
	return len(text)
}
