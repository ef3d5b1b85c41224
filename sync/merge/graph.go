package merge

import (
	"cmp"
	"maps"
	"slices"

	"zoucun/survey"
)

// graph is the revisions of one record that are known, parents before children. Edits are named by their index.
type graph struct {
	edits     []Edit
	parents   [][]int            // those that are known
	ancestors []map[int]struct{} // without the edit itself
	live      []map[survey.FieldPath][]int
	void      []voiding
	heads     []int
	joins     map[survey.FieldPath]survey.Joining
}

func newGraph(edits []Edit) *graph {
	g := &graph{}
	index := g.order(distinct(edits))
	g.parents = make([][]int, len(g.edits))
	g.ancestors = make([]map[int]struct{}, len(g.edits))
	g.live = make([]map[survey.FieldPath][]int, len(g.edits))
	g.void = make([]voiding, len(g.edits))
	named := make([]bool, len(g.edits))
	for i, e := range g.edits {
		for _, id := range e.Header.Parents {
			if p, known := index[id]; known {
				g.parents[i] = append(g.parents[i], p)
				named[p] = true
			}
		}
		g.ancestors[i] = g.above(i)
	}
	g.erase()
	g.joins = g.joinings()
	for i := range g.edits {
		g.live[i] = g.speaks(i)
		g.void[i] = g.voids(i)
	}
	for i := range g.edits {
		if !named[i] {
			g.heads = append(g.heads, i)
		}
	}
	return g
}

// distinct keeps each edit once. If two servers say different things about when it came, the earlier counts.
func distinct(edits []Edit) map[survey.RevID]Edit {
	all := make(map[survey.RevID]Edit, len(edits))
	for _, e := range edits {
		known, again := all[e.ID]
		if again {
			e.HLC = min(e.HLC, known.HLC)
			if known.Erased {
				e.Body, e.Erased = known.Body, true
			}
		}
		if e.Erased {
			e.Body = survey.Body{}
		}
		all[e.ID] = e
	}
	return all
}

// order lays the edits out with parents first and by ID among those that are free to come next, and returns where
// each one is.
func (g *graph) order(all map[survey.RevID]Edit) map[survey.RevID]int {
	index := make(map[survey.RevID]int, len(all))
	entered := make(map[survey.RevID]bool, len(all))
	var place func(id survey.RevID)
	place = func(id survey.RevID) {
		e, known := all[id]
		if !known || entered[id] {
			return
		}
		entered[id] = true
		for _, p := range e.Header.Parents {
			place(p)
		}
		index[id] = len(g.edits)
		g.edits = append(g.edits, e)
	}
	for _, id := range slices.SortedFunc(maps.Keys(all), survey.RevID.Compare) {
		place(id)
	}
	return index
}

// erase takes out what the ancestors of an Erase said, whether or not their bodies are still here.
func (g *graph) erase() {
	for i, e := range g.edits {
		if e.Header.Kind != survey.Erase {
			continue
		}
		for a := range g.ancestors[i] {
			g.edits[a].Body, g.edits[a].Erased = survey.Body{}, true
		}
	}
}

func (g *graph) above(i int) map[int]struct{} {
	above := map[int]struct{}{}
	for _, p := range g.parents[i] {
		maps.Copy(above, g.ancestors[p])
		above[p] = struct{}{}
	}
	return above
}

// speaks returns, for each field, the edits whose word counts as seen from edit i: itself where it changed the field,
// otherwise those its parents counted.
func (g *graph) speaks(i int) map[survey.FieldPath][]int {
	e := g.edits[i]
	inherited := g.inherited(g.parents[i])
	if e.Erased {
		return inherited
	}
	for field := range g.stated(i) {
		if g.changes(i, field, inherited[field]) {
			inherited[field] = []int{i}
		}
	}
	return inherited
}

