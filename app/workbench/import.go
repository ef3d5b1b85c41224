package workbench

import (
	"context"
	"errors"
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
	table   sheet.Table
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
	fields survey.Fields // what changes
	was    survey.Fields // what it replaces
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
	for _, t := range book.Tables {
		h, ok := t.Header(im.knows)
		if !ok {
			continue
		}
		if n := len(im.propose(h)); n > most {
			most, im.table, im.Header = n, t, h
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

// row is one row of the file while it is read.
type row struct {
	sheet.Row

	village survey.Place
	fields  survey.Fields // names of villages and groups still names
	bad     bool
}

// Compare works out what the file would change. rows is told how many rows are compared.
func (im *Import) Compare(ctx context.Context, rows func(int)) error {
	if lacking := im.Lacking(); len(lacking) > 0 {
		return ask("workbench.Compare", "还没有指明哪一列是“"+strings.Join(lacking, "”“")+"”，请先选好。")
	}
	im.Plan = Plan{}
	c := newComparison(im)
	if err := c.read(ctx); err != nil {
		return err
	}
	for n, scope := range c.scopes {
		if err := c.compare(ctx, scope); err != nil {
			return err
		}
		if rows != nil {
			rows(len(c.rows) * (n + 1) / len(c.scopes))
		}
	}
	slices.SortStableFunc(im.Plan.Added, func(a, b Planned) int { return a.Row - b.Row })
	slices.SortStableFunc(im.Plan.Changed, func(a, b Planned) int { return a.Row - b.Row })
	return nil
}

// comparison is a file being compared with a register, one scope after the other, so that only one is in memory.
type comparison struct {
	im       *Import
	villages map[string]survey.Place
	groups   map[survey.RecordID]map[string]survey.RecordID
	staff    map[string][]survey.RecordID
	rows     map[survey.ScopeID][]row
	scopes   []survey.ScopeID
	seen     map[survey.ScopeID]map[string]int // by key: the row that has it
	houses   map[survey.RecordID]map[string]survey.RecordID
}

func newComparison(im *Import) *comparison {
	c := &comparison{
		im: im, villages: map[string]survey.Place{}, groups: map[survey.RecordID]map[string]survey.RecordID{},
		rows: map[survey.ScopeID][]row{}, seen: map[survey.ScopeID]map[string]int{}, houses: map[survey.RecordID]map[string]survey.RecordID{},
	}
	for _, village := range im.roll.store.Villages() {
		c.villages[village.Name] = village
		c.groups[village.ID] = map[string]survey.RecordID{}
		for _, group := range im.roll.store.Groups(village.ID) {
			c.groups[village.ID][group.Name] = group.ID
		}
	}
	return c
}

// read reads every row below the header.
func (c *comparison) read(ctx context.Context) error {
	if err := c.people(ctx); err != nil {
		return err
	}
	covered := map[int]map[int]bool{}
	for column := range c.im.Columns {
		covered[column] = c.im.table.Covered(column)
	}
	above := map[int]string{}
	for n, r := range c.im.table.Rows[c.im.Header.Last+1:] {
		if n%1000 == 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("workbench.Compare: %w", err)
			}
		}
		if c.passedOver(r) {
			continue
		}
		line := row{Row: r, fields: survey.Fields{}, village: c.im.village}
		for column := range c.im.Columns {
			if covered[column][r.Number] {
				line.Cells = slices.Clone(line.Cells)
				for len(line.Cells) <= column {
					line.Cells = append(line.Cells, "")
				}
				line.Cells[column] = above[column]
			}
			above[column] = line.Cell(column)
		}
		c.parse(&line)
		if line.bad {
			continue
		}
		scope := c.scope(line)
		if _, known := c.rows[scope]; !known {
			c.scopes = append(c.scopes, scope)
		}
		c.rows[scope] = append(c.rows[scope], line)
	}
	return nil
}

// passedOver reports whether a row is none to be read: blank, a total, a remark, or the header once more.
func (c *comparison) passedOver(r sheet.Row) bool {
	first, filled, again := "", 0, 0
	for column, cell := range r.Cells {
		text := sheet.HalfWidth(sheet.Clean(cell))
		if text == "" {
			continue
		}
		if filled++; first == "" {
			first = text
		}
		if column < len(c.im.Header.Titles) && slices.Contains(c.im.Header.Titles[column], sheet.Clean(cell)) {
			again++
		}
	}
	return filled == 0 || sheet.IsTotal(first) || filled <= 2 && sheet.IsRemark(first) || again > 1 && again == filled
}

func (c *comparison) refuse(r *row, field survey.FieldPath, reason string) {
	r.bad = true
	cell := fmt.Sprintf("第 %d 行", r.Number)
	if column := c.im.at(field); column >= 0 {
		cell = sheet.Place{Row: r.Number, Column: column}.String()
	}
	c.im.Plan.Refused = append(c.im.Plan.Refused, Refusal{Cell: cell, Reason: reason})
}

// parse reads the cells of a row. Every cell that cannot be taken is named.
func (c *comparison) parse(r *row) {
	for _, column := range c.im.Register.Columns {
		at := c.im.at(column.Field)
		if at < 0 {
			continue
		}
		if why, broken := c.im.table.Broken[sheet.Place{Row: r.Number, Column: at}]; broken {
			c.refuse(r, column.Field, why)
			continue
		}
		value, err := column.parse(r.Cell(at), c.im.table.Since1904)
		switch {
		case err != nil:
			c.refuse(r, column.Field, "“"+column.Title+"”"+firstLine(err))
		case value != "":
			r.fields[column.Field] = value
		case column.Need && (column.Field != villageName || c.im.village.ID.IsZero()):
			c.refuse(r, column.Field, "“"+column.Title+"”没有写，请补上")
		}
	}
	if name := r.fields[villageName]; name != "" {
		village, known := c.villages[name]
		if !known {
			c.refuse(r, villageName, "本机没有“"+name+"”。新的村要先由县里登记并授权给本机")
		}
		r.village = village
	}
	delete(r.fields, villageName)
	if since, until := r.fields[survey.DutySince], r.fields[survey.DutyUntil]; until != "" && until < since {
		c.refuse(r, survey.DutyUntil, "“结束”早于“开始”，请改正")
	}
}

// scope is where a row's record belongs.
func (c *comparison) scope(r row) survey.ScopeID {
	if c.im.Register.Type == survey.TypeHousehold || r.fields[houseCode] != "" {
		return survey.VillageScope(r.village.ID)
	}
	return c.im.roll.shared()
}

// people reads the staff, by name, where duties name them.
func (c *comparison) people(ctx context.Context) error {
	if c.im.Register.Type != survey.TypeDuty {
		return nil
	}
	c.staff = map[string][]survey.RecordID{}
	return c.im.roll.store.Records(ctx, survey.TypeStaff, c.im.roll.shared(), func(record survey.Record) error {
		if !record.Voided {
			c.staff[record.Fields[survey.StaffName]] = append(c.staff[record.Fields[survey.StaffName]], record.ID)
		}
		return nil
	})
}

// compare compares the rows of one scope with its records.
func (c *comparison) compare(ctx context.Context, scope survey.ScopeID) error {
	held := map[string][]survey.Record{}
	err := c.im.roll.store.Records(ctx, c.im.Register.Type, scope, func(record survey.Record) error {
		key := keyOf(c.im.Register, record.Fields)
		held[key] = append(held[key], record)
		return nil
	})
	if err != nil {
		return err
	}
	seen := map[string]int{}
	for i := range c.rows[scope] {
		if i%1000 == 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("workbench.Compare: %w", err)
			}
		}
		c.row(&c.rows[scope][i], scope, held, seen)
	}
	c.rows[scope] = nil // read: the rows of the next scope need the room
	return nil
}

