package xlsform

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// list is one list of choices.
type list struct {
	name    string
	choices []choice
	columns []column // what the choices sheet has beside list_name, in its order
	user    string   // the first question that uses the list
	search  bool     // whether it searches a file with search(), which wants the choices in the body
}

// choice is one row of the choices sheet.
type choice struct {
	record record
	name   string
	label  text
	media  []medium
}

// itext reports whether the labels need translation entries: when they are translated, have media, or are computed.
func (l *list) itext() bool {
	return slices.ContainsFunc(l.choices, func(c choice) bool {
		return c.label.translated() || len(c.media) > 0 || hasReference(c.label.plain)
	})
}

func (l *list) itextID(i int) string { return l.name + "-" + strconv.Itoa(i) }

// readChoices reads the choices sheet into lists.
func (c *compiler) readChoices(book Workbook) {
	sheet, ok := book.sheet(choicesSheet)
	if !ok || len(sheet.Rows) == 0 {
		return
	}
	t := understand(&c.found, sheet, choicesSheet)
	if !t.has("name") {
		c.found.add(MissingHeader, at{choicesSheet, 1, "name"}, "name")
		return
	}
	columns := c.choiceColumns(t)
	for _, r := range t.records {
		name := r.get("list name")
		if name == "" {
			continue
		}
		if c.lists[name] == nil {
			c.lists[name] = &list{name: name, columns: columns}
			c.order = append(c.order, name)
		}
		c.addChoice(c.lists[name], r)
	}
	for _, name := range c.order {
		c.checkChoices(c.lists[name])
	}
}

// choiceColumns returns the columns whose cells go into the form, and reports headers that cannot be element names.
func (c *compiler) choiceColumns(t *table) []column {
	var columns []column
	for i, one := range t.columns {
		switch {
		case one.path == "list name":
		case one.path == "" && slices.ContainsFunc(t.records, func(r record) bool { return i < len(r.cells) && r.cells[i] != "" }),
			strings.ContainsAny(strings.SplitN(one.path, "::", 2)[0], " \t"):
			c.found.add(BadChoiceHeader, at{choicesSheet, 1, one.header}, one.header)
		case one.path != "" && !slices.ContainsFunc(columns, func(other column) bool { return other.path == one.path }):
			columns = append(columns, one)
		}
	}
	return columns
}

func (c *compiler) addChoice(l *list, r record) {
	l.choices = append(l.choices, choice{record: r, name: r.get("name"), label: r.text("label"), media: c.mediaOf(r)})
}

// checkChoices reports choices without a name or label, and names used twice.
func (c *compiler) checkChoices(l *list) {
	seen := map[string]bool{}
	for _, one := range l.choices {
		switch {
		case one.name == "":
			c.found.add(ChoiceNoName, one.record.at("name"), l.name)
		case seen[one.name] && !c.settings.duplicates:
			c.found.add(ChoiceTwice, one.record.at("name"), one.name, l.name)
		}
		seen[one.name] = true
		if one.label.empty() && len(one.media) == 0 {
			c.found.add(ChoiceNoLabel, one.record.at("label"), one.name, l.name)
		}
	}
}

// readExternalChoices reads the lists of the external_choices sheet. Other clients want them in a file beside the form;
// those in use go into the form as well, so that it is whole without the file.
func (c *compiler) readExternalChoices(book Workbook) {
	sheet, ok := book.sheet(externalSheet)
	if !ok {
		return
	}
	c.external = map[string]*list{}
	t := understand(&c.found, sheet, choicesSheet)
	for _, r := range t.records {
		name := r.get("list name")
		if c.external[name] == nil {
			c.external[name] = &list{name: name, columns: t.columns}
		}
		c.addChoice(c.external[name], r)
	}
}

// selectQuestion reads a question whose answers are chosen.
func (r *reader) selectQuestion(e *element, row record, match []string) {
	asked := selectNames[match[1]]
	e.typeName, e.typ = match[1], selects[asked.control]
	e.choices = &selection{control: asked.control, list: match[2], file: asked.file, filter: row.get("choice_filter")}
	r.fill(e, row)
	r.selectParameters(e, row)
	r.checkSelection(e, row)
	if r.rows {
		r.tableRow(e, row)
	}
	r.parent().add(e)
	if match[3] != "" {
		r.orSomethingElse(e, row)
	}
}

