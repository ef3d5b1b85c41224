package conformance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

// The things a conversation is about.
type (
	// scenario is a filling of a form and the place in it where the conversation is.
	scenario struct {
		form      *xform.Form
		env       form.Env
		s         *form.Session
		at        string // the reference of the current event
		prompting bool   // the event asks whether to add an instance to the repeat at that reference
	}
	// method is a method of something, waiting to be called.
	method struct {
		of   any
		name string
	}
	element struct {
		sc   *scenario
		node xpath.Node
	}
	answer     struct{ element }
	styled     struct{ runs []form.Run }
	event      struct{ kind string }
	definition struct{ sc *scenario }
	choiceList struct {
		sc   *scenario
		list []form.Choice
	}
	validation struct{ sc *scenario }
	index      struct{ sc *scenario }
)

// testEnv is a world in which every identifier is another.
func testEnv() form.Env {
	n := 0
	return form.Env{
		Now: func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600)) },
		NewID: func() string {
			n++
			return fmt.Sprintf("0192f0c1-0000-7000-8000-%012d", n)
		},
	}
}

func openScenario(args []any) *scenario {
	f, err := xform.Read(strings.NewReader(sourceOf(args)))
	if err != nil {
		panic(err)
	}
	refuseLostOptions(f, args)
	sc := &scenario{form: f, env: testEnv()}
	sc.env.Properties = properties(args)
	sc.s, err = form.Begin(f, sc.env)
	if err != nil {
		panic(err)
	}
	return sc
}

// sourceOf returns the form a conversation begins with: written out, or named. A named one is looked for beside the cases.
func sourceOf(args []any) string {
	for _, a := range args {
		if source, ok := field(a, "xml").(string); ok {
			return source
		}
	}
	name := ""
	if len(args) > 0 {
		name = fmt.Sprint(args[0])
		if list := literalArgs(args[0]); len(list) > 0 {
			name = list[0]
		}
	}
	dir, _ := folder()
	data, err := os.ReadFile(filepath.Join(dir, "forms", filepath.Base(name)))
	if err != nil {
		panic(untaught("a form file that is not among the cases: %s", name))
	}
	return string(data)
}

// refuseLostOptions refuses a conversation whose outcome depends on something that was not recorded.
func refuseLostOptions(f *xform.Form, args []any) {
	if len(args) < 3 {
		return
	}
	for _, in := range f.Instances {
		if field(args[2], "resourceService") != nil && in.Src != "" {
			panic(untaught("an attachment whose content was not recorded: %s", in.File))
		}
	}
	for _, a := range f.Actions {
		if a.Location {
			panic(untaught("a position given by the device"))
		}
	}
}

// properties returns what the recorded device was said to know of itself.
func properties(args []any) map[string]string {
	found := map[string]string{}
	given, _ := fieldAt(args, 2, "preloadProperties").(map[string]any)
	for name, value := range given {
		found[name] = plain(value)
		found[strings.ToLower(name)] = plain(value)
	}
	return found
}

func field(v any, name string) any {
	m, _ := v.(map[string]any)
	return m[name]
}

// property returns what an object's property is: a value, or a method.
func property(of any, name string) any {
	switch of := of.(type) {
	case *scenario:
		if name == "submissionMeta" {
			return of.submissionMeta()
		}
	case answer:
		return of.property(name)
	case element:
		return of.property(name)
	case validation:
		return of.property(name)
	case *styled:
		if name == "formatted" {
			return runsAsJSON(of.runs)
		}
		if name == "asString" {
			return form.PlainText(of.runs)
		}
	case event:
		if name == "eventType" {
			return of.kind
		}
	case []any:
		if name == "length" {
			return float64(len(of))
		}
	case string:
		switch name {
		case "xpathReference":
			return of
		case "length":
			return float64(len(of))
		}
	case map[string]any:
		if value, ok := of[name]; ok {
			return value
		}
	}
	return method{of, name}
}

