package xlsform

import (
	"slices"
	"strings"
)

// columnAliases says, for each sheet, which column a header means. A key is the header in snake case; the value is
// the column's path, whose parts "::" separates: what stands under bind goes to the question's bind, what stands
// under control to its body element, what stands under media to its itext, what stands under instance to its node.
var columnAliases = map[string]map[string]string{
	surveySheet: {
		"label": "label", "caption": "label", "name": "name", "tag": "name", "value": "name",
		"type": "type", "command": "type", "list_name": "list_name",
		"hint": "hint", "guidance_hint": "guidance_hint", "default": "default", "trigger": "trigger",
		"choice_filter": "choice_filter", "parameters": "parameters", "disabled": "disabled", "intent": "intent",
		"query": "query", "flat": "flat", "basis": "basis",
		"read_only": "bind::readonly", "readonly": "bind::readonly",
		"relevant": "bind::relevant", "relevance": "bind::relevant",
		"required": "bind::required", "required_message": "bind::jr:requiredMsg", "requiredmsg": "bind::jr:requiredMsg",
		"constraint": "bind::constraint", "constraint_message": "bind::jr:constraintMsg",
		"constraining_message": "bind::jr:constraintMsg",
		"calculation":          "bind::calculate", "calculate": "bind::calculate",
		"no_app_error_string": "bind::jr:noAppErrorString", "noapperrorstring": "bind::jr:noAppErrorString",
		"save_to": "bind::entities:saveto", "bind": "bind",
		"appearance": "control::appearance", "repeat_count": "control::jr:count", "jr:count": "control::jr:count",
		"count": "control::jr:count", "autoplay": "control::autoplay", "rows": "control::rows",
		"body": "control", "control": "control", "instance": "instance", "compact_tag": "instance::odk:tag",
		"media": "media", "image": "media::image", "big-image": "media::big-image", "audio": "media::audio",
		"video": "media::video",
	},
	choicesSheet: {
		"list_name": "list name", "list name": "list name", "name": "name", "value": "name", "label": "label",
		"caption": "label", "media": "media", "image": "media::image", "big-image": "media::big-image",
		"audio": "media::audio", "video": "media::video",
	},
	settingsSheet: {
		"form_title": "title", "set_form_title": "title", "title": "title",
		"form_id": "id_string", "set_form_id": "id_string", "id_string": "id_string",
		"name": "name", "version": "version", "style": "style", "default_language": "default_language",
		"instance_name": "instance_name", "instance_id": "instance_id", "instance_xmlns": "instance_xmlns",
		"namespaces": "namespaces", "attribute": "attribute", "public_key": "public_key",
		"submission_url": "submission_url", "auto_send": "auto_send", "auto_delete": "auto_delete", "client_editable": "client_editable",
		"allow_choice_duplicates": "allow_choice_duplicates", "omit_instanceid": "omit_instanceID",
		"clean_text_values": "clean_text_values", "sms_keyword": "sms_keyword", "prefix": "prefix",
		"delimiter": "delimiter", "flat": "flat", "basis": "basis",
	},
	entitiesSheet: {
		"list_name": "dataset", "dataset": "dataset", "label": "label", "entity_id": "entity_id",
		"create_if": "create_if", "update_if": "update_if", "repeat": "repeat",
	},
}

// column is one header understood.
type column struct {
	path   string // "label", "label::fr", "bind::relevant"
	header string // as the author wrote it
}

// table is a sheet whose header is understood.
type table struct {
	name    string
	columns []column
	records []record
}

// record is one row of a table.
type record struct {
	table  *table
	number int
	cells  []string
}

// understand reads a sheet's header and reports headers that mean the same column twice.
func understand(found *findings, sheet Sheet, kind string) *table {
	t := &table{name: kind}
	double := slices.ContainsFunc(sheet.Header, func(h string) bool { return strings.Contains(h, "::") })
	seen := map[string]string{}
	for _, header := range sheet.Header {
		path := columnPath(header, columnAliases[kind], double)
		if other, taken := seen[path]; taken && path != "" && path != "id_string" {
			found.add(TwiceTheColumn, at{kind, 1, header}, other, header)
		}
		seen[path] = header
		t.columns = append(t.columns, column{path: path, header: header})
	}
	t.reportMisspelt(found)
	t.records = slices.Grow(t.records, len(sheet.Rows))
	for _, row := range sheet.Rows {
		if len(row.Cells) > len(t.columns) {
			found.add(OutsideHeader, at{sheet: kind, row: row.Number})
			row.Cells = row.Cells[:len(t.columns)]
		}
		t.records = append(t.records, record{table: t, number: row.Number, cells: row.Cells})
	}
	return t
}

