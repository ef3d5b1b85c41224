package xlsform

import (
	"slices"
	"strconv"
	"strings"
)

// reader walks the survey sheet with the stack of groups and repeats that are open.
type reader struct {
	*compiler
	open  []*element
	seen  map[*element]map[string]bool // names used in each group, in lower case too
	table string                       // list of the table-list group being read
	rows  bool                         // whether a table-list group is being read
}

// readSurvey builds the tree of elements from the survey sheet.
func (c *compiler) readSurvey(sheet Sheet) {
	c.survey = understand(&c.found, sheet, surveySheet)
	if !c.survey.has("type") {
		c.found.add(MissingHeader, at{sheet: surveySheet, row: 1, column: "type"}, "type")
	}
	c.checkTranslations()
	c.root = &element{kind: root, name: c.settings.root}
	c.repeats = map[string]bool{}
	r := &reader{compiler: c, open: []*element{c.root}, seen: map[*element]map[string]bool{}}
	for _, row := range c.survey.records {
		r.read(c.tidy(row))
		if len(r.open) > maxDepth {
			c.found.add(TooDeep, row.at("type"), decimal(maxDepth))
			r.open = r.open[:1]
			break
		}
	}
	for _, left := range r.open[1:] {
		c.found.add(NotClosed, left.record.at("type"), left.name, left.typeName)
	}
	if c.orOther && c.translated() {
		c.found.add(OrOtherTranslated, at{sheet: surveySheet})
	}
}

// proseColumns hold what people read: their quotation marks stay as written.
var proseColumns = []string{"label", "hint", "guidance_hint", "bind::jr:constraintMsg", "bind::jr:requiredMsg"}

// tidy joins runs of blanks and straightens the quotation marks of expressions.
func (c *compiler) tidy(row record) record {
	row.cells = slices.Clone(row.cells)
	for i, column := range row.columns() {
		if !c.settings.keepSpaces {
			row.cells[i] = joinBlanks(row.cells[i])
		}
		prose := slices.ContainsFunc(proseColumns, func(p string) bool {
			return column.path == p || strings.HasPrefix(column.path, p+"::")
		})
		if !prose {
			row.cells[i] = straight.Replace(row.cells[i])
		}
	}
	return row
}

func joinBlanks(text string) string {
	for strings.Contains(text, "  ") {
		text = strings.ReplaceAll(text, "  ", " ")
	}
	return text
}

// read takes one row of the survey.
func (r *reader) read(row record) {
	if row.get("disabled") != "" {
		r.found.add(DisabledColumn, row.at("disabled"))
		if yesNo[row.get("disabled")] {
			return
		}
	}
	typeName := row.get("type")
	switch {
	case typeName == "" && row.get("name") == "" && row.text("label").empty():
		r.found.add(RowSkipped, at{sheet: surveySheet, row: row.number})
	case typeName == "":
		r.found.add(NoType, row.at("type"))
	case beginPattern.MatchString(typeName):
		r.begin(row, beginPattern.FindStringSubmatch(typeName))
	case endPattern.MatchString(typeName):
		r.end(row, containers[endPattern.FindStringSubmatch(typeName)[1]])
	case r.setting(row, typeName):
	default:
		r.question(row, typeName)
	}
}

// setting takes a row that states a setting in the survey sheet, as old forms do.
func (r *reader) setting(row record, typeName string) bool {
	switch columnAliases[settingsSheet][snake(typeName)] {
	case "title":
		r.settings.title = row.get("name")
	case "id_string":
		r.settings.id = row.get("name")
	default:
		return false
	}
	return true
}

// parent is the group being read.
func (r *reader) parent() *element { return r.open[len(r.open)-1] }

// named makes the element of a row and checks its name; a bad name is kept so that reading can go on.
func (r *reader) named(row record, k kind) *element {
	e := &element{kind: k, name: row.get("name"), record: row}
	switch {
	case e.name == "" && row.get("type") == "note":
		e.name = "generated_note_name_" + strconv.Itoa(row.number)
	case e.name == "" && row.get("type") == "audit":
		e.name = "audit"
	case e.name == "":
		r.found.add(NoName, row.at("name"))
		e.name = "unnamed_" + strconv.Itoa(row.number)
	case !isName(e.name):
		r.found.add(BadName, row.at("name"), e.name)
		e.name = "unnamed_" + strconv.Itoa(row.number)
	}
	r.unique(e, row)
	return e
}