func (e element) property(name string) any {
	switch name {
	case "currentState", "node":
		return answer{e}
	case "nodeType":
		if c := e.control(); c != nil && c.Kind == xform.Upload {
			return "upload"
		}
	case "nodeOptions":
		if c := e.control(); c != nil && c.Kind == xform.Upload {
			m := c.Media()
			return map[string]any{"media": map[string]any{"accept": m.Accept, "type": orNull(m.Type), "subtype": orNull(m.Subtype)}}
		}
	case "appearances":
		return method{e, name}
	}
	panic(untaught("node.%s", name))
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (a answer) property(name string) any {
	switch name {
	case "value":
		return a.typed()
	case "stringValue":
		return a.node.Value()
	case "valueType":
		if t := a.bindType(); t != "" {
			return t
		}
		return "string"
	case "node", "currentState":
		return a
	case "relevant":
		return present(a.node)
	case "required":
		return a.question().Required
	case "readonly":
		return a.question().ReadOnly
	case "label":
		return a.label()
	case "validationState":
		return map[string]any{"required": a.condition(form.Required), "constraint": a.condition(form.Constraint)}
	case "getValue":
		return method{a, name}
	}
	panic(untaught("answer.%s", name))
}

// condition describes what is wrong with the answer in one way, or that nothing is.
func (a answer) condition(kind form.ViolationKind) any {
	v := a.question().Violation
	if v == nil || v.Kind != kind {
		return map[string]any{"valid": true, "message": nil}
	}
	return map[string]any{"valid": false, "message": &styled{form.Markdown(v.Message)}}
}

// typed is the value as the recorded engine's types show it in JSON.
func (a answer) typed() any {
	value, bindType := a.node.Value(), a.bindType()
	if value == "" && bindType != "" && bindType != "string" {
		return nil
	}
	switch bindType {
	case "int", "integer":
		return map[string]any{"bigint": value}
	case "decimal":
		n, _ := strconv.ParseFloat(value, 64)
		return n
	case "geopoint":
		point := map[string]any{}
		for i, word := range strings.Fields(value) {
			n, _ := strconv.ParseFloat(word, 64)
			point[[]string{"latitude", "longitude", "altitude", "accuracy"}[min(i, 3)]] = n
		}
		return point
	}
	return value
}

func (e element) path() survey.FieldPath {
	path, _ := e.sc.s.PathOf(e.node)
	return path
}

func (e element) def() *xform.Node { return e.sc.s.Definition(e.path()) }

func (e element) bindType() string { return e.def().Bind.Type }

// control returns what shows the node: a question, a group or a repeat; nil for none.
func (e element) control() *xform.Control {
	if c := e.def().Control; c != nil {
		return c
	}
	return e.def().Repeat
}

func (e element) question() form.Question {
	q, _ := e.sc.s.Question(e.path())
	return q
}

func (e element) label() *styled {
	c := e.control()
	if c == nil {
		panic(untaught("the label of %s", e.path()))
	}
	return &styled{e.sc.s.Styled(c.Label, e.path())}
}

func (e element) appearances() []string {
	c := e.control()
	if c == nil {
		panic(untaught("the appearance of %s", e.path()))
	}
	return c.Appearances()
}

func present(n xpath.Node) bool {
	gated, ok := n.(xpath.Gated)
	return !ok || gated.Present()
}

// call calls a method.
func (m method) call(args []any) any {
	switch of := m.of.(type) {
	case *scenario:
		return of.call(m.name, args)
	case answer:
		if m.name == "getValue" || m.name == "getDisplayText" || m.name == "toString" {
			return of.node.Value()
		}
	case *choiceList:
		return of.call(m.name, args)
	case form.Choice:
		return callChoice(of, m.name)
	case definition:
		return of.call(m.name, args)
	case index:
		if m.name == "isEndOfFormIndex" {
			return of.sc.at == end
		}
	}
	panic(untaught("%T.%s()", m.of, m.name))
}

func (l *choiceList) call(name string, args []any) any {
	switch name {
	case "isEmpty":
		return len(l.list) == 0
	case "size":
		return float64(len(l.list))
	case "get":
		if i := int(number(args, 0)); i >= 0 && i < len(l.list) {
			return l.list[i]
		}
		panic(errors.New("no such choice"))
	}
	panic(untaught("choices.%s()", name))
}

func callChoice(c form.Choice, name string) any {
	switch name {
	case "getValue":
		return c.Name
	case "getLabelInnerText", "getDisplayText", "getLabel":
		return c.Label
	}
	panic(untaught("choice.%s()", name))
}

func (d definition) call(name string, args []any) any {
	switch name {
	case "isRepeatRelevant":
		n := d.sc.find(firstLiteral(args))
		return n != nil && present(n)
	case "canCreateRepeat":
		return d.sc.canAdd(firstLiteral(args))
	}
	panic(untaught("definition.%s()", name))
}

func (v validation) property(name string) any {
	wrong := v.sc.s.Violations()
	switch {
	case name == "outcome" && len(wrong) == 0:
		return "ANSWER_OK"
	case name == "outcome" && wrong[0].Kind == form.Required:
		return "ANSWER_REQUIRED_BUT_EMPTY"
	case name == "outcome":
		return "ANSWER_CONSTRAINT_VIOLATED"
	case name == "failedPrompt" && len(wrong) == 0:
		return nil
	case name == "failedPrompt":
		return v.sc.s.Reference(wrong[0].Path)
	}
	panic(untaught("validation.%s", name))
}

// verbs are what can be asked of a scenario.
var verbs map[string]func(sc *scenario, ref string, args []any) any

func init() {
	verbs = map[string]func(sc *scenario, ref string, args []any) any{
		"answer":           func(sc *scenario, _ string, args []any) any { return sc.answer(args) },
		"answerOf":         func(sc *scenario, ref string, _ []any) any { return answer{sc.element(ref)} },
		"attributeOf":      func(sc *scenario, ref string, args []any) any { return answer{sc.attribute(ref, text(args, 1))} },
		"getInstanceNode":  func(sc *scenario, ref string, _ []any) any { return sc.element(ref) },
		"getAnswerNode":    func(sc *scenario, ref string, _ []any) any { return sc.element(ref) },
		"next":             func(sc *scenario, ref string, _ []any) any { return sc.move(ref, 1) },
		"prev":             func(sc *scenario, ref string, _ []any) any { return sc.move(ref, -1) },
		"nextRef":          func(sc *scenario, ref string, _ []any) any { sc.move(ref, 1); return sc.at },
		"refAtIndex":       func(sc *scenario, _ string, _ []any) any { return sc.at },
		"atTheEndOfForm":   func(sc *scenario, _ string, _ []any) any { return sc.at == end },
		"getCurrentIndex":  func(sc *scenario, _ string, _ []any) any { return index{sc} },
		"getFormDef":       func(sc *scenario, _ string, _ []any) any { return definition{sc} },
		"getQuestionLabel": func(sc *scenario, ref string, _ []any) any { return sc.element(ref).label() },
		"getQuestionLabelText": func(sc *scenario, ref string, _ []any) any {
			return sc.s.Text(sc.element(ref).control().Label, sc.element(ref).path())
		},
		"indexOf": func(sc *scenario, ref string, _ []any) any { return sc.indexOf(ref) },
		"jumpToBeginningOfForm": func(sc *scenario, _ string, _ []any) any {
			sc.at, sc.prompting = "", false
			return nil
		},
		"createNewRepeat": func(sc *scenario, ref string, _ []any) any { return sc.addRepeat(ref) },
		"proposed_addExplicitCreateNewRepeatCallHere": func(sc *scenario, ref string, _ []any) any { return sc.addRepeat(ref) },
		"removeRepeat": func(sc *scenario, ref string, _ []any) any {
			_, err := sc.s.RemoveRepeat(sc.element(ref).path())
			must(err)
			return nil
		},
		"countRepeatInstancesOf":           func(sc *scenario, ref string, _ []any) any { return float64(sc.count(ref)) },
		"proposed_canCreateOrRemoveRepeat": func(sc *scenario, ref string, _ []any) any { return sc.canAdd(ref) },
		"choicesOf": func(sc *scenario, ref string, _ []any) any {
			return &choiceList{sc, sc.s.Choices(sc.element(ref).path(), "", 0)}
		},
		"proposed_getAvailableOptionLabels": func(sc *scenario, ref string, _ []any) any {
			var labels []any
			for _, c := range sc.s.Choices(sc.element(ref).path(), "", 0) {
				labels = append(labels, c.Label)
			}
			return labels
		},
		"setLanguage": func(sc *scenario, ref string, _ []any) any {
			sc.s.SetLanguage(ref)
			return nil
		},
		"proposed_serializeAndRestoreInstanceState": func(sc *scenario, _ string, _ []any) any { return sc.restored() },
		"createEffect":                    func(sc *scenario, _ string, _ []any) any { return sc },
		"serializeAndDeserializeInstance": func(sc *scenario, _ string, _ []any) any { return sc.restored() },
		"serializeAndDeserializeForm":     func(sc *scenario, _ string, _ []any) any { return sc.begun() },
		"newInstance":                     func(sc *scenario, _ string, _ []any) any { return sc.begun() },
		"editCurrentInstance":             func(sc *scenario, _ string, _ []any) any { return sc.edited() },
		"proposed_serializeInstance":      func(sc *scenario, _ string, _ []any) any { return string(sc.s.XML()) },
		"prepareWebFormsInstancePayload": func(sc *scenario, _ string, args []any) any {
			if len(args) > 0 {
				panic(untaught("a submission in chunks"))
			}
			_, _ = sc.s.Finish() // what is wrong is told by getValidationOutcome
			return sc
		},
		"getValidationOutcome": func(sc *scenario, _ string, _ []any) any { return validation{sc} },
		"trace":                func(*scenario, string, []any) any { return nil },
	}
}

func (sc *scenario) call(name string, args []any) any {
	verb, ok := verbs[name]
	if !ok {
		panic(untaught("scenario.%s()", name))
	}
	ref := text(args, 0)
	if current, ok := fieldAt(args, 0, "assertCurrentReference").(string); ok {
		ref = current
	}
	return verb(sc, ref, args)
}

func fieldAt(args []any, i int, name string) any {
	if i >= len(args) {
		return nil
	}
	return field(args[i], name)
}

func text(args []any, i int) string {
	if i >= len(args) {
		return ""
	}
	s, _ := args[i].(string)
	return s
}

func number(args []any, i int) float64 {
	if i >= len(args) {
		return 0
	}
	n, _ := args[i].(float64)
	return n
}

func firstLiteral(args []any) string {
	if len(args) == 0 {
		return ""
	}
	if list := literalArgs(args[0]); len(list) > 0 {
		return list[0]
	}
	return text(args, 0)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

var refStep = regexp.MustCompile(`^([^\[]+)(?:\[(\d+)\])?$`)

// find returns the node at a reference in which positions stand for repeat instances, or nil.
func (sc *scenario) find(ref string) xpath.Node {
	at := sc.s.Document()
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "/"), "/") {
		m := refStep.FindStringSubmatch(part)
		if m == nil {
			panic(untaught("the reference %q", ref))
		}
		place := 1
		if m[2] != "" {
			place, _ = strconv.Atoi(m[2])
		}
		at = childAt(at, m[1][strings.IndexByte(m[1], ':')+1:], place)
		if at == nil {
			return nil
		}
	}
	return at
}

