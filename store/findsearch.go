package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"zoucun/internal/grams"
	"zoucun/internal/spell"
	"zoucun/survey"
)

// Search finds households, visits and problems, at most limit of each: by characters, pinyin or initials of what they are
// called, households also by code, door and telephone number, visits and problems also by any two characters, or any
// three letters or digits of a number, that somebody wrote in them. Visits and problems come the latest first, those that
// are called so before those in which it is written.
func (f *Finder) Search(ctx context.Context, query string, limit int) (survey.Found, error) {
	text := foldText(query)
	if text == "" || utf8.RuneCountInString(text) > maxQuery {
		return survey.Found{}, nil
	}
	var found survey.Found
	found.Households, found.MoreHouseholds = f.s.register.searchAll(text, f.s.grantsOrAll, limit)
	names, called, written := f.inMemory(text, limit)
	if err := f.onShelves(ctx, text, written); err != nil {
		return found, opError("store.Search", "", err)
	}
	check := checking{f: f, query: text, names: names, limit: limit, seen: map[survey.RecordID]bool{}}
	if err := check.both(ctx, called, written); err != nil {
		return found, opError("store.Search", "", err)
	}
	found.Visits, found.MoreVisits = check.visits, check.more[findVisit]
	found.Problems, found.MoreProblems = check.problems, check.more[findProblem]
	found.Unread, found.Records = f.Unread()
	return found, nil
}

// Unread returns how many visits and problems are not read yet, of how many. Before the first of them is known it
// returns 0 of 0.
func (f *Finder) Unread() (unread, records int) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.unread, f.records
}

// grantsOrAll reports whether a village may be looked into.
func (s *Store) grantsOrAll(scope survey.ScopeID) bool {
	return s.member.Load() == nil || s.grants(scope)
}

// maxQuery is how many characters of a text are looked for.
const maxQuery = 60

// foldText is how texts and queries are compared.
func foldText(text string) string { return spell.Fold(text) }

// isWritten reports whether an answer is what somebody wrote, and no choice's code, count, date or identifier.
func isWritten(value string) bool {
	digit := false
	for _, char := range value {
		if char > unicode.MaxASCII && unicode.IsLetter(char) {
			return true
		}
		digit = digit || char >= '0' && char <= '9'
	}
	return digit && len(value) >= 5 && !isDate(value) && !isIdentifier(value)
}

func isDate(value string) bool { return len(value) >= 10 && value[4] == '-' && value[7] == '-' }

func isIdentifier(value string) bool {
	_, err := parseRecordID(value)
	return err == nil
}

// latest keeps the latest of many facts, by kind.
type latest struct {
	most  int
	facts [findProblem + 1][]findFact
	total [findProblem + 1]int
	floor [findProblem + 1]uint32 // as many as there may be are later than this
}

func (l *latest) add(f findFact) {
	if f.kind != findVisit && f.kind != findProblem {
		return
	}
	l.total[f.kind]++
	if f.when < l.floor[f.kind] {
		return
	}
	if l.facts[f.kind] = append(l.facts[f.kind], f); len(l.facts[f.kind]) >= 4*l.most {
		l.cut(f.kind)
	}
}

// cut leaves the latest of a kind, in their order.
func (l *latest) cut(kind findKind) {
	slices.SortFunc(l.facts[kind], func(a, b findFact) int { return cmp.Or(cmp.Compare(b.when, a.when), a.id.Compare(b.id)) })
	if len(l.facts[kind]) > l.most {
		l.facts[kind] = l.facts[kind][:l.most]
		l.floor[kind] = l.facts[kind][l.most-1].when
	}
}

// sorted returns what was kept of a kind, the latest first, and whether something was left out.
func (l *latest) sorted(kind findKind) (facts []findFact, more bool) {
	l.cut(kind)
	return l.facts[kind], l.total[kind] > len(l.facts[kind])
}

// spareFactor is how many times as many records as are asked for are looked at: some turn out to be others now.
const spareFactor = 3