func (c *comparison) row(r *row, scope survey.ScopeID, held map[string][]survey.Record, seen map[string]int) {
	if err := c.refer(r); err != nil {
		return
	}
	key := keyOf(c.im.Register, r.fields)
	if first, twice := seen[key]; twice {
		c.refuse(r, c.keyField(), fmt.Sprintf("与第 %d 行重复，请改正其中一行", first))
		return
	}
	seen[key] = r.Number
	if len(held[key]) > 1 {
		c.refuse(r, c.keyField(), "名册里有两条都是这个，不知道改哪一条。请先在名册里停用其中一条")
		return
	}
	planned := Planned{Row: r.Number, Title: c.title(r), scope: scope}
	if len(held[key]) == 0 {
		planned.fields = r.fields
		planned.fields[sheet.Stamped] = sheet.FormatStamps(r.fields)
		planned.id = c.im.roll.idFor(c.im.Register, scope, r.fields)
		c.im.Plan.Added = append(c.im.Plan.Added, planned)
		return
	}
	now := held[key][0]
	if now.Voided {
		c.refuse(r, c.keyField(), "名册里这一条已经停用。要用，请先在名册里恢复使用")
		return
	}
	planned.id, planned.fields, planned.was = now.ID, news(now.Fields, r.fields), now.Fields
	if len(planned.fields) == 0 {
		c.im.Plan.Same++
		return
	}
	c.im.Plan.Changed = append(c.im.Plan.Changed, planned)
}

// news is what a row says that the register does not, and that the last roster did not say either: what was corrected by hand
// since stays. An empty cell says nothing.
func news(now, said survey.Fields) survey.Fields {
	stamps := sheet.ParseStamps(now[sheet.Stamped])
	fields := survey.Fields{}
	for field, value := range said {
		if now[field] != value && stamps[field] != sheet.Stamp(value) && (field != survey.HouseholdCode || sheet.CodeKey(value) != sheet.CodeKey(now[field])) {
			fields[field] = value
		}
	}
	if len(fields) > 0 {
		stamped := map[string]string{}
		for word := range strings.FieldsSeq(now[sheet.Stamped]) {
			field, _, _ := strings.Cut(word, "=")
			stamped[field] = word
		}
		for word := range strings.FieldsSeq(sheet.FormatStamps(said)) {
			field, _, _ := strings.Cut(word, "=")
			stamped[field] = word
		}
		fields[sheet.Stamped] = strings.Join(slices.Sorted(maps.Values(stamped)), " ")
	}
	return fields
}

