package workbench

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"sync"

	"zoucun/internal/spell"
	"zoucun/report/sheet"
	"zoucun/survey"
)

// RegisterKeeper is what the registers ask of the store.
type RegisterKeeper interface {
	Naming
	Records(ctx context.Context, kind survey.RecordType, scope survey.ScopeID, use func(survey.Record) error) error
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
	Amend(ctx context.Context, amendments ...survey.Amendment) error
	AmendAll(ctx context.Context, amendments iter.Seq[survey.Amendment], written func(int)) error
	UndoImport(ctx context.Context, id survey.RecordID, author survey.PersonID, done func(int)) (back, left int, err error)
	SearchHouseholds(village survey.RecordID, query string, limit int) []survey.FoundHousehold
	Readings() []spell.Reading
}

// Roll is the section 名册: the township's registers, edited one by one or imported.
type Roll struct {
	store  RegisterKeeper
	who    survey.PersonID
	county uint32
	now    survey.Clock

	mu     sync.Mutex
	places map[string]string // names of villages and groups, by identifier
}

// NewRoll returns the registers of a device that belongs to the township, for whoever uses it.
func NewRoll(store RegisterKeeper, who survey.PersonID, county uint32, now survey.Clock) *Roll {
	return &Roll{store: store, who: who, county: county, now: now}
}

func (r *Roll) shared() survey.ScopeID { return survey.RegisterScope(r.county) }

// today is the day as registers write days.
func (r *Roll) today() string { return r.now().Format("2006-01-02") }

// moment is a time as the laptop's own clock writes it.
func (r *Roll) moment(at survey.HLC) string {
	return at.Time().In(r.now().Location()).Format("2006-01-02 15:04")
}

// Villages returns the villages whose households are here.
func (r *Roll) Villages() []survey.Place { return r.store.Villages() }

// Line is one record of a register, or a post in the chain that nobody holds.
type Line struct {
	Title, Detail, Tag string
	Vacant             bool // nobody looks after the place
	Retired            bool // taken out of use
	Record             survey.Record
	On                 survey.RecordID // what a duty is on
	Level              survey.DutyLevel
	Scope              survey.ScopeID
}

// listMost is how many lines a list shows; a search finds the others.
const listMost = 2000

// List returns the lines of a register that a query finds, those out of use last, and how many there are in all. Of
// households and of the chain it has those of one village.
func (r *Roll) List(ctx context.Context, reg Register, village survey.RecordID, query string) ([]Line, int, error) {
	r.forget()
	var lines []Line
	var err error
	switch reg.Type { //nolint:exhaustive // the others are lists of what the register scope holds
	case survey.TypeDuty:
		lines, err = r.chain(ctx, village)
	case survey.TypeHousehold:
		lines, err = r.households(ctx, reg, village, query)
		query = ""
	default:
		err = r.store.Records(ctx, reg.Type, r.shared(), func(record survey.Record) error {
			lines = append(lines, r.line(reg, record))
			return nil
		})
		slices.SortStableFunc(lines, r.order(reg))
	}
	lines = matching(lines, query)
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(number(a.Retired), number(b.Retired)) })
	return lines[:min(len(lines), listMost)], len(lines), err
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// order sorts places as their villages do, and everything else by name.
func (r *Roll) order(reg Register) func(a, b Line) int {
	if reg.Type != survey.TypePlace {
		return func(a, b Line) int { return cmp.Compare(a.Title, b.Title) }
	}
	rank := map[survey.RecordID]int{}
	for _, village := range r.store.Villages() {
		rank[village.ID] = len(rank)
		for _, group := range r.store.Groups(village.ID) {
			rank[group.ID] = len(rank)
		}
	}
	at := func(l Line) int {
		if i, ok := rank[l.Record.ID]; ok {
			return i
		}
		return len(rank)
	}
	return func(a, b Line) int { return cmp.Or(cmp.Compare(at(a), at(b)), cmp.Compare(a.Title, b.Title)) }
}

func matching(lines []Line, query string) []Line {
	query = strings.ToLower(sheet.HalfWidth(sheet.Clean(query)))
	if query == "" {
		return lines
	}
	return slices.DeleteFunc(lines, func(l Line) bool {
		return !strings.Contains(strings.ToLower(l.Title+" "+l.Detail+" "+l.Tag), query)
	})
}

// households returns a village's households, those out of use after the others.
func (r *Roll) households(ctx context.Context, reg Register, village survey.RecordID, query string) ([]Line, error) {
	var lines []Line
	for _, h := range r.store.SearchHouseholds(village, query, listMost) {
		record := survey.Record{ID: h.ID, Type: survey.TypeHousehold, Scope: survey.VillageScope(village), Fields: h.Fields()}
		line := r.line(reg, record)
		if h.Member != "" {
			line.Detail = "成员 " + h.Member + "　" + line.Detail
		}
		lines = append(lines, line)
	}
	if query != "" {
		return lines, nil
	}
	err := r.store.Records(ctx, survey.TypeHousehold, survey.VillageScope(village), func(record survey.Record) error {
		if record.Voided {
			lines = append(lines, r.line(reg, record))
		}
		return nil
	})
	return lines, err
}