// inMemory returns what is called like the query, and what is written in the tail.
func (f *Finder) inMemory(text string, limit int) (names []bool, called, written *latest) {
	called, written = &latest{most: limit * spareFactor}, &latest{most: limit * spareFactor}
	f.mu.RLock()
	defer f.mu.RUnlock()
	names, some := f.called.found(text)
	if some {
		addCalled(called, f.tail.facts, names)
		for _, shelf := range slices.Backward(f.shelves) { // the later ones first, mostly
			addCalled(called, shelf.facts, names)
		}
	}
	for _, at := range within(grams.Of(nil, text), f.tail.index.Texts) {
		if fact := f.tail.facts[at]; f.tail.at[fact.id] == int(at) {
			written.add(fact)
		}
	}
	return names, called, written
}

func addCalled(to *latest, facts []findFact, names []bool) {
	for _, fact := range slices.Backward(facts) {
		if names[fact.called] {
			to.add(fact)
		}
	}
}

// within returns the texts that have all grams. Where there is none to look for, there is no text.
func within(list []grams.Gram, texts func(grams.Gram) ([]uint16, error)) []uint16 {
	var all []uint16
	for i, gram := range list {
		some, err := texts(gram)
		if err != nil || len(some) == 0 {
			return nil
		}
		if i == 0 {
			all = some
		} else {
			all = grams.Both(all, some)
		}
	}
	return all
}

// onShelves adds what is written in the texts of the shelves.
func (f *Finder) onShelves(ctx context.Context, text string, written *latest) error {
	list := grams.Of(nil, text)
	if len(list) == 0 {
		return nil
	}
	f.mu.RLock()
	shelves := f.shelves
	f.mu.RUnlock()
	for _, shelf := range slices.Backward(shelves) {
		texts, err := f.onShelf(ctx, shelf, list)
		if err != nil {
			return err
		}
		for _, at := range slices.Backward(texts) {
			if int(at) < len(shelf.facts) {
				written.add(shelf.facts[at])
			}
		}
	}
	return nil
}

// onShelf returns the texts of a shelf that have all grams.
func (f *Finder) onShelf(ctx context.Context, shelf *findShelf, list []grams.Gram) (all []uint16, err error) {
	for i, gram := range list {
		some, err := f.inPage(ctx, shelf, gram)
		if err != nil || len(some) == 0 {
			return nil, err
		}
		if i == 0 {
			all = some
		} else if all = grams.Both(all, some); len(all) == 0 {
			return nil, nil
		}
	}
	return all, nil
}

func (f *Finder) inPage(ctx context.Context, shelf *findShelf, gram grams.Gram) ([]uint16, error) {
	page := grams.PageOf(shelf.firsts, gram)
	if page < 0 {
		return nil, nil
	}
	var kept []byte
	err := f.page.QueryRowContext(ctx, shelf.number, page).Scan(&kept)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // the shelf has gone meanwhile
	}
	if err != nil {
		return nil, err
	}
	plain, err := f.s.vault.box.Open(kept, placeOf("find_page.page_sealed", pageRow(shelf.number, page)))
	var texts []uint16
	if err == nil {
		texts, err = grams.Texts(plain, gram)
	}
	if err != nil { // the index is built anew, and what else it says is true meanwhile
		f.broken.Store(true)
		f.Wake()
	}
	return texts, nil
}

// checking looks at records as they are now.
type checking struct {
	f        *Finder
	query    string
	names    []bool // by number: what the query finds among what records are called
	limit    int
	visits   []survey.FoundVisit
	problems []survey.FoundProblem
	more     [findProblem + 1]bool
	seen     map[survey.RecordID]bool
}

// both takes first what is called like the query, then that in which it is written.
func (c *checking) both(ctx context.Context, called, written *latest) error {
	for _, from := range []*latest{called, written} {
		for _, kind := range []findKind{findVisit, findProblem} {
			facts, more := from.sorted(kind)
			c.more[kind] = c.more[kind] || more
			if err := c.look(ctx, kind, facts); err != nil {
				return err
			}
		}
	}
	return nil
}

// look takes of these facts what still fits, until there is enough.
func (c *checking) look(ctx context.Context, kind findKind, facts []findFact) error {
	for batch := range slices.Chunk(facts, checkBatch) {
		if c.has(kind) >= c.limit {
			c.more[kind] = true
			return nil
		}
		var ids []survey.RecordID
		for _, fact := range batch {
			if !c.seen[fact.id] {
				c.seen[fact.id] = true
				ids = append(ids, fact.id)
			}
		}
		if err := c.take(ctx, kind, ids); err != nil {
			return err
		}
	}
	return nil
}

