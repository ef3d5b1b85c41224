package scenario

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/survey"
)

// Failure is one line that did not hold.
type Failure struct {
	Line int // in the last archive, from 1
	Text string
	Why  string // Chinese
}

// String returns the failure on one line.
func (f Failure) String() string {
	return fmt.Sprintf("第 %d 行：%s —— %s", f.Line, f.Text, f.Why)
}

// Outcome is what playing a script came to.
type Outcome struct {
	Lines    int // that were spoken
	Failures []Failure
}

// Play plays the lines before the files of the archives, one archive after the other, on one filling of the form. Files
// that end in .csv are registers. It returns every line that does not hold; an error says that the form does not begin
// or that an archive cannot be read.
func Play(f *xform.Form, archives ...*txtar.Archive) (Outcome, error) {
	return PlayWith(f, nil, archives...)
}

// PlayWith plays as [Play] does, with the files that come with the form. A register in an archive takes the place of the
// file of its name.
func PlayWith(f *xform.Form, files map[string]*form.Source, archives ...*txtar.Archive) (Outcome, error) {
	p := &player{form: f, env: form.Env{
		Now:        func() time.Time { return noon },
		Properties: map[string]string{},
	}}
	p.env.NewID = p.draw
	tables, err := registers(archives)
	if err != nil {
		return Outcome{}, err
	}
	p.env.Instances = func(file string) (form.Table, bool) {
		table, ok := tables[file]
		return table, ok
	}
	p.env.Sources = func(file string) (*form.Source, bool) {
		_, here := tables[file]
		return files[file], !here && files[file] != nil
	}
	var played Outcome
	for _, archive := range archives {
		played, err = p.play(string(archive.Comment))
		if err != nil {
			return Outcome{}, err
		}
	}
	return played, nil
}

// Read reads a script: lines, and behind them files, each after a line "-- name --".
func Read(data []byte) (*txtar.Archive, error) {
	for line := range strings.Lines(string(data)) {
		if strings.TrimRight(line, "\r\n") == "-- --" { // package txtar does not survive it
			return nil, &survey.Error{Kind: survey.Invalid, Op: "scenario.Read", Message: "“-- --”里没有写文件名，请写成“-- household.csv --”。"}
		}
	}
	return txtar.Parse(data), nil
}

// noon is when scripts are played unless they say another day, so that what they expect does not depend on the calendar.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

// player is one script under way.
type player struct {
	form  *xform.Form
	env   form.Env
	drawn int
	s     *form.Session
}

// draw returns an identifier that is the same in every run.
func (p *player) draw() string {
	p.drawn++
	return fmt.Sprintf("0192f0c1-0000-7000-8000-%012d", p.drawn)
}

func (p *player) play(text string) (Outcome, error) {
	var played Outcome
	number := 0
	for line := range strings.Lines(text) {
		number++
		words, err := split(line)
		if err == nil && len(words) == 0 {
			continue
		}
		played.Lines++
		if err == nil {
			err = p.speak(words)
		}
		if broken := (*beginError)(nil); errors.As(err, &broken) {
			return played, broken.err
		}
		if err != nil {
			played.Failures = append(played.Failures, Failure{number, strings.TrimSpace(line), reason(err)})
		}
	}
	return played, nil
}

// beginError is the error of a form that does not begin.
type beginError struct{ err error }

// Error returns the error of the form.
func (b *beginError) Error() string { return b.err.Error() }

// reason is what an error says to the author.
func reason(err error) string {
	if message := survey.MessageOf(err); message != "" {
		return message
	}
	return err.Error()
}

// closings are the quotation marks that close those a word begins with.
var closings = map[rune]string{'\'': "'", '"': `"`, '“': "”", '‘': "’", '「': "」"}

// split cuts a line into words; a word in quotation marks may hold spaces or nothing.
func split(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != "" && line[0] != '#'; line = strings.TrimSpace(line) {
		opening := []rune(line[:min(len(line), 4)])[0]
		closing, quoted := closings[opening]
		if !quoted {
			end := strings.IndexAny(line, " \t　")
			if end < 0 {
				end = len(line)
			}
			words, line = append(words, line[:end]), strings.TrimLeft(line[end:], " \t　")
			continue
		}
		word, after, closed := strings.Cut(line[len(string(opening)):], closing)
		if !closed {
			return nil, errors.New("引号不成对")
		}
		words, line = append(words, word), after
	}
	return words, nil
}

// speak says one line.
func (p *player) speak(words []string) error {
	if p.s == nil {
		if verb, ok := before[words[0]]; ok {
			return verb(p, slices.Concat(words[1:], []string{"", ""}))
		}
		s, err := form.Begin(p.form, p.env)
		if err != nil {
			return &beginError{err}
		}
		p.s = s
	}
	if words[0] == "!" || words[0] == "不许" {
		return p.refused(words[1:])
	}
	verb, ok := verbs[words[0]]
	if !ok {
		return fmt.Errorf("不认识“%s”。可以写：%s", words[0], strings.Join(chinese, "、"))
	}
	return verb(p, slices.Concat(words[1:], []string{"", "", ""}))
}

func (p *player) refused(words []string) error {
	if len(words) == 0 {
		return errors.New("“不许”后面要写一句话")
	}
	if err := p.speak(words); err == nil {
		return errors.New("没有被拒绝")
	}
	return nil
}

// table is a register read from CSV.
type table struct {
	columns []string
	rows    [][]string
	index   map[string]map[string][]int
}

// registers reads the CSV files of the archives; a later one takes the place of an earlier one of its name.
func registers(archives []*txtar.Archive) (map[string]*table, error) {
	tables := map[string]*table{}
	for _, archive := range archives {
		for _, file := range archive.Files {
			if !strings.HasSuffix(file.Name, ".csv") {
				continue
			}
			lines, err := csv.NewReader(strings.NewReader(string(file.Data))).ReadAll()
			if err != nil || len(lines) == 0 {
				return nil, &survey.Error{
					Kind: survey.Invalid, Op: "scenario.registers", Subject: file.Name, Err: err,
					Message: "登记簿“" + file.Name + "”不是能读的 CSV。",
				}
			}
			tables[file.Name] = newTable(lines)
		}
	}
	return tables, nil
}

func newTable(lines [][]string) *table {
	t := &table{columns: lines[0], rows: lines[1:], index: map[string]map[string][]int{}}
	for c, name := range t.columns {
		t.index[name] = map[string][]int{}
		for r, row := range t.rows {
			t.index[name][row[c]] = append(t.index[name][row[c]], r)
		}
	}
	return t
}

// Columns returns the names of the columns.
func (t *table) Columns() []string { return t.columns }

// Len returns the number of rows.
func (t *table) Len() int { return len(t.rows) }

// Cell returns one cell.
func (t *table) Cell(row, column int) string { return t.rows[row][column] }

// Lookup returns the rows whose column has the value.
func (t *table) Lookup(column, value string) []int { return t.index[column][value] }
