package workbench

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"zoucun/report/sheet"
	"zoucun/survey"
)

// Import is a file on its way into a register: read, its columns mapped, compared with what is there, and written at once.
// Nothing is written before Write.
type Import struct {
	Register Register
	Name     string // of the file
	Notes    []string
	Header   sheet.Header
	Columns  map[int]survey.FieldPath // which column is taken for which field
	Known    bool                     // the columns are as somebody mapped this header before
	Plan     Plan

	roll    *Roll
	village survey.Place // whose households they are where no column says
	sheet   int          // of those with any cell
	table   sheet.Table
	partial bool // only the first rows are still in table
	data    []byte
}

// Plan is what an import would change.
type Plan struct {
	Added, Changed []Planned
	Same           int
	Refused        []Refusal
	places         []Planned // groups that are not there yet
}

// Planned is one record an import would write.
type Planned struct {
	Row    int
	Title  string
	id     survey.RecordID
	scope  survey.ScopeID
	fields survey.Packed // what changes
	was    survey.Packed // what it replaces
	added  bool          // there was none
}

// Refusal is why a row is not taken.
type Refusal struct {
	Cell   string // C7
	Reason string // Chinese: what is wrong and what to do
}

// ReadImport reads a file for a register. village is whose rows they are where the file does not say.
func (r *Roll) ReadImport(ctx context.Context, reg Register, village survey.Place, name string, data []byte, rows func(int)) (*Import, error) {
	book, err := sheet.Read(ctx, name, data, rows)
	if err != nil {
		return nil, err
	}
	im := &Import{Register: reg, Name: name, Notes: book.Notes, roll: r, village: village, data: data}
	most := -1
	for i, t := range book.Tables {
		h, ok := t.Header(im.knows)
		if !ok {
			continue
		}
		if n := len(im.propose(h)); n > most {
			most, im.sheet, im.table, im.Header = n, i, t, h
		}
	}
	if most < 0 {
		return nil, ask("workbench.ReadImport", "没有找到表头：前 30 行里没有一行写着两个以上的列名。请在表格第一行写上列名再导入。")
	}
	if len(book.Tables) > 1 {
		im.Notes = append(im.Notes, fmt.Sprintf("文件里有 %d 张工作表，这次读的是“%s”。", len(book.Tables), im.table.Name))
	}
	im.Columns = im.propose(im.Header)
	return im, im.remember(ctx)
}

// whole reads the rows again that letGo has let go.
func (im *Import) whole(ctx context.Context, rows func(int)) error {
	if !im.partial {
		return nil
	}
	book, err := sheet.Read(ctx, im.Name, im.data, rows)
	if err != nil {
		return err
	}
	im.table, im.partial = book.Tables[im.sheet], false
	return nil
}

// letGo forgets the rows that Fill need not know: a plan is all that is wanted of them, and takes as much room.
func (im *Import) letGo() {
	im.table.Rows, im.partial = slices.Clone(im.table.Rows[:min(len(im.table.Rows), im.Header.Last+2)]), true
}

func (im *Import) knows(word string) bool {
	_, ok := im.Register.byTitle(word)
	return ok
}

// propose maps columns by what they are called, the first of a name.
func (im *Import) propose(h sheet.Header) map[int]survey.FieldPath {
	columns, taken := map[int]survey.FieldPath{}, map[survey.FieldPath]bool{}
	for column := range h.Titles {
		word, ok := h.Known(column, im.knows)
		if !ok {
			continue
		}
		if c, _ := im.Register.byTitle(word); !taken[c.Field] {
			columns[column], taken[c.Field] = c.Field, true
		}
	}
	return columns
}

// remember takes the mapping of the last import with the same header, from this laptop or another of the township.
func (im *Import) remember(ctx context.Context) error {
	all, err := im.roll.Imports(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Of != im.Register.Type || i.Header != im.Header.Signature() {
			continue
		}
		im.Columns, im.Known = map[int]survey.FieldPath{}, true
		for word := range strings.FieldsSeq(i.Columns) {
			at, field, _ := strings.Cut(word, "=")
			column, err := strconv.Atoi(at)
			if _, known := im.Register.column(survey.FieldPath(field)); err == nil && known && column < len(im.Header.Titles) {
				im.Columns[column] = survey.FieldPath(field)
			}
		}
		return nil
	}
	return nil
}

// Map takes a column for a field, or for none; another column loses the field.
func (im *Import) Map(column int, field survey.FieldPath) {
	maps.DeleteFunc(im.Columns, func(_ int, f survey.FieldPath) bool { return f == field })
	delete(im.Columns, column)
	if field != "" {
		im.Columns[column] = field
	}
}

