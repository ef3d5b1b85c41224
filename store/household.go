package store

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"zoucun/internal/spell"
	"zoucun/survey"
)

// household is one line of the register, kept small: one allocation for all its texts and one for their spelling.
type household struct {
	id       survey.RecordID
	village  survey.RecordID
	group    survey.RecordID
	text     string        // head, members, code, door and phone, one after the other
	ends     [4]uint16     // where head, members, code and door end in text
	keys     string        // code and door folded for searching; shares text where folding changes nothing
	codeEnd  uint16        // where the code ends in keys
	doorAt   uint16        // where the door begins in spelled
	spelled  []spell.Glyph // the names of head and members, parted from one another, then the door
	resident int16
	away     int16
	location survey.LocationClass
	conflict bool
}

// maxText bounds each text of a line, so that positions fit 16 bits; what is longer is cut in lists only.
const maxText = 4000

func newHousehold(h survey.Household, book *spell.Book) household {
	head, members, code, door, phone := cut(h.Head), cut(strings.Join(h.MemberNames(), survey.MemberStop)), cut(h.Code), cut(h.Door), cut(h.Phone)
	row := household{
		id: h.ID, village: h.Village, group: h.Group,
		text:     head + members + code + door + phone,
		resident: int16(min(h.Resident, 1<<15-1)), away: int16(min(h.Away, 1<<15-1)),
		location: internLocation(h.Location), conflict: h.Conflicted,
	}
	end := 0
	for i, part := range []string{head, members, code, door} {
		end += len(part)
		row.ends[i] = uint16(end)
	}
	foldedCode := spell.Fold(code)
	row.codeEnd = uint16(len(foldedCode))
	row.keys = row.text[row.ends[1]:row.ends[3]]
	if folded := foldedCode + spell.Fold(door); folded != row.keys {
		row.keys = folded
	}
	row.spell(book)
	return row
}

// spell writes down how the line's names and its door are typed.
func (h *household) spell(book *spell.Book) {
	spelled := make([]spell.Glyph, 0, utf8.RuneCountInString(h.text[:h.ends[3]])) // a stop for a parting; the code's room is spare
	spelled = book.Spell(spelled, spell.Fold(h.head()))
	for _, member := range h.members() {
		spelled = book.Spell(append(spelled, spell.Parting), spell.Fold(member))
	}
	h.doorAt = uint16(len(spelled))
	h.spelled = slices.Clip(book.Spell(spelled, h.keys[h.codeEnd:]))
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

func (h *household) head() string  { return h.text[:h.ends[0]] }
func (h *household) code() string  { return h.text[h.ends[1]:h.ends[2]] }
func (h *household) phone() string { return h.text[h.ends[3]:] }

func (h *household) members() []string {
	if h.ends[0] == h.ends[1] {
		return nil
	}
	return strings.Split(h.text[h.ends[0]:h.ends[1]], survey.MemberStop)
}

// household returns the line as lists show it. Its texts share the line's memory.
func (h *household) household(scope survey.ScopeID) survey.Household {
	return survey.Household{
		ID: h.id, Scope: scope, Village: h.village, Group: h.group, Head: h.head(), Members: h.text[h.ends[0]:h.ends[1]],
		Code: h.code(), Door: h.text[h.ends[2]:h.ends[3]], Phone: h.phone(),
		Resident: int(h.resident), Away: int(h.away), Location: h.location, Conflicted: h.conflict,
	}
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
// and members by characters, pinyin, initials or any mixture, and households by code, door or the end of a phone number;
// an empty query lists all. Those whose head or number begins with it come first, then those with a member whose name
// does, each part in the order of group and code.
func (s *Store) SearchHouseholds(village survey.RecordID, query string, limit int) []survey.FoundHousehold {
	return s.register.search(survey.VillageScope(village), query, limit)
}

// HouseholdCount returns how many households a village has.
func (s *Store) HouseholdCount(village survey.RecordID) int {
	return s.register.count(survey.VillageScope(village))
}

// Readings returns how the township says words that the dictionary does not know.
func (s *Store) Readings() []spell.Reading { return s.register.spoken() }

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
