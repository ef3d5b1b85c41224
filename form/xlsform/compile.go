package xlsform

import (
	"cmp"
	"slices"
	"strings"
)

// Options are what the sheets do not say.
type Options struct {
	Root string // name of the primary instance's root when the settings give none; "data" when empty
}

// Form is what compiling yields.
type Form struct {
	XML      []byte    // the XForm; nil when a finding is fatal
	Title    string    // what a person calls it
	ID       string    // form_id
	Version  string    // empty when the settings give none
	Findings []Finding // the worst first
}

// Fatal reports whether the form cannot be used.
func (f Form) Fatal() bool { return f.XML == nil }

// Compile turns a workbook into an XForm. It reports everything it finds wrong, not only the first.
func Compile(book Workbook, options Options) Form {
	c := &compiler{
		names: map[string][]*element{},
		lists: map[string]*list{},
	}
	survey, ok := c.sheets(book)
	if !ok {
		return Form{Findings: c.found.sorted()}
	}
	c.readSettings(book, options)
	c.readChoices(book)
	c.readExternalChoices(book)
	c.readEntities(book)
	c.readSurvey(survey)
	c.addMeta()
	c.index()
	c.placeEntities()
	c.checkTriggers()
	c.checkGeometries()
	c.checkEntityInstances()
	top := c.html()
	form := Form{Title: c.settings.title, ID: c.settings.id, Version: c.settings.version}
	if !c.found.fatal() {
		form.XML = document(top)
	}
	form.Findings = c.found.sorted()
	return form
}

// compiler holds one form while it is compiled. Each stage fills what the next ones read.
type compiler struct {
	found    findings
	settings settings
	book     Workbook
	survey   *table
	root     *element
	names    map[string][]*element // by name, to resolve ${references}
	lists    map[string]*list
	order    []string // lists in the order of the choices sheet
	external map[string]*list
	triggers map[string][]*element // what a change of the named question computes
	entities []*entity

	translations *itext
	lastSaved    bool
	repeats      map[string]bool
	orOther      bool
}

// settings is the form's settings sheet.
type settings struct {
	record          record
	root            string
	id              string
	title           string
	version         string
	style           string
	language        string
	duplicates      bool
	keepSpaces      bool
	omitInstanceID  bool
	instanceName    string
	namespaces      string
	attributes      []cell
	submission      []attr
	instancePreload string
}

// sheets finds the survey and reports sheets whose names look misspelt.
func (c *compiler) sheets(book Workbook) (Sheet, bool) {
	c.book = book
	survey, ok := book.sheet(surveySheet)
	if !ok {
		c.found.add(NoSurvey, at{sheet: surveySheet}, strings.Join(similar(book, surveySheet), "、"))
		return Sheet{}, false
	}
	for _, name := range []string{settingsSheet, entitiesSheet} {
		if _, ok := book.sheet(name); ok {
			continue
		}
		if near := similar(book, name); len(near) > 0 {
			c.found.add(MisspeltSheet, at{sheet: name}, name, strings.Join(near, "、"))
		}
	}
	return survey, true
}

// similar returns the names of sheets that differ from name by at most two letters.
func similar(book Workbook, name string) []string {
	var near []string
	for _, sheet := range book.Sheets {
		given := strings.ToLower(sheet.Name)
		if given == name || strings.HasPrefix(given, "_") {
			continue
		}
		if d := distance(given, name); d <= 2 && !isSheetName(given) {
			near = append(near, sheet.Name)
		}
	}
	return near
}

func isSheetName(name string) bool { return sheetRank(name) < len(sheetOrder) }

// distance counts the letters to insert, drop or change to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, change)
		}
	}
	return row[len(b)]
}

// readSettings reads the first row of the settings sheet.
func (c *compiler) readSettings(book Workbook, options Options) {
	var r record
	if sheet, ok := book.sheet(settingsSheet); ok {
		t := understand(&c.found, sheet, settingsSheet)
		if len(t.records) > 0 {
			r = t.records[0]
		}
		c.oneFormID(t)
	}
	c.settings = settings{
		record: r,
		root:   cmp.Or(r.get("name"), options.Root, "data"),
		id:     cmp.Or(r.get("id_string"), book.Name, "data"), version: r.get("version"), style: r.get("style"),
		language:        cmp.Or(r.get("default_language"), "default"),
		instanceName:    straight.Replace(r.get("instance_name")),
		namespaces:      straight.Replace(r.get("namespaces")),
		attributes:      r.under("attribute"),
		instancePreload: cmp.Or(r.get("instance_id"), "uid"),
		duplicates:      c.yes(r, "allow_choice_duplicates", false),
		keepSpaces:      !c.yes(r, "clean_text_values", true),
		omitInstanceID:  c.yes(r, "omit_instanceID", false),
	}
	c.settings.title = cmp.Or(r.get("title"), c.settings.id)
	c.settings.submission = submission(r)
	if c.yes(r, "client_editable", false) {
		c.settings.submission = append(c.settings.submission, attr{"odk:client-editable", "true"})
	}
	if !isName(c.settings.root) {
		c.found.add(BadRootName, r.at("name"), c.settings.root)
		c.settings.root = "data"
	}
	if c.settings.omitInstanceID && r.get("public_key") != "" {
		c.found.add(EncryptionNeedsID, r.at("omit_instanceID"))
	}
}

// oneFormID reports the old name of form_id beside the new one; form_id counts.
func (c *compiler) oneFormID(t *table) {
	old := slices.IndexFunc(t.columns, func(one column) bool { return one.header == "id_string" })
	if old < 0 || !slices.ContainsFunc(t.columns, func(one column) bool { return one.path == "id_string" && one.header != "id_string" }) {
		return
	}
	t.columns[old].path = ""
	c.found.add(FormIDTwice, at{settingsSheet, 1, "id_string"})
}

// submission is what the settings say about sending answers.
func submission(r record) []attr {
	var attrs []attr
	for _, pair := range []attr{
		{"action", r.get("submission_url")},
		{"base64RsaPublicKey", r.get("public_key")},
		{"orx:auto-send", r.get("auto_send")},
		{"orx:auto-delete", r.get("auto_delete")},
	} {
		if pair.value == "" {
			continue
		}
		attrs = append(attrs, pair)
		if pair.name == "action" {
			attrs = append(attrs, attr{"method", "post"})
		}
	}
	return attrs
}

// yes reads a setting that is either on or off.
func (c *compiler) yes(r record, path string, otherwise bool) bool {
	given := r.get(path)
	if given == "" {
		return otherwise
	}
	value, ok := yesNo[given]
	if !ok {
		c.found.add(NotYesNo, r.at(path), path, given, map[bool]string{true: "yes", false: "no"}[otherwise])
		return otherwise
	}
	return value
}

// index notes every element a ${reference} can name.
func (c *compiler) index() {
	for e := range c.root.all {
		if e.kind != root {
			c.names[e.name] = append(c.names[e.name], e)
		}
	}
}
