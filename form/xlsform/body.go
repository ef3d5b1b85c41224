package xlsform

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// body writes what a person sees and answers.
func (c *compiler) body() *node {
	b := el("h:body")
	if c.settings.style != "" {
		b.with("class", c.settings.style)
	}
	return b.add(c.controls(c.root)...)
}

func (c *compiler) controls(e *element) []*node {
	var out []*node
	for _, child := range e.children {
		if n := c.control(child); n != nil {
			out = append(out, n)
		}
	}
	return out
}

func (c *compiler) control(e *element) *node {
	switch {
	case e.hidden || e.kind == attribute:
		return nil
	case e.kind == group:
		return c.group(e)
	case e.kind == repeat:
		return c.repeat(e)
	case e.silent():
		return nil
	default:
		return c.question(e)
	}
}

// silent reports whether a question is computed and has nothing to show.
func (e *element) silent() bool {
	computed := e.calculation != "" || len(e.triggers) > 0 || valueOf(e.bind, "calculate") != ""
	return e.hidden || computed && e.label.empty() && e.hint.empty()
}

func (c *compiler) group(e *element) *node {
	n := el("group")
	n.attrs = c.bodyAttributes(e)
	n.with("ref", e.path())
	if !e.label.empty() || len(e.media) > 0 {
		n.add(c.label(e))
	}
	return n.add(c.controls(e)...)
}

func (c *compiler) repeat(e *element) *node {
	looks := c.bodyAttributes(e)
	again := el("repeat").with("nodeset", e.path())
	again.attrs = append(again.attrs, looks...)
	again.add(c.controls(e)...)
	again.add(c.repeatActions(e)...)
	n := el("group").with("ref", e.path())
	if !e.label.empty() || len(e.media) > 0 {
		return n.add(c.label(e), again)
	}
	n.attrs = append(n.attrs, looks...)
	return n.add(again)
}

// repeatActions writes what happens when the repeat gets a further instance. Repeats inside look after themselves.
func (c *compiler) repeatActions(e *element) []*node {
	var out []*node
	for child := range e.all {
		if child == e || cmp.Or(child.around(), e) != e || child.kind == repeat {
			continue
		}
		for _, one := range child.actions {
			if one.event == newRepeat {
				out = append(out, c.actionNode(child, one))
			}
		}
	}
	return out
}

// bodyAttributes writes the attributes of a body element, with paths in place of references.
func (c *compiler) bodyAttributes(e *element) []attr {
	out := make([]attr, 0, len(e.body))
	for _, one := range e.body {
		where := e.record.at("control::" + one.name)
		out = append(out, attr{one.name, c.resolve(e, one.value, reading{where: where})})
	}
	return out
}

// question writes one question: label, hint, choices, and what its change sets off.
func (c *compiler) question(e *element) *node {
	n := el(e.typ.control).with("ref", e.path())
	for _, one := range c.bodyAttributes(e) {
		n.attrs = set(n.attrs, one.name, one.value)
	}
	n.add(c.labelAndHint(e)...)
	n.add(c.choicesOf(e, n)...)
	return n.add(c.triggered(e)...)
}

func (c *compiler) labelAndHint(e *element) []*node {
	noHint := e.hint.empty() && e.guidance.empty()
	if e.label.empty() && len(e.media) == 0 && e.hint.empty() {
		c.found.add(NoLabel, e.record.at("label"), e.name)
	}
	out := []*node{c.label(e)}
	if noHint {
		return out
	}
	if e.hinted() {
		return append(out, el("hint").with("ref", "jr:itext('"+e.path()+":hint')"))
	}
	return append(out, el("hint", c.speech(e, e.hint.plain, e.record.at("hint"))...))
}

func (c *compiler) label(e *element) *node {
	if e.labelled() {
		return el("label").with("ref", "jr:itext('"+e.path()+":label')")
	}
	return el("label", c.speech(e, e.label.plain, e.record.at("label"))...)
}

