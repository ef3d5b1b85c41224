package store

import (
	"strings"

	"zoucun/internal/spell"
)

// householdQuery is what was typed to find a household.
type householdQuery struct {
	text  string // folded
	name  spell.Query
	phone bool // a phone number may be meant
	door  bool // it may be how a door is said
}

// Fewer digits of a phone number than phoneDigits find everybody, and so do fewer letters of how a door is said than
// doorLetters.
const (
	phoneDigits = 3
	doorLetters = 3
)

func newHouseholdQuery(book *spell.Book, text string) householdQuery {
	letters := strings.ContainsFunc(text, func(r rune) bool { return r >= 'a' && r <= 'z' })
	return householdQuery{
		text: text, name: book.Compile(text),
		phone: len(text) >= phoneDigits && strings.Trim(text, "0123456789-") == "",
		door:  len(text) >= doorLetters && letters,
	}
}

// matchQuality says how well a query finds a line.
type matchQuality uint8

const (
	matchNone   matchQuality = iota
	matchInside              // somewhere
	matchMember              // at the beginning of a member's name
	matchBegin               // at the beginning of the head's name or of a number
	qualities
)

// find returns the positions of the rows the query finds, the better ones first.
func (q *householdQuery) find(rows []household, limit int) []int {
	var found [qualities][]int
	for i := range rows {
		quality := q.match(&rows[i])
		if quality != matchNone && len(found[quality]) < limit {
			found[quality] = append(found[quality], i)
		}
		if len(found[matchBegin]) == limit {
			break
		}
	}
	var best []int
	for quality := matchBegin; quality > matchNone; quality-- {
		best = append(best, found[quality][:min(len(found[quality]), limit-len(best))]...)
	}
	return best
}

// match says how well the query finds a line.
func (q *householdQuery) match(h *household) matchQuality {
	at := q.inNames(h)
	switch {
	case at == 0:
		return matchBegin
	case at > 0 && begins(h.spelled, at):
		return max(matchMember, q.inNumbers(h))
	case at > 0:
		return max(matchInside, q.inNumbers(h))
	}
	return q.inNumbers(h)
}

// inNumbers says how well the query finds the line by its code, its door or the end of its phone number.
func (q *householdQuery) inNumbers(h *household) matchQuality {
	found := matchNone
	if strings.Contains(h.keys, q.text) {
		code, door := h.keys[:h.codeEnd], h.keys[h.codeEnd:]
		switch {
		case strings.HasPrefix(code, q.text), strings.HasPrefix(door, q.text):
			return matchBegin
		case strings.Contains(code, q.text), strings.Contains(door, q.text):
			found = matchInside
		}
	}
	switch {
	case q.phone && strings.HasSuffix(h.phone(), q.text):
		return matchBegin
	case q.phone && strings.Contains(h.phone(), q.text), q.door && q.name.Find(h.spelled[h.doorAt:]) >= 0:
		found = matchInside
	}
	return found
}

// inNames returns where in the line's names the query is found best, or -1: at the beginning of a name, or else anywhere.
func (q *householdQuery) inNames(h *household) int {
	names := h.spelled[:h.doorAt]
	first := q.name.Find(names)
	for at := first; at >= 0; {
		if begins(names, at) {
			return at
		}
		next := q.name.Find(names[at+1:])
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return first
}

// begins reports whether a name begins at a position.
func begins(names []spell.Glyph, at int) bool { return at == 0 || names[at-1] == spell.Parting }

// member returns the member whose name the query finds, or an empty string where it finds the head's or another thing.
func (q *householdQuery) member(h *household) string {
	at := q.inNames(h)
	before := 0
	for _, glyph := range h.spelled[:max(at, 0)] {
		if glyph == spell.Parting {
			before++
		}
	}
	if before == 0 {
		return ""
	}
	return h.members()[before-1]
}
