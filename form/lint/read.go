package lint

import (
	"cmp"
	"strings"

	"zoucun/form/words"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
)

// Workbook returns what is refused in a form's sheets, in reading order. It needs no compiled form: what else is wrong
// with the sheets is the compiler's to say.
func (r Rules) Workbook(book xlsform.Workbook) []xlsform.Finding {
	var found []xlsform.Finding
	whole := ""
	for _, e := range book.Entries("settings") {
		whole = e.Get("basis")
		found = append(found, r.inspect(item{
			kind: "form", labels: e.Texts("form_title"), sheet: "settings", row: e.Row(), header: e.Header,
		})...)
	}
	for _, e := range book.Entries("survey") {
		if kind := e.Type(); kind != "" {
			found = append(found, r.inspect(asItem(e, kind, whole))...)
		}
	}
	found = append(found, leaks(book)...)
	for _, name := range []string{"choices", "external_choices"} {
		for _, e := range book.Entries(name) {
			found = append(found, r.inspect(item{
				kind: "choice", name: e.Get("name"), labels: e.Texts("label"), sheet: name, row: e.Row(), header: e.Header,
			})...)
		}
	}
	return found
}

func asItem(e xlsform.Entry, kind, whole string) item {
	return item{
		kind: kind, name: e.Get("name"), labels: e.Texts("label"),
		hints:    append(e.Texts("hint"), e.Texts("guidance_hint")...),
		required: !xlsform.No(e.Get("required")), sealed: isSealed(e) && kind == "text",
		tracked: kind == "audit" && strings.Contains(e.Get("parameters"), "location-"),
		basis:   cmp.Or(e.Get("basis"), whole),
		sheet:   "survey", row: e.Row(), header: e.Header,
	}
}

// Definition returns what is refused in a form that was not written in sheets. A basis is the attribute of that name on
// a bind, in any namespace.
func (r Rules) Definition(f *xform.Form) []xlsform.Finding {
	var found []xlsform.Finding
	for _, n := range f.Nodes {
		if n.Parent == nil || n.Attribute || strings.HasPrefix(string(n.Field()), "meta/entity") {
			continue
		}
		one := definedItem(f, n)
		found = append(found, r.inspect(one)...)
		found = append(found, one.definedLeaks(f, n)...)
		for _, c := range words.Choices(f, n.Control) {
			found = append(found, r.inspect(item{
				kind: "choice", name: c.Name, labels: []xlsform.Said{{Column: "label", Text: c.Label}}, sheet: one.sheet, header: plain,
			})...)
		}
	}
	return found
}

// plain is the header of a column that nobody wrote.
func plain(column string) string { return column }

func definedItem(f *xform.Form, n *xform.Node) item {
	one := item{kind: kindOf(n), name: n.Name.Local, sheet: n.Path(), header: plain, sealed: n.Sealed()}
	if title := words.Title(f, n); title != "" {
		one.labels = []xlsform.Said{{Column: "label", Text: title}}
	}
	if n.Control != nil {
		if hint := words.Plain(f, n.Control.Hint); hint != "" {
			one.hints = []xlsform.Said{{Column: "hint", Text: hint}}
		}
	}
	if required := n.Bind.Required; required != nil {
		one.required = strings.TrimSpace(required.String()) != "false()"
	}
	for name, value := range n.Bind.Other {
		_, local, _ := strings.Cut(":"+name, ":")
		if i := strings.LastIndex(local, ":"); i >= 0 {
			local = local[i+1:]
		}
		one.tracked = one.tracked || strings.HasPrefix(local, "location-")
		if local == "basis" {
			one.basis = value
		}
	}
	return one
}

// kindOf returns the XLSForm name of a node's type as far as rules care.
func kindOf(n *xform.Node) string {
	c := n.Control
	switch {
	case !n.Leaf():
		return "group"
	case strings.HasPrefix(n.Bind.Type, "geo"):
		return n.Bind.Type
	case c == nil && n.Bind.Type == "binary" && n.Name.Local != "audit":
		return "background-audio"
	case c != nil && c.Kind == xform.Upload:
		return uploaded(c.Attributes["mediatype"])
	case c != nil && c.Kind == xform.Input && n.Bind.ReadOnly != nil && strings.TrimSpace(n.Bind.ReadOnly.String()) == "true()" && !n.Sealed():
		return "note"
	}
	return "question"
}

func uploaded(mediatype string) string {
	switch family, _, _ := strings.Cut(mediatype, "/"); family {
	case "image":
		return "photo"
	case "audio", "video", "osm":
		return family
	}
	return "file"
}
