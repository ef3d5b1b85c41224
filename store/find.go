package store

import (
	"strings"

	"zoucun/internal/spell"
)

// householdQuery is what was typed to find a household.
type householdQuery struct {
	text string // folded
	name spell.Query
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

// Fewer digits of a phone number than phoneDigits find everybody, and so do fewer letters of how a door is said than
// doorLetters.
const (
	phoneDigits = 3
	doorLetters = 3
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
	case at == 0, q.beginsNumber(h):
		return matchBegin
	case at > 0 && begins(h.spelled, at):
		return matchMember
	case at > 0, q.inNumber(h):
		return matchInside
	}
	return matchNone
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

// beginsNumber reports whether a code or a door begins with the query, or a phone number ends with it.
func (q *householdQuery) beginsNumber(h *household) bool {
	code, door := h.keys[:h.codeEnd], h.keys[h.codeEnd:]
	return strings.HasPrefix(door, q.text) || strings.HasPrefix(code, q.text) ||
		len(q.text) >= phoneDigits && strings.HasSuffix(h.phone(), q.text)
}

// inNumber reports whether the query stands anywhere in a code, a door or a phone number.
func (q *householdQuery) inNumber(h *household) bool {
	code, door := h.keys[:h.codeEnd], h.keys[h.codeEnd:]
	return strings.Contains(code, q.text) || strings.Contains(door, q.text) ||
		len(q.text) >= phoneDigits && strings.Contains(h.phone(), q.text) ||
		len(q.text) >= doorLetters && q.name.Find(h.spelled[h.doorAt:]) >= 0
}

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
