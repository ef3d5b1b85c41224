package workbench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"zoucun/report/sheet"
	"zoucun/survey"
)

// row is one row of the file while it is read.
type row struct {
	number  int
	village *survey.Place
	fields  survey.Fields // names of villages and groups still names
	bad     bool
}

// line is a row that waits to be compared, kept small.
type line struct {
	number  int
	village *survey.Place
	fields  survey.Packed
}

// source is where a column of the register comes from.
type source struct {
	Column

	at      int          // the column of the file
	covered map[int]bool // rows whose cell belongs to one that begins above
	text    string       // what stands in the row, or in the last that was not covered
}

// holder is a record of the register while rows are compared with it.
type holder struct {
	id     survey.RecordID
	fields survey.Packed
	voided bool
	twice  bool // another has the same key
}

// Compare works out what the file would change. rows is told how many rows were looked at. The file's cells are let go
// meanwhile, and read again where it is compared once more.
func (im *Import) Compare(ctx context.Context, rows func(int)) error {
	if lacking := im.Lacking(); len(lacking) > 0 {
		return ask("workbench.Compare", "还没有指明哪一列是“"+strings.Join(lacking, "”“")+"”，请先选好。")
	}
	if err := im.whole(ctx, rows); err != nil {
		return err
	}
	im.Plan = Plan{}
	c := newComparison(im)
	if err := c.read(ctx, rows); err != nil {
		return err
	}
	im.letGo()
	for _, scope := range c.scopes {
		if err := c.compare(ctx, scope); err != nil {
			return err
		}
	}
	slices.SortStableFunc(im.Plan.Added, func(a, b Planned) int { return a.Row - b.Row })
	slices.SortStableFunc(im.Plan.Changed, func(a, b Planned) int { return a.Row - b.Row })
	return nil
}

// comparison is a file being compared with a register, one scope after the other, so that only one is in memory.
type comparison struct {
	im       *Import
	packer   survey.Packer
	sources  []source
	villages map[string]*survey.Place
	groups   map[survey.RecordID]map[string]survey.RecordID
	staff    map[string][]survey.RecordID
	lines    map[survey.ScopeID][]line
	scopes   []survey.ScopeID
	houses   map[survey.RecordID]map[string]survey.RecordID
}

func newComparison(im *Import) *comparison {
	c := &comparison{
		im: im, villages: map[string]*survey.Place{}, groups: map[survey.RecordID]map[string]survey.RecordID{},
		lines: map[survey.ScopeID][]line{}, houses: map[survey.RecordID]map[string]survey.RecordID{},
	}
	for _, column := range im.Register.Columns {
		if at := im.at(column.Field); at >= 0 {
			c.sources = append(c.sources, source{Column: column, at: at, covered: im.table.Covered(at)})
		}
	}
	for _, village := range im.roll.store.Villages() {
		c.villages[village.Name] = &village
		c.groups[village.ID] = map[string]survey.RecordID{}
		for _, group := range im.roll.store.Groups(village.ID) {
			c.groups[village.ID][group.Name] = group.ID
		}
	}
	return c
}

// read reads every row below the header.
func (c *comparison) read(ctx context.Context, told func(int)) error {
	if err := c.people(ctx); err != nil {
		return err
	}
	now := row{fields: survey.Fields{}}
	for n, r := range c.im.table.Rows[c.im.Header.Last+1:] {
		if n%1000 == 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("workbench.Compare: %w", err)
			}
			if told != nil {
				told(n)
			}
		}
		if c.passedOver(r) {
			continue
		}
		clear(now.fields)
		now.number, now.village, now.bad = r.Number, &c.im.village, false
		c.parse(r, &now)
		if !now.bad {
			c.wait(now)
		}
	}
	return nil
}

// wait lays a row aside until its scope is compared.
func (c *comparison) wait(r row) {
	scope := c.scope(r)
	if _, known := c.lines[scope]; !known {
		c.scopes = append(c.scopes, scope)
	}
	c.lines[scope] = append(c.lines[scope], line{number: r.number, village: r.village, fields: c.packer.Pack(r.fields)})
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
	cell := fmt.Sprintf("第 %d 行", r.number)
	if column := c.im.at(field); column >= 0 {
		cell = sheet.Place{Row: r.number, Column: column}.String()
	}
	c.im.Plan.Refused = append(c.im.Plan.Refused, Refusal{Cell: cell, Reason: reason})
}