func childAt(n xpath.Node, local string, place int) xpath.Node {
	for _, c := range n.Children() {
		if c.Name().Local != local {
			continue
		}
		if place--; place == 0 {
			return c
		}
	}
	return nil
}

func (sc *scenario) element(ref string) element {
	n := sc.find(ref)
	if n == nil {
		panic(fmt.Errorf("no node at %s", ref))
	}
	return element{sc, n}
}

func (sc *scenario) attribute(ref, name string) element {
	for _, a := range sc.element(ref).node.Attributes() {
		if a.Name().Local == name[strings.IndexByte(name, ':')+1:] {
			return element{sc, a}
		}
	}
	panic(fmt.Errorf("no attribute %s at %s", name, ref))
}

func (sc *scenario) indexOf(ref string) any {
	n := sc.find(ref)
	if n == nil {
		return nil
	}
	return sc.s.Reference(element{sc, n}.path())
}

var lastPosition = regexp.MustCompile(`\[\d+\]$`)

// repeat returns the field path of the repeat at a reference, and of its definition.
func (sc *scenario) repeat(ref string) (survey.FieldPath, *xform.Node) {
	ref = lastPosition.ReplaceAllString(ref, "")
	i := strings.LastIndexByte(ref, '/')
	if i <= 0 {
		panic(fmt.Errorf("no repeat at %q", ref))
	}
	parent := sc.find(ref[:i])
	if parent == nil {
		return "", nil
	}
	above, name := element{sc, parent}.path(), ref[i+1:]
	path := survey.FieldPath(strings.TrimPrefix(string(above)+"/"+name, "/"))
	def := sc.s.Definition(path)
	if def == nil || def.Repeat == nil {
		panic(fmt.Errorf("no repeat at %q", ref))
	}
	return path, def
}

