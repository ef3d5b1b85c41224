package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/form/xpath"
)

// matchers are what can be expected of a value. A matcher gets its arguments followed by a nil.
var matchers map[string]func(got any, args []any) bool

func init() {
	matchers = map[string]func(got any, args []any) bool{
		"toBe":                       func(got any, args []any) bool { return identical(got, args[0]) },
		"toEqual":                    func(got any, args []any) bool { return sameJSON(got, args[0]) },
		"toStrictEqual":              func(got any, args []any) bool { return sameJSON(got, args[0]) },
		"toMatchObject":              func(got any, args []any) bool { return includes(asJSON(got), args[0]) },
		"toBeNull":                   func(got any, _ []any) bool { return got == nil },
		"toBeUndefined":              func(got any, _ []any) bool { return got == nil },
		"toBeDefined":                func(got any, _ []any) bool { return got != nil },
		"toBeTruthy":                 func(got any, _ []any) bool { return truthy(got) },
		"toBeFalsy":                  func(got any, _ []any) bool { return !truthy(got) },
		"toBeNaN":                    func(got any, _ []any) bool { return math.IsNaN(numberOf(got)) },
		"toBeTypeOf":                 func(got any, args []any) bool { return typeName(got) == args[0] },
		"toBeGreaterThan":            func(got any, args []any) bool { return compared(got, args[0]) > 0 },
		"toBeGreaterThanOrEqual":     func(got any, args []any) bool { return compared(got, args[0]) >= 0 },
		"toBeLessThan":               func(got any, args []any) bool { return compared(got, args[0]) < 0 },
		"toBeLessThanOrEqual":        func(got any, args []any) bool { return compared(got, args[0]) <= 0 },
		"toMatch":                    toMatch,
		"toContain":                  toContain,
		"toHaveLength":               func(got any, args []any) bool { return float64(lengthOf(got)) == args[0] },
		"toEqualAnswer":              equalsAnswer,
		"toEqualUploadedAnswer":      equalsUpload,
		"toStartWith":                func(got any, args []any) bool { return strings.HasPrefix(textOf(got), plain(args[0])) },
		"toEqualTreeReference":       func(got any, args []any) bool { return sameReference(textOf(got), firstLiteral(args)) },
		"toContainChoices":           hasChoices,
		"toContainChoicesInAnyOrder": hasChoices,
		"toBeRelevant":               func(got any, _ []any) bool { return present(elementOf(got).node) },
		"toBeNonRelevant":            func(got any, _ []any) bool { return !present(elementOf(got).node) },
		"toHaveAppearance":           hasAppearance,
		"notToHaveAppearance":        func(got any, args []any) bool { return !hasAppearance(got, args) },
		"toYieldAppearances": func(got any, args []any) bool {
			return sameJSON(append([]string{}, elementOf(got).appearances()...), args[0])
		},
		"toHaveClass":             hasClass,
		"notToHaveClass":          func(got any, args []any) bool { return !hasClass(got, args) },
		"toHaveRequiredMessage":   func(got any, args []any) bool { return message(got, form.Required) == plain(args[0]) },
		"toHaveConstraintMessage": func(got any, args []any) bool { return message(got, form.Constraint) == plain(args[0]) },
		"toHaveValidityMessage":   func(got any, args []any) bool { return message(got, "") == plain(args[0]) },
		"toHaveDefaultConstraintMessage": func(got any, _ []any) bool {
			return message(got, form.Constraint) != "" && ownMessage(got) == ""
		},
		"toHaveValidityStatus": func(got any, args []any) bool { return status(got) == literalName(args[0]) },
		"toBeValid":            func(got any, _ []any) bool { return len(scenarioOf(got).s.Violations()) == 0 },
		"toBePendingSubmissionWithViolations": func(got any, _ []any) bool {
			return len(scenarioOf(got).s.Violations()) > 0
		},
		"toBeReadyForSubmission":          func(got any, _ []any) bool { return len(scenarioOf(got).s.Violations()) == 0 },
		"toHaveAnswerCloseTo":             closeTo,
		"toHaveComputedPreloadInstanceID": func(got any, _ []any) bool { return strings.HasPrefix(meta(got, "instanceID", nil), "uuid:") },
		"toHaveEditedPreloadInstanceID":   hasEditedInstanceID,
		"toHaveDeprecatedIDFromSource":    hasDeprecatedID,
		"toHaveSerializedSubmissionXML":   hasXML,
		"toHavePreparedSubmissionXML":     hasXML,
	}
}

func matches(got any, matcher string, args []any) bool {
	match, ok := matchers[matcher]
	if !ok {
		panic(untaught("the matcher %s", matcher))
	}
	return match(got, append(slices.Clone(args), nil))
}

