package retention

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"zoucun/survey"
)

// closedField is what an Erase keeps of when a problem was closed, for the revisions that said so are gone with it.
const closedField survey.FieldPath = "meta/closed"

// course is how a problem went.
type course struct {
	open       bool
	closed     survey.Millis // when it was closed last
	dispatched bool          // it was handed on, rather than settled on the spot
}

// courseOf follows a problem through its revisions.
func courseOf(h survey.Holding) course {
	c := course{open: true}
	for _, s := range h.Statements {
		state := s.Body.Fields[survey.ProblemState]
		if s.Erased || s.Header.Kind == survey.Void {
			continue
		}
		c.dispatched = c.dispatched || handedOn(state)
		open := survey.Problem{State: state}.Open()
		if c.open && !open {
			c.closed = survey.MillisOf(s.HLC.Time())
		}
		if kept, err := strconv.ParseInt(s.Body.Fields[closedField], 10, 64); err == nil && !open {
			c.closed = survey.Millis(kept)
		}
		c.open = open
	}
	if h.Record.Voided && c.open {
		c.open, c.closed = false, survey.MillisOf(h.Record.Updated.Time())
	}
	return c
}

// handedOn reports whether a problem in this state has left those who noted it.
func handedOn(state string) bool {
	switch state {
	case "", "draft", "submitted", "reviewed", "onsite_done", "sealed", "withdrawn":
		return false
	}
	return true
}

// household is what the problems of one household mean for how long its visits are kept.
type household struct {
	open   bool
	closed survey.Millis
}

// begun returns when a record was first written, as far as a server can vouch for it.
func begun(h survey.Holding) survey.Millis { return survey.MillisOf(h.First().HLC.Time()) }

// plan collects what is due.
type plan struct {
	now        time.Time
	rules      Rules
	classes    classes
	households map[survey.RecordID]household
	erased     map[survey.RecordID]survey.HLC // households that were erased whole, and when
	due        []survey.Erasure
	removed    []Removed
	planned    map[survey.RecordID]bool
	waiting    int // for a person to decide
}

func (p *plan) passed(from survey.Millis, years, days int) bool {
	return !from.Time().AddDate(years, 0, days).After(p.now)
}

// problem notes how a problem went, and plans what is due of it.
func (p *plan) problem(h survey.Holding) {
	c := courseOf(h)
	id, err := survey.ParseID[survey.RecordID](h.Record.Fields[survey.ProblemHousehold])
	if err == nil {
		of := p.households[id]
		of.open, of.closed = of.open || c.open, max(of.closed, c.closed)
		p.households[id] = of
	}
	if p.orphaned(h, id) || c.open {
		return
	}
	why, years := WhyIdentified, p.rules.IdentifiedYears
	if c.dispatched {
		why, years = WhyDispatched, p.rules.DispatchedYears
	}
	if p.passed(c.closed, years, 0) {
		p.take(h, why, rule.goes, survey.Fields{closedField: strconv.FormatInt(int64(c.closed), 10)})
	}
}

// visit plans what is due of a visit, once the problems are known.
func (p *plan) visit(h survey.Holding) {
	id, err := survey.ParseID[survey.RecordID](h.Record.Fields[survey.VisitHousehold])
	if err != nil {
		id = survey.RecordID{}
	}
	of := p.households[id]
	if p.orphaned(h, id) || of.open && !id.IsZero() {
		return
	}
	from := max(begun(h), of.closed)
	switch {
	case p.passed(from, p.rules.IdentifiedYears, 0):
		p.take(h, WhyIdentified, rule.goes, nil)
	case p.passed(from, 0, p.rules.PhotoDays):
		p.take(h, WhyPhoto, func(r rule) bool { return r.photo }, nil)
	}
}

// orphaned plans to take away what was written of a household before that was erased, and reports whether it was.
func (p *plan) orphaned(h survey.Holding, of survey.RecordID) bool {
	when, ok := p.erased[of]
	if !ok || h.First().HLC >= when {
		return false
	}
	p.whole(h, WhyLate)
	return true
}

// access plans to take away a line of the access log that has been kept long enough.
func (p *plan) access(h survey.Holding) {
	if p.passed(begun(h), p.rules.AccessYears, 0) {
		p.whole(h, WhyAccess)
	}
}

// whole plans to take a record away.
func (p *plan) whole(h survey.Holding, why Why) {
	removed := p.count(h, why, func(rule) bool { return true })
	if p.planned[h.Record.ID] || len(removed.Fields)+removed.Files == 0 {
		return
	}
	removed.Whole = true
	p.add(removed, survey.Erasure{Record: h.Record.ID, Note: Words[why]})
}

// take plans to take out of a record the fields that go. A voided record goes whole: what would be left of it would be
// in use again.
func (p *plan) take(h survey.Holding, why Why, goes func(rule) bool, more survey.Fields) {
	removed := p.count(h, why, goes)
	if p.planned[h.Record.ID] || len(removed.Fields)+removed.Files == 0 {
		return
	}
	if h.Record.Voided {
		p.whole(h, why)
		return
	}
	if !p.classes.knows(h.Record) {
		p.waiting++
		return
	}
	keep := maps.Clone(h.Record.Fields)
	gone := map[string]bool{} // names of files
	made := survey.Header{Form: h.Record.Form, FormVersion: h.Record.FormVersion}
	maps.DeleteFunc(keep, func(field survey.FieldPath, value string) bool {
		if !goes(p.classes.rule(h.Record.Type, made, field)) {
			return false
		}
		gone[value] = true
		return true
	})
	maps.Copy(keep, more)
	files := slices.DeleteFunc(slices.Clone(h.Record.Files), func(a survey.Attachment) bool { return gone[a.Name] })
	if len(files) == 0 {
		files = nil
	}
	p.add(removed, survey.Erasure{Record: h.Record.ID, Keep: keep, Files: files, Note: Words[why]})
}

func (p *plan) add(removed Removed, erasure survey.Erasure) {
	p.planned[erasure.Record] = true
	p.removed = append(p.removed, removed)
	p.due = append(p.due, erasure)
}

// count counts the fields and files of every revision that still says them, each field once.
func (p *plan) count(h survey.Holding, why Why, goes func(rule) bool) Removed {
	removed := Removed{Record: h.Record.ID, Type: h.Record.Type, Why: why, Fields: map[Class]int{}}
	fields, files := map[survey.FieldPath]Class{}, map[survey.Hash]bool{}
	for _, s := range h.Statements {
		gone := map[string]bool{}
		for field, value := range s.Body.Fields {
			if r := p.classes.rule(h.Record.Type, s.Header, field); goes(r) {
				fields[field], gone[value] = r.class, true
			}
		}
		for _, file := range s.Body.Attachments {
			if gone[file.Name] {
				files[file.SHA256] = true
			}
		}
	}
	for _, class := range fields {
		removed.Fields[class]++
	}
	removed.Files = len(files)
	return removed
}
