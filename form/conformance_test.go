package form

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zoucun/form/xform"
	"zoucun/survey"
)

// recording is one case of scenario.json: a conversation with a form.
type recording struct {
	ID    string
	Steps []recordedStep
}

type recordedStep struct {
	Op      string
	Of      any
	Prop    string
	Args    []any
	Neg     bool
	Matcher string
}

// TestConformance replays the conversations of the ODK world. Those known to differ stand in testdata/scenario-known.txt
// with the reason: one that starts to pass is as much a failure as one that ceases to.
func TestConformance(t *testing.T) {
	known, seen := readKnown(t, filepath.Join("testdata", "scenario-known.txt")), map[string]bool{}
	for i, r := range readRecordings(t) {
		key := fmt.Sprintf("%03d %s", i, strings.Join(strings.Fields(r.ID), " "))
		t.Run(r.ID, func(t *testing.T) {
			err := r.replay()
			reason, listed := known[key]
			seen[key] = true
			switch {
			case err != nil && !listed:
				t.Errorf("%s\n%v", key, err)
			case err == nil && listed:
				t.Errorf("passes, but scenario-known.txt says: %s", reason)
			}
		})
	}
	for key := range known {
		if !seen[key] {
			t.Errorf("scenario-known.txt names a case that does not exist: %s", key)
		}
	}
}

func readRecordings(t *testing.T) []recording {
	t.Helper()
	dir := os.Getenv("CONFORMANCE_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "conformance")
	}
	data, err := os.ReadFile(filepath.Join(dir, "scenario.json"))
	if err != nil {
		t.Skipf("the conformance cases are not here: %v", err)
	}
	var list []recording
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// readKnown reads lines of a key, a tab and a reason.
func readKnown(t *testing.T, name string) map[string]string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	known := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "#") {
			key, reason, ok := strings.Cut(line, "\t")
			if !ok {
				t.Fatalf("%s: no reason for %s", name, key)
			}
			known[key] = reason
		}
	}
	return known
}

// The values a conversation is about.
type (
	scenario struct {
		form *xform.Form
		s    *Session
		at   string // reference of the current event
	}
	member struct { // a method that waits for its arguments
		of   any
		name string
	}
	nodeRef struct {
		*scenario
		n *node
	}
	answerRef struct{ nodeRef }
	labelRef  struct{ text string }
	eventRef  struct{ kind string }
)

// untaught is what the interpreter has not been taught.
func untaught(what string, args ...any) error { return fmt.Errorf("not interpreted: "+what, args...) }

func (r recording) replay() (err error) {
	defer func() {
		if p := recover(); p != nil {
			failed, ok := p.(error)
			if !ok || strings.Contains(failed.Error(), "runtime error") {
				panic(p)
			}
			err = failed
		}
	}()
	results := make([]any, len(r.Steps))
	for i, step := range r.Steps {
		if i == 0 && r.shouldFail() {
			if opens(step) {
				return errors.New("the form was taken, but should have been refused")
			}
			return nil
		}
		results[i] = step.run(results)
	}
	return nil
}

// shouldFail reports whether the conversation ends with the form being refused.
func (r recording) shouldFail() bool {
	second := r.Steps[1]
	return second.Op == "expect-throws" || second.Of == nil && second.Matcher == "toBeInstanceOf"
}

func opens(init recordedStep) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			failed, _ := p.(error)
			if failed == nil || strings.HasPrefix(failed.Error(), "not interpreted") {
				panic(p)
			}
		}
	}()
	openScenario(init.Args)
	return true
}

func (st recordedStep) run(results []any) any {
	switch st.Op {
	case "init":
		return openScenario(st.Args)
	case "get":
		return property(resultAt(results, st.Of), st.Prop)
	case "apply":
		m, ok := resultAt(results, st.Of).(member)
		if !ok {
			panic(untaught("a call of %T", resultAt(results, st.Of)))
		}
		return m.call(resolveAll(results, st.Args))
	case "expect":
		st.expect(results)
		return nil
	}
	panic(untaught(st.Op))
}

func resultAt(results []any, of any) any {
	switch of := of.(type) {
	case float64:
		if int(of) < len(results) {
			return results[int(of)]
		}
	case map[string]any:
		if ref, ok := of["ref"].(float64); ok {
			return results[int(ref)]
		}
	}
	panic(untaught("a reference to %v", of))
}