func display(v any) string {
	switch v := v.(type) {
	case answer:
		return strconv.Quote(v.node.Value())
	case *scenario:
		return string(v.s.XML())
	}
	return fmt.Sprintf("%v", v)
}

func elementOf(v any) element {
	switch v := v.(type) {
	case element:
		return v
	case answer:
		return v.element
	}
	panic(untaught("a node of %T", v))
}

func scenarioOf(v any) *scenario {
	switch v := v.(type) {
	case *scenario:
		return v
	case definition:
		return v.sc
	}
	panic(untaught("a form of %T", v))
}

// identical is what JavaScript's Object.is says: objects are themselves only.
func identical(got, want any) bool {
	if xml, ok := want.(string); ok && strings.HasPrefix(xml, "<") {
		if sc, ok := got.(*scenario); ok {
			return sameXML(string(sc.s.XML()), xml)
		}
	}
	switch got := got.(type) {
	case *choiceList, *scenario, *styled:
		return got == want
	}
	return sameJSON(got, want)
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// asJSON turns a value into what JSON has for it.
func asJSON(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var plain any
	if json.Unmarshal(text, &plain) != nil {
		return nil
	}
	return plain
}

// includes reports whether got has all that want has. An ellipsis stands for what the recording left out.
func includes(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		if len(want) == 0 {
			return got != nil // an object of which nothing was recorded
		}
		m, ok := got.(map[string]any)
		for name, value := range want {
			if !ok || !includes(m[name], value) {
				return false
			}
		}
		return ok
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !includes(list[i], want[i]) {
				return false
			}
		}
		return true
	case string:
		return want == "…" && got != nil || got == want
	}
	return sameJSON(got, want)
}

// runsAsJSON shows runs as the recorded engine's objects.
func runsAsJSON(runs []form.Run) []any {
	list := []any{}
	for _, r := range runs {
		if r.Element == "" {
			list = append(list, map[string]any{"value": r.Text})
			continue
		}
		object := map[string]any{"elementName": r.Element, "children": runsAsJSON(r.Children)}
		if r.URL != "" {
			object["url"] = r.URL
		}
		if r.Style != nil {
			object["properties"] = map[string]any{"style": r.Style}
		}
		list = append(list, object)
	}
	return list
}

// typeName is what JavaScript's typeof says.
func typeName(v any) string {
	switch v := v.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case map[string]any:
		if v["bigint"] != nil {
			return "bigint"
		}
	}
	return "object"
}

func truthy(v any) bool { return v != nil && v != false && v != "" && v != 0.0 }

func textOf(v any) string {
	switch v := v.(type) {
	case answer:
		return v.node.Value()
	case string:
		return v
	case *styled:
		return form.PlainText(v.runs)
	}
	return fmt.Sprint(v)
}

func lengthOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	case *choiceList:
		return len(v.list)
	}
	panic(untaught("the length of %T", v))
}

func numberOf(v any) float64 {
	if n, ok := v.(float64); ok {
		return n
	}
	n, err := strconv.ParseFloat(textOf(v), 64)
	if err != nil {
		return math.NaN()
	}
	return n
}

// compared orders two numbers. Two values that were not recorded make no claim.
func compared(a, b any) float64 {
	if a == (notRecorded{}) && b == (notRecorded{}) {
		return 0
	}
	return numberOf(a) - numberOf(b)
}

func toMatch(got any, args []any) bool {
	pattern, _ := field(args[0], "re").(string)
	if pattern == "" {
		return strings.Contains(textOf(got), plain(args[0]))
	}
	re, err := regexp.Compile(strings.TrimSuffix(strings.TrimPrefix(pattern, "/"), "/"))
	if err != nil {
		panic(untaught("the pattern %s", pattern))
	}
	return re.MatchString(textOf(got))
}

func toContain(got any, args []any) bool {
	if list, ok := got.([]any); ok {
		return slices.ContainsFunc(list, func(v any) bool { return sameJSON(v, args[0]) })
	}
	return strings.Contains(textOf(got), plain(args[0]))
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
	case answer:
		return v.node.Value()
	case map[string]any:
		if big, ok := v["bigint"].(string); ok {
			return big
		}
		if len(v) == 0 {
			return "file" // of which only that it is one was recorded
		}
		if list := literalArgs(v); list != nil {
			return strings.Join(list, " ")
		}
	}
	panic(untaught("the value %v", v))
}

func literalName(v any) string {
	name, _ := field(v, "lit").(string)
	return name[strings.LastIndexByte(name, '.')+1:]
}

