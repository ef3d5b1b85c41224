package words

import (
	"regexp"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xpath"
)

// Condition says when an expression that belongs to a node is true: “结果”是“见到并交谈”，并且“电话”填了.
func Condition(f *xform.Form, n *xform.Node, e *xpath.Expr) string {
	return speak(f, n, e, (*speaker).condition)
}

// Value says what an expression that belongs to a node comes to: “常住人数”加“外出人数”.
func Value(f *xform.Form, n *xform.Node, e *xpath.Expr) string {
	return speak(f, n, e, (*speaker).value)
}

// speaker says the expressions of one node.
type speaker struct {
	form *xform.Form
	node *xform.Node
}

func speak(f *xform.Form, n *xform.Node, e *xpath.Expr, how func(*speaker, phrase) string) string {
	source := strings.TrimSpace(e.String())
	said, err := parse(source)
	if err != nil {
		return "算式 " + source
	}
	return how(&speaker{f, n}, said)
}

func (s *speaker) condition(p phrase) string {
	switch {
	case p.kind == operation && p.text == "or":
		return s.condition(p.args[0]) + "，或者" + s.condition(p.args[1])
	case p.kind == operation && p.text == "and":
		return s.joined(p.args[0]) + "，并且" + s.joined(p.args[1])
	case p.kind == operation && comparisons[p.text] != "":
		return s.comparison(p)
	}
	if p.kind == call {
		if said, ok := s.truth(p); ok {
			return said
		}
	}
	return s.value(p) + "成立"
}

// joined puts alternatives in brackets where they are joined to something else.
func (s *speaker) joined(p phrase) string {
	if p.kind == operation && p.text == "or" {
		return "（" + s.condition(p) + "）"
	}
	return s.condition(p)
}

// comparisons are the words between two values.
var comparisons = map[string]string{"=": "是", "!=": "不是", "<": "小于 ", "<=": "不大于 ", ">": "大于 ", ">=": "不小于 "}

func (s *speaker) comparison(p phrase) string {
	left, right := p.args[0], p.args[1]
	if left.kind == literal && right.kind == path {
		left, right = right, left
	}
	subject := s.value(left)
	switch {
	case right.kind == literal && right.text == "" && p.text == "=":
		return subject + "没有填"
	case right.kind == literal && right.text == "" && p.text == "!=":
		return subject + "填了"
	case left.kind == call && left.text == "count-selected":
		return s.value(left) + strings.Replace(comparisons[p.text], "是", "是 ", 1) + s.value(right) + " 项"
	case right.kind == literal:
		return subject + strings.TrimSpace(comparisons[p.text]) + choiceLabel(s.form, s.find(left), right.text)
	case right.kind == number && (p.text == "=" || p.text == "!="):
		return subject + comparisons[p.text] + " " + right.text
	default:
		return subject + comparisons[p.text] + s.value(right)
	}
}

// truth says a function that is true or false, if it is one.
func (s *speaker) truth(p phrase) (said string, ok bool) {
	switch p.text {
	case "true":
		return "总是", true
	case "false":
		return "从不", true
	case "not":
		return s.not(p.args), true
	case "selected":
		return s.chosen(p.args, "选了"), true
	case "regex":
		return s.argument(p.args, 0) + "符合规定的写法", true
	case "boolean-from-string":
		return s.argument(p.args, 0) + "为真", true
	case "contains":
		return s.argument(p.args, 0) + "里有" + s.argument(p.args, 1), true
	case "starts-with":
		return s.argument(p.args, 0) + "以" + s.argument(p.args, 1) + "开头", true
	}
	return "", false
}

func (s *speaker) chosen(args []phrase, verb string) string {
	if len(args) != 2 {
		return "选择"
	}
	if args[1].kind != literal {
		return s.value(args[0]) + verb + s.value(args[1])
	}
	return s.value(args[0]) + verb + choiceLabel(s.form, s.find(args[0]), args[1].text)
}

func (s *speaker) not(args []phrase) string {
	switch {
	case len(args) != 1:
		return "不是这样"
	case args[0].kind == call && args[0].text == "selected":
		return s.chosen(args[0].args, "没有选")
	default:
		return "不是（" + s.condition(args[0]) + "）"
	}
}

func (s *speaker) argument(args []phrase, n int) string {
	if n >= len(args) {
		return "（空）"
	}
	return s.value(args[n])
}