// checkBatch is how many records are opened at a time.
const checkBatch = 32

func (c *checking) has(kind findKind) int {
	if kind == findVisit {
		return len(c.visits)
	}
	return len(c.problems)
}

// take opens records and keeps those that the query finds as they are now.
func (c *checking) take(ctx context.Context, kind findKind, ids []survey.RecordID) error {
	records, err := c.f.s.whole(ctx, ids)
	if err != nil {
		return err
	}
	passages := map[survey.RecordID]survey.Passage{}
	var fit []survey.RecordID
	for _, r := range records {
		if passage, ok := c.fits(r); ok && !r.Voided {
			passages[r.ID], fit = passage, append(fit, r.ID)
		}
	}
	if kind == findVisit {
		return c.takeVisits(ctx, fit, passages)
	}
	return c.takeProblems(ctx, fit, passages)
}

// fits reports whether and where the query finds a record.
func (c *checking) fits(r survey.Record) (survey.Passage, bool) {
	if c.isCalled(calledOf(r)) {
		return survey.Passage{}, true
	}
	best := survey.Passage{}
	for field, value := range r.Fields {
		if !isWritten(value) || !strings.Contains(foldText(value), c.query) {
			continue
		}
		if best.Field == "" || field < best.Field {
			best = survey.Passage{Field: field, Text: around(value, c.query)}
		}
	}
	return best, best.Field != ""
}

// isCalled reports whether the query finds a name. One that came since the search began it does not.
func (c *checking) isCalled(name string) bool {
	c.f.mu.RLock()
	defer c.f.mu.RUnlock()
	number, ok := c.f.called.lookup([]byte(name))
	return ok && int(number) < len(c.names) && c.names[number]
}

func (c *checking) takeVisits(ctx context.Context, ids []survey.RecordID, passages map[survey.RecordID]survey.Passage) error {
	byID := map[survey.RecordID]survey.Visit{}
	err := c.f.s.eachVisit(ctx, "WHERE r.voided = 0 AND r.record_id IN ("+marks(len(ids))+")", anyIDs(ids), func(v survey.Visit) error {
		byID[v.ID] = v
		return nil
	})
	for _, id := range ids {
		if v, ok := byID[id]; ok && len(c.visits) < c.limit {
			c.visits = append(c.visits, survey.FoundVisit{Visit: v, Passage: passages[id]})
		} else if ok {
			c.more[findVisit] = true
		}
	}
	return err
}

func (c *checking) takeProblems(ctx context.Context, ids []survey.RecordID, passages map[survey.RecordID]survey.Passage) error {
	byID := map[survey.RecordID]survey.FoundProblem{}
	err := c.f.s.cards(ctx, "WHERE r.voided = 0 AND r.record_id IN ("+marks(len(ids))+")", anyIDs(ids), func(card cardRow) error {
		p := survey.ProblemOf(card.record())
		p.Raised = card.Written
		byID[p.ID] = survey.FoundProblem{Problem: p, Scope: card.scope, Passage: passages[p.ID]}
		return nil
	})
	for _, id := range ids {
		if p, ok := byID[id]; ok && len(c.problems) < c.limit {
			c.problems = append(c.problems, p)
		} else if ok {
			c.more[findProblem] = true
		}
	}
	return err
}

func anyIDs(ids []survey.RecordID) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id[:]
	}
	return args
}

// aroundChars is how many characters of an answer are shown before what was found, and how many altogether.
const (
	aroundBefore = 12
	aroundAll    = 48
)

// around returns the part of an answer in which a folded query stands.
func around(value, query string) string {
	chars := []rune(strings.Join(strings.Fields(value), " "))
	var folded strings.Builder
	var origin []int // of each byte of what is folded, the character it comes from
	for i, char := range chars {
		n, _ := folded.WriteString(foldText(string(char)))
		origin = append(origin, slices.Repeat([]int{i}, n)...)
	}
	from := 0
	if at := strings.Index(folded.String(), query); at > 0 {
		from = max(0, origin[at]-aroundBefore)
	}
	to := min(len(chars), from+aroundAll)
	part := string(chars[from:to])
	if from > 0 {
		part = "…" + part
	}
	if to < len(chars) {
		part += "…"
	}
	return part
}
