// Package merge decides what a record is after edits made apart come together.
//
// It is pure: the same edits give the same record in any order and however often each is given. It stores nothing,
// writes no merge, and never drops a value: what it cannot decide is a conflict, shown with every value.
package merge

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"zoucun/survey"
)

// VoidField is the field of the conflict between an edit and a void.
const VoidField survey.FieldPath = "meta/void"

// Voided is the value a void has in a conflict on VoidField; an edit has none.
const Voided = "void"

// Edit is a revision with its body opened.
type Edit struct {
	ID     survey.RevID
	Header survey.Header
	Body   survey.Body
	Erased bool       // the body was taken out: the edit only connects others
	HLC    survey.HLC // effective: no later than when the first server received it
}

// Apply returns what the revisions of one record amount to. Every revision that no other names as its parent is a
// head. A head that stands alone is the record; several are joined field by field:
//
//	since the edits parted            | the record has           | conflict
//	----------------------------------+--------------------------+---------------------------------
//	nobody changed the field          | the value from before    | no
//	one side changed it               | that side's value        | no
//	both, to the same (see Same)      | the later spelling       | no
//	both, to different values         | the latest value         | yes, with every value and the one before
//	both, where a revision says how   | what was added, without  | no
//	they are joined (Body.Joins)      | what was removed; or the |
//	                                  | greatest                 |
//	one changed a field, one voided   | the edited fields        | yes, on VoidField; a void never wins
//	both voided                       | voided                   | no
//	one erased all, one changed it    | the edited fields        | yes, on VoidField, as with a void
//	one erased, one changed a field   | the latest value         | yes, unless they say the same: what the
//	  that was erased or kept         |                          |   field was before is gone
//
// The ancestors of an Erase say nothing any more, whether or not their bodies are still here; see Erased. An Erase that
// touches no field leaves nothing and counts as a void; one that touches fields says what every one of them is now.
//
// A field counts as changed where a revision that could touch it says something else than its parents did; a field
// that an older form did not know stays. A conflict lasts until a revision says something new, or a Merge names the
// field as touched. The latest is by (HLC, ID), which no clock can make different from device to device.
func Apply(edits []Edit) survey.Record {
	if len(edits) == 1 {
		return alone(edits[0])
	}
	return applied(edits)
}

// alone is what Apply makes of one edit, which is all that most records have: nobody can disagree with it.
func alone(e Edit) survey.Record {
	if e.Erased {
		e.Body = survey.Body{}
	}
	r := survey.Record{
		ID: e.Header.Record, Type: e.Header.Type, Scope: e.Header.Scope, Form: e.Header.Form, FormVersion: e.Header.FormVersion,
		Heads: []survey.RevID{e.ID}, Fields: make(survey.Fields, len(e.Body.Fields)), Files: inOrder(slices.Clone(e.Body.Attachments)),
		Updated: e.HLC, TimeUnsure: timeUnsure(e),
		Voided: e.Header.Kind == survey.Void || e.Header.Kind == survey.Erase && len(e.Header.Touched) == 0,
	}
	for field, value := range e.Body.Fields {
		if value != "" {
			r.Fields[field] = value
		}
	}
	return r
}

func applied(edits []Edit) survey.Record {
	g := newGraph(edits)
	if len(g.edits) == 0 {
		return survey.Record{}
	}
	top := g.edits[g.latest(g.heads)]
	r := survey.Record{
		ID: top.Header.Record, Type: top.Header.Type, Scope: g.scope(top),
		Form: top.Header.Form, FormVersion: top.Header.FormVersion,
		Fields: survey.Fields{}, Updated: top.HLC, Files: g.files(),
	}
	for _, head := range g.heads {
		r.Heads = append(r.Heads, g.edits[head].ID)
		r.TimeUnsure = r.TimeUnsure || timeUnsure(g.edits[head])
	}
	slices.SortFunc(r.Heads, survey.RevID.Compare)
	r.Voided = g.decideVoid(&r)
	for field, writers := range g.writers() {
		g.decide(&r, field, writers)
	}
	slices.SortFunc(r.Conflicts, func(a, b survey.Conflict) int { return cmp.Compare(a.Field, b.Field) })
	return r
}

// Erased returns the edits whose bodies have to be taken out: every ancestor, as far as it is known, of an Erase. Whoever
// keeps revisions asks again whenever one has come, for the link to an ancestor may come last.
func Erased(edits []Edit) []survey.RevID {
	g := newGraph(edits)
	gone := map[int]struct{}{}
	for i, e := range g.edits {
		if e.Header.Kind == survey.Erase {
			maps.Copy(gone, g.ancestors[i])
		}
	}
	ids := make([]survey.RevID, 0, len(gone))
	for i := range gone {
		ids = append(ids, g.edits[i].ID)
	}
	slices.SortFunc(ids, survey.RevID.Compare)
	return ids
}