// operators are the words of arithmetic.
var operators = map[string]string{"+": "加", "-": "减", "*": "乘", "div": "除以", "mod": "除以后的余数，除数 "}

func (s *speaker) value(p phrase) string {
	switch p.kind {
	case literal:
		return quoted(p.text)
	case number:
		return p.text
	case path:
		return s.path(p.text)
	case operation:
		if word := operators[p.text]; word != "" {
			return s.value(p.args[0]) + " " + word + " " + s.value(p.args[1])
		}
		return "（" + s.condition(p) + "）"
	case call:
		return s.function(p)
	}
	return ""
}

// patterns say what common functions come to; {0} is the first argument.
var patterns = map[string]string{
	"today": "今天", "now": "现在", "uuid": "一个新编号", "once": "第一次算出的{0}", "property": "开表时带来的{0}",
	"string-length": "{0}的字数", "count-selected": "{0}选的项数", "count": "{0}的条数", "sum": "{0}之和", "max": "{0}里最大的", "min": "{0}里最小的",
	"round": "{0}取整", "int": "{0}的整数部分", "number": "{0}", "string": "{0}", "date": "日期{0}", "format-date": "{0}（写成 {1}）",
	"coalesce": "{0}，没有时用{1}", "jr:choice-name": "{0}的文字", "position": "第几条", "concat": "把{*}连起来", "join": "用{0}连起{1}",
	"decimal-date-time": "{0}的天数", "random": "一个随机数", "if": "如果{?0}就是{1}，否则是{2}", "pulldata": "登记簿{0}里{1}一列", "normalize-space": "{0}",
	"selected-at": "{0}里的第几项（{1}，从 0 数起）", "indexed-repeat": "{1}里第 {2} 条的{0}", "abs": "{0}的绝对值",
}

func (s *speaker) function(p phrase) string {
	pattern, known := patterns[p.text]
	if !known {
		if said, ok := s.truth(p); ok {
			return said
		}
		pattern = "函数 " + p.text + "（{*}）"
	}
	var all, fill []string
	for i, arg := range p.args {
		n := string(rune('0' + i))
		value := s.value(arg)
		all = append(all, value)
		fill = append(fill, "{"+n+"}", value)
		if strings.Contains(pattern, "{?"+n+"}") {
			fill = append(fill, "{?"+n+"}", s.condition(arg))
		}
	}
	fill = append(fill, "{*}", strings.Join(all, "、"))
	return placeholder.ReplaceAllString(strings.NewReplacer(fill...).Replace(pattern), "…")
}

// placeholder is the place of an argument that is missing.
var placeholder = regexp.MustCompile(`\{\??\d\}`)

var registerPath = regexp.MustCompile(`^instance\(\s*['"]([^'"]+)['"]\s*\).*/([^/\]]+)$`)

// path says what a path leads to: a question by its label, a column of a register, or the path itself.
func (s *speaker) path(written string) string {
	if written == "." {
		return "这一项"
	}
	if found := registerPath.FindStringSubmatch(bare(written)); found != nil {
		if found[2] == "item" {
			return "登记簿 " + found[1] + " 里符合条件的行"
		}
		return "登记簿 " + found[1] + " 里的 " + found[2]
	}
	if n := s.lead(written); n != nil && n != s.form.Root {
		return quoted(Label(s.form, n))
	}
	return written
}

// find returns the question that a phrase is a path to.
func (s *speaker) find(p phrase) *xform.Node {
	if p.kind != path {
		return nil
	}
	return s.lead(p.text)
}

var predicate = regexp.MustCompile(`\[[^\[\]]*\]`)

// bare takes the predicates out of a path, the innermost first.
func bare(path string) string {
	for predicate.MatchString(path) {
		path = predicate.ReplaceAllString(path, "")
	}
	return path
}

// lead follows a path through the definition.
func (s *speaker) lead(written string) *xform.Node {
	written = strings.TrimPrefix(bare(written), "current()/")
	n := s.node
	if rest, absolute := strings.CutPrefix(written, "/"); absolute {
		name, below, _ := strings.Cut(rest, "/")
		if name != s.form.Root.Name.Local {
			return nil
		}
		n, written = s.form.Root, below
	}
	for step := range strings.SplitSeq(written, "/") {
		switch {
		case n == nil:
			return nil
		case step == "" || step == ".":
		case step == "..":
			n = n.Parent
		default:
			n = n.Child(step)
		}
	}
	return n
}
