package store

import (
	"context"
	"strings"

	"zoucun/survey"
)

// household is one line of the register, kept small: one allocation for all its texts and one for its spelling.
type household struct {
	id       survey.RecordID
	village  survey.RecordID
	group    survey.RecordID
	text     string    // head, code, door and phone, one after the other
	ends     [3]uint16 // where head, code and door end in text
	keys     string    // code and door folded for searching; shares text where folding changes nothing
	codeEnd  uint16    // where the code ends in keys
	spelled  []uint16  // the head's name in glyph numbers
	resident int16
	away     int16
	location survey.LocationClass
	conflict bool
}

// maxText bounds each text of a line, so that positions fit 16 bits; what is longer is cut in lists only.
const maxText = 4000

func newHousehold(h survey.Household, g *glyphs) household {
	head, code, door, phone := cut(h.Head), cut(h.Code), cut(h.Door), cut(h.Phone)
	row := household{
		id: h.ID, village: h.Village, group: h.Group,
		text:     head + code + door + phone,
		spelled:  g.spell(fold(head)),
		resident: int16(min(h.Resident, 1<<15-1)), away: int16(min(h.Away, 1<<15-1)),
		location: internLocation(h.Location), conflict: h.Conflicted,
	}
	row.ends = [3]uint16{
		uint16(len(head)), uint16(len(head) + len(code)), uint16(len(head) + len(code) + len(door)),
	}
	foldedCode := fold(code)
	row.codeEnd = uint16(len(foldedCode))
	row.keys = row.text[row.ends[0]:row.ends[2]]
	if folded := foldedCode + fold(door); folded != row.keys {
		row.keys = folded
	}
	return row
}

func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

// internLocation returns the constant with that value, so that lines share it.
func internLocation(l survey.LocationClass) survey.LocationClass {
	for _, known := range []survey.LocationClass{survey.Roadside, survey.Central, survey.Remote} {
		if l == known {
			return known
		}
	}
	return l
}

func (h *household) code() string  { return h.text[h.ends[0]:h.ends[1]] }
func (h *household) phone() string { return h.text[h.ends[2]:] }

// household returns the line as lists show it. Its texts share the line's memory.
func (h *household) household(scope survey.ScopeID) survey.Household {
	return survey.Household{
		ID: h.id, Scope: scope, Village: h.village, Group: h.group,
		Head: h.text[:h.ends[0]], Code: h.code(), Door: h.text[h.ends[1]:h.ends[2]], Phone: h.phone(),
		Resident: int(h.resident), Away: int(h.away), Location: h.location, Conflicted: h.conflict,
	}
}

// matchQuality says how well a query finds a line.
type matchQuality uint8

const (
	matchNone matchQuality = iota
	matchInside
	matchBegin
)

// phoneDigits is how much of a phone number has to be typed before it finds anybody: fewer find everybody.
const phoneDigits = 3

// match says how well a folded query finds the line.
func (h *household) match(name *nameQuery, query string) matchQuality {
	best := matchNone
	switch at := name.find(h.spelled); {
	case at == 0:
		return matchBegin
	case at > 0:
		best = matchInside
	}
	code, door := h.keys[:h.codeEnd], h.keys[h.codeEnd:]
	if strings.HasPrefix(door, query) || strings.HasPrefix(code, query) {
		return matchBegin
	}
	if len(query) >= phoneDigits && strings.HasSuffix(h.phone(), query) {
		return matchBegin
	}
	if strings.Contains(code, query) || strings.Contains(door, query) ||
		len(query) >= phoneDigits && strings.Contains(h.phone(), query) {
		return matchInside
	}
	return best
}

// Villages returns the villages this device may visit, in the order of the township's list.
func (s *Store) Villages() []survey.Place {
	all := s.register.placesUnder(survey.RecordID{})
	m := s.member.Load()
	if m == nil {
		return all
	}
	villages := all[:0]
	for _, place := range all {
		if _, ok := m.granted[survey.VillageScope(place.ID)]; ok {
			villages = append(villages, place)
		}
	}
	return villages
}

// Groups returns the groups (组) of a village, in the order of the township's list.
func (s *Store) Groups(village survey.RecordID) []survey.Place {
	return s.register.placesUnder(village)
}

// SearchHouseholds returns households of a village, at most limit of them when limit is positive. A query finds heads
// by characters, pinyin, initials or any mixture, and households by code, door number or the end of a phone number;
// an empty query lists all. Those the query finds at the beginning come first, each part in the order of group and
// code.
func (s *Store) SearchHouseholds(village survey.RecordID, query string, limit int) []survey.Household {
	return s.register.search(survey.VillageScope(village), query, limit)
}

// HouseholdCount returns how many households a village has.
func (s *Store) HouseholdCount(village survey.RecordID) int {
	return s.register.count(survey.VillageScope(village))
}

// StaffName returns a person's name as the register has it, or an empty string.
func (s *Store) StaffName(id survey.PersonID) string { return s.register.staffName(id) }

// Household returns a household's present state.
func (s *Store) Household(ctx context.Context, id survey.RecordID) (survey.Household, error) {
	record, err := s.card(ctx, id)
	if err != nil {
		return survey.Household{}, opError("store.Household", "record "+id.String(), err)
	}
	if record.Type != survey.TypeHousehold || record.Voided {
		return survey.Household{}, notFound("store.Household", "record "+id.String())
	}
	h := survey.HouseholdOf(record)
	if h.Village.IsZero() {
		h.Village = survey.RecordID(h.Scope)
	}
	return h, nil
}