func resolveAll(results, args []any) []any {
	resolved := make([]any, len(args))
	for i, a := range args {
		resolved[i] = a
		if m, ok := a.(map[string]any); ok && len(m) == 1 && m["ref"] != nil {
			resolved[i] = resultAt(results, a)
		}
	}
	return resolved
}

func openScenario(args []any) *scenario {
	source, ok := lookup(args, 1, "xml")
	if !ok || len(args) > 2 {
		panic(untaught("a form from a resource"))
	}
	f, err := xform.Read(strings.NewReader(source))
	if err != nil {
		panic(err)
	}
	s, err := Begin(f, testEnv())
	if err != nil {
		panic(err)
	}
	return &scenario{form: f, s: s}
}

func lookup(args []any, i int, name string) (string, bool) {
	if i >= len(args) {
		return "", false
	}
	m, _ := args[i].(map[string]any)
	s, ok := m[name].(string)
	return s, ok
}

// property is what an object's property is: a value, or a method.
func property(of any, name string) any {
	switch of := of.(type) {
	case answerRef:
		return of.property(name)
	case eventRef:
		if name == "eventType" {
			return of.kind
		}
	case labelRef:
		if name == "formatted" {
			return []any{map[string]any{"value": of.text}}
		}
	case []any:
		if name == "length" {
			return float64(len(of))
		}
	case string:
		if name == "xpathReference" {
			return of
		}
	case nodeRef:
		if name == "currentState" {
			return answerRef{of}
		}
	case []Choice, *scenario:
	}
	return member{of, name}
}

func (a answerRef) property(name string) any {
	switch name {
	case "value":
		if !wellFormed(a.n.def.Bind.Type, a.n.Value()) || a.n.Value() == "" && a.n.def.Bind.Type != "" && a.n.def.Bind.Type != "string" {
			return nil
		}
		return a.typed()
	case "stringValue":
		return a.n.Value()
	case "getValue":
		return member{a, name}
	case "valueType":
		return cmp.Or(a.n.def.Bind.Type, "string")
	}
	panic(untaught("answer.%s", name))
}

// typed is the value as the recorded engine's types show it in JSON.
func (a answerRef) typed() any {
	value := a.n.Value()
	switch a.n.def.Bind.Type {
	case "int":
		return map[string]any{"bigint": value}
	case "decimal":
		n, _ := strconv.ParseFloat(value, 64)
		return n
	case "geopoint":
		point := map[string]any{}
		for i, word := range strings.Fields(value) {
			n, _ := strconv.ParseFloat(word, 64)
			point[[]string{"latitude", "longitude", "altitude", "accuracy"}[i]] = n
		}
		return point
	}
	return value
}

func (m member) call(args []any) any {
	switch of := m.of.(type) {
	case *scenario:
		return of.call(m.name, args)
	case answerRef:
		return of.n.Value()
	case []Choice:
		switch m.name {
		case "isEmpty":
			return len(of) == 0
		case "size":
			return float64(len(of))
		case "get":
			i, _ := args[0].(float64)
			return of[int(i)]
		}
	case Choice:
		return of.Name
	}
	panic(untaught("%T.%s()", m.of, m.name))
}