func (sc *scenario) canAdd(ref string) bool {
	path, def := sc.repeat(ref)
	return def != nil && sc.s.CanAdd(path)
}

func (sc *scenario) count(ref string) int {
	n := 0
	ref = lastPosition.ReplaceAllString(ref, "")
	for sc.find(fmt.Sprintf("%s[%d]", ref, n+1)) != nil && present(sc.find(fmt.Sprintf("%s[%d]", ref, n+1))) {
		n++
	}
	return n
}

func (sc *scenario) addRepeat(ref string) any {
	path, def := sc.repeat(ref)
	if def == nil {
		panic(fmt.Errorf("no repeat at %s", ref))
	}
	added, _, err := sc.s.AddRepeat(path, "")
	must(err)
	sc.at, sc.prompting = sc.s.Reference(added), false
	return nil
}

// answer gives an answer as the recorded engine's own interface does: what is not of the type is no answer.
func (sc *scenario) answer(args []any) any {
	target := sc.at
	if ref := text(args, 0); strings.HasPrefix(ref, "/") && len(args) > 1 {
		target, args = ref, args[1:]
	}
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = plain(a)
	}
	n := sc.element(target)
	sc.at, sc.prompting = target, false
	if len(args) > 0 {
		if b, ok := args[0].(bool); ok {
			words = []string{map[bool]string{true: "1"}[b]}
		}
	}
	_, err := sc.s.SetFitting(n.path(), strings.Join(words, " "))
	must(err)
	return answer{n}
}

