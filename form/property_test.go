package form

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/survey"
)

// propertyForms are those the properties are checked on: a small one, those of the scenarios, and the product's own.
func propertyForms(t *testing.T) map[string]*xform.Form {
	t.Helper()
	forms := map[string]*xform.Form{}
	small, err := xform.Read(strings.NewReader(visitForm))
	if err != nil {
		t.Fatal(err)
	}
	forms["visit"] = small
	files, _ := filepath.Glob("testdata/scenario/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		book, _ := xlsform.ReadMarkdown(string(archive.Files[0].Data), "scenario")
		forms[filepath.Base(file)] = compiled(t, book)
	}
	book, _ := xlsform.ReadFS(os.DirFS("../assets/forms/QZ-01"), "QZ-01")
	forms["QZ-01"] = compiled(t, book)
	return forms
}

func compiled(t *testing.T, book xlsform.Workbook) *xform.Form {
	t.Helper()
	f, err := xform.Read(bytes.NewReader(xlsform.Compile(book, xlsform.Options{}).XML))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// onEachForm checks a property on random fillings.
func onEachForm(t *testing.T, property func(t *rapid.T, f *xform.Form)) {
	t.Helper()
	for name, f := range propertyForms(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { property(t, f) })
		})
	}
}

// propertyEnv has registers of a few rows, the same for every file.
func propertyEnv() Env {
	env := testEnv()
	env.Properties = map[string]string{"village": "v1", "household": "h1"}
	env.Instances = func(string) (Table, bool) {
		return rowTable{{"name", "label", "village", "group", "parent"}, {"h1", "张家", "v1", "", "v1"}, {"h2", "李家", "v1", "", ""}, {"v1", "一村", "", "", ""}}, true
	}
	return env
}

// rowTable is a table held as rows, the first of which has the names of the columns.
type rowTable [][]string

func (t rowTable) Columns() []string           { return t[0] }
func (t rowTable) Len() int                    { return len(t) - 1 }
func (t rowTable) Cell(row, column int) string { return t[row+1][column] }

func (t rowTable) Lookup(column, value string) []int {
	var found []int
	for c, name := range t[0] {
		for r, row := range t[1:] {
			if name == column && row[c] == value {
				found = append(found, r)
			}
		}
	}
	return found
}

func begin(t *rapid.T, f *xform.Form) *Session {
	s, err := Begin(f, propertyEnv())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// step does one random thing and returns the change, or false when there was nothing to do.
func step(t *rapid.T, s *Session) (Effects, bool) {
	var questions, repeats, instances []survey.FieldPath
	var visit func(nodes []Node)
	visit = func(nodes []Node) {
		for _, n := range nodes {
			switch {
			case n.Kind == QuestionNode:
				questions = append(questions, n.Path)
			case n.CanAdd:
				repeats = append(repeats, n.Path)
			case n.CanRemove:
				instances = append(instances, n.Path)
			}
			visit(n.Children)
		}
	}
	visit(s.Outline())
	var effects Effects
	var err error
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case kind == 0 && len(repeats) > 0:
		_, effects, err = s.AddRepeat(rapid.SampledFrom(repeats).Draw(t, "repeat"), "")
	case kind == 1 && len(instances) > 0:
		effects, err = s.RemoveRepeat(rapid.SampledFrom(instances).Draw(t, "instance"))
	case len(questions) == 0:
		return Effects{}, false
	default:
		path := rapid.SampledFrom(questions).Draw(t, "question")
		effects, err = s.Set(path, answerTo(t, s, path))
	}
	if err != nil && survey.KindOf(err) != survey.Denied && survey.KindOf(err) != survey.Conflicting {
		t.Fatalf("%v: %s", err, survey.MessageOf(err))
	}
	return effects, err == nil
}

func answerTo(t *rapid.T, s *Session, path survey.FieldPath) string {
	answers := []string{"", "0", "1", "7", "张三", "三千里外"}
	if q, _ := s.Question(path); q.Type != Integer {
		answers = append(answers, "2026-11-20") // which as a count of instances is one too many
	}
	for _, c := range s.Choices(path, "", 5) {
		answers = append(answers, c.Name, c.Name, c.Name)
	}
	return rapid.SampledFrom(answers).Draw(t, "answer")
}

// picture is all a screen could show.
func picture(s *Session) map[survey.FieldPath]Question {
	all := map[survey.FieldPath]Question{}
	s.root.walk(func(n *node) {
		if n.def.Leaf() && !n.def.Attribute {
			q := s.question(n)
			all[q.Path] = q
		}
	})
	return all
}

func TestReplayOfAJournalGivesTheSameSession(t *testing.T) {
	onEachForm(t, func(t *rapid.T, f *xform.Form) {
		s := begin(t, f)
		state := s.State()
		var journal []Change
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			if effects, ok := step(t, s); ok {
				journal = append(journal, effects.Change)
			}
		}
		later := propertyEnv()
		later.Now = func() time.Time { return testEnv().Now().Add(100 * time.Hour) }
		replayed, err := Restore(f, later, state)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range journal {
			if _, err := replayed.Apply(c); err != nil {
				t.Fatal(err)
			}
		}
		if diff := difference(s.State(), replayed.State()); diff != "" {
			t.Fatalf("state (-filled +replayed):\n%s", diff)
		}
		if diff := difference(s.Outline(), replayed.Outline()); diff != "" {
			t.Fatalf("outline (-filled +replayed):\n%s", diff)
		}
	})
}