func (sc *scenario) call(name string, args []any) any {
	ref := ""
	if len(args) > 0 {
		ref, _ = args[0].(string)
		if current, ok := lookup(args, 0, "assertCurrentReference"); ok {
			ref = current
		}
	}
	switch name {
	case "answer":
		return sc.answer(args)
	case "answerOf":
		return answerRef{sc.node(ref)}
	case "attributeOf":
		attr, _ := args[1].(string)
		return answerRef{nodeRef{sc, asNode(sc.node(ref).n.attrs[slices.IndexFunc(sc.node(ref).n.def.Attrs, func(d *xform.Node) bool { return d.Name.Local == attr })])}}
	case "getInstanceNode":
		return sc.node(ref)
	case "next", "prev":
		return sc.move(ref, name == "next")
	case "jumpToBeginningOfForm":
		sc.at = ""
		return nil
	case "refAtIndex":
		return sc.at
	case "atTheEndOfForm":
		return sc.at == "END_OF_FORM"
	case "createNewRepeat", "proposed_addExplicitCreateNewRepeatCallHere":
		return sc.addRepeat(ref)
	case "removeRepeat":
		sc.check(sc.s.RemoveRepeat(sc.node(ref).n.path()))
		return nil
	case "countRepeatInstancesOf":
		parent, def := sc.repeat(ref)
		return float64(len(slices.DeleteFunc(parent.instances(def), func(n *node) bool { return n.surplus })))
	case "choicesOf":
		return sc.s.Choices(sc.node(ref).n.path(), "", 0)
	case "proposed_getAvailableOptionLabels":
		var labels []any
		for _, c := range sc.s.Choices(sc.node(ref).n.path(), "", 0) {
			labels = append(labels, c.Label)
		}
		return labels
	case "getQuestionLabel":
		return labelRef{sc.label(ref)}
	case "getQuestionLabelText":
		return sc.label(ref)
	case "setLanguage":
		sc.s.SetLanguage(ref)
		return nil
	case "proposed_canCreateOrRemoveRepeat":
		parent, def := sc.repeat(ref)
		return sc.s.mayAddRemove(def, parent)
	case "proposed_serializeAndRestoreInstanceState", "serializeAndDeserializeInstance":
		return sc.restored()
	case "editCurrentInstance":
		return sc.edited()
	case "newInstance":
		s, err := Begin(sc.form, testEnv())
		sc.check(Effects{}, err)
		return &scenario{form: sc.form, s: s}
	case "prepareWebFormsInstancePayload":
		return sc
	case "proposed_serializeInstance":
		return string(sc.s.xml())
	}
	panic(untaught("scenario.%s()", name))
}

func (sc *scenario) check(_ Effects, err error) {
	if err != nil {
		panic(err)
	}
}

var refStep = regexp.MustCompile(`^([^\[]+)(?:\[(\d+)\])?$`)

// node finds a node by a reference in which positions stand for repeat instances.
func (sc *scenario) node(ref string) nodeRef {
	at := sc.s.doc
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "/"), "/") {
		m := refStep.FindStringSubmatch(part)
		if m == nil {
			panic(untaught("the reference %s", ref))
		}
		place := 1
		if m[2] != "" {
			place, _ = strconv.Atoi(m[2])
		}
		local := m[1][strings.IndexByte(m[1], ':')+1:]
		var found *node
		for _, c := range at.elements() {
			if c.def.Name.Local == local {
				if place--; place == 0 {
					found = c
				}
			}
		}
		if found == nil {
			panic(fmt.Errorf("no node at %s", ref))
		}
		at = found
	}
	return nodeRef{sc, at}
}

func (sc *scenario) repeat(ref string) (*node, *xform.Node) {
	ref = strings.TrimSuffix(ref, "[1]")
	i := strings.LastIndexByte(ref, '/')
	parent := sc.node(ref[:i]).n
	def := parent.def.Child(ref[i+1:])
	if def == nil || def.Repeat == nil {
		panic(fmt.Errorf("no repeat at %s", ref))
	}
	return parent, def
}

func (sc *scenario) addRepeat(ref string) any {
	if m := regexp.MustCompile(`\[\d+\]$`).FindString(ref); m != "" {
		ref = strings.TrimSuffix(ref, m)
	}
	parent, def := sc.repeat(ref)
	_, effects, err := sc.s.AddRepeat(repeatAt{def, parent}.path(), "")
	sc.check(effects, err)
	sc.at = fmt.Sprintf("%s[%d]", ref, len(parent.instances(def)))
	return nil
}

func (sc *scenario) answer(args []any) any {
	target := sc.at
	if ref, ok := args[0].(string); ok && strings.HasPrefix(ref, "/") && len(args) > 1 {
		target, args = ref, args[1:]
	}
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = plain(a)
	}
	n := sc.node(target)
	sc.at = target
	if b, ok := args[0].(bool); ok {
		words = []string{map[bool]string{true: "1"}[b]}
	}
	sc.check(sc.s.Set(n.n.path(), strings.Join(words, " ")))
	return answerRef{n}
}

// plain writes a recorded value as an answer's text.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case map[string]any:
		if big, ok := v["bigint"].(string); ok {
			return big
		}
	}
	panic(untaught("the value %v", v))
}

// prompt marks the event that asks whether to add an instance.
const prompt = "[new]"

