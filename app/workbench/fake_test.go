package workbench

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"zoucun/form/xlsform"
	"zoucun/internal/spell"
	"zoucun/survey"
	"zoucun/sync/merge"
)

// noon is when tests happen.
var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

// township is a small working store: revisions in memory, merged as everywhere.
type township struct {
	village, group survey.Place
	staff          map[survey.PersonID]string
	edits          map[survey.RecordID][]merge.Edit
	order          []survey.RecordID
	forms          map[survey.FormID][]byte
	device         survey.DeviceID
	at             time.Time
	n              int
	amended        int
	broken         error
}

func newTownship(tb testing.TB, forms ...string) *township {
	tb.Helper()
	village := survey.Place{ID: survey.NewID[survey.RecordID](), Name: "青塘村"}
	t := &township{
		village: village, group: survey.Place{ID: survey.NewID[survey.RecordID](), Parent: village.ID, Name: "3组"},
		staff: map[survey.PersonID]string{}, edits: map[survey.RecordID][]merge.Edit{}, forms: map[survey.FormID][]byte{}, at: noon.Add(-48 * time.Hour),
	}
	for _, text := range forms {
		book, _ := xlsform.ReadMarkdown(text, "probe")
		f := xlsform.Compile(book, xlsform.Options{})
		if f.Fatal() {
			tb.Fatal(f.Findings)
		}
		t.forms[survey.FormID(f.ID)] = f.XML
	}
	return t
}

func (t *township) person(name string) survey.PersonID {
	id := survey.NewID[survey.PersonID]()
	t.staff[id] = name
	return id
}

func (t *township) scope() survey.ScopeID { return survey.VillageScope(t.village.ID) }

// side is somebody with a device.
type side struct {
	author survey.PersonID
	device survey.DeviceID
	wrong  time.Duration // how far the device's clock is off
}

// say writes a revision over some heads, as a device that knows only those does.
func (t *township) say(by side, h survey.Header, fields survey.Fields, note string) survey.RevID {
	t.at = t.at.Add(time.Minute)
	h.Author, h.Device, h.Wall = by.author, by.device, survey.MillisOf(t.at.Add(by.wrong))
	return t.keep(h, survey.Body{Fields: fields, Note: note})
}

func (t *township) keep(h survey.Header, body survey.Body) survey.RevID {
	t.n++
	h.HLC = survey.HLC(uint64(t.at.UnixMilli())<<16 + uint64(t.n))
	id := survey.RevID(sha256.Sum256(fmt.Append(nil, t.n)))
	if h.Touched == nil {
		h.Touched = slices.Sorted(maps.Keys(body.Fields))
	}
	if _, known := t.edits[h.Record]; !known {
		t.order = append(t.order, h.Record)
	}
	t.edits[h.Record] = append(t.edits[h.Record], merge.Edit{ID: id, Header: h, Body: body, HLC: h.HLC})
	return id
}

// household puts a household into the register.
func (t *township) household(h survey.Household) (survey.RecordID, survey.RevID) {
	id := survey.NewID[survey.RecordID]()
	h.Village, h.Group = t.village.ID, t.group.ID
	rev := t.say(side{}, survey.Header{Record: id, Type: survey.TypeHousehold, Kind: survey.Put, Scope: t.scope()}, h.Fields(), "")
	return id, rev
}

// change is one side's edit of a household, over one revision.
func (t *township) change(by side, home survey.RecordID, over survey.RevID, fields survey.Fields, note string) survey.RevID {
	body := survey.Fields{}
	for _, e := range t.edits[home] {
		if e.ID == over {
			maps.Copy(body, e.Body.Fields)
		}
	}
	maps.Copy(body, fields)
	return t.say(by, survey.Header{
		Record: home, Type: survey.TypeHousehold, Kind: survey.Put, Scope: t.scope(), Parents: []survey.RevID{over},
		Touched: slices.Sorted(maps.Keys(fields)),
	}, body, note)
}

func (t *township) record(id survey.RecordID) survey.Record { return merge.Apply(t.edits[id]) }