func (sc *scenario) begun() *scenario {
	s, err := form.Begin(sc.form, sc.env)
	must(err)
	return &scenario{form: sc.form, env: sc.env, s: s}
}

func (sc *scenario) restored() *scenario {
	data, err := sc.s.State().MarshalBinary()
	must(err)
	var st form.State
	must(st.UnmarshalBinary(data))
	s, err := form.Restore(sc.form, sc.env, st)
	must(err)
	return &scenario{form: sc.form, env: sc.env, s: s}
}

func (sc *scenario) edited() *scenario {
	s, err := form.EditInstance(sc.form, sc.env, sc.s.XML())
	must(err)
	return &scenario{form: sc.form, env: sc.env, s: s}
}

func (sc *scenario) submissionMeta() any {
	s := sc.form.Submission
	return map[string]any{
		"submissionAction": orNull(s.Action), "submissionMethod": s.Method, "encryptionKey": orNull(s.EncryptionKey),
	}
}

// end is the reference of the event behind the last question.
const end = "END_OF_FORM"

// stop is an event on the way through the form.
type stop struct {
	ref    string
	prompt bool
}

// stops lists the events on the way through the form, in the order of its data.
func (sc *scenario) stops() []stop {
	var list []stop
	var visit func(n xpath.Node)
	visit = func(n xpath.Node) {
		def := element{sc, n}.def()
		for _, d := range def.Children {
			for _, c := range n.Children() {
				e := element{sc, c}
				if c.Name() == d.Name && present(c) {
					if e.control() != nil {
						list = append(list, stop{sc.s.Reference(e.path()), false})
					}
					visit(c)
				}
			}
			if d.Repeat != nil {
				above, _ := sc.s.PathOf(n)
				path := survey.FieldPath(strings.TrimPrefix(string(above)+"/"+d.Name.Local, "/"))
				if sc.s.CanAdd(path) && sc.s.Offered(path) {
					list = append(list, stop{sc.s.Reference(above) + "/" + d.Name.Local, true})
				}
			}
		}
	}
	visit(sc.s.Document().Children()[0])
	return append(list, stop{ref: end})
}

func sameReference(a, b string) bool {
	return strings.ReplaceAll(a, "[1]", "") == strings.ReplaceAll(b, "[1]", "")
}

// move goes to the next or the previous event, which has to be the one that was recorded.
func (sc *scenario) move(want string, by int) any {
	stops := sc.stops()
	i := by + slices.IndexFunc(stops, func(s stop) bool { return s.prompt == sc.prompting && sameReference(s.ref, sc.at) })
	if i < 0 || i >= len(stops) {
		panic(fmt.Errorf("from %q there is no further event in %v", sc.at, stops))
	}
	got := stops[i]
	if want != "" && !sameReference(got.ref, want) && (!got.prompt || !sameReference(lastPosition.ReplaceAllString(want, ""), got.ref)) {
		panic(fmt.Errorf("from %q the next of %v is not %s", sc.at, stops, want))
	}
	sc.at, sc.prompting = got.ref, got.prompt
	return event{got.ref}
}