// line is a record as a list shows it: its name, then what else is known.
func (r *Roll) line(reg Register, record survey.Record) Line {
	l := Line{Title: record.Fields[survey.PlaceName], Record: record, Retired: record.Voided, Scope: record.Scope}
	if l.Title == "" {
		l.Title = "（没有名称）"
	}
	if record.Voided {
		l.Tag = "已停用"
	}
	var parts []string
	for _, c := range reg.Columns {
		if c.Field == survey.PlaceName || c.Field == villageName && reg.Type == survey.TypeHousehold || c.Field == survey.PlaceOrder {
			continue
		}
		if said := r.Said(reg, record, c); said != "" {
			if c.Kind == CountColumn {
				said = c.Title + " " + said
			}
			parts = append(parts, said)
		}
	}
	l.Detail = strings.Join(parts, "　")
	return l
}

// Said is a record's column as a person reads it.
func (r *Roll) Said(reg Register, record survey.Record, c Column) string {
	value := record.Fields[c.Field]
	switch {
	case c.Field == villageName && reg.Type == survey.TypePlace:
		return r.place(record.Fields[survey.PlaceParent])
	case c.Field == villageName && reg.Type == survey.TypeHousehold:
		return r.place(record.Scope.String())
	case c.Kind == GroupColumn:
		return r.place(value)
	case c.Kind == LocationColumn:
		return values[survey.HouseholdLocation][value]
	}
	return value
}

// place returns the name of a village or group by the text of its identifier.
func (r *Roll) place(id string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name, known := r.places[id]; known {
		return name
	}
	r.places = map[string]string{id: ""} // asked once: what has no name here gets none by being asked again
	for _, village := range r.store.Villages() {
		r.places[village.ID.String()] = village.Name
		for _, group := range r.store.Groups(village.ID) {
			r.places[group.ID.String()] = group.Name
		}
	}
	return r.places[id]
}

// forget has the names of places read anew.
func (r *Roll) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.places)
}

// chain is who looks after a village, its groups and its households; a post that nobody holds today is shown as such.
func (r *Roll) chain(ctx context.Context, village survey.RecordID) ([]Line, error) {
	on := map[survey.RecordID][]survey.Record{}
	for _, scope := range []survey.ScopeID{r.shared(), survey.VillageScope(village)} {
		err := r.store.Records(ctx, survey.TypeDuty, scope, func(record survey.Record) error {
			duty := survey.DutyOf(record)
			on[duty.On] = append(on[duty.On], record)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var lines []Line
	post := func(level survey.DutyLevel, id survey.RecordID, name string, scope survey.ScopeID) {
		lines = append(lines, r.post(on[id], Line{Title: name, Level: level, On: id, Scope: scope})...)
	}
	for _, place := range r.store.Villages() {
		if place.ID == village {
			post(survey.DutyVillage, place.ID, "包村　"+place.Name, r.shared())
		}
	}
	for _, group := range r.store.Groups(village) {
		post(survey.DutyGroup, group.ID, "包组　"+group.Name, r.shared())
	}
	for _, h := range r.store.SearchHouseholds(village, "", listMost) {
		post(survey.DutyHousehold, h.ID, "包户　"+h.Code+" "+h.Head, survey.VillageScope(village))
	}
	return lines, nil
}

// post returns the lines of one post: whoever holds it today, or that nobody does, then who held it and who will.
func (r *Roll) post(duties []survey.Record, line Line) []Line {
	var lines, past []Line
	slices.SortFunc(duties, func(a, b survey.Record) int {
		return cmp.Or(-cmp.Compare(a.Fields[survey.DutySince], b.Fields[survey.DutySince]), a.ID.Compare(b.ID))
	})
	for _, record := range duties {
		duty := survey.DutyOf(record)
		l := line
		l.Record, l.Retired = record, record.Voided
		l.Tag, l.Detail = duty.Name, span(duty)
		switch {
		case record.Voided:
			l.Tag = duty.Name + "（已停用）"
			past = append(past, l)
		case duty.Holds(r.today()):
			lines = append(lines, l)
		default:
			past = append(past, l)
		}
	}
	if len(lines) == 0 {
		line.Vacant, line.Tag, line.Detail = true, "空缺", "今天没有人"
		lines = append(lines, line)
	}
	return append(lines, past...)
}

// span says since when and until when a duty holds.
func span(d survey.Duty) string {
	switch {
	case d.Since == "" && d.Until == "":
		return "起止日期没有写"
	case d.Until == "":
		return d.Since + " 起"
	case d.Since == "":
		return d.Until + " 止"
	}
	return d.Since + " 至 " + d.Until
}