// unique checks that no other element of the group has the name.
func (r *reader) unique(e *element, row record) {
	used := r.seen[r.parent()]
	if used == nil {
		used = map[string]bool{}
		r.seen[r.parent()] = used
	}
	switch {
	case e.name == "meta":
		r.found.add(MetaReserved, row.at("name"))
	case used["="+e.name]:
		r.found.add(DuplicateName, row.at("name"), e.name)
	case used[strings.ToLower(e.name)]:
		r.found.add(NamesDifferInCase, row.at("name"), e.name)
	}
	used["="+e.name] = true
	used[strings.ToLower(e.name)] = true
}

// begin opens a group or repeat.
func (r *reader) begin(row record, match []string) {
	e := r.named(row, containers[match[1]])
	e.typeName = containerName(e.kind)
	if match[1] == "loop" {
		r.beginLoop(e, row, match[3])
	}
	r.describe(e, row)
	if required := row.get("bind::required"); required != "" && (yesNo[required] || !isYesNo(required)) {
		r.found.add(GroupRequired, row.at("bind::required"))
	}
	r.savesNothing(row)
	if e.kind == repeat {
		r.beginRepeat(e, row)
	}
	if intent := row.get("intent"); intent != "" {
		e.body = set(e.body, "intent", intent)
	}
	r.parent().add(e)
	r.open = append(r.open, e)
	r.tableList(e)
}

func isYesNo(text string) bool { _, ok := yesNo[text]; return ok }

func containerName(k kind) string {
	if k == repeat {
		return "repeat"
	}
	return "group"
}

// beginRepeat checks a repeat's name and gives a computed count a node of its own.
func (r *reader) beginRepeat(e *element, row record) {
	switch {
	case e.name == r.root.name:
		r.found.add(RepeatIsRoot, row.at("name"), e.name)
	case r.repeats[e.name]:
		r.found.add(RepeatTwice, row.at("name"), e.name)
	}
	r.repeats[e.name] = true
	if e.label.empty() && len(e.media) == 0 {
		r.found.add(RepeatNoLabel, row.at("label"), e.name)
	}
	count := valueOf(e.body, "jr:count")
	if count == "" || isReference(count) {
		return
	}
	counter := &element{
		name: e.name + "_count", record: record{table: row.table, number: row.number}, typeName: "calculate", hidden: true,
		bind: bind("type", "string", "readonly", "true()", "calculate", count), column: "control::jr:count",
	}
	r.unique(counter, row)
	r.parent().add(counter)
	e.body = set(e.body, "jr:count", "${"+counter.name+"}")
}

// tableList turns the table-list appearance of a group into what readers understand: a field-list with a row of
// option labels on top.
func (r *reader) tableList(e *element) {
	looks := strings.Fields(valueOf(e.body, "appearance"))
	i := slices.Index(looks, "table-list")
	if i < 0 {
		return
	}
	r.rows, r.table = true, ""
	e.body = set(e.body, "appearance", strings.Join(append([]string{"field-list"}, slices.Delete(looks, i, i+1)...), " "))
	if e.label.empty() && e.hint.empty() {
		return
	}
	e.add(&element{
		name: "generated_table_list_label_" + strconv.Itoa(e.record.number), record: e.record,
		typeName: "note", typ: typeNames["note"].questionType, bind: typeNames["note"].bind,
		label: e.label, hint: e.hint,
	})
	e.label, e.hint = text{}, text{}
}

// end closes the innermost group or repeat.
func (r *reader) end(row record, k kind) {
	r.savesNothing(row)
	if len(r.open) == 1 || r.parent().kind != k {
		r.found.add(NothingToEnd, row.at("type"), row.get("name"), containerName(k))
		return
	}
	if len(r.parent().children) == 0 {
		r.found.add(EmptyGroup, r.parent().record.at("type"), r.parent().name)
	}
	if r.parent().loop != nil {
		r.unroll(r.parent())
	}
	r.open = r.open[:len(r.open)-1]
	r.rows = false
}