// inherited joins what the edits' parents or the heads count.
func (g *graph) inherited(from []int) map[survey.FieldPath][]int {
	if len(from) == 1 {
		return maps.Clone(g.live[from[0]])
	}
	joined := map[survey.FieldPath][]int{}
	for _, p := range from {
		for field, writers := range g.live[p] {
			joined[field] = append(slices.Clone(joined[field]), writers...)
		}
	}
	for field, writers := range joined {
		joined[field] = g.maximal(writers)
	}
	return joined
}

// stated yields the fields that an edit could have changed: those it says it could touch, and for the first edit of a
// record and for an Erase whatever it brings.
func (g *graph) stated(i int) map[survey.FieldPath]struct{} {
	e := g.edits[i]
	fields := make(map[survey.FieldPath]struct{}, len(e.Header.Touched))
	for _, field := range e.Header.Touched {
		fields[field] = struct{}{}
	}
	if len(e.Header.Parents) == 0 || e.Header.Kind == survey.Erase {
		for field := range e.Body.Fields {
			fields[field] = struct{}{}
		}
	}
	return fields
}

// changes reports whether edit i says something about the field that those it inherits from did not. A value that only
// repeats one side of a conflict is no decision, unless a Merge makes it one.
func (g *graph) changes(i int, field survey.FieldPath, inherited []int) bool {
	e := g.edits[i]
	value := e.Body.Fields[field]
	if len(g.parents[i]) < len(e.Header.Parents) || e.Header.Kind == survey.Erase {
		return true // what its parents said is not known yet, or any more
	}
	if len(inherited) == 0 {
		return value != ""
	}
	if g.disagree(field, inherited) {
		if e.Header.Kind == survey.Merge {
			return true
		}
		if joined, ok := g.join(field, inherited); ok {
			return !Same(value, joined)
		}
	}
	return !slices.ContainsFunc(inherited, func(w int) bool { return Same(value, g.edits[w].Body.Fields[field]) })
}

// writers returns the edits whose word counts for each field of the record. A field that nobody is known to have
// changed, because the edit that did has not arrived, is spoken for by the heads that show it.
func (g *graph) writers() map[survey.FieldPath][]int {
	all := g.inherited(g.heads)
	for _, head := range g.heads {
		for field := range g.edits[head].Body.Fields {
			if len(all[field]) == 0 {
				all[field] = []int{g.latest(g.showing(field))}
			}
		}
	}
	return all
}

func (g *graph) showing(field survey.FieldPath) []int {
	var showing []int
	for _, head := range g.heads {
		if _, shows := g.edits[head].Body.Fields[field]; shows {
			showing = append(showing, head)
		}
	}
	return showing
}

// maximal drops doubles and the edits that another of them has seen.
func (g *graph) maximal(edits []int) []int {
	slices.Sort(edits)
	edits = slices.Compact(edits)
	return slices.DeleteFunc(slices.Clone(edits), func(e int) bool {
		return slices.ContainsFunc(edits, func(other int) bool { _, seen := g.ancestors[other][e]; return seen })
	})
}

// latest returns the edit that is shown where several could be. Edits is not empty.
func (g *graph) latest(edits []int) int {
	return slices.MaxFunc(edits, func(a, b int) int {
		return cmp.Or(cmp.Compare(g.edits[a].HLC, g.edits[b].HLC), g.edits[a].ID.Compare(g.edits[b].ID))
	})
}

// Until returns the edits that led to some of them, and those themselves: what somebody had seen who saw these heads.
func Until(edits []Edit, heads []survey.RevID) []Edit {
	g := newGraph(edits)
	seen := map[int]struct{}{}
	for i, e := range g.edits {
		if slices.Contains(heads, e.ID) {
			seen[i] = struct{}{}
			maps.Copy(seen, g.ancestors[i])
		}
	}
	var led []Edit
	for i, e := range g.edits {
		if _, ok := seen[i]; ok {
			led = append(led, e)
		}
	}
	return led
}
