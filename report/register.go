package report

import (
	"zoucun/report/sheet"
	"zoucun/survey"
)

// Changes is what a roster changes in the records held.
type Changes struct {
	// Records are the new and the updated ones, places before the households in them. Their fields are only those that
	// change; an empty value takes a field away.
	Records []survey.Record
	Tallies []Tally // villages, groups, households, staff, readings
	Absent  int     // households held in the roster's villages that the roster does not have; left as they are
}

// Tally counts what becomes of one sort of record.
type Tally struct {
	Word                      string // 村, 组, 户, 工作人员, 读音
	Added, Updated, Unchanged int
}

// register compares a roster with the records held.
type register struct {
	scope   survey.ScopeID
	held    map[survey.RecordID]survey.Record
	seen    map[survey.RecordID]bool
	order   map[survey.RecordID]int // the last position given below a parent; the zero parent has the villages
	changes Changes
	tally   *Tally
}

// Changes compares the roster with the records held and returns what to write.
//
// A record's identifier follows from the village and the code, so importing again finds the same record. A field is
// written when what the roster says of it has changed since the roster was imported last: a phone corrected at the
// door is not undone by the old roster, whatever else the new one changes. Voided records stay voided.
func (r Roster) Changes(county uint32, held []survey.Record) Changes {
	g := &register{
		scope: survey.RegisterScope(county), held: map[survey.RecordID]survey.Record{},
		seen: map[survey.RecordID]bool{}, order: map[survey.RecordID]int{},
	}
	for _, record := range held {
		g.held[record.ID] = record
		if record.Type == survey.TypePlace {
			place := survey.PlaceOf(record)
			g.order[place.Parent] = max(g.order[place.Parent], place.Order)
		}
	}
	g.places(r.Rows)
	g.households(r.Rows)
	g.staff(r.Staff)
	g.readings(r.Readings)
	g.countAbsent()
	return g.changes
}

// VillageID returns the identifier of an imported village.
func VillageID(county uint32, village string) survey.RecordID {
	return derived(survey.RegisterScope(county), "place/"+village)
}

func derived(scope survey.ScopeID, name string) survey.RecordID {
	return survey.DerivedID[survey.RecordID](scope, name)
}

func (g *register) village(name string) survey.RecordID { return derived(g.scope, "place/"+name) }

func (g *register) group(village, name string) survey.RecordID {
	return derived(g.scope, "place/"+village+"/"+name)
}

// counting begins the tally of another sort of record.
func (g *register) counting(word string) {
	g.changes.Tallies = append(g.changes.Tallies, Tally{Word: word})
	g.tally = &g.changes.Tallies[len(g.changes.Tallies)-1]
}

func (g *register) places(rows []RosterRow) {
	g.counting("村")
	for _, row := range rows {
		g.place(survey.Place{ID: g.village(row.Village), Name: row.Village})
	}
	g.counting("组")
	for _, row := range rows {
		if row.Group != "" {
			g.place(survey.Place{ID: g.group(row.Village, row.Group), Parent: g.village(row.Village), Name: row.Group})
		}
	}
}

// place puts a place once, a new one behind those that are there.
func (g *register) place(p survey.Place) {
	if g.seen[p.ID] {
		return
	}
	if held, ok := g.held[p.ID]; ok {
		p.Order = survey.PlaceOf(held).Order
	} else {
		g.order[p.Parent]++
		p.Order = g.order[p.Parent]
	}
	g.put(survey.Record{ID: p.ID, Type: survey.TypePlace, Scope: g.scope, Fields: p.Fields()})
}

func (g *register) households(rows []RosterRow) {
	g.counting("户")
	for _, row := range rows {
		household := row.Household
		household.Village = g.village(row.Village)
		if row.Group != "" {
			household.Group = g.group(row.Village, row.Group)
		}
		scope := survey.VillageScope(household.Village)
		id := derived(scope, "household/"+sheet.CodeKey(household.Code))
		g.put(survey.Record{ID: id, Type: survey.TypeHousehold, Scope: scope, Fields: household.Fields()})
	}
}

func (g *register) staff(rows []StaffRow) {
	g.counting("工作人员")
	for _, row := range rows {
		fields := survey.Fields{survey.StaffName: row.Name}
		if row.Post != "" {
			fields[survey.StaffPost] = row.Post
		}
		g.put(survey.Record{ID: derived(g.scope, "staff/"+row.Name), Type: survey.TypeStaff, Scope: g.scope, Fields: fields})
	}
}

func (g *register) readings(rows []ReadingRow) {
	if len(rows) == 0 {
		return
	}
	g.counting("读音")
	for _, row := range rows {
		reading := survey.Reading{Word: row.Word, Said: row.Said}
		g.put(survey.Record{ID: derived(g.scope, "reading/"+row.Word), Type: survey.TypeReading, Scope: g.scope, Fields: reading.Fields()})
	}
}

// put compares one record with the one held, and counts it.
func (g *register) put(record survey.Record) {
	g.seen[record.ID] = true
	held, known := g.held[record.ID]
	record.Fields = news(held.Fields, record.Fields)
	switch {
	case held.Voided, len(record.Fields) == 0:
		g.tally.Unchanged++
		return
	case known:
		g.tally.Updated++
	default:
		g.tally.Added++
	}
	g.changes.Records = append(g.changes.Records, record)
}

// news returns what is new in the roster's fields. Where the roster has not changed its word, the record keeps its own.
func news(held, roster survey.Fields) survey.Fields {
	stamps := sheet.ParseStamps(held[sheet.Stamped])
	fields := survey.Fields{}
	for path, value := range roster {
		if stamps[path] != sheet.Stamp(value) && held[path] != value {
			fields[path] = value
		}
	}
	for path := range stamps {
		if _, still := roster[path]; !still && held[path] != "" {
			fields[path] = ""
		}
	}
	if stamped := sheet.FormatStamps(roster); stamped != held[sheet.Stamped] {
		fields[sheet.Stamped] = stamped
	}
	return fields
}

// countAbsent counts the imported households of the roster's villages that the roster no longer has.
func (g *register) countAbsent() {
	for id, record := range g.held {
		imported := record.Type == survey.TypeHousehold && record.Fields[sheet.Stamped] != ""
		if imported && !record.Voided && !g.seen[id] && g.seen[survey.RecordID(record.Scope)] {
			g.changes.Absent++
		}
	}
}