// Unaware returns the edits that still say something about a record of which an Erase left nothing, and that did not
// know of it: neither did the Erase know them.
func Unaware(edits []Edit) []survey.RevID {
	g := newGraph(edits)
	var unaware []survey.RevID
	for i, e := range g.edits {
		if e.Erased || e.Header.Kind == survey.Erase || len(e.Body.Fields)+len(e.Body.Attachments) == 0 {
			continue
		}
		for j, other := range g.edits {
			if _, knows := g.ancestors[i][j]; other.Header.Kind == survey.Erase && len(other.Header.Touched) == 0 && !knows {
				unaware = append(unaware, e.ID)
				break
			}
		}
	}
	return unaware
}

// unsureBy is how far a visit's own clock and its effective HLC may be apart before its time is not to be relied on.
const unsureBy = 10 * time.Minute

func timeUnsure(e Edit) bool {
	return e.Header.Type == survey.TypeVisit && e.Header.Wall.Time().Sub(e.HLC.Time()).Abs() > unsureBy
}

// scope returns where the record is: where the last move has brought it, whatever is still written elsewhere.
func (g *graph) scope(top Edit) survey.ScopeID {
	var moves []int
	for i, e := range g.edits {
		if e.Header.Kind == survey.Move {
			moves = append(moves, i)
		}
	}
	if len(moves) == 0 {
		return top.Header.Scope
	}
	return g.edits[g.latest(g.maximal(moves))].Header.Scope
}

// Safe reports whether the record has several heads and nothing in conflict: joining them takes no decision.
func Safe(r survey.Record) bool { return len(r.Heads) > 1 && len(r.Conflicts) == 0 }

// decide sets one field from the edits that speak for it.
func (g *graph) decide(r *survey.Record, field survey.FieldPath, writers []int) {
	last := g.latest(writers)
	value := g.edits[last].Body.Fields[field]
	if spelling, ok := g.spelling(field, value); ok {
		value = spelling
	}
	if value != "" {
		r.Fields[field] = value
	}
	if !g.disagree(field, writers) {
		return
	}
	if joined, ok := g.join(field, writers); ok {
		r.Fields[field] = joined
		if joined == "" {
			delete(r.Fields, field)
		}
		return
	}
	conflict := survey.Conflict{Field: field, Base: g.before(field, writers)}
	for _, w := range writers {
		conflict.Values = append(conflict.Values,
			survey.ConflictValue{Revision: g.edits[w].ID, Value: g.edits[w].Body.Fields[field]})
	}
	slices.SortFunc(conflict.Values, func(a, b survey.ConflictValue) int { return a.Revision.Compare(b.Revision) })
	r.Conflicts = append(r.Conflicts, conflict)
}

// disagree reports whether the edits that speak for a field say different things.
func (g *graph) disagree(field survey.FieldPath, writers []int) bool {
	first := g.edits[writers[0]].Body.Fields[field]
	return slices.ContainsFunc(writers[1:], func(w int) bool { return !Same(first, g.edits[w].Body.Fields[field]) })
}

// spelling returns how the latest head that means the value writes it: 138 rather than １３８, if that came later.
func (g *graph) spelling(field survey.FieldPath, value string) (string, bool) {
	var meaning []int
	for _, head := range g.heads {
		if written, ok := g.edits[head].Body.Fields[field]; ok && Same(written, value) {
			meaning = append(meaning, head)
		}
	}
	if len(meaning) == 0 {
		return "", false
	}
	return g.edits[g.latest(meaning)].Body.Fields[field], true
}

// before returns the value the field had where the edits parted: what the nearest edit said that all of them know.
// Where edits crossed there may be several nearest; the latest of them speaks.
func (g *graph) before(field survey.FieldPath, writers []int) string {
	common := maps.Clone(g.ancestors[writers[0]])
	for _, w := range writers[1:] {
		maps.DeleteFunc(common, func(a int, _ struct{}) bool { _, known := g.ancestors[w][a]; return !known })
	}
	var spoke []int
	for a := range common {
		if slices.Contains(g.live[a][field], a) {
			spoke = append(spoke, a)
		}
	}
	spoke = g.maximal(spoke)
	if len(spoke) == 0 {
		return ""
	}
	return g.edits[g.latest(spoke)].Body.Fields[field]
}

// files returns every attachment of the heads once. A head that brings no snapshot of its own has its parents'.
func (g *graph) files() []survey.Attachment {
	var files []survey.Attachment
	seen := map[int]bool{}
	var collect func(i int)
	collect = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		e := g.edits[i]
		files = append(files, e.Body.Attachments...)
		if len(e.Body.Attachments) == 0 && e.Header.Kind != survey.Put && e.Header.Kind != survey.Merge && e.Header.Kind != survey.Erase {
			for _, p := range g.parents[i] {
				collect(p)
			}
		}
	}
	for _, head := range g.heads {
		collect(head)
	}
	return inOrder(files)
}

// inOrder sorts attachments and keeps each once.
func inOrder(files []survey.Attachment) []survey.Attachment {
	slices.SortFunc(files, func(a, b survey.Attachment) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.SHA256[:], b.SHA256[:]),
			cmp.Compare(a.Size, b.Size), strings.Compare(a.MIME, b.MIME))
	})
	return slices.Compact(files)
}