func (t *township) records(kind survey.RecordType) []survey.Record {
	var all []survey.Record
	for _, id := range t.order {
		if r := t.record(id); r.Type == kind && !r.Voided {
			all = append(all, r)
		}
	}
	return all
}

func (t *township) Villages() []survey.Place { return []survey.Place{t.village} }

func (t *township) Groups(survey.RecordID) []survey.Place { return []survey.Place{t.group} }

func (t *township) StaffName(id survey.PersonID) string { return t.staff[id] }

func (t *township) Readings() []spell.Reading { return nil }

func (t *township) Household(_ context.Context, id survey.RecordID) (survey.Household, error) {
	r := t.record(t.Kept(id))
	if r.Type != survey.TypeHousehold || r.Voided {
		return survey.Household{}, &survey.Error{Kind: survey.NotFound}
	}
	return survey.HouseholdOf(r), nil
}

func (t *township) SearchHouseholds(survey.RecordID, string, int) []survey.FoundHousehold {
	var all []survey.FoundHousehold
	for _, r := range t.records(survey.TypeHousehold) {
		if t.Kept(r.ID) == r.ID {
			all = append(all, survey.FoundHousehold{Household: survey.HouseholdOf(r)})
		}
	}
	return all
}

func (t *township) Kept(id survey.RecordID) survey.RecordID {
	var links []survey.Link
	for _, r := range t.records(survey.TypeLink) {
		links = append(links, survey.LinkFrom(r))
	}
	if kept, ok := survey.Joined(links, func(id survey.RecordID) bool { return !t.record(id).Voided })[id]; ok {
		return kept
	}
	return id
}

func (t *township) Links(context.Context) ([]survey.Link, error) {
	var links []survey.Link
	for _, r := range t.records(survey.TypeLink) {
		if l := survey.LinkFrom(r); l.Says != "" {
			links = append(links, l)
		}
	}
	return links, nil
}

func (t *township) Forms(context.Context) ([]survey.FormInfo, error) {
	var all []survey.FormInfo
	for id := range t.forms {
		all = append(all, survey.FormInfo{ID: id, Version: "1.0"})
	}
	return all, nil
}

func (t *township) FormXML(_ context.Context, id survey.FormID, _ string) ([]byte, error) {
	if xml, ok := t.forms[id]; ok {
		return xml, nil
	}
	return nil, &survey.Error{Kind: survey.NotFound}
}

func (t *township) VisitsOf(_ context.Context, household survey.RecordID) ([]survey.Visit, error) {
	var visits []survey.Visit
	for _, r := range t.records(survey.TypeVisit) {
		if r.Fields[survey.VisitHousehold] == household.String() {
			first := t.edits[r.ID][0].Header
			visits = append(visits, survey.Visit{ID: r.ID, Form: first.Form, Author: first.Author, Title: r.Fields[survey.VisitName], Finished: first.Wall})
		}
	}
	return visits, nil
}

func (t *township) Conflicts(context.Context) ([]survey.RecordConflict, error) {
	var all []survey.RecordConflict
	for _, id := range t.order {
		r := t.record(id)
		for _, c := range r.Conflicts {
			if r.Voided || r.Type == survey.TypeTask {
				continue
			}
			conflict := survey.RecordConflict{Record: id, Type: r.Type, Scope: r.Scope, Conflict: c}
			for _, v := range c.Values {
				for _, e := range t.edits[id] {
					if e.ID == v.Revision {
						conflict.Sides = append(conflict.Sides, survey.Side{Author: e.Header.Author, Device: e.Header.Device, HLC: e.HLC})
					}
				}
			}
			all = append(all, conflict)
		}
	}
	return all, nil
}

