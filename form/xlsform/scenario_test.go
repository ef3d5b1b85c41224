package xlsform_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/survey"
)

// TestScenarios plays the conversations beside each form of the product: assets/forms/*/tests/*.txtar. A line is a
// word, the path of a question, and what the word wants; the words are those of form/testdata/scenario, and a few more:
//
//	property NAME VALUE      what property() returns; in registers.txtar, before the form begins
//	answer PATH VALUE        gives an answer
//	add PATH KEY             adds an instance to a repeat
//	shown PATH               the question is asked now
//	hidden PATH              it is not
//	value PATH VALUE         its answer is exactly this
//	says PATH 'TEXT'         its label has this in it
//	offers PATH A,B          its choices are these, in this order
//	violates PATH 'TEXT'     its answer is wrong, and the message has this in it
//	accepts PATH             its answer is not wrong
//	finishes                 the form can be finished; what follows looks at the outcome
//	omits PATH               the question is not in the record
//	saves LIST PROP 'VALUE'  a record of the list gets the property
//	noentity LIST            no record of the list is written
//
// Instances are counted from 1: issues[2]. registers.txtar also holds the registers.
func TestScenarios(t *testing.T) {
	scripts, err := filepath.Glob("../../assets/forms/*/tests/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, script := range scripts {
		folder, name := filepath.Split(script)
		if name == "registers.txtar" {
			continue
		}
		id := filepath.Base(filepath.Dir(filepath.Clean(folder)))
		t.Run(id+"/"+strings.TrimSuffix(name, ".txtar"), func(t *testing.T) {
			registers, err := txtar.ParseFile(filepath.Join(folder, "registers.txtar"))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(script)
			if err != nil {
				t.Fatal(err)
			}
			newConversation(t, id, registers).run(string(text))
		})
	}
}

// conversation is one scenario under way.
type conversation struct {
	*testing.T
	session  *form.Session
	finished form.Submission
}