// reportMisspelt reports headers that look like a column the sheet lacks.
func (t *table) reportMisspelt(found *findings) {
	for _, one := range t.columns {
		near := similarColumn(one.path, columnAliases[t.name])
		known := func(c column) bool { p, _, _ := strings.Cut(c.path, "::"); return p == columnAliases[t.name][near] }
		if near != "" && !slices.ContainsFunc(t.columns, known) {
			found.add(MisspeltColumn, at{t.name, 1, one.header}, one.header, near)
		}
	}
}

// similarColumn returns the column a header nobody knows was likely meant to be, or nothing. Short headers are left
// alone, for authors have columns of their own.
func similarColumn(path string, aliases map[string]string) string {
	if strings.Contains(path, "::") || len(path) < 5 {
		return ""
	}
	near := ""
	for name, known := range aliases {
		switch {
		case known == path || name == snake(path):
			return ""
		case distance(snake(path), name) <= 2 && (near == "" || name < near):
			near = name
		}
	}
	return near
}

// columnPath says which column a header means. Where no header of the sheet has "::", a single colon separates too,
// as forms older than 2012 write it.
func columnPath(header string, aliases map[string]string, double bool) string {
	if path, ok := aliases[snake(header)]; ok {
		return path
	}
	separator := "::"
	if !double && !strings.Contains(header, "::") {
		separator = ":"
	}
	parts := strings.Split(header, separator)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if i := slices.Index(parts, "jr"); separator == ":" && i >= 0 && i+1 < len(parts) {
		parts = slices.Replace(parts, i, i+2, "jr:"+parts[i+1])
	}
	if path, ok := aliases[snake(parts[0])]; ok {
		parts[0] = path
	} else if len(parts) == 1 {
		return header
	}
	return strings.Join(parts, "::")
}

// snake writes a header or type in lower case with single underscores for white space.
func snake(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), "_")) }

// has reports whether the table has a column of the path.
func (t *table) has(path string) bool {
	return slices.ContainsFunc(t.columns, func(c column) bool { return c.path == path })
}

// get returns the cell of the column, or an empty string.
func (r record) get(path string) string {
	for i, c := range r.columns() {
		if c.path == path && r.cells[i] != "" {
			return r.cells[i]
		}
	}
	return ""
}

// columns returns the columns this row has cells for.
func (r record) columns() []column {
	if r.table == nil {
		return nil
	}
	return r.table.columns[:min(len(r.cells), len(r.table.columns))]
}

// at names the cell of the column the way the author wrote its header.
func (r record) at(path string) at {
	if r.table == nil {
		return at{}
	}
	place := at{sheet: r.table.name, row: r.number, column: lastPart(path)}
	for _, c := range r.table.columns {
		if c.path == path || strings.HasPrefix(c.path, path+"::") {
			place.column = c.header
			break
		}
	}
	return place
}

func lastPart(path string) string {
	parts := strings.Split(path, "::")
	return parts[len(parts)-1]
}

// cell is one filled cell under a column path.
type cell struct {
	key   string // the path below the one asked for: "relevant", "fr", "image::fr"
	value string
}

// under returns the filled cells whose columns stand below the path, in the order of the sheet.
func (r record) under(path string) []cell {
	var out []cell
	for i, c := range r.columns() {
		if key, ok := strings.CutPrefix(c.path, path+"::"); ok && r.cells[i] != "" {
			out = append(out, cell{key: key, value: r.cells[i]})
		}
	}
	return out
}

// text is what a person reads, in one language or several.
type text struct {
	plain string // without a language
	langs []cell // key is the language
}

func (t text) empty() bool      { return t.plain == "" && len(t.langs) == 0 }
func (t text) translated() bool { return len(t.langs) > 0 }

// in returns the text by language; what has no language is in the default one unless that has a text of its own.
func (t text) in(defaultLanguage string) []cell {
	if t.plain == "" || slices.ContainsFunc(t.langs, func(c cell) bool { return c.key == defaultLanguage }) {
		return t.langs
	}
	return append([]cell{{key: defaultLanguage, value: t.plain}}, t.langs...)
}

// text returns the text of a column in all its languages.
func (r record) text(path string) text {
	return text{plain: r.get(path), langs: r.under(path)}
}