func (t *township) Parted(context.Context) ([]survey.RecordID, error) {
	var ids []survey.RecordID
	for _, id := range t.order {
		if merge.Safe(t.record(id)) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (t *township) Decisions(_ context.Context, limit int) ([]survey.Statement, error) {
	var all []survey.Statement
	for _, edits := range t.edits {
		for _, e := range edits {
			h := e.Header
			if h.Kind == survey.Merge || h.Type == survey.TypeLink || h.Kind == survey.Void && len(h.Parents) > 1 {
				all = append(all, survey.Statement{ID: e.ID, Header: h, Body: e.Body, HLC: e.HLC})
			}
		}
	}
	slices.SortFunc(all, func(a, b survey.Statement) int { return cmp.Compare(b.HLC, a.HLC) })
	return all[:min(limit, len(all))], nil
}

func (t *township) Tasks(context.Context) ([]survey.Task, error) {
	var all []survey.Task
	for _, r := range t.records(survey.TypeTask) {
		task := survey.TaskFrom(r)
		first := t.edits[r.ID][0].Header
		if task.By, task.At = first.Author, first.Wall; task.Waits() {
			all = append(all, task)
		}
	}
	return all, nil
}

func (t *township) Holding(_ context.Context, id survey.RecordID) (survey.Holding, error) {
	if len(t.edits[id]) == 0 {
		return survey.Holding{}, &survey.Error{Kind: survey.NotFound}
	}
	return merge.HoldingOf(t.edits[id]), nil
}

func (t *township) Card(_ context.Context, id survey.RecordID) (survey.Record, error) {
	if len(t.edits[id]) == 0 {
		return survey.Record{}, &survey.Error{Kind: survey.NotFound}
	}
	return t.record(id), nil
}

func (t *township) ProblemsOf(_ context.Context, household survey.RecordID) ([]survey.Problem, error) {
	var problems []survey.Problem
	for _, r := range t.records(survey.TypeProblem) {
		if p := survey.ProblemOf(r); t.Kept(p.Household) == t.Kept(household) {
			problems = append(problems, p)
		}
	}
	return problems, nil
}

func (t *township) Beside(_ context.Context, kind survey.RecordType, within time.Duration, known int64) ([][2]survey.RecordID, int64, error) {
	var pairs [][2]survey.RecordID
	of := func(r survey.Record) survey.RecordID {
		id, _ := survey.ParseID[survey.RecordID](cmp.Or(r.Fields[survey.VisitHousehold], r.Fields[survey.ProblemHousehold]))
		return t.Kept(id)
	}
	for i, a := range t.records(kind) {
		for _, b := range t.records(kind)[:i] {
			if of(a) == of(b) && a.Updated.Time().Sub(b.Updated.Time()).Abs() <= within {
				pairs = append(pairs, [2]survey.RecordID{a.ID, b.ID})
			}
		}
	}
	return pairs, known + 1, nil
}

// Amend is what the store does: all of it or nothing, over all heads.
func (t *township) Amend(_ context.Context, all ...survey.Amendment) error {
	if t.broken != nil {
		return t.broken
	}
	before := map[survey.RecordID][]merge.Edit{}
	for id, edits := range t.edits {
		before[id] = slices.Clone(edits)
	}
	t.at = t.at.Add(time.Minute)
	for _, a := range all {
		now := t.record(a.Record)
		if a.Heads != nil && !slices.Equal(a.Heads, now.Heads) {
			t.edits = before
			return &survey.Error{Kind: survey.Conflicting, Message: "您看的时候，别处又有了新的内容。"}
		}
		body := survey.Body{Fields: survey.Fields{}, Note: a.Note}
		if a.Kind != survey.Void {
			maps.Copy(body.Fields, now.Fields)
			maps.Copy(body.Fields, a.Fields)
			maps.DeleteFunc(body.Fields, func(_ survey.FieldPath, v string) bool { return v == "" })
		}
		touched := append(slices.Sorted(maps.Keys(a.Fields)), a.Decides...)
		h := survey.Header{
			Record: a.Record, Type: a.Type, Kind: a.Kind, Scope: a.Scope, Parents: now.Heads, Author: a.Author, Device: t.device,
			Wall: survey.MillisOf(t.at), Touched: touched,
		}
		if touched == nil {
			h.Touched = []survey.FieldPath{}
		}
		t.keep(h, body)
	}
	t.amended++
	return nil
}
