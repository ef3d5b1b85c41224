package form_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/survey"
)

// TestScenarios plays testdata/scenario/*.txtar. Each holds a form as an XLSForm in Markdown (form.md), registers
// (*.csv), and before them what is done and what is expected, a line each:
//
//	answer age 7            ! answer age 7           (refused)
//	shown age               hidden age
//	violates age 'too old'  accepts age
//	value total 12          value total ''           (blank)
//	required age            optional age
//	readonly age            editable age
//	label age 'How old is Ann?'
//	offers fruit apple,pear
//	add child c1            remove child[c1]         instances child c1,c2
//	remove child[1]         (the first, whatever its key)
//	finishes                unfinished
//	submits age 7           omits age
//	entity people create 'Ann' age=7                 noentity people
//	property person p1      (before the form begins)
//	restart                 saves, and takes up again
//
// A first line "# fails: reason" marks what is known not to work: the test fails when it starts to.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenario/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script := string(archive.Comment)
			err = play(script, archive)
			if reason, known := strings.CutPrefix(script, "# fails: "); known {
				if err == nil {
					t.Errorf("passes, but is marked: %s", reason)
				}
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// player is one scenario under way.
type player struct {
	form *xform.Form
	env  form.Env
	s    *form.Session
}

func play(script string, archive *txtar.Archive) error {
	p := &player{env: form.Env{
		Now:        func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600)) },
		NewID:      func() string { return "0192f0c1-0000-7000-8000-000000000001" },
		Properties: map[string]string{},
	}}
	if err := p.load(archive); err != nil {
		return err
	}
	for i, line := range strings.Split(script, "\n") {
		words, err := split(line)
		if err != nil || len(words) == 0 {
			if err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
			continue
		}
		if err := p.do(words); err != nil {
			return fmt.Errorf("line %d: %s: %w", i+1, line, err)
		}
	}
	return nil
}

func (p *player) load(archive *txtar.Archive) error {
	tables := map[string]form.Table{}
	for _, f := range archive.Files {
		switch filepath.Ext(f.Name) {
		case ".md":
			compiled := xlsform.Compile(first(xlsform.ReadMarkdown(string(f.Data), "scenario")), xlsform.Options{})
			if compiled.Fatal() {
				return fmt.Errorf("the form does not compile: %v", compiled.Findings)
			}
			read, err := xform.Read(strings.NewReader(string(compiled.XML)))
			if err != nil {
				return fmt.Errorf("%s: %w", survey.MessageOf(err), err)
			}
			p.form = read
		case ".csv":
			rows, err := csv.NewReader(strings.NewReader(string(f.Data))).ReadAll()
			if err != nil {
				return err
			}
			tables[f.Name] = register(rows[0], rows[1:]...)
		}
	}
	p.env.Instances = func(file string) (form.Table, bool) {
		table, ok := tables[file]
		return table, ok
	}
	return nil
}

func first[A, B any](a A, _ B) A { return a }

// split cuts a line into words; a word in single quotes may hold spaces or nothing. A number sign begins a comment.
func split(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != "" && line[0] != '#'; line = strings.TrimSpace(line) {
		if rest, quoted := strings.CutPrefix(line, "'"); quoted {
			word, after, closed := strings.Cut(rest, "'")
			if !closed {
				return nil, fmt.Errorf("quote is not closed")
			}
			words, line = append(words, word), after
			continue
		}
		word, after, _ := strings.Cut(line, " ")
		words, line = append(words, word), after
	}
	return words, nil
}

func (p *player) do(words []string) error {
	if words[0] == "property" {
		p.env.Properties[words[1]] = words[2]
		return nil
	}
	if p.s == nil {
		s, err := form.Begin(p.form, p.env)
		if err != nil {
			return fmt.Errorf("%s: %w", survey.MessageOf(err), err)
		}
		p.s = s
	}
	if words[0] == "!" {
		if err := p.do(words[1:]); err == nil {
			return fmt.Errorf("was not refused")
		}
		return nil
	}
	verb, ok := verbs[words[0]]
	if !ok {
		return fmt.Errorf("no such verb")
	}
	args := append(words[1:], "", "")
	args[0] = p.keyed(args[0])
	return verb(p, args)
}