func newConversation(t *testing.T, id string, registers *txtar.Archive) *conversation {
	t.Helper()
	definition, err := xform.Read(bytes.NewReader(compileQZ(t, id).XML))
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]table{}
	for _, file := range registers.Files {
		lines, err := csv.NewReader(bytes.NewReader(file.Data)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		tables[file.Name] = lines
	}
	properties := map[string]string{}
	for line := range strings.Lines(string(registers.Comment)) {
		if words := scenarioWord.FindAllString(line, -1); len(words) == 3 && words[0] == "property" {
			properties[words[1]] = words[2]
		}
	}
	drawn := 0
	session, err := form.Begin(definition, form.Env{
		Now: func() time.Time { return time.Date(2026, 11, 22, 15, 0, 0, 0, time.FixedZone("CST", 8*3600)) },
		NewID: func() string {
			drawn++
			return fmt.Sprintf("0192f0c1-0000-7000-8000-%012d", drawn)
		},
		Properties: properties,
		Instances: func(file string) (form.Table, bool) {
			found, ok := tables[file]
			return found, ok
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &conversation{T: t, session: session}
}

// table is a register read from CSV.
type table [][]string

func (t table) Columns() []string           { return t[0] }
func (t table) Len() int                    { return len(t) - 1 }
func (t table) Cell(row, column int) string { return t[row+1][column] }

func (t table) Lookup(column, value string) []int {
	var rows []int
	c := slices.Index(t[0], column)
	for row := range t.Len() {
		if c >= 0 && t.Cell(row, c) == value {
			rows = append(rows, row)
		}
	}
	return rows
}

var scenarioWord = regexp.MustCompile(`'[^']*'|\S+`)

// run speaks the lines one after the other.
func (c *conversation) run(text string) {
	c.Helper()
	number := 0
	for line := range strings.Lines(text) {
		number++
		words := scenarioWord.FindAllString(line, -1)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		for i := range words {
			words[i] = strings.Trim(words[i], "'")
		}
		words = append(words, "", "", "")
		if wrong := c.speak(words[0], words[1:]); wrong != "" {
			c.Errorf("line %d: %s: %s", number, strings.TrimSpace(line), wrong)
		}
	}
}

// speak says one line and returns what does not hold.
func (c *conversation) speak(verb string, words []string) string {
	act, ok := map[string]func([]string) string{
		"answer": c.answer, "add": c.add, "shown": c.shown, "hidden": c.hidden, "value": c.value, "says": c.says,
		"offers": c.offers, "violates": c.violates, "accepts": c.accepts, "finishes": c.finishes, "saves": c.saves,
		"noentity": c.noEntity, "omits": c.omits,
	}[verb]
	if !ok {
		return "no such word"
	}
	return act(words)
}

var countedInstance = regexp.MustCompile(`^(.*?)\[(\d+)\](.*)$`)

// path turns issues[2] into the path of the second instance.
func (c *conversation) path(written string) survey.FieldPath {
	m := countedInstance.FindStringSubmatch(written)
	if m == nil {
		return survey.FieldPath(written)
	}
	n, _ := strconv.Atoi(m[2])
	instances := instancesOf(c.session.Outline(), survey.FieldPath(m[1]))
	if n < 1 || n > len(instances) {
		return survey.FieldPath(m[1] + "[none]" + m[3])
	}
	return instances[n-1] + survey.FieldPath(m[3])
}

// instancesOf finds the instances of a repeat in the outline.
func instancesOf(nodes []form.Node, repeat survey.FieldPath) []survey.FieldPath {
	var found []survey.FieldPath
	for _, n := range nodes {
		if n.Kind == form.InstanceNode && strings.HasPrefix(string(n.Path), string(repeat)+"[") {
			found = append(found, n.Path)
		}
		found = append(found, instancesOf(n.Children, repeat)...)
	}
	return found
}

func (c *conversation) question(written string) form.Question {
	q, _ := c.session.Question(c.path(written))
	return q
}

func (c *conversation) answer(w []string) string {
	if _, err := c.session.Set(c.path(w[0]), w[1]); err != nil {
		return err.Error()
	}
	return ""
}

func (c *conversation) add(w []string) string {
	if _, _, err := c.session.AddRepeat(c.path(w[0]), w[1]); err != nil {
		return err.Error()
	}
	return ""
}

func (c *conversation) shown(w []string) string {
	if !c.question(w[0]).Relevant {
		return "is not asked"
	}
	return ""
}

func (c *conversation) hidden(w []string) string {
	if c.question(w[0]).Relevant {
		return "is asked"
	}
	return ""
}

func (c *conversation) value(w []string) string {
	if q := c.question(w[0]); q.Value != w[1] {
		return fmt.Sprintf("is %q", q.Value)
	}
	return ""
}

func (c *conversation) says(w []string) string {
	if q := c.question(w[0]); !strings.Contains(q.Label, w[1]) {
		return fmt.Sprintf("is %q", q.Label)
	}
	return ""
}

func (c *conversation) offers(w []string) string {
	var names []string
	for _, one := range c.session.Choices(c.path(w[0]), "", 0) {
		names = append(names, one.Name)
	}
	if got := strings.Join(names, ","); got != w[1] {
		return "are " + got
	}
	return ""
}

func (c *conversation) violates(w []string) string {
	v := c.question(w[0]).Violation
	if v == nil || !strings.Contains(v.Message, w[1]) {
		return fmt.Sprintf("violation is %+v", v)
	}
	return ""
}

func (c *conversation) accepts(w []string) string {
	if v := c.question(w[0]).Violation; v != nil {
		return v.Message
	}
	return ""
}

func (c *conversation) finishes([]string) string {
	finished, err := c.session.Finish()
	if err != nil {
		return fmt.Sprintf("%v: %v", err, c.session.Violations())
	}
	c.finished = finished
	return ""
}

func (c *conversation) saves(w []string) string {
	var seen []string
	for _, change := range c.finished.Entities {
		if change.Dataset != w[0] || !change.Create && !change.Update {
			continue
		}
		properties := maps.Clone(change.Properties)
		if properties == nil {
			properties = map[string]string{}
		}
		properties["label"] = change.Label
		if properties[w[1]] == w[2] {
			return ""
		}
		seen = append(seen, fmt.Sprint(properties))
	}
	return "saved: " + strings.Join(seen, "; ")
}

func (c *conversation) noEntity(w []string) string {
	for _, change := range c.finished.Entities {
		if change.Dataset == w[0] {
			return fmt.Sprint("saved: ", change)
		}
	}
	return ""
}

func (c *conversation) omits(w []string) string {
	pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(w[0]), `\[1\]`, `\[[^]]*\]`) + "$")
	for path, value := range c.finished.Fields {
		if pattern.MatchString(string(path)) {
			return fmt.Sprintf("%s is %q", path, value)
		}
	}
	return ""
}