// mapping is the map as an import record keeps it.
func (im *Import) mapping() string {
	var words []string
	for _, column := range slices.Sorted(maps.Keys(im.Columns)) {
		words = append(words, strconv.Itoa(column)+"="+string(im.Columns[column]))
	}
	return strings.Join(words, " ")
}

// Lacking returns the columns that have to be mapped and are not.
func (im *Import) Lacking() []string {
	var lacking []string
	for _, c := range im.Register.Columns {
		if c.Need && im.at(c.Field) < 0 && (c.Field != villageName || im.village.ID.IsZero()) {
			lacking = append(lacking, c.Title)
		}
	}
	return lacking
}

// at returns the column that is taken for a field, or -1.
func (im *Import) at(field survey.FieldPath) int {
	for column, f := range im.Columns {
		if f == field {
			return column
		}
	}
	return -1
}

// Summary says in a sentence what Write would do.
func (im *Import) Summary() string {
	words := fmt.Sprintf("新增 %d，改动 %d，不变 %d，拒绝 %d。", len(im.Plan.Added), len(im.Plan.Changed), im.Plan.Same, len(im.Plan.Refused))
	if n := len(im.Plan.places); n > 0 {
		words += fmt.Sprintf("同时添加 %d 个新的组。", n)
	}
	return words
}

// Changes says what would become of one record: 电话：138… → 139….
func (im *Import) Changes(p Planned) []string {
	var all []string
	fields, before := p.fields.Fields(), p.was.Fields()
	for _, c := range im.Register.Columns {
		value, changes := fields[c.Field]
		if !changes || c.Field == villageName {
			continue
		}
		say := func(f survey.Fields) string {
			return im.roll.Said(im.Register, survey.Record{Scope: p.scope, Fields: f}, c)
		}
		is := say(fields)
		if is == "" && c.Kind == GroupColumn {
			is = im.newGroup(value)
		}
		if p.added {
			all = append(all, c.Title+"："+is)
			continue
		}
		all = append(all, c.Title+"："+cmp.Or(say(before), "（空）")+" → "+is)
	}
	return all
}

func (im *Import) newGroup(id string) string {
	for _, p := range im.Plan.places {
		if p.id.String() == id {
			return p.fields.Fields()[survey.PlaceName]
		}
	}
	return id
}

// Count returns how many records Write would write.
func (im *Import) Count() int { return len(im.Plan.Added) + len(im.Plan.Changed) + len(im.Plan.places) }

// Write writes everything at once, and returns the import, by which all of it can be taken back. written is told how many
// records are written; when ctx ends before the last, none is.
func (im *Import) Write(ctx context.Context, written func(int)) (survey.Import, error) {
	of := survey.Import{
		ID: survey.NewID[survey.RecordID](), Name: im.Name, Of: im.Register.Type, Header: im.Header.Signature(), Columns: im.mapping(),
		Added: len(im.Plan.Added) + len(im.Plan.places), Changed: len(im.Plan.Changed), Back: -1,
	}
	if im.Count() == 0 {
		return of, ask("workbench.Write", "没有要写入的内容：和名册一样，或者都被拒绝了。")
	}
	return of, im.roll.store.AmendAll(ctx, im.amendments(of), written)
}

// amendments are the import itself and what it writes, groups before the households in them.
func (im *Import) amendments(of survey.Import) iter.Seq[survey.Amendment] {
	note := of.Note()
	amend := func(p Planned, kind survey.RecordType) survey.Amendment {
		fields := p.fields.Fields()
		if p.added && kind == im.Register.Type {
			fields[sheet.Stamped] = sheet.FormatStamps(fields)
		}
		return survey.Amendment{Record: p.id, Type: kind, Kind: survey.Put, Scope: p.scope, Author: im.roll.who, Fields: fields, Note: note}
	}
	return func(yield func(survey.Amendment) bool) {
		if !yield(survey.Amendment{
			Record: of.ID, Type: survey.TypeImport, Kind: survey.Put, Scope: im.roll.shared(), Author: im.roll.who, Fields: of.Fields(),
		}) {
			return
		}
		for _, p := range im.Plan.places {
			if !yield(amend(p, survey.TypePlace)) {
				return
			}
		}
		for _, list := range [][]Planned{im.Plan.Added, im.Plan.Changed} {
			for _, p := range list {
				if !yield(amend(p, im.Register.Type)) {
					return
				}
			}
		}
	}
}