// parse reads the cells of a row. Every cell that cannot be taken is named.
func (c *comparison) parse(cells sheet.Row, r *row) {
	for i := range c.sources {
		from := &c.sources[i]
		if !from.covered[r.number] {
			from.text = cells.Cell(from.at)
		}
		if why, broken := c.im.table.Broken[sheet.Place{Row: r.number, Column: from.at}]; broken {
			c.refuse(r, from.Field, why)
			continue
		}
		value, err := from.parse(from.text, c.im.table.Since1904)
		switch {
		case err != nil:
			c.refuse(r, from.Field, "“"+from.Title+"”"+firstLine(err))
		case value != "":
			r.fields[from.Field] = value
		case from.Need && (from.Field != villageName || c.im.village.ID.IsZero()):
			c.refuse(r, from.Field, "“"+from.Title+"”没有写，请补上")
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
	held, err := c.holders(ctx, scope)
	if err != nil {
		return err
	}
	seen := map[string]int{}
	for n, l := range c.lines[scope] {
		if n%1000 == 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("workbench.Compare: %w", err)
			}
		}
		c.row(&row{number: l.number, village: l.village, fields: l.fields.Fields()}, scope, held, seen)
	}
	delete(c.lines, scope)
	return nil
}

// holders reads the records of a scope, by what makes them the same as a row.
func (c *comparison) holders(ctx context.Context, scope survey.ScopeID) (map[string]holder, error) {
	held := map[string]holder{}
	err := c.im.roll.store.Records(ctx, c.im.Register.Type, scope, func(record survey.Record) error {
		key := keyOf(c.im.Register, record.Fields)
		_, twice := held[key]
		held[key] = holder{id: record.ID, fields: c.packer.Pack(record.Fields), voided: record.Voided, twice: twice}
		return nil
	})
	return held, err
}

func (c *comparison) row(r *row, scope survey.ScopeID, held map[string]holder, seen map[string]int) {
	if err := c.refer(r); err != nil {
		return
	}
	key := keyOf(c.im.Register, r.fields)
	if first, twice := seen[key]; twice {
		c.refuse(r, c.keyField(), fmt.Sprintf("与第 %d 行重复，请改正其中一行", first))
		return
	}
	seen[key] = r.number
	now, known := held[key]
	switch {
	case now.twice:
		c.refuse(r, c.keyField(), "名册里有两条都是这个，不知道改哪一条。请先在名册里停用其中一条")
	case now.voided:
		c.refuse(r, c.keyField(), "名册里这一条已经停用。要用，请先在名册里恢复使用")
	case known:
		c.change(r, scope, now)
	default:
		c.add(r, scope)
	}
}

// add plans a new record.
func (c *comparison) add(r *row, scope survey.ScopeID) {
	c.im.Plan.Added = append(c.im.Plan.Added, Planned{
		Row: r.number, Title: c.title(r), id: c.im.roll.idFor(c.im.Register, scope, r.fields), scope: scope, fields: c.packer.Pack(r.fields), added: true,
	})
}

// change plans what a row says that its record does not.
func (c *comparison) change(r *row, scope survey.ScopeID, now holder) {
	before := now.fields.Fields()
	fields := news(before, r.fields)
	if len(fields) == 0 {
		c.im.Plan.Same++
		return
	}
	maps.DeleteFunc(before, func(field survey.FieldPath, _ string) bool { _, changes := fields[field]; return !changes })
	c.im.Plan.Changed = append(c.im.Plan.Changed, Planned{
		Row: r.number, Title: c.title(r), id: now.id, scope: scope, fields: c.packer.Pack(fields), was: c.packer.Pack(before),
	})
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
		Row: r.number, Title: r.village.Name + " " + name, id: place.ID, scope: c.im.roll.shared(), fields: c.packer.Pack(place.Fields()), added: true,
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
