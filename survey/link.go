package survey

import (
	"cmp"
	"slices"
)

// Fields of a link record. It belongs to the scope of the two records it speaks of.
const (
	LinkOf    FieldPath = "of"    // the type of both records
	LinkFirst FieldPath = "first" // the one whose identifier comes first
	LinkLast  FieldPath = "last"  // the other
	LinkSays  FieldPath = "says"
	LinkKept  FieldPath = "kept" // the one of the two that goes on, while they are the same
)

// LinkWord is what the township says of two records.
type LinkWord string

// Words of a link.
const (
	Same      LinkWord = "same"      // they are one: 是同一户
	Different LinkWord = "different" // they are two, and nobody need be asked again: 不是同一户
)

// Link is the township's word on whether two records of one type are one. There is one link record for each pair, so
// whoever says something of the two, wherever, says it in the same record, and two who say different things apart are a
// conflict like any other.
type Link struct {
	ID          RecordID
	Scope       ScopeID
	Of          RecordType
	First, Last RecordID // in the order of identifiers
	Says        LinkWord // empty where the word was taken back
	Kept        RecordID // First or Last; zero unless the word is Same
}

// LinkRecord returns the identifier of the link between two records, which is the same in both orders.
func LinkRecord(scope ScopeID, a, b RecordID) RecordID {
	a, b = inOrder(a, b)
	return DerivedID[RecordID](scope, "link/"+a.String()+"/"+b.String())
}

// NewLink returns the word on two records of a scope; kept is the one that goes on where they are the same.
func NewLink(scope ScopeID, of RecordType, kept, other RecordID, says LinkWord) Link {
	l := Link{ID: LinkRecord(scope, kept, other), Scope: scope, Of: of, Says: says}
	l.First, l.Last = inOrder(kept, other)
	if says == Same {
		l.Kept = kept
	}
	return l
}

// LinkFrom reads a link from its record.
func LinkFrom(r Record) Link {
	l := Link{ID: r.ID, Scope: r.Scope, Of: RecordType(r.Fields[LinkOf]), Says: LinkWord(r.Fields[LinkSays])}
	l.First, _ = ParseID[RecordID](r.Fields[LinkFirst])
	l.Last, _ = ParseID[RecordID](r.Fields[LinkLast])
	l.Kept, _ = ParseID[RecordID](r.Fields[LinkKept])
	if r.Voided {
		l.Says = ""
	}
	if l.Says != Same || l.Kept != l.First && l.Kept != l.Last {
		l.Kept = RecordID{}
	}
	return l
}

// Joined returns the record that counts as the other, or a zero one where they are not the same.
func (l Link) Joined() RecordID {
	switch {
	case l.Kept.IsZero():
		return RecordID{}
	case l.Kept == l.First:
		return l.Last
	}
	return l.First
}

// Fields returns everything the link's record says; a word that was taken back is empty, which takes the field away.
func (l Link) Fields() Fields {
	return Fields{
		LinkOf: string(l.Of), LinkFirst: idText(l.First), LinkLast: idText(l.Last), LinkSays: string(l.Says), LinkKept: idText(l.Kept),
	}
}

func inOrder(a, b RecordID) (first, last RecordID) {
	if a.Compare(b) > 0 {
		return b, a
	}
	return a, b
}

// Joined returns, for every record that counts as another, that other. It depends on nothing but the links and on which
// records are in use, so every device that holds the same says the same.
//
// Records that links call the same are one, however many there are of them. The one that goes on is one that is in use
// and that no link joins to another; where several or none are such, because people apart have joined in a circle or two
// ways, the one with the first identifier of those that are in use.
func Joined(links []Link, inUse func(RecordID) bool) map[RecordID]RecordID {
	beside := map[RecordID][]RecordID{}
	passed := map[RecordID]bool{} // those that a link joins to another
	for _, l := range links {
		if joined := l.Joined(); !joined.IsZero() {
			beside[l.Kept], beside[joined] = append(beside[l.Kept], joined), append(beside[joined], l.Kept)
			passed[joined] = true
		}
	}
	rank := func(id RecordID) int {
		switch {
		case inUse(id) && !passed[id]:
			return 0
		case inUse(id):
			return 1
		}
		return 2
	}
	joined, seen := map[RecordID]RecordID{}, map[RecordID]bool{}
	for id := range beside {
		one := together(beside, seen, id)
		if len(one) == 0 {
			continue
		}
		kept := slices.MinFunc(one, func(a, b RecordID) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Compare(b)) })
		for _, member := range one {
			if member != kept {
				joined[member] = kept
			}
		}
	}
	return joined
}

// together returns everything that hangs together with one record and was not seen before.
func together(beside map[RecordID][]RecordID, seen map[RecordID]bool, from RecordID) []RecordID {
	var found []RecordID
	next := []RecordID{from}
	for len(next) > 0 {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[id] {
			continue
		}
		seen[id] = true
		found, next = append(found, id), append(next, beside[id]...)
	}
	return found
}
