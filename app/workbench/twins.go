package workbench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"zoucun/internal/alike"
	"zoucun/internal/spell"
	"zoucun/survey"
)

// Pairer is where records lie that may be one, and where the word on them goes.
type Pairer interface {
	Naming
	SearchHouseholds(village survey.RecordID, query string, limit int) []survey.FoundHousehold
	Readings() []spell.Reading
	Kept(id survey.RecordID) survey.RecordID
	Links(ctx context.Context) ([]survey.Link, error)
	Beside(ctx context.Context, kind survey.RecordType, within time.Duration, known int64) ([][2]survey.RecordID, int64, error)
	Card(ctx context.Context, id survey.RecordID) (survey.Record, error)
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
	VisitsOf(ctx context.Context, household survey.RecordID) ([]survey.Visit, error)
	ProblemsOf(ctx context.Context, household survey.RecordID) ([]survey.Problem, error)
	Amend(ctx context.Context, amendments ...survey.Amendment) error
}

// Twins is the list of records that may be one (疑似重复): households, problems, visits. It only asks.
type Twins struct {
	store Pairer
	words *Words
	who   survey.Staff
	now   survey.Clock

	loading sync.Mutex // held for a whole reading, which may take long
	indexes map[survey.RecordID]*alike.Index
	beside  map[survey.RecordType]*beside

	mu    sync.Mutex
	pairs []Pair
	ready bool
}

// beside is what is known of the pairs of one type that lie beside one another.
type beside struct {
	known int64
	pairs map[[2]survey.RecordID]likeness
}

// likeness is how alike two problems or visits are.
type likeness struct {
	points int
	words  string
}

// NewTwins returns the list of whoever sits at the workbench. Load fills it.
func NewTwins(store Pairer, words *Words, who survey.Staff, now survey.Clock) *Twins {
	return &Twins{
		store: store, words: words, who: who, now: now, indexes: map[survey.RecordID]*alike.Index{}, beside: map[survey.RecordType]*beside{},
	}
}

// Pair is two records that may be one.
type Pair struct {
	Of      survey.RecordType
	Title   string // 王芳家、王方家
	Village string
	First   survey.RecordID
	Last    survey.RecordID
	For     string // what speaks for it: 同音 · 同门牌
	Against string // what speaks against it, or nothing

	scope  survey.ScopeID
	weight int
}

// The times within which two problems, or two visits, of one household may be one.
const (
	problemsWithin = 60 * 24 * time.Hour
	visitsWithin   = 24 * time.Hour
)

// How alike two problems' texts, or two visits' answers, have to be before anybody is asked.
const (
	problemsAlike = 0.6
	visitsAlike   = 0.7
)

// Load reads what has changed since the last time and finds what may be one. The first time it goes through everything.
func (t *Twins) Load(ctx context.Context) error {
	t.loading.Lock()
	defer t.loading.Unlock()
	links, err := t.store.Links(ctx)
	if err != nil {
		return err
	}
	settled := map[[2]survey.RecordID]bool{}
	for _, l := range links {
		settled[[2]survey.RecordID{l.First, l.Last}] = true
	}
	pairs := t.households()
	for _, kind := range []survey.RecordType{survey.TypeProblem, survey.TypeVisit} {
		more, err := t.others(ctx, kind)
		if err != nil {
			return err
		}
		pairs = append(pairs, more...)
	}
	pairs = slices.DeleteFunc(pairs, func(p Pair) bool {
		return settled[[2]survey.RecordID{p.First, p.Last}] || t.store.Kept(p.First) == t.store.Kept(p.Last)
	})
	slices.SortFunc(pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(rank(a.Of), rank(b.Of)), cmp.Compare(a.Village, b.Village), cmp.Compare(b.weight, a.weight),
			a.First.Compare(b.First), a.Last.Compare(b.Last))
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pairs, t.ready = pairs, true
	return nil
}

func rank(of survey.RecordType) int {
	return slices.Index([]survey.RecordType{survey.TypeHousehold, survey.TypeProblem, survey.TypeVisit}, of)
}

// Pairs returns what may be one: households first, then problems and visits, by village, the likeliest first. Ready is
// false until the first reading is through.
func (t *Twins) Pairs() (pairs []Pair, ready bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.pairs), t.ready
}

// households returns the pairs of households, village by village.
func (t *Twins) households() []Pair {
	var pairs []Pair
	for _, village := range t.store.Villages() {
		index := t.indexes[village.ID]
		if index == nil {
			index = alike.NewIndex(spell.NewBook(t.store.Readings()...))
			t.indexes[village.ID] = index
		}
		found := t.store.SearchHouseholds(village.ID, "", 0)
		homes := make([]survey.Household, len(found))
		for i, f := range found {
			homes[i] = f.Household
			homes[i].Conflicted = false // says nothing of who it is
		}
		heads := make(map[survey.RecordID]string, len(homes))
		for _, h := range homes {
			heads[h.ID] = h.Head
		}
		groups := t.store.Groups(village.ID)
		index.Set(homes, func(id survey.RecordID) string {
			for _, g := range groups {
				if g.ID == id {
					return g.Name
				}
			}
			return ""
		})
		for p, e := range index.Pairs() {
			pairs = append(pairs, Pair{
				Of: survey.TypeHousehold, Title: inTitle(home(heads[p.First]), home(heads[p.Last])), Village: village.Name, First: p.First, Last: p.Last, For: e.For(), Against: e.Against(),
				scope: survey.VillageScope(village.ID), weight: e.Weight(),
			})
		}
	}
	return pairs
}