// events lists the references one meets on the way through the form.
func (sc *scenario) events() []string {
	var list []string
	var visit func(nodes []Node)
	visit = func(nodes []Node) {
		for _, n := range nodes {
			switch {
			case n.Kind == RepeatNode:
				visit(n.Children)
				if n.CanAdd {
					list = append(list, sc.reference(n.Path)+prompt)
				}
				continue
			case n.Path != "":
				list = append(list, sc.reference(n.Path))
			}
			visit(n.Children)
		}
	}
	visit(sc.s.Outline())
	return append(list, "END_OF_FORM")
}

// reference turns a field path into a reference with positions.
func (sc *scenario) reference(path survey.FieldPath) string {
	ref := "/" + sc.form.Root.Name.Local
	at := sc.s.root
	for part := range strings.SplitSeq(string(path), "/") {
		name, key, _ := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		ref += "/" + name
		if key == "" && at != nil {
			at = at.step(part)
			continue
		}
		for i, n := range at.instances(at.def.Child(name)) {
			if n.key == key {
				ref += fmt.Sprintf("[%d]", i+1)
				at = n
				break
			}
		}
	}
	return ref
}

func sameReference(a, b string) bool {
	return strings.ReplaceAll(a, "[1]", "") == strings.ReplaceAll(b, "[1]", "")
}

// move goes to the next or the previous event, which has to be the one that was recorded.
func (sc *scenario) move(want string, forward bool) any {
	events := sc.events()
	i := slices.IndexFunc(events, func(e string) bool { return sameReference(e, sc.at) })
	if forward {
		i++
	} else {
		i--
	}
	if i < 0 || i >= len(events) || !sameReference(strings.TrimSuffix(events[i], prompt), want) {
		panic(fmt.Errorf("from %q the next of %v is not %s", sc.at, events, want))
	}
	sc.at = events[i]
	return eventRef{want}
}

func (sc *scenario) label(ref string) string {
	n := sc.node(ref).n
	c := cmp.Or(n.def.Control, n.def.Repeat)
	if c == nil {
		panic(untaught("the label of %s", ref))
	}
	return sc.s.text(c.Label, n)
}

func (sc *scenario) restored() *scenario {
	data, err := sc.s.State().MarshalBinary()
	sc.check(Effects{}, err)
	var st State
	sc.check(Effects{}, st.UnmarshalBinary(data))
	s, err := Restore(sc.form, testEnv(), st)
	sc.check(Effects{}, err)
	return &scenario{form: sc.form, s: s, at: sc.at}
}

func (sc *scenario) edited() *scenario {
	s, unknown, err := Edit(sc.form, testEnv(), sc.s.submission().Fields)
	sc.check(Effects{}, err)
	if len(unknown) > 0 {
		panic(fmt.Errorf("unknown fields %v", unknown))
	}
	return &scenario{form: sc.form, s: s}
}

func (st recordedStep) expect(results []any) {
	got := resultAt(results, st.Of)
	args := resolveAll(results, st.Args)
	if ok := st.matches(got, args); ok == st.Neg {
		panic(fmt.Errorf("got %s, %s %v (negated %v)", display(got), st.Matcher, args, st.Neg))
	}
}

func display(v any) string {
	if a, ok := v.(answerRef); ok {
		return fmt.Sprintf("%q", a.n.Value())
	}
	return fmt.Sprintf("%v", v)
}

