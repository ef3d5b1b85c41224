package words

import (
	"fmt"
	"slices"
	"strings"

	"zoucun/form/xform"
)

// Line is a line of a form's outline.
type Line struct {
	Depth int // how many groups stand around it, and one more below a question
	Text  string
}

// Outline tells a whole form in words: what it asks, of whom, and what an answer must be.
func Outline(f *xform.Form) []Line {
	o := &outliner{form: f, sets: map[*xform.Node][]*xform.Action{}, saved: map[*xform.Node]string{}}
	o.note(f.Actions)
	for _, n := range f.Nodes {
		o.note(n.Changed)
	}
	for _, entity := range f.Entities {
		for _, n := range entity.Saves {
			o.saved[n] = entity.Dataset + " 的 " + n.Bind.SaveTo
		}
	}
	o.below(f.Root, 0)
	return o.lines
}

// note files actions under what they set, each once: one that answers to several events stands in several lists.
func (o *outliner) note(actions []*xform.Action) {
	for _, action := range actions {
		if !slices.Contains(o.sets[action.Target], action) {
			o.sets[action.Target] = append(o.sets[action.Target], action)
		}
	}
}

// outliner collects lines on the way down a definition.
type outliner struct {
	form  *xform.Form
	sets  map[*xform.Node][]*xform.Action // actions by what they set
	saved map[*xform.Node]string
	lines []Line
}

func (o *outliner) say(depth int, format string, args ...any) {
	o.lines = append(o.lines, Line{depth, fmt.Sprintf(format, args...)})
}

func (o *outliner) below(n *xform.Node, depth int) {
	for _, child := range n.Children {
		switch {
		case child.Name.Local == "meta":
		case child.Leaf():
			o.question(child, depth)
		default:
			o.group(child, depth)
		}
	}
}

func (o *outliner) group(n *xform.Node, depth int) {
	many := ""
	if n.Repeat != nil {
		many = " 可填多条"
		if n.Repeat.Count != nil {
			many = " 条数由" + Value(o.form, n, n.Repeat.Count) + "定"
		}
	}
	o.say(depth, "%s [%s]%s", Label(o.form, n), n.Name.Local, many)
	o.relevance(n, depth+1)
	o.below(n, depth+1)
}

func (o *outliner) relevance(n *xform.Node, depth int) {
	if n.Bind.Relevant != nil {
		o.say(depth, "当%s时才问", Condition(o.form, n, n.Bind.Relevant))
	}
}

func (o *outliner) question(n *xform.Node, depth int) {
	if n.Control == nil {
		o.hidden(n, depth)
		return
	}
	o.say(depth, "%s [%s] %s%s", Label(o.form, n), n.Name.Local, Type(n), o.offered(n))
	o.relevance(n, depth+1)
	o.requirement(n, depth+1)
	if n.Bind.Constraint != nil {
		o.say(depth+1, "必须：%s%s", Condition(o.form, n, n.Bind.Constraint), o.otherwise(n.Bind.ConstraintMsg))
	}
	if Type(n) != "说明" && Type(n) != sealed && n.Bind.ReadOnly != nil {
		o.say(depth+1, "不能改的时候：%s", Condition(o.form, n, n.Bind.ReadOnly))
	}
	o.origin(n, depth+1)
}

func (o *outliner) requirement(n *xform.Node, depth int) {
	switch required := n.Bind.Required; {
	case required == nil || strings.TrimSpace(required.String()) == "false()":
	case strings.TrimSpace(required.String()) == "true()":
		o.say(depth, "必填%s", o.otherwise(n.Bind.RequiredMsg))
	default:
		o.say(depth, "当%s时必填%s", Condition(o.form, n, required), o.otherwise(n.Bind.RequiredMsg))
	}
}

func (o *outliner) otherwise(message *xform.Text) string {
	if said := Plain(o.form, message); said != "" {
		return "；否则提示" + quoted(said)
	}
	return ""
}

// offered lists the choices of a question.
func (o *outliner) offered(n *xform.Node) string {
	var labels []string
	for _, c := range Choices(o.form, n.Control) {
		labels = append(labels, c.Label)
	}
	switch list := ListOf(n.Control); {
	case len(labels) > 0:
		return fmt.Sprintf(" %d 项：%s", len(labels), strings.Join(labels, "、"))
	case list != "":
		return "（选项来自登记簿 " + list + "）"
	}
	return ""
}

// hidden tells of a value nobody is asked for.
func (o *outliner) hidden(n *xform.Node, depth int) {
	o.say(depth, "%s（不显示）", n.Name.Local)
	o.relevance(n, depth+1)
	o.origin(n, depth+1)
}

// origin tells where a value comes from and where it goes.
func (o *outliner) origin(n *xform.Node, depth int) {
	if n.Bind.Calculate != nil {
		o.say(depth, "算出：%s", Value(o.form, n, n.Bind.Calculate))
	}
	if n.Bind.Preload != "" {
		o.say(depth, "由设备填：%s", n.Bind.PreloadParams)
	}
	if n.Default != "" {
		o.say(depth, "先填好：%s", choiceLabel(o.form, n, n.Default))
	}
	for _, action := range o.sets[n] {
		value := quoted(action.Literal)
		if action.Value != nil {
			value = Value(o.form, n, action.Value)
		}
		when := "开始时填好"
		if action.On(xform.ValueChanged) && action.Trigger != nil {
			when = quoted(Label(o.form, action.Trigger)) + "一改就填成"
		}
		if !action.Location && value != quoted("") {
			o.say(depth, "%s：%s", when, value)
		}
	}
	if to := o.saved[n]; to != "" {
		o.say(depth, "登记到 %s", to)
	}
}

// types are the words for types of values that people type in.
var types = map[string]string{
	"int": "整数", "integer": "整数", "decimal": "小数", "date": "日期", "time": "时间", "dateTime": "日期和时间", "barcode": "条码",
	"geopoint": "位置", "geotrace": "路线", "geoshape": "范围",
}

// Type returns in Chinese what kind of answer a node wants.
func Type(n *xform.Node) string {
	if n.Control == nil {
		return "不显示"
	}
	switch n.Control.Kind {
	case xform.Select1:
		return "单选"
	case xform.Select:
		return "多选"
	case xform.Rank:
		return "排序"
	case xform.Range:
		return "在 " + n.Control.Attributes["start"] + " 到 " + n.Control.Attributes["end"] + " 之间选"
	case xform.Trigger:
		return "勾选"
	case xform.Upload:
		return fileType(n.Control)
	case xform.Input, xform.Group, xform.Repeat:
	}
	if n.Sealed() {
		return sealed
	}
	if word := types[n.Bind.Type]; word != "" {
		return word
	}
	if n.Bind.ReadOnly != nil && n.Bind.Calculate == nil && strings.TrimSpace(n.Bind.ReadOnly.String()) == "true()" {
		return "说明"
	}
	return "填空"
}

// sealed is the type of a question whose answer never enters the form.
const sealed = "封存"

func fileType(c *xform.Control) string {
	switch family, _, _ := strings.Cut(c.Attributes["mediatype"], "/"); {
	case family == "image" && strings.Contains(c.Appearance, "signature"):
		return "签名"
	case family == "image":
		return "照片"
	case family == "audio":
		return "录音"
	case family == "video":
		return "录像"
	}
	return "文件"
}