// speech writes a text in which ${references} and paths into other instances show their values.
func (c *compiler) speech(e *element, said string, where at) []*node {
	var out []*node
	last := 0
	for _, span := range computedParts(said) {
		if span[0] > last {
			out = append(out, txt(said[last:span[0]]))
		}
		value := c.resolve(e, said[span[0]:span[1]], reading{where: where})
		out = append(out, el("output").with("value", value))
		last = span[1]
	}
	if strings.Count(said[last:], "${") > 0 {
		c.found.add(BadReference, where, said[last:])
	}
	if last < len(said) {
		out = append(out, txt(said[last:]))
	}
	return out
}

// computedParts lists the parts of a text that are computed, in order.
func computedParts(said string) [][2]int {
	spans := instanceCalls(said)
	for _, m := range referencePattern.FindAllStringIndex(said, -1) {
		inside := slices.ContainsFunc(spans, func(s [2]int) bool { return s[0] <= m[0] && m[1] <= s[1] })
		if !inside {
			spans = append(spans, [2]int{m[0], m[1]})
		}
	}
	slices.SortFunc(spans, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	return spans
}

// choicesOf writes where a question's choices come from.
func (c *compiler) choicesOf(e *element, n *node) []*node {
	switch {
	case e.choices == nil:
		return nil
	case e.choices.control == "osm":
		return c.tags(e)
	case e.choices.control == "geometry":
		return []*node{c.points(e)}
	case e.choices.control == "external":
		n.with("query", c.itemset(e, "instance('"+e.choices.list+"')/root/item"))
		return nil
	case hasReference(e.choices.list):
		return []*node{c.answersBefore(e)}
	case !e.choices.file && c.lists[e.choices.list] == nil:
		return nil
	case !e.choices.file && c.lists[e.choices.list].search:
		return c.inlineChoices(e)
	default:
		return []*node{c.choicesFrom(e)}
	}
}

// choicesFrom writes the itemset of a list or file.
func (c *compiler) choicesFrom(e *element) *node {
	name, value, label := e.choices.list, "name", "label"
	switch extension := path.Ext(name); {
	case !e.choices.file && c.lists[name].itext():
		label = "jr:itext(itextId)"
	case !e.choices.file:
	case extension == ".geojson":
		value, label = "id", "title"
		fallthrough
	default:
		name = strings.TrimSuffix(name, extension)
	}
	value = cmp.Or(valueOf(e.params, "value"), value)
	label = cmp.Or(valueOf(e.params, "label"), label)
	return el("itemset", el("value").with("ref", value), el("label").with("ref", label)).
		with("nodeset", c.shuffled(e, c.itemset(e, "instance('"+name+"')/root/item")))
}

// itemset adds the question's filter to the path of its choices.
func (c *compiler) itemset(e *element, items string) string {
	if e.choices.filter == "" {
		return items
	}
	where := e.record.at("choice_filter")
	filter := c.resolve(e, e.choices.filter, reading{where: where, current: true})
	whole := items + "[" + filter + "]"
	c.checkExpression(whole, e.choices.filter, where)
	return whole
}

// shuffled wraps the choices in randomize() when the parameters ask for it.
func (c *compiler) shuffled(e *element, items string) string {
	if !strings.EqualFold(valueOf(e.params, "randomize"), "true") {
		return items
	}
	if seed := valueOf(e.params, "seed"); seed != "" {
		items += ", " + strings.TrimSpace(c.resolve(e, seed, reading{where: e.record.at("parameters")}))
	}
	return "randomize(" + items + ")"
}

// answersBefore writes the itemset of a select whose choices are the answers given in a repeat.
func (c *compiler) answersBefore(e *element) *node {
	where := e.record.at("type")
	full := strings.TrimSpace(c.resolve(e, e.choices.list, reading{where: where, repeat: true}))
	items, name := path.Split(full)
	items = strings.TrimSuffix(items, "/")
	return el("itemset", el("value").with("ref", name), el("label").with("ref", name)).
		with("nodeset", c.shuffled(e, items+"["+c.answerFilter(e, items, name)+"]"))
}

// answerFilter is the predicate on the instances of a repeat whose answers are choices: the question's filter, or
// that there is an answer. Paths into the repeat start at the instance.
func (c *compiler) answerFilter(e *element, items, name string) string {
	if e.choices.filter == "" {
		return "./" + name + " != ''"
	}
	how := reading{where: e.record.at("choice_filter"), current: true, repeat: true}
	filter := c.resolve(e, e.choices.filter, how)
	filter = strings.ReplaceAll(filter, "current()/"+items, ".")
	return strings.ReplaceAll(filter, items, ".")
}

// inlineChoices writes the choices into the body, where search() looks for them.
func (c *compiler) inlineChoices(e *element) []*node {
	l := c.lists[e.choices.list]
	var out []*node
	for i, one := range l.choices {
		label := el("label", c.speech(e, one.label.plain, one.record.at("label"))...)
		if l.itext() {
			label = el("label").with("ref", "jr:itext('"+l.itextID(i)+"')")
		}
		out = append(out, el("item", label, el("value", txt(one.name))))
	}
	return out
}

// tags writes the OpenStreetMap tags a map question asks for.
func (c *compiler) tags(e *element) []*node {
	sheet, ok := c.book.sheet(osmSheet)
	if !ok || e.choices.list == "" {
		return nil
	}
	var out []*node
	for _, r := range understand(&findings{}, sheet, choicesSheet).records {
		if r.get("list name") == e.choices.list {
			out = append(out, el("tag", el("label", txt(r.get("label")))).with("key", r.get("name")))
		}
	}
	return out
}

// triggered writes what a change of the question computes.
func (c *compiler) triggered(e *element) []*node {
	var out []*node
	for _, other := range c.triggers[e.name] {
		name := "setvalue"
		if other.typeName == "background-geopoint" {
			name = "odk:setgeopoint"
		}
		n := el(name).with("event", valueChanged, "ref", other.path())
		if other.calculation != "" {
			where := other.record.at("bind::calculate")
			value := c.resolve(other, other.calculation, reading{where: where})
			c.checkExpression(value, other.calculation, where)
			n.with("value", value)
		}
		out = append(out, n)
	}
	return out
}

// checkTriggers notes what each question sets off, and checks that it is there and can be changed by hand.
func (c *compiler) checkTriggers() {
	c.triggers = map[string][]*element{}
	for e := range c.root.all {
		for _, name := range e.triggers {
			c.triggers[name] = append(c.triggers[name], e)
			where := e.record.at("trigger")
			if from, ok := c.target(name, where); ok && from.silent() {
				c.found.add(HiddenTrigger, where, name, e.name)
			}
		}
	}
}

// checkGeometries reads the reference-geometry of map questions, which names the points to show: a list, a file, or
// the answers of a repeat.
func (c *compiler) checkGeometries() {
	for e := range c.root.all {
		given := valueOf(e.params, "reference-geometry")
		if given == "" || !hyphenated[e.typeName] {
			continue
		}
		list, ok := c.geometry(given)
		if !ok {
			c.found.add(BadGeometry, e.record.at("parameters"), given)
			continue
		}
		e.choices = &selection{control: "geometry", list: list, filter: e.record.get("choice_filter")}
	}
}

// geometry writes the path of the points a reference-geometry names.
func (c *compiler) geometry(given string) (string, bool) {
	if strings.HasPrefix(given, "${") {
		named := c.names[strings.TrimSuffix(given[2:], "}")]
		if len(named) != 1 || named[0].kind != repeat {
			return "", false
		}
		return named[0].path(), isReference(given)
	}
	return "instance('" + given + "')/root/item", c.entity(given) != nil || c.hasInstance(given)
}

// points writes the itemset of a map question's reference geometry.
func (c *compiler) points(e *element) *node {
	value, label := "name", "label"
	items := e.choices.list
	if strings.HasPrefix(items, "instance(") {
		items = c.itemset(e, items)
	} else {
		value, label = "geometry", "geometry"
		items += "[" + c.answerFilter(e, items, "geometry") + "]"
	}
	return el("itemset", el("value").with("ref", value), el("label").with("ref", label)).with("nodeset", items)
}
