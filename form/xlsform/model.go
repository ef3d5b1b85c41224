package xlsform

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

func decimal(n int) string { return strconv.Itoa(n) }

// namespaces every form declares.
var namespaces = []attr{
	{"xmlns", "http://www.w3.org/2002/xforms"},
	{"xmlns:h", "http://www.w3.org/1999/xhtml"},
	{"xmlns:ev", "http://www.w3.org/2001/xml-events"},
	{"xmlns:xsd", "http://www.w3.org/2001/XMLSchema"},
	{"xmlns:jr", "http://openrosa.org/javarosa"},
	{"xmlns:orx", "http://openrosa.org/xforms"},
	{"xmlns:odk", "http://www.opendatakit.org/xforms"},
}

// html writes the whole document.
func (c *compiler) html() *node {
	top := el("h:html")
	top.attrs = c.namespaces()
	c.translations = &itext{byID: map[string]*entry{}}
	c.collectTranslations()
	c.checkLanguages()
	body := c.body()
	return top.add(el("h:head", el("h:title", txt(c.settings.title)), c.model()), body)
}

// namespaces adds those of the settings and of entities to the standard ones.
func (c *compiler) namespaces() []attr {
	all := slices.Clone(namespaces)
	given := strings.Fields(c.settings.namespaces)
	if len(c.entities) > 0 {
		given = append(given, "entities=http://www.opendatakit.org/xforms/entities")
	}
	for _, one := range given {
		prefix, uri, ok := strings.Cut(one, "=")
		if ok && isName(prefix) && valueOf(all, "xmlns:"+prefix) == "" {
			all = append(all, attr{"xmlns:" + prefix, strings.Trim(uri, `"'`)})
		}
	}
	return all
}

// model writes instances, binds and actions.
func (c *compiler) model() *node {
	m := el("model").with("odk:xforms-version", "1.0.0")
	if version := c.entitiesVersion(); version != "" {
		m.with("entities:entities-version", version)
	}
	primary := el("instance", c.primary())
	binds := c.binds()
	actions := c.modelActions()
	if len(c.settings.submission) > 0 {
		submission := el("submission")
		submission.attrs = c.settings.submission
		m.add(submission)
	}
	if texts := c.translations.node(c.settings.language); texts != nil {
		m.add(texts)
	}
	m.add(primary)
	m.add(c.instances()...)
	m.add(binds...)
	return m.add(actions...)
}

// primary writes the instance that answers go into.
func (c *compiler) primary() *node {
	top := el(c.root.name)
	s := c.settings
	for _, one := range s.attributes {
		top.attrs = set(top.attrs, one.key, one.value)
	}
	top.attrs = set(top.attrs, "id", s.id)
	for _, one := range []attr{
		{"xmlns", s.record.get("instance_xmlns")},
		{"version", s.version},
		{"odk:prefix", s.record.get("prefix")},
		{"odk:delimiter", s.record.get("delimiter")},
	} {
		top.attrs = setIf(top.attrs, one.name, one.value)
	}
	return c.fillInstance(top, c.root, both)
}

// copies says how often a repeat is written where it stands.
type copies uint8

const (
	both     copies = iota // as a template and as its first instance
	template               // right in another repeat's template: as a template only
	first                  // in another repeat's first instance: as an instance only
)

// fillInstance writes the nodes below e.
func (c *compiler) fillInstance(n *node, e *element, as copies) *node {
	for _, child := range e.children {
		switch {
		case child.kind == attribute:
			n.with(child.name[1:], child.value)
		case isExternal(child):
		case child.kind == repeat:
			if as != first {
				n.add(c.fillInstance(el(child.name).with("jr:template", ""), child, template))
			}
			if as != template {
				n.add(c.instanceNode(child, first))
			}
		case as == template:
			n.add(c.instanceNode(child, both))
		default:
			n.add(c.instanceNode(child, as))
		}
	}
	return n
}