func literalArgs(v any) []string {
	list, _ := field(v, "args").([]any)
	var args []string
	for _, a := range list {
		args = append(args, plain(a))
	}
	return args
}

func equalsAnswer(got any, args []any) bool {
	a, ok := got.(answer)
	if !ok {
		panic(untaught("an answer of %T", got))
	}
	want := args[0]
	if other, ok := want.(answer); ok {
		return a.node.Value() == other.node.Value()
	}
	text := a.node.Value()
	switch field(want, "lit") {
	case "booleanAnswer":
		text = strconv.FormatBool(text != "") // a trigger's "OK" is the peer's true
	case "answerText":
		if c := a.control(); c != nil && c.Kind == xform.Select {
			text = strings.Join(strings.Fields(text), ", ") // as the peer shows what was chosen
		}
	}
	return slices.Equal([]string{text}, literalArgs(want))
}

func equalsUpload(got any, args []any) bool {
	list := literalArgs(args[0])
	return len(list) == 1 && textOf(got) == list[0]
}

func hasChoices(got any, args []any) bool {
	choices, ok := got.(*choiceList)
	list, isList := args[0].([]any)
	if !ok || !isList {
		panic(untaught("choices of %T", got))
	}
	for _, want := range list {
		w := literalArgs(want)
		if len(w) == 0 || !slices.ContainsFunc(choices.list, func(c form.Choice) bool {
			return c.Name == w[0] && (len(w) < 2 || c.Label == w[1])
		}) {
			return false
		}
	}
	return true
}

func hasAppearance(got any, args []any) bool {
	return slices.Contains(elementOf(got).appearances(), plain(args[0]))
}

func hasClass(got any, args []any) bool {
	return slices.Contains(strings.Fields(elementOf(got).sc.form.Style), plain(args[0]))
}

// message returns what is wrong with an answer when it is of a kind, or of any.
func message(v any, kind form.ViolationKind) string {
	found := elementOf(v).question().Violation
	if found == nil || kind != "" && found.Kind != kind {
		return ""
	}
	return found.Message
}

// ownMessage returns the form's own message for an answer against the constraint.
func ownMessage(v any) string {
	e := elementOf(v)
	return e.sc.s.Text(e.def().Bind.ConstraintMsg, e.path())
}

func status(v any) string {
	found := elementOf(v).question().Violation
	switch {
	case found == nil:
		return "OK"
	case found.Kind == form.Required:
		return "REQUIRED_BUT_EMPTY"
	}
	return "CONSTRAINT_VIOLATED"
}

func closeTo(got any, args []any) bool {
	near := literalArgs(args[0])
	if len(near) != 2 {
		panic(untaught("near %v", args[0]))
	}
	want, _ := strconv.ParseFloat(near[0], 64)
	tolerance, _ := strconv.ParseFloat(near[1], 64)
	return math.Abs(numberOf(got)-want) <= tolerance
}

// meta returns what the submission has under meta, in a namespace if one is named.
func meta(v any, name string, space any) string {
	doc, err := xpath.ReadTree(strings.NewReader(string(scenarioOf(v).s.XML())))
	must(err)
	group := doc.First().Child("meta")
	if group == nil || group.Child(name) == nil {
		return ""
	}
	found := group.Child(name)
	// A form without a default namespace stands in that of XForms.
	if have := found.Name().Space; space != nil && have != space && (have != "" || space != "http://www.w3.org/2002/xforms") {
		return ""
	}
	return found.Value()
}

func hasEditedInstanceID(got any, args []any) bool {
	space := field(args[0], "metaNamespaceURI")
	id := meta(got, "instanceID", space)
	return strings.HasPrefix(id, "uuid:") && id != meta(field(args[0], "sourceScenario"), "instanceID", space) &&
		meta(got, "deprecatedID", space) == meta(field(args[0], "sourceScenario"), "instanceID", space)
}

func hasDeprecatedID(got any, args []any) bool {
	space := field(args[0], "metaNamespaceURI")
	source := meta(field(args[0], "sourceScenario"), "instanceID", space)
	return source != "" && meta(got, "deprecatedID", space) == source
}

func hasXML(got any, args []any) bool {
	return sameXML(string(scenarioOf(got).s.XML()), plain(args[0]))
}

var instanceIDText = regexp.MustCompile(`uuid:[^<]*`)

// sameXML compares documents, whatever the order of attributes and the identifiers drawn.
func sameXML(got, want string) bool {
	trees := [2]string{}
	for i, source := range []string{got, want} {
		doc, err := xpath.ReadTree(strings.NewReader(instanceIDText.ReplaceAllString(source, "uuid:")))
		if err != nil {
			return false
		}
		trees[i] = serialized(doc)
	}
	return trees[0] == trees[1]
}