// keyField is the column that names a record.
func (c *comparison) keyField() survey.FieldPath {
	if c.im.Register.Type == survey.TypeHousehold {
		return survey.HouseholdCode
	}
	return survey.PlaceName
}

func (c *comparison) title(r *row) string {
	title := r.fields[survey.PlaceName]
	if c.im.Register.Type == survey.TypeHousehold {
		title = r.village.Name + "　" + r.fields[survey.HouseholdCode] + " " + title
	}
	return title
}

var errRefused = errors.New("row refused")

// refer puts identifiers in the place of names: of a household's group, of what a duty is on, of whom it is given to.
func (c *comparison) refer(r *row) error {
	switch c.im.Register.Type { //nolint:exhaustive // the others refer to nothing
	case survey.TypeHousehold:
		r.fields[survey.HouseholdVillage] = r.village.ID.String()
		if name := r.fields[survey.HouseholdGroup]; name != "" {
			r.fields[survey.HouseholdGroup] = c.group(r, name).String()
		}
	case survey.TypePlace:
		r.fields[survey.PlaceParent] = r.village.ID.String()
	case survey.TypeDuty:
		return c.duty(r)
	}
	return nil
}

// group returns a village's group, a new one where there is none of that name.
func (c *comparison) group(r *row, name string) survey.RecordID {
	groups := c.groups[r.village.ID]
	if id, known := groups[name]; known {
		return id
	}
	place := survey.Place{Parent: r.village.ID, Name: name, Order: len(groups) + 1}
	place.ID = survey.DerivedID[survey.RecordID](c.im.roll.shared(), "place/"+r.village.Name+"/"+name)
	groups[name] = place.ID
	c.im.Plan.places = append(c.im.Plan.places, Planned{
		Row: r.Number, Title: r.village.Name + " " + name, id: place.ID, scope: c.im.roll.shared(), fields: place.Fields(),
	})
	return place.ID
}

// duty finds what a duty is on and who has it.
func (c *comparison) duty(r *row) error {
	on, level := r.village.ID, survey.DutyVillage
	if name := r.fields[groupName]; name != "" {
		id, known := c.groups[r.village.ID][name]
		if !known {
			c.refuse(r, groupName, r.village.Name+"没有“"+name+"”这个组，请先在“村和组”里添加")
			return errRefused
		}
		on, level = id, survey.DutyGroup
	}
	if code := r.fields[houseCode]; code != "" {
		id, known := c.house(r.village.ID, code)
		if !known {
			c.refuse(r, houseCode, r.village.Name+"没有户编号是“"+code+"”的户，请核对")
			return errRefused
		}
		on, level = id, survey.DutyHousehold
	}
	staff := c.staff[r.fields[survey.DutyName]]
	if len(staff) != 1 {
		reason := "名册里没有叫“%s”的干部，请先在“干部”里添加"
		if len(staff) > 1 {
			reason = "名册里有两位叫“%s”的干部，请先给姓名加字区分"
		}
		c.refuse(r, survey.DutyName, fmt.Sprintf(reason, r.fields[survey.DutyName]))
		return errRefused
	}
	delete(r.fields, groupName)
	delete(r.fields, houseCode)
	r.fields[survey.DutyKind], r.fields[survey.DutyOn], r.fields[survey.DutyWho] = string(level), on.String(), staff[0].String()
	return nil
}

// house finds a household of a village by its number.
func (c *comparison) house(village survey.RecordID, code string) (survey.RecordID, bool) {
	known, read := c.houses[village]
	if !read {
		known = map[string]survey.RecordID{}
		for _, h := range c.im.roll.store.SearchHouseholds(village, "", 0) {
			known[sheet.CodeKey(h.Code)] = h.ID
		}
		c.houses[village] = known
	}
	id, ok := known[sheet.CodeKey(code)]
	return id, ok
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
	for _, c := range im.Register.Columns {
		value, changes := p.fields[c.Field]
		if !changes || c.Field == villageName {
			continue
		}
		say := func(f survey.Fields) string {
			return im.roll.Said(im.Register, survey.Record{Scope: p.scope, Fields: f}, c)
		}
		is := say(p.fields)
		if is == "" && c.Kind == GroupColumn {
			is = im.newGroup(value)
		}
		if p.was == nil {
			all = append(all, c.Title+"："+is)
			continue
		}
		was := say(p.was)
		if was == "" {
			was = "（空）"
		}
		all = append(all, c.Title+"："+was+" → "+is)
	}
	return all
}

func (im *Import) newGroup(id string) string {
	for _, p := range im.Plan.places {
		if p.id.String() == id {
			return p.fields[survey.PlaceName]
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
		return survey.Amendment{
			Record: p.id, Type: kind, Kind: survey.Put, Scope: p.scope, Author: im.roll.who, Fields: p.fields, Note: note,
		}
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