func (c *compiler) instanceNode(e *element, as copies) *node {
	n := el(e.name)
	for _, one := range e.instance {
		n.with(one.name, c.resolve(e, one.value, reading{where: e.record.at("instance::" + one.name)}))
	}
	if e.value != "" {
		n.add(txt(e.value))
	}
	return c.fillInstance(n, e, as)
}

// isExternal reports whether the row stands for a file rather than a question.
func isExternal(e *element) bool { return e.typeName == "csv-external" || e.typeName == "xml-external" }

// binds writes what is computed and required of every node.
func (c *compiler) binds() []*node {
	var out []*node
	for e := range c.root.all {
		if len(e.bind) == 0 || isExternal(e) {
			continue
		}
		n := el("bind").with("nodeset", e.path())
		for _, one := range e.bind {
			n.with(one.name, c.bindValue(e, one))
		}
		out = append(out, n)
	}
	return out
}

// bindValue writes one attribute of a bind.
func (c *compiler) bindValue(e *element, one attr) string {
	if isMessage(one.name) {
		return c.messageValue(e, one.name)
	}
	where := e.record.at(cmp.Or(e.column, "bind::"+one.name))
	value := c.resolve(e, one.value, reading{where: where})
	if isExpression(one.name) {
		c.checkExpression(value, one.value, where)
	}
	return value
}

// messageValue writes a message, or where its translations stand.
func (c *compiler) messageValue(e *element, name string) string {
	i := slices.IndexFunc(e.messages, func(m message) bool { return m.name == name })
	said := e.messages[i].text
	if said.translated() || hasReference(said.plain) {
		return "jr:itext('" + e.path() + ":" + name + "')"
	}
	return said.plain
}

// isExpression reports whether a bind attribute is computed.
func isExpression(name string) bool {
	switch name {
	case "relevant", "constraint", "calculate", "required", "readonly":
		return true
	}
	return false
}

// modelActions writes what happens when a form is opened.
func (c *compiler) modelActions() []*node {
	var out []*node
	for e := range c.root.all {
		for _, one := range e.actions {
			if one.event != newRepeat {
				out = append(out, c.actionNode(e, one))
			}
		}
	}
	return out
}

func (c *compiler) actionNode(e *element, one action) *node {
	n := el(one.name).with("event", one.event, "ref", e.path())
	n.attrs = append(n.attrs, one.extra...)
	if one.value != "" {
		where := e.record.at("default")
		value := c.resolve(e, one.value, reading{where: where})
		c.checkExpression(value, one.value, where)
		n.with("value", value)
	}
	return n
}

// source is a secondary instance: where it comes from and who asked for it.
type source struct{ name, kind, uri, owner string }

// sources lists the files the form looks into, each once, in the order they are met.
func (c *compiler) sources() []source {
	var out []source
	for e := range c.root.all {
		out = append(out, sourcesOf(e)...)
	}
	if c.lastSaved {
		out = append(out, source{"__last-saved", "instance", "jr://instance/last-saved", ""})
	}
	return out
}

// sourcesOf lists the files one element looks into.
func sourcesOf(e *element) []source {
	var out []source
	owner := ""
	if e.parent != nil {
		owner = e.parent.name
	}
	if isExternal(e) {
		extension, _, _ := strings.Cut(e.typeName, "-")
		out = append(out, source{e.name, "external", fileURI(e.name + "." + extension), owner})
	}
	for _, expression := range expressionsOf(e) {
		for _, file := range pulledFiles(expression) {
			out = append(out, source{file, "pulldata", fileURI(file + ".csv"), owner})
		}
	}
	if e.choices != nil && e.choices.file {
		name := strings.TrimSuffix(e.choices.list, path.Ext(e.choices.list))
		out = append(out, source{name, "file", fileURI(e.choices.list), owner})
	}
	return out
}

// fileURI is where a form finds a file that travels with it.
func fileURI(name string) string {
	if strings.HasSuffix(name, ".csv") {
		return "jr://file-csv/" + name
	}
	return "jr://file/" + name
}