// describe reads what every kind of row may say.
func (r *reader) describe(e *element, row record) {
	e.label, e.hint, e.guidance = row.text("label"), row.text("hint"), row.text("guidance_hint")
	e.media = r.mediaOf(row)
	for _, bound := range row.under("bind") {
		name, _, isText := strings.Cut(bound.key, "::")
		switch {
		case isText || isMessage(name):
			r.say(e, row, name)
		default:
			e.bind = set(e.bind, r.attributeName(row, "bind", name), truth(bound.value))
		}
	}
	for _, one := range row.under("control") {
		e.body = set(e.body, r.attributeName(row, "control", one.key), one.value)
	}
	for _, one := range row.under("instance") {
		e.instance = set(e.instance, r.attributeName(row, "instance", one.key), one.value)
	}
	r.triggers(e, row)
}

// attributeName returns the name of the XML attribute a custom column stands for, and reports a name XML cannot hold.
func (r *reader) attributeName(row record, column, key string) string {
	prefix, local, prefixed := strings.Cut(key, ":")
	switch {
	case !prefixed && isName(key):
	case prefixed && isName(local) && r.declared("xmlns:"+prefix):
	default:
		r.found.add(BadAttribute, row.at(column+"::"+key), key)
		return "_"
	}
	return key
}

func (c *compiler) declared(prefix string) bool {
	return slices.ContainsFunc(c.namespaces(), func(a attr) bool { return a.name == prefix })
}

// isMessage reports whether the bind attribute is a sentence for people.
func isMessage(name string) bool {
	return name == "jr:constraintMsg" || name == "jr:requiredMsg" || name == "jr:noAppErrorString"
}

// say notes a message once, however many languages it has.
func (r *reader) say(e *element, row record, name string) {
	if slices.ContainsFunc(e.messages, func(m message) bool { return m.name == name }) {
		return
	}
	e.messages = append(e.messages, message{name: name, text: row.text("bind::" + name)})
	e.bind = set(e.bind, name, "")
}

// truth writes yes and no as expressions.
func truth(value string) string {
	yes, ok := yesNo[value]
	switch {
	case !ok:
		return value
	case yes:
		return "true()"
	default:
		return "false()"
	}
}

// mediaForms are the kinds of files a label can have, in the order of their columns.
var mediaForms = []string{"image", "big-image", "audio", "video"}

func (c *compiler) mediaOf(row record) []medium {
	var out []medium
	seen := map[string]bool{}
	for _, one := range row.under("media") {
		form, _, _ := strings.Cut(one.key, "::")
		if seen[form] {
			continue
		}
		seen[form] = true
		if !slices.Contains(mediaForms, form) {
			c.found.add(UnknownMedia, row.at("media::"+form), form)
			continue
		}
		out = append(out, medium{form: form, text: row.text("media::" + form)})
	}
	if seen["big-image"] && !seen["image"] {
		c.found.add(BigImageAlone, row.at("media::big-image"))
	}
	return out
}

// question takes a row that asks, shows or computes something.
func (r *reader) question(row record, typeName string) {
	e := r.named(row, question)
	if strings.Contains(typeName, " ") || selectNames[typeName].control != "" {
		if match := selectPattern.FindStringSubmatch(typeName); match != nil {
			r.selectQuestion(e, row, match)
			return
		}
	}
	known := typeNames[typeName]
	if match := osmPattern.FindStringSubmatch(typeName); match != nil {
		known = typeNames["osm"]
		e.choices = &selection{control: "osm", list: match[1]}
	}
	if known == nil {
		r.unknownType(row, typeName)
		known = typeNames["text"]
	}
	e.typeName, e.typ = known.names[0], known.questionType
	r.fill(e, row)
	r.ofType(e, row)
}