// keyed puts keys in the place of positions: "person[1]" is the first, whatever its key.
func (p *player) keyed(path string) string {
	var done []string
	for part := range strings.SplitSeq(path, "/") {
		name, place, _ := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		repeat := strings.Join(append(done, name), "/")
		if n, err := strconv.Atoi(place); err == nil && n <= len(p.s.State().Repeats[survey.FieldPath(repeat)]) {
			part = fmt.Sprintf("%s[%s]", name, p.s.State().Repeats[survey.FieldPath(repeat)][n-1])
		}
		done = append(done, part)
	}
	return strings.Join(done, "/")
}

// verbs are what a scenario can say. A verb gets its arguments followed by two empty ones.
var verbs = map[string]func(p *player, args []string) error{
	"answer": func(p *player, args []string) error {
		_, err := p.s.Set(survey.FieldPath(args[0]), args[1])
		return err
	},
	"add": func(p *player, args []string) error {
		_, _, err := p.s.AddRepeat(survey.FieldPath(args[0]), args[1])
		return err
	},
	"remove": func(p *player, args []string) error {
		_, err := p.s.RemoveRepeat(survey.FieldPath(args[0]))
		return err
	},
	"shown":    func(p *player, args []string) error { return p.visible(args[0], true) },
	"hidden":   func(p *player, args []string) error { return p.visible(args[0], false) },
	"violates": (*player).violates,
	"accepts":  (*player).accepts,
	"value":    func(p *player, args []string) error { return p.same(args[0], args[1], (*player).value) },
	"label":    func(p *player, args []string) error { return p.same(args[0], args[1], (*player).label) },
	"required": func(p *player, args []string) error {
		return p.is(args[0], true, func(q form.Question) bool { return q.Required })
	},
	"optional": func(p *player, args []string) error {
		return p.is(args[0], false, func(q form.Question) bool { return q.Required })
	},
	"readonly": func(p *player, args []string) error {
		return p.is(args[0], true, func(q form.Question) bool { return q.ReadOnly })
	},
	"editable": func(p *player, args []string) error {
		return p.is(args[0], false, func(q form.Question) bool { return q.ReadOnly })
	},
	"offers":     (*player).offers,
	"instances":  (*player).instances,
	"finishes":   func(p *player, _ []string) error { _, err := p.submission(); return err },
	"unfinished": (*player).unfinished,
	"submits":    (*player).submits,
	"omits":      (*player).omits,
	"entity":     (*player).entity,
	"noentity":   (*player).noEntity,
	"restart":    (*player).restart,
}

func (p *player) question(path string) (form.Question, error) {
	q, ok := p.s.Question(survey.FieldPath(path))
	if !ok {
		return q, fmt.Errorf("no question %s", path)
	}
	return q, nil
}

func (p *player) visible(path string, want bool) error {
	if got := slices.Contains(paths(p.s.Outline()), path); got != want {
		return fmt.Errorf("shown: %v", paths(p.s.Outline()))
	}
	return nil
}

func paths(nodes []form.Node) []string {
	var found []string
	for _, n := range nodes {
		found = append(append(found, string(n.Path)), paths(n.Children)...)
	}
	return found
}

func (p *player) value(path string) (string, error) {
	q, err := p.question(path)
	return q.Value, err
}

func (p *player) label(path string) (string, error) {
	q, err := p.question(path)
	return q.Label, err
}

func (p *player) same(path, want string, get func(*player, string) (string, error)) error {
	got, err := get(p, path)
	if err == nil && got != want {
		err = fmt.Errorf("got %q", got)
	}
	return err
}

