package diff

import (
	"fmt"
	"strings"

	"zoucun/form/words"
	"zoucun/form/xform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

// Kind is in which way a form has changed.
type Kind string

// Kinds of changes, in the order they are told.
const (
	Reused  Kind = "换了意思"
	Added   Kind = "新增"
	Removed Kind = "删去"
	Renamed Kind = "改名"
	Moved   Kind = "挪动"
	Worded  Kind = "改字"
	Choices Kind = "改选项"
	Logic   Kind = "改逻辑"
	Version Kind = "版本"
)

// Codes of reuse, as the linter's codes are written.
const (
	ReusedLabel  = "ZC101"
	ReusedType   = "ZC102"
	ReusedChoice = "ZC103"
)

// Change is one difference between two versions.
type Change struct {
	Kind    Kind
	Code    string           // of reuse only
	Field   survey.FieldPath // without keys; empty for the form
	Message string           // Chinese
}

// Order is the kinds as they are told, the gravest first.
var Order = []Kind{Reused, Version, Removed, Renamed, Moved, Added, Choices, Logic, Worded}

// Compare returns what the newer version changes, in the order of the newer form; what is gone comes last.
func Compare(older, newer *xform.Form) []Change {
	c := &comparison{older: older, newer: newer, was: fields(older), is: fields(newer)}
	if older.Version == newer.Version {
		c.add(Version, "", "", "版本号没有换，还是“%s”。发布前请换一个。", newer.Version)
	}
	for _, n := range newer.Nodes {
		if c.is[n.Field()] != n {
			continue
		}
		if before := c.was[n.Field()]; before != nil {
			c.both(before, n)
		} else {
			c.appeared(n)
		}
	}
	for _, n := range older.Nodes {
		if c.was[n.Field()] == n && c.is[n.Field()] == nil && !c.found[n] {
			c.add(Removed, "", n.Field(), "不再问%s。已收的记录里还有，照样显示和导出。", called(older, n))
		}
	}
	return c.changes
}

// AnyReused reports whether a field is used with another meaning.
func AnyReused(changes []Change) bool {
	for _, c := range changes {
		if c.Kind == Reused {
			return true
		}
	}
	return false
}

// comparison is two versions being compared.
type comparison struct {
	older, newer *xform.Form
	was, is      map[survey.FieldPath]*xform.Node
	found        map[*xform.Node]bool // gone from the old place, and found elsewhere
	changes      []Change
}

func (c *comparison) add(kind Kind, code string, field survey.FieldPath, format string, args ...any) {
	c.changes = append(c.changes, Change{kind, code, field, fmt.Sprintf(format, args...)})
}

// fields returns the nodes that have a value people gave or the form computed.
func fields(f *xform.Form) map[survey.FieldPath]*xform.Node {
	found := map[survey.FieldPath]*xform.Node{}
	for _, n := range f.Nodes {
		if n.Leaf() && !n.Attribute && n.Parent != nil && n.Parent.Name.Local != "meta" && n.Parent.Name.Local != "entity" && words.Type(n) != "说明" {
			found[n.Field()] = n
		}
	}
	return found
}

func called(f *xform.Form, n *xform.Node) string {
	if title := words.Title(f, n); title != "" {
		return "“" + title + "”"
	}
	return " " + n.Name.Local
}

// appeared tells of a field that was not there, and whether it looks like one that is gone.
func (c *comparison) appeared(n *xform.Node) {
	for _, before := range c.older.Nodes {
		if c.was[before.Field()] != before || c.is[before.Field()] != nil || c.found[before] {
			continue
		}
		moved := before.Name.Local == n.Name.Local && resembles(words.Label(c.older, before), words.Label(c.newer, n))
		title := words.Title(c.older, before)
		renamed := title != "" && title == words.Title(c.newer, n)
		if !moved && !renamed {
			continue
		}
		if c.found == nil {
			c.found = map[*xform.Node]bool{}
		}
		c.found[before] = true
		kind, verb := Renamed, "可能是改名"
		if moved {
			kind, verb = Moved, "挪了位置"
		}
		c.add(kind, "", n.Field(), "%s%s：原来的字段是 %s。旧记录仍在旧字段里，导出时是两列。", called(c.newer, n), verb, before.Field())
		return
	}
	c.add(Added, "", n.Field(), "新问%s（%s）。旧记录里没有，显示为空。", called(c.newer, n), words.Type(n))
}

// both compares a field that both versions have.
func (c *comparison) both(before, after *xform.Node) {
	c.types(before, after)
	was, is := words.Title(c.older, before), words.Title(c.newer, after)
	switch {
	case was == is || was == "" || is == "":
	case resembles(was, is):
		c.add(Worded, "", after.Field(), "题目由“%s”改成“%s”。", was, is)
	default:
		c.add(Reused, ReusedLabel, after.Field(), "字段原来问“%s”，现在问“%s”，新旧答案会混在一列里。", was, is)
	}
	c.choices(before, after)
	c.logic(before, after)
}

// types tells of a field whose old answers cannot be read as the new ones.
func (c *comparison) types(before, after *xform.Node) {
	was, is := shape(before), shape(after)
	switch {
	case repeats(before) != repeats(after):
		c.add(Reused, ReusedType, after.Field(), "%s原来在%s里，现在在%s里，新旧记录对不上。", called(c.newer, after), repeats(before), repeats(after))
	case was == is:
	case widens[was+">"+is]:
		c.add(Logic, "", after.Field(), "%s由%s放宽成%s，旧答案仍然有效。", called(c.newer, after), was, is)
	default:
		c.add(Reused, ReusedType, after.Field(), "%s由%s改成%s，旧答案不能当新答案读。", called(c.newer, after), was, is)
	}
}

// widens are changes of shape after which every old answer still means what it did.
var widens = map[string]bool{
	"整数>小数": true, "整数>填空": true, "小数>填空": true, "日期>填空": true, "时间>填空": true, "条码>填空": true, "单选>多选": true,
	"填空>条码": true, "照片>文件": true, "签名>照片": true, "照片>签名": true, "范围内选>整数": true, "范围内选>小数": true, "整数>范围内选": true,
}

// shape is what kind of value a field holds. What is not asked can hold anything.
func shape(n *xform.Node) string {
	switch kind := words.Type(n); {
	case kind == "不显示":
		return "不显示的值"
	case strings.HasPrefix(kind, "在 "):
		return "范围内选"
	default:
		return kind
	}
}

// repeats says in which repeats a field stands.
func repeats(n *xform.Node) string {
	var names []string
	for ; n != nil; n = n.Parent {
		if n.Repeat != nil {
			names = append(names, n.Name.Local)
		}
	}
	if len(names) == 0 {
		return "只填一次的部分"
	}
	return "可填多条的 " + strings.Join(names, "、")
}

// choices tells of choices that came, went, or mean something else.
func (c *comparison) choices(before, after *xform.Node) {
	was, is := words.Choices(c.older, before.Control), words.Choices(c.newer, after.Control)
	if a, b := words.ListOf(before.Control), words.ListOf(after.Control); a != b && (len(was) == 0 || len(is) == 0) {
		c.add(Choices, "", after.Field(), "%s的选项原来取自 %s，现在取自 %s。", called(c.newer, after), a, b)
		return
	}
	old := map[string]string{}
	for _, choice := range was {
		old[choice.Name] = choice.Label
	}
	for _, choice := range is {
		label, there := old[choice.Name]
		delete(old, choice.Name)
		switch {
		case !there:
			c.add(Choices, "", after.Field(), "%s多了选项“%s”。", called(c.newer, after), choice.Label)
		case label == choice.Label:
		case resembles(label, choice.Label):
			c.add(Choices, "", after.Field(), "%s的选项“%s”改写成“%s”。", called(c.newer, after), label, choice.Label)
		default:
			c.add(Reused, ReusedChoice, after.Field(), "%s的选项 %s 原来是“%s”，现在是“%s”，旧答案会变成别的意思。", called(c.newer, after), choice.Name, label, choice.Label)
		}
	}
	for _, choice := range was {
		if _, gone := old[choice.Name]; gone && len(is) > 0 {
			c.add(Choices, "", after.Field(), "%s少了选项“%s”。已经选了它的记录不变。", called(c.newer, after), choice.Label)
		}
	}
}

// logic tells of changed expressions, in words.
func (c *comparison) logic(before, after *xform.Node) {
	for _, one := range []struct {
		name    string
		was, is *xpath.Expr
		say     func(*xform.Form, *xform.Node, *xpath.Expr) string
	}{
		{"何时问", before.Bind.Relevant, after.Bind.Relevant, words.Condition},
		{"何时必填", before.Bind.Required, after.Bind.Required, words.Condition},
		{"答案必须", before.Bind.Constraint, after.Bind.Constraint, words.Condition},
		{"何时不能改", before.Bind.ReadOnly, after.Bind.ReadOnly, words.Condition},
		{"怎么算", before.Bind.Calculate, after.Bind.Calculate, words.Value},
	} {
		was, is := "（没有）", "（没有）"
		if one.was != nil {
			was = one.say(c.older, before, one.was)
		}
		if one.is != nil {
			is = one.say(c.newer, after, one.is)
		}
		if source(one.was) != source(one.is) {
			c.add(Logic, "", after.Field(), "%s%s：原来是%s；现在是%s。", called(c.newer, after), one.name, was, is)
		}
	}
	if before.Bind.SaveTo != after.Bind.SaveTo {
		c.add(Logic, "", after.Field(), "%s登记到的属性由“%s”改成“%s”。", called(c.newer, after), before.Bind.SaveTo, after.Bind.SaveTo)
	}
	if before.Default != after.Default {
		c.add(Logic, "", after.Field(), "%s先填好的值由“%s”改成“%s”。", called(c.newer, after), before.Default, after.Default)
	}
}

func source(e *xpath.Expr) string {
	if e == nil {
		return ""
	}
	return strings.Join(strings.Fields(e.String()), " ")
}