// A session, its journal and its record agree: who replays the journal hands in what the session hands in.
func TestReplayOfAJournalGivesTheSameRecord(t *testing.T) {
	onEachForm(t, func(t *rapid.T, f *xform.Form) {
		s := begin(t, f)
		replayed, err := Restore(f, propertyEnv(), s.State())
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			effects, ok := step(t, s)
			if !ok {
				continue
			}
			if _, err := replayed.Apply(effects.Change); err != nil {
				t.Fatal(err)
			}
		}
		one, err := s.Finish()
		two, again := replayed.Finish()
		if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Fatalf("the session ends with %v, the replayed one with %v", err, again)
		}
		if diff := difference(one, two); diff != "" {
			t.Fatalf("record (-filled +replayed):\n%s", diff)
		}
	})
}

func TestRestoreOfTheStateGivesTheSameSession(t *testing.T) {
	onEachForm(t, func(t *rapid.T, f *xform.Form) {
		s := begin(t, f)
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			step(t, s)
		}
		data, err := s.State().MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var state State
		if err := state.UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		restored, err := Restore(f, propertyEnv(), state)
		if err != nil {
			t.Fatal(err)
		}
		again, err := restored.State().MarshalBinary()
		if err != nil || !bytes.Equal(data, again) {
			t.Fatalf("state of the restored session, %v:\n%s\n%s", err, data, again)
		}
		if diff := difference(picture(s), picture(restored)); diff != "" {
			t.Fatalf("questions (-filled +restored):\n%s", diff)
		}
	})
}

func TestOrderOfIndependentAnswersDoesNotMatter(t *testing.T) {
	onEachForm(t, func(t *rapid.T, f *xform.Form) {
		s := begin(t, f)
		answers := map[survey.FieldPath]string{}
		for range rapid.IntRange(2, 8).Draw(t, "steps") {
			var paths []survey.FieldPath
			s.root.walk(func(n *node) {
				if n.def.Control != nil && n.def.Leaf() && !n.readOnly && nearestRepeat(n.def) == nil && !written(f, n.def) {
					paths = append(paths, n.path())
				}
			})
			if len(paths) == 0 {
				return // all questions stand in repeats
			}
			path := rapid.SampledFrom(paths).Draw(t, "path")
			answers[path] = answerTo(t, s, path)
		}
		one, other := begin(t, f), begin(t, f)
		order := rapid.Permutation(sortedPaths(answers)).Draw(t, "order")
		for i := range order {
			mustSet(t, one, order[i], answers[order[i]])
			back := order[len(order)-1-i]
			mustSet(t, other, back, answers[back])
		}
		if diff := difference(one.Outline(), other.Outline()); diff != "" {
			t.Fatalf("outline:\n%s", diff)
		}
		if diff := difference(one.submission().Fields, other.submission().Fields); diff != "" {
			t.Fatalf("fields:\n%s", diff)
		}
	})
}

// difference is cmp.Diff for what is equal nearly always.
func difference(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}

// written reports whether the form itself sets or closes a node after it was loaded, so that it matters when a person
// answers it.
func written(f *xform.Form, def *xform.Node) bool {
	return def.Bind.Calculate != nil || def.Bind.ReadOnly != nil || slices.ContainsFunc(f.Actions, func(a *xform.Action) bool {
		return a.Target == def && a.On(xform.ValueChanged)
	})
}

func sortedPaths(m map[survey.FieldPath]string) []survey.FieldPath {
	return byLength(func(yield func(survey.FieldPath) bool) {
		for path := range m {
			if !yield(path) {
				return
			}
		}
	})
}

func mustSet(t *rapid.T, s *Session, path survey.FieldPath, value string) {
	if _, err := s.Set(path, value); err != nil && survey.KindOf(err) != survey.Denied {
		t.Fatal(err)
	}
}

func TestComputingEverythingAnewChangesNothing(t *testing.T) {
	onEachForm(t, func(t *rapid.T, f *xform.Form) {
		s := begin(t, f)
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			step(t, s)
			before := picture(s)
			s.enqueueAll(s.root)
			s.settle()
			s.finishOperation()
			if diff := difference(before, picture(s)); diff != "" {
				t.Fatalf("what was computed after the change (-) is not what computing everything gives (+):\n%s", diff)
			}
		}
	})
}

func TestEffectsNameEveryQuestionThatChanged(t *testing.T) {
	onEachForm(t, func(t *rapid.T, f *xform.Form) {
		s := begin(t, f)
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			before := picture(s)
			effects, ok := step(t, s)
			if !ok {
				continue
			}
			named := map[survey.FieldPath]bool{}
			for _, c := range effects.Changed {
				named[c.Path] = true
			}
			for path, q := range picture(s) {
				old, was := before[path]
				if diff := difference(old, q); was && diff != "" && !named[path] {
					t.Fatalf("%s changed unnamed by %+v:\n%s", path, effects.Change, diff)
				}
			}
		}
	})
}