// inTitle names two records, once where they have one name.
func inTitle(a, b string) string {
	if a == b {
		return a
	}
	return a + "、" + b
}

// others returns the pairs of problems or of visits of one household.
func (t *Twins) others(ctx context.Context, kind survey.RecordType) ([]Pair, error) {
	within, compare := problemsWithin, t.problems
	if kind == survey.TypeVisit {
		within, compare = visitsWithin, t.visits
	}
	b := t.beside[kind]
	if b == nil {
		b = &beside{pairs: map[[2]survey.RecordID]likeness{}}
		t.beside[kind] = b
	}
	found, now, err := t.store.Beside(ctx, kind, within, b.known)
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		if p[0].Compare(p[1]) > 0 {
			p[0], p[1] = p[1], p[0]
		}
		if _, known := b.pairs[p]; known {
			continue
		}
		like, err := compare(ctx, p)
		if err != nil && survey.KindOf(err) != survey.NotFound {
			return nil, err
		}
		if like.points > 0 {
			b.pairs[p] = like
		}
	}
	b.known = now
	return t.alive(ctx, kind, b)
}

// alive returns the pairs of which both are still in use, and forgets the others.
func (t *Twins) alive(ctx context.Context, kind survey.RecordType, b *beside) ([]Pair, error) {
	var pairs []Pair
	for ids, like := range b.pairs {
		r, err := t.store.Card(ctx, ids[0])
		other, errOther := t.store.Card(ctx, ids[1])
		for _, err := range []error{err, errOther} {
			if err != nil && survey.KindOf(err) != survey.NotFound {
				return nil, err
			}
		}
		if err != nil || errOther != nil || r.Voided || other.Voided {
			delete(b.pairs, ids)
			continue
		}
		if t.household(r) != t.household(other) { // their households were split again
			continue
		}
		pairs = append(pairs, Pair{
			Of: kind, Title: inTitle(t.words.subject(ctx, r), t.words.subject(ctx, other)), Village: t.words.village(r.Scope), First: ids[0], Last: ids[1], For: like.words, scope: r.Scope, weight: like.points,
		})
	}
	return pairs, nil
}

// household returns the household that a problem or a visit is about, or the one it counts as.
func (t *Twins) household(r survey.Record) survey.RecordID {
	field := survey.ProblemHousehold
	if r.Type == survey.TypeVisit {
		field = survey.VisitHousehold
	}
	id, err := survey.ParseID[survey.RecordID](r.Fields[field])
	if err != nil {
		return survey.RecordID{}
	}
	return t.store.Kept(id)
}

// problems compares the texts of two problems.
func (t *Twins) problems(ctx context.Context, ids [2]survey.RecordID) (likeness, error) {
	a, err := t.store.Card(ctx, ids[0])
	if err != nil {
		return likeness{}, err
	}
	b, err := t.store.Card(ctx, ids[1])
	if err != nil {
		return likeness{}, err
	}
	share := alike.Texts(a.Fields[survey.ProblemTitle], b.Fields[survey.ProblemTitle])
	if share < problemsAlike {
		return likeness{}, nil
	}
	said := "同一户，写的几乎一样"
	if share == 1 {
		said = "同一户，写的一样"
	}
	if category := a.Fields[survey.ProblemCategory]; category != "" && category == b.Fields[survey.ProblemCategory] {
		said += " · 同类"
	}
	return likeness{int(share * 100), said}, nil
}

// visits compares the answers of two visits to one form.
func (t *Twins) visits(ctx context.Context, ids [2]survey.RecordID) (likeness, error) {
	a, err := t.store.Card(ctx, ids[0])
	if err != nil {
		return likeness{}, err
	}
	b, err := t.store.Card(ctx, ids[1])
	if err != nil || a.Form != b.Form {
		return likeness{}, err
	}
	one, err := t.store.Holding(ctx, ids[0])
	if err != nil {
		return likeness{}, err
	}
	other, err := t.store.Holding(ctx, ids[1])
	if err != nil {
		return likeness{}, err
	}
	equal, all := answers(one.Record.Fields, other.Record.Fields)
	if all == 0 || float64(equal) < visitsAlike*float64(all) {
		return likeness{}, nil
	}
	return likeness{equal * 100 / all, fmt.Sprintf("同一户，一天之内，%d 个答案里 %d 个一样", all, equal)}, nil
}

// answers counts the answers that two visits have in common, and those that either has. What the device fills in itself
// does not count, and an answer in a repeat counts by its question.
func answers(a, b survey.Fields) (equal, all int) {
	said := func(f survey.Fields) map[string]bool {
		answers := map[string]bool{}
		for path, value := range f {
			if !strings.HasPrefix(string(path), "meta/") {
				answers[string(withoutKeys(path))+"\x00"+spell.Fold(value)] = true
			}
		}
		return answers
	}
	one, other := said(a), said(b)
	for answer := range one {
		if other[answer] {
			equal++
		}
	}
	return equal, max(len(one), len(other))
}