// checkSelection checks that the list or file a select names can be had.
func (r *reader) checkSelection(e *element, row record) {
	s := e.choices
	searches := strings.Contains(valueOf(e.body, "appearance"), "search(")
	switch extension := path.Ext(s.list); {
	case s.control == "external":
		r.checkExternal(e, row)
	case s.file && extension != ".csv" && extension != ".xml" && extension != ".geojson":
		r.found.add(BadFileName, row.at("type"), s.list)
	case s.file && searches:
		r.found.add(SearchFromFile, row.at("control::appearance"), e.name)
	case s.file, hasReference(s.list):
	case len(r.lists) == 0:
		r.found.add(NoChoices, row.at("type"), s.list, strings.Join(similar(r.book, choicesSheet), "、"))
	case r.lists[s.list] == nil:
		r.found.add(UnknownList, row.at("type"), s.list)
	default:
		if s.control == "select" {
			r.checkSpaces(r.lists[s.list])
		}
		r.checkSearch(e, row, searches)
	}
}

// checkSpaces reports choices that cannot be told apart in an answer of several.
func (r *reader) checkSpaces(l *list) {
	for _, one := range l.choices {
		if strings.Contains(one.name, " ") {
			r.found.add(ChoiceHasSpace, one.record.at("name"), one.name, l.name)
		}
	}
}

// checkSearch keeps lists used with search() apart from lists used without.
func (r *reader) checkSearch(e *element, row record, searches bool) {
	l := r.lists[e.choices.list]
	if l.user == "" {
		l.user, l.search = e.name, searches
		return
	}
	if l.search != searches {
		searcher := l.user
		if searches {
			searcher = e.name
		}
		r.found.add(SearchShared, row.at("type"), searcher, l.name)
	}
}

func (r *reader) checkExternal(e *element, row record) {
	switch {
	case r.external == nil:
		r.found.add(NoExternalChoices, row.at("type"), e.choices.list, strings.Join(similar(r.book, externalSheet), "、"))
	case r.external[e.choices.list] == nil:
		r.found.add(UnknownExternalList, row.at("type"), e.choices.list)
	case e.choices.filter == "":
		r.found.add(ExternalNoFilter, row.at("type"))
	default:
		r.external[e.choices.list].user = e.name
	}
}

// tableRow makes the question a row of the table-list it stands in; the first row brings the option labels.
func (r *reader) tableRow(e *element, row record) {
	if r.table == "" {
		r.table = e.choices.list
		if e.choices.filter != "" {
			r.found.add(TableFilter, row.at("choice_filter"))
		}
		r.parent().add(&element{
			name: "reserved_name_for_field_list_labels_" + strconv.Itoa(row.number), record: row,
			typeName: e.typeName, typ: e.typ, bind: slices.Clone(e.typ.bind), body: bind("appearance", "label"),
			choices: &selection{control: e.choices.control, list: e.choices.list}, label: text{plain: " "},
		})
	}
	if r.table != e.choices.list {
		r.found.add(TableLists, row.at("type"), r.table, e.choices.list)
	}
	e.body = set(e.body, "appearance", "list-nolabel")
}

// orSomethingElse adds the choice "other" to the list and a question to say which.
func (r *reader) orSomethingElse(e *element, row record) {
	r.orOther = true
	l := r.lists[e.choices.list]
	switch {
	case e.choices.filter != "":
		r.found.add(OrOtherFilter, row.at("choice_filter"))
		return
	case l == nil:
		r.found.add(OrOtherNoList, row.at("type"), e.choices.list)
		return
	}
	other, specify := otherWords(e.label)
	if !slices.ContainsFunc(l.choices, func(c choice) bool { return c.name == "other" }) {
		l.choices = append(l.choices, choice{name: "other", label: l.inAllLanguages(other, r.settings.language)})
	}
	which := r.parent().add(&element{
		name: e.name + "_other", record: record{table: row.table, number: row.number},
		typeName: "text", typ: typeNames["text"].questionType, label: text{plain: specify},
		bind: append(slices.Clone(typeNames["text"].bind), attr{"relevant", "selected(../" + e.name + ", 'other')"}),
	})
	r.unique(which, row)
}

// otherWords are what or_other shows: in Chinese beside a Chinese question, in English elsewhere.
func otherWords(label text) (other, specify string) {
	chinese := func(c cell) bool {
		return strings.ContainsFunc(c.value, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	if slices.ContainsFunc(label.in("default"), chinese) {
		return "其他", "请说明"
	}
	return "Other", "Specify other."
}

// inAllLanguages says the words in every language the list's labels have.
func (l *list) inAllLanguages(words, defaultLanguage string) text {
	var langs []cell
	translated := slices.ContainsFunc(l.choices, func(c choice) bool { return c.label.translated() })
	if !translated {
		return text{plain: words}
	}
	for _, one := range l.choices {
		for _, said := range one.label.in(defaultLanguage) {
			if !slices.ContainsFunc(langs, func(c cell) bool { return c.key == said.key }) {
				langs = append(langs, cell{key: said.key, value: words})
			}
		}
	}
	return text{langs: langs}
}
