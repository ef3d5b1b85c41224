package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"zoucun/survey"
)

// EnvelopeCount says how many envelopes there are from a village for an office. There is nothing else to report of them.
type EnvelopeCount struct {
	Village, Office string
	Count           int
}

// CountEnvelopes counts the envelopes among records, by village and office in the order of their names. Villages are
// called by the places among the records.
func CountEnvelopes(records []survey.Record) []EnvelopeCount {
	names := map[survey.ScopeID]string{}
	for _, r := range records {
		if r.Type == survey.TypePlace {
			names[survey.VillageScope(r.ID)] = r.Fields[survey.PlaceName]
		}
	}
	counts := map[EnvelopeCount]int{}
	for _, r := range records {
		if r.Type == survey.TypeSealed {
			counts[EnvelopeCount{Village: cmp.Or(names[r.Scope], r.Scope.String()), Office: officeName(r.Fields[survey.EnvelopeOffice])}]++
		}
	}
	var found []EnvelopeCount
	for key, count := range counts {
		key.Count = count
		found = append(found, key)
	}
	slices.SortFunc(found, func(a, b EnvelopeCount) int {
		return cmp.Or(cmp.Compare(a.Village, b.Village), cmp.Compare(a.Office, b.Office))
	})
	return found
}

// longestOffice is how many characters of an office's name are shown: the name came from a device.
const longestOffice = 40

// officeName returns an office's name as it may be shown on one line.
func officeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > longestOffice {
		return string(runes[:longestOffice]) + "…"
	}
	return name
}

// envelopes is the table of how many envelopes there are, or nothing where there are none.
func envelopes(records []survey.Record) []Table {
	counts := CountEnvelopes(records)
	if len(counts) == 0 {
		return nil
	}
	table := Table{Name: "封存件", Columns: []Column{{"村", "village"}, {"收件单位", "office"}, {"件数", "count"}}}
	for _, c := range counts {
		table.Rows = append(table.Rows, []string{c.Village, c.Office, strconv.Itoa(c.Count)})
	}
	return []Table{table}
}