func (p *player) is(path string, want bool, ask func(form.Question) bool) error {
	q, err := p.question(path)
	if err == nil && ask(q) != want {
		err = fmt.Errorf("it is not")
	}
	return err
}

func (p *player) violates(args []string) error {
	q, err := p.question(args[0])
	if err != nil {
		return err
	}
	if q.Violation == nil || !strings.Contains(q.Violation.Message, args[1]) {
		return fmt.Errorf("violation: %v", q.Violation)
	}
	if !slices.Contains(p.s.Violations(), *q.Violation) {
		return fmt.Errorf("not among all violations")
	}
	return nil
}

func (p *player) accepts(args []string) error {
	q, err := p.question(args[0])
	if err == nil && q.Violation != nil {
		err = fmt.Errorf("violation: %v", *q.Violation)
	}
	return err
}

func (p *player) offers(args []string) error {
	var names []string
	for _, c := range p.s.Choices(survey.FieldPath(args[0]), "", 0) {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, ","); got != args[1] {
		return fmt.Errorf("got %s", got)
	}
	return nil
}

func (p *player) instances(args []string) error {
	var keys []string
	var visit func(nodes []form.Node)
	visit = func(nodes []form.Node) {
		for _, n := range nodes {
			if key, ok := strings.CutPrefix(string(n.Path), args[0]+"["); ok && n.Kind == form.InstanceNode && !strings.Contains(key, "/") {
				keys = append(keys, strings.TrimSuffix(key, "]"))
			}
			visit(n.Children)
		}
	}
	visit(p.s.Outline())
	if got := strings.Join(keys, ","); got != args[1] {
		return fmt.Errorf("got %s", got)
	}
	return nil
}

func (p *player) submission() (form.Submission, error) {
	sub, err := p.s.Finish()
	if err != nil {
		return sub, fmt.Errorf("%w: %v", err, p.s.Violations())
	}
	return sub, nil
}

func (p *player) unfinished([]string) error {
	if _, err := p.s.Finish(); err == nil {
		return fmt.Errorf("it finishes")
	}
	return nil
}

func (p *player) submits(args []string) error {
	sub, err := p.submission()
	if err == nil && sub.Fields[survey.FieldPath(args[0])] != args[1] {
		err = fmt.Errorf("fields: %v", sub.Fields)
	}
	return err
}

func (p *player) omits(args []string) error {
	sub, err := p.submission()
	if err != nil {
		return err
	}
	path := survey.FieldPath(args[0])
	if _, there := sub.Fields[path]; there || !slices.Contains(sub.Touched, path) {
		return fmt.Errorf("fields: %v, touched: %v", sub.Fields, sub.Touched)
	}
	return nil
}

func (p *player) entity(args []string) error {
	sub, err := p.submission()
	if err != nil {
		return err
	}
	want := map[string]string{}
	for _, pair := range args[3:] {
		if name, value, ok := strings.Cut(pair, "="); ok {
			want[name] = value
		}
	}
	for _, e := range sub.Entities {
		if e.Dataset == args[0] && e.Create == (args[1] == "create") && e.Label == args[2] && e.ID != "" && maps.Equal(e.Properties, want) {
			return nil
		}
	}
	return fmt.Errorf("entities: %+v", sub.Entities)
}

func (p *player) noEntity(args []string) error {
	sub, err := p.submission()
	if err == nil && slices.ContainsFunc(sub.Entities, func(e form.EntityChange) bool { return e.Dataset == args[0] }) {
		err = fmt.Errorf("entities: %+v", sub.Entities)
	}
	return err
}

func (p *player) restart([]string) error {
	data, err := p.s.State().MarshalBinary()
	if err != nil {
		return err
	}
	var st form.State
	if err := st.UnmarshalBinary(data); err != nil {
		return err
	}
	p.s, err = form.Restore(p.form, p.env, st)
	return err
}