func (st recordedStep) matches(got any, args []any) bool {
	switch st.Matcher {
	case "toBe", "toEqual", "toMatchObject":
		return sameJSON(got, args[0])
	case "toBeNull":
		return got == nil
	case "toBeTypeOf":
		return typeName(got) == args[0]
	case "toEqualAnswer":
		return equalsAnswer(got, args[0])
	case "toStartWith":
		prefix, _ := args[0].(string)
		return strings.HasPrefix(textOf(got), prefix)
	case "toEqualTreeReference":
		ref, _ := got.(string)
		return sameReference(ref, literalArgs(args[0])[0])
	case "toContainChoices", "toContainChoicesInAnyOrder":
		return hasChoices(got, args[0])
	case "toBeRelevant", "toBeNonRelevant":
		n, ok := got.(nodeRef)
		return ok && n.n.present == (st.Matcher == "toBeRelevant")
	case "toHaveAppearance", "notToHaveAppearance":
		return slices.Contains(appearances(got), fmt.Sprint(args[0])) == (st.Matcher == "toHaveAppearance")
	case "toYieldAppearances":
		return sameJSON(appearances(got), args[0])
	case "toHaveClass", "notToHaveClass":
		n, _ := got.(nodeRef)
		return slices.Contains(strings.Fields(n.form.Style), fmt.Sprint(args[0])) == (st.Matcher == "toHaveClass")
	case "toHaveRequiredMessage":
		return message(got, Required) == plain(args[0])
	case "toHaveConstraintMessage":
		return message(got, Constraint) == plain(args[0])
	case "toHaveValidityMessage":
		return message(got, "") == plain(args[0])
	case "toHaveValidityStatus":
		return message(got, Constraint) != ""
	case "toHaveAnswerCloseTo":
		near := literalArgs(args[0])
		want, _ := strconv.ParseFloat(near[0], 64)
		tolerance, _ := strconv.ParseFloat(near[1], 64)
		n, err := strconv.ParseFloat(textOf(got), 64)
		return err == nil && math.Abs(n-want) <= tolerance
	case "toHaveComputedPreloadInstanceID":
		sc, ok := got.(*scenario)
		return ok && strings.HasPrefix(sc.s.metaValue("instanceID"), "uuid:")
	case "toHaveDefaultConstraintMessage":
		return message(got, Constraint) != ""
	case "toHaveSerializedSubmissionXML", "toHavePreparedSubmissionXML":
		sc, ok := got.(*scenario)
		return ok && sameXML(string(sc.s.xml()), fmt.Sprint(args[0]))
	}
	panic(untaught("the matcher %s", st.Matcher))
}

// typeName is what JavaScript's typeof says.
func typeName(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case map[string]any:
		return "bigint"
	}
	panic(untaught("typeof %T", v))
}

func textOf(v any) string {
	if a, ok := v.(answerRef); ok {
		return a.n.Value()
	}
	return fmt.Sprint(v)
}

func sameJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func literalArgs(v any) []string {
	m, _ := v.(map[string]any)
	list, _ := m["args"].([]any)
	var args []string
	for _, a := range list {
		args = append(args, plain(a))
	}
	return args
}

func equalsAnswer(got, want any) bool {
	a, ok := got.(answerRef)
	if !ok {
		panic(untaught("an answer of %T", got))
	}
	if other, ok := want.(answerRef); ok {
		return a.n.Value() == other.n.Value()
	}
	text := a.n.Value()
	if m, _ := want.(map[string]any); m["lit"] == "booleanAnswer" {
		text = strconv.FormatBool(text != "") // a trigger's "OK" is the peer's true
	}
	return slices.Equal([]string{text}, literalArgs(want))
}

func hasChoices(got, want any) bool {
	choices, _ := got.([]Choice)
	list, _ := want.([]any)
	for _, w := range list {
		args := literalArgs(w)
		if !slices.ContainsFunc(choices, func(c Choice) bool {
			return c.Name == args[0] && (len(args) < 2 || c.Label == args[1])
		}) {
			return false
		}
	}
	return true
}

func appearances(v any) []string {
	n, ok := v.(nodeRef)
	if !ok || cmp.Or(n.n.def.Control, n.n.def.Repeat) == nil {
		panic(untaught("the appearance of %T", v))
	}
	return strings.Fields(cmp.Or(n.n.def.Control, n.n.def.Repeat).Appearance)
}

// message returns what is wrong with an answer when it is of a kind, or of any.
func message(v any, kind ViolationKind) string {
	a, ok := v.(answerRef)
	if !ok {
		panic(untaught("the message of %T", v))
	}
	found := a.s.violation(a.n)
	if found == nil || kind != "" && found.Kind != kind {
		return ""
	}
	return found.Message
}

var instanceIDText = regexp.MustCompile(`uuid:[^<]*`)

func sameXML(got, want string) bool {
	normal := func(s string) string {
		s = instanceIDText.ReplaceAllString(s, "uuid:")
		return regexp.MustCompile(`<([\w:-]+)([^>]*)></([\w:-]+)>`).ReplaceAllString(s, "<$1$2/>")
	}
	return normal(got) == normal(want)
}
