package lint

import (
	"regexp"
	"slices"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/form/xpath"
)

// leaking refuses what would let words to be sealed out of their box, or never let the form be finished.
var leaking = rule{
	code: Leaking, message: "封存框“{0}”{1}。",
	remedy: "封存框里的字不是答案，不进这张表：题型写 text，appearance 写 sealed，readonly 写 yes，不写 save_to、default、calculation、constraint、trigger，别的题也不能引用它；" +
		"必填的封存框要放在重复组里，或写明 relevant。",
}

// mustBeBlank are the columns that would fill a box or carry its words on, and what a finding says of each.
var mustBeBlank = [][2]string{
	{"save_to", "写了 save_to，字会登记到别处"},
	{"default", "写了 default，会先填好字"},
	{"calculation", "写了 calculation，会算出字来"},
	{"constraint", "写了 constraint，字不在表里，查不了"},
	{"trigger", "写了 trigger，会填进字来"},
}

// expressions are the columns of a row in which other questions can be named.
var expressions = []string{
	"relevant", "constraint", "calculation", "required", "readonly", "default", "choice_filter", "trigger", "repeat_count",
	"label", "hint", "guidance_hint", "constraint_message", "required_message", "parameters",
	"entity_id", "create_if", "update_if", "instance_name",
}

func isSealed(e xlsform.Entry) bool {
	return slices.Contains(strings.Fields(e.Get("appearance")), "sealed")
}

// leaks returns what is wrong with the boxes to be sealed in a form's sheets.
func leaks(book xlsform.Workbook) []xlsform.Finding {
	var found []xlsform.Finding
	repeats := 0
	for _, e := range book.Entries("survey") {
		switch kind := e.Type(); {
		case kind == "repeat":
			repeats++
		case kind == "" && strings.Contains(e.Get("type"), "repeat"):
			repeats--
		case isSealed(e):
			found = append(found, boxLeaks(e, kind, repeats > 0)...)
			found = append(found, mentions(book, e)...)
		}
	}
	return found
}

// boxLeaks returns what is wrong with one box by itself.
func boxLeaks(e xlsform.Entry, kind string, repeated bool) []xlsform.Finding {
	box := asItem(e, kind, "")
	if kind != "text" {
		return []xlsform.Finding{box.finding(leaking, "的题型不是 text", e.Header("type"))}
	}
	var found []xlsform.Finding
	for _, one := range mustBeBlank {
		if e.Get(one[0]) != "" {
			found = append(found, box.finding(leaking, one[1], e.Header(one[0])))
		}
	}
	if xlsform.No(e.Get("readonly")) {
		found = append(found, box.finding(leaking, "没有写 readonly，在别的软件里打开就成了普通填空题", e.Header("readonly")))
	}
	if box.required && !repeated && e.Get("relevant") == "" {
		found = append(found, box.finding(leaking, "必填而又总是要问，封存以后也完不成这张表", e.Header("required")))
	}
	return found
}

// mentions returns where the sheets refer to a box.
func mentions(book xlsform.Workbook, box xlsform.Entry) []xlsform.Finding {
	var found []xlsform.Finding
	named := naming(box.Get("name"))
	for _, sheet := range []string{"survey", "entities", "settings"} {
		for _, e := range book.Entries(sheet) {
			for _, column := range expressions {
				for _, said := range e.Texts(column) {
					if named.MatchString(said.Text) {
						one := item{labels: box.Texts("label"), name: box.Get("name"), sheet: sheet, row: e.Row(), header: e.Header}
						found = append(found, one.finding(leaking, "被这一格引用了", said.Column))
					}
				}
			}
		}
	}
	return found
}

// naming finds expressions that name a question: ${name}, or a path that ends in it.
func naming(name string) *regexp.Regexp {
	return regexp.MustCompile(`\$\{\s*(last-saved#)?` + regexp.QuoteMeta(name) + `\s*\}|/` + regexp.QuoteMeta(name) + `($|[^\pL\d_.-])`)
}

// definedLeaks is leaks for a form that was not written in sheets.
func (i item) definedLeaks(f *xform.Form, n *xform.Node) []xlsform.Finding {
	if n.Control == nil || !slices.Contains(strings.Fields(n.Control.Appearance), "sealed") {
		return nil
	}
	var found []xlsform.Finding
	refuse := func(bad bool, words string) {
		if bad {
			found = append(found, i.finding(leaking, words, "bind"))
		}
	}
	refuse(!n.Sealed(), "不是填空题")
	refuse(n.Bind.SaveTo != "", "写了 save_to，字会登记到别处")
	refuse(n.Default != "", "先填好了字")
	refuse(n.Bind.Calculate != nil, "写了 calculate，会算出字来")
	refuse(n.Bind.Constraint != nil, "写了 constraint，字不在表里，查不了")
	refuse(n.Bind.ReadOnly == nil, "没有写 readonly，在别的软件里打开就成了普通填空题")
	named := naming(n.Name.Local)
	for _, other := range f.Nodes {
		refuse(slices.ContainsFunc(expressionsOf(other), named.MatchString), "被 "+other.Name.Local+" 引用了")
	}
	return found
}

// expressionsOf returns the expressions that belong to a node.
func expressionsOf(n *xform.Node) []string {
	b := n.Bind
	all := []*xpath.Expr{b.Relevant, b.Required, b.Constraint, b.Calculate, b.ReadOnly}
	for _, action := range n.Changed {
		all = append(all, action.Value)
	}
	var written []string
	for _, e := range all {
		if e != nil {
			written = append(written, e.String())
		}
	}
	return written
}