// unknownType reports a type nobody knows, and a select that names no list.
func (r *reader) unknownType(row record, typeName string) {
	if _, ok := selectNames[typeName]; ok {
		r.found.add(SelectWithoutList, row.at("type"), typeName)
		return
	}
	r.found.add(UnknownType, row.at("type"), typeName)
}

// fill gives a question its type's attributes and what its row says.
func (r *reader) fill(e *element, row record) {
	e.bind = slices.Clone(e.typ.bind)
	e.body = slices.Clone(e.typ.body)
	r.describe(e, row)
	if e.hint.empty() && e.typ.hint != "" {
		e.hint = text{plain: e.typ.hint}
	}
	r.defaultOf(e, row)
	e.params = r.parameters(row)
	r.saves(e, row)
}

// defaultOf reads the default: a value, or an expression to compute when the form or the repeat begins.
func (r *reader) defaultOf(e *element, row record) {
	value := row.get("default")
	switch {
	case value == "":
	case isDynamic(value, e.typeName):
		e.dynamic = value
		e.actions = append(e.actions, action{name: "setvalue", event: firstLoad, value: value})
		if r.inRepeat() {
			e.actions = append(e.actions, action{name: "setvalue", event: newRepeat, value: value})
		}
	case e.typeName == "photo" && !strings.HasPrefix(value, "jr://"):
		e.value = "jr://images/" + value
	default:
		e.value = value
	}
}

func (r *reader) inRepeat() bool {
	return slices.ContainsFunc(r.open, func(e *element) bool { return e.kind == repeat })
}

// triggers reads which questions' changes compute this one. Its calculation then belongs to the change, not the bind.
func (r *reader) triggers(e *element, row record) {
	given := row.get("trigger")
	if given == "" {
		return
	}
	for one := range strings.SplitSeq(given, ",") {
		one = strings.TrimSpace(one)
		if !isReference(one) {
			r.badTrigger(row, one)
			continue
		}
		e.triggers = append(e.triggers, one[2:len(one)-1])
	}
	e.calculation = valueOf(e.bind, "calculate")
	e.bind = without(e.bind, "calculate")
}

func (r *reader) badTrigger(row record, given string) {
	if strings.Count(given, "${") > 1 && len(referencePattern.FindAllString(given, -1)) > 1 {
		r.found.add(TriggersWithoutComma, row.at("trigger"), given)
		return
	}
	r.found.add(BadReference, row.at("trigger"), given)
}

// ofType checks and completes a question by its type.
func (r *reader) ofType(e *element, row record) {
	switch e.typeName {
	case "calculate":
		if valueOf(e.bind, "calculate") == "" && e.calculation == "" && e.dynamic == "" {
			r.found.add(NoCalculation, row.at("bind::calculate"), e.name)
		}
	case "subscriberid", "simserial":
		r.found.add(DeviceOnly, row.at("type"), e.typeName)
	case "csv-external", "xml-external":
		if r.inRepeat() {
			r.found.add(ExternalInRepeat, row.at("type"), e.name)
		}
	}
	e.hidden = e.typ.control == ""
	if check, ok := parameterRules[e.typeName]; ok {
		check(r, e, row)
	}
	if e.typeName != "audit" {
		r.parent().add(e)
	}
}

// meta returns the group of the form's metadata, made when first asked for.
func (c *compiler) meta(in *element) *element {
	for _, child := range in.children {
		if child.name == "meta" && child.hidden {
			return child
		}
	}
	return in.add(&element{kind: group, name: "meta", typeName: "group", hidden: true})
}

// addMeta adds what every filled form carries: an identifier and, when asked for, a name.
func (c *compiler) addMeta() {
	if !c.settings.omitInstanceID {
		c.meta(c.root).add(&element{
			name: "instanceID", typeName: "calculate", hidden: true,
			bind: bind("type", "string", "readonly", "true()", "jr:preload", c.settings.instancePreload),
		})
	}
	if c.settings.instanceName != "" {
		c.meta(c.root).add(&element{
			name: "instanceName", typeName: "calculate", hidden: true, record: c.settings.record,
			bind: bind("type", "string", "calculate", c.settings.instanceName), column: "instance_name",
		})
	}
}