// expressionsOf lists what an element computes.
func expressionsOf(e *element) []string {
	out := []string{e.dynamic, e.calculation}
	for _, one := range e.bind {
		out = append(out, one.value)
	}
	if e.choices != nil {
		out = append(out, e.choices.filter)
	}
	return out
}

// pulledFiles lists the files named by pulldata() in an expression.
func pulledFiles(expression string) []string {
	const call = "pulldata("
	if !strings.Contains(expression, call) {
		return nil
	}
	var files []string
	called := false
	for _, one := range tokens(expression) {
		switch {
		case one.text == call:
			called = true
		case called && one.kind == stringToken:
			files = append(files, strings.Trim(one.text, `'"`))
			called = false
		case strings.TrimSpace(one.text) != "":
			called = false
		}
	}
	return files
}

// instances writes the secondary instances: files first, then lists of choices.
func (c *compiler) instances() []*node {
	var out []*node
	seen := map[string]source{}
	for _, one := range c.sources() {
		earlier, again := seen[one.name]
		switch {
		case again && (earlier.uri != one.uri || one.kind == "external" && earlier.kind == "external"):
			c.found.add(InstanceClash, at{sheet: surveySheet}, one.name, earlier.kind, earlier.uri, one.kind, one.uri, one.owner)
		case !again:
			out = append(out, el("instance").with("id", one.name, "src", one.uri))
		}
		seen[one.name] = one
	}
	for _, name := range c.order {
		if file, clash := seen[name]; clash {
			c.found.add(InstanceClash, at{sheet: choicesSheet}, name, file.kind, file.uri, "choice", "choices", "")
			continue
		}
		if !c.lists[name].search {
			out = append(out, c.listInstance(c.lists[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.external)) {
		if _, clash := seen[name]; !clash && c.lists[name] == nil && c.external[name].user != "" {
			out = append(out, c.externalInstance(c.external[name]))
		}
	}
	return out
}

// externalInstance writes a list of the external_choices sheet, which is read in one language.
func (c *compiler) externalInstance(l *list) *node {
	items := el("root")
	for _, one := range l.choices {
		item := el("item", el("name", txt(one.name)))
		if said := one.label.in(c.settings.language); len(said) > 0 {
			item.add(el("label", txt(said[0].value)))
		}
		for _, column := range l.columns {
			value := one.record.get(column.path)
			own := column.path == "list name" || column.path == "name" || strings.HasPrefix(column.path, "label")
			if value != "" && !own && !strings.ContainsAny(column.path, ": ") {
				item.add(el(column.path, txt(value)))
			}
		}
		items.add(item)
	}
	return el("instance", items).with("id", l.name)
}

// hasInstance reports whether the form can look into the list.
func (c *compiler) hasInstance(name string) bool {
	return c.lists[name] != nil || slices.ContainsFunc(c.sources(), func(s source) bool { return s.name == name && s.kind != "instance" })
}

// listInstance writes a list of choices.
func (c *compiler) listInstance(l *list) *node {
	items := el("root")
	labels := l.itext()
	for i, one := range l.choices {
		item := el("item")
		if labels {
			item.add(el("itextId", txt(l.itextID(i))))
		}
		items.add(item.add(l.properties(one, labels)...))
	}
	return el("instance", items).with("id", l.name)
}

// properties writes the columns of one choice in the order of the sheet.
func (l *list) properties(one choice, labels bool) []*node {
	if one.record.table == nil {
		out := []*node{el("name", txt(one.name))}
		if !labels {
			out = append(out, el("label", txt(one.label.plain)))
		}
		return out
	}
	var out []*node
	for _, column := range l.columns {
		value := one.record.get(column.path)
		if value == "" || strings.Contains(column.path, "::") || labels && column.path == "label" {
			continue
		}
		out = append(out, el(column.path, txt(value)))
	}
	return out
}
