package lint

import (
	"slices"
	"strings"

	"zoucun/form/xlsform"
)

// item is one thing rules look at: a question, a group, a note or a choice.
type item struct {
	kind     string // the canonical type; "choice" for a choice
	name     string
	parts    []string // of the name
	labels   []xlsform.Said
	hints    []xlsform.Said
	required bool
	sealed   bool   // what is typed is sealed at once
	tracked  bool   // an audit that notes where the device is
	basis    string // purpose and law, as the author states them
	sheet    string
	row      int
	header   func(column string) string // as the author wrote it
}

// title is what a finding calls the item.
func (i item) title() string {
	if len(i.labels) > 0 {
		return i.labels[0].Text
	}
	return i.name
}

// media are the types whose answers are files.
var media = map[string]string{"photo": "照片或签名", "audio": "录音", "video": "录像", "file": "文件"}

// inspect holds an item to all rules.
func (r Rules) inspect(i item) []xlsform.Finding {
	var found []xlsform.Finding
	if kind, refusedKind := kinds[i.kind]; refusedKind {
		found = append(found, i.finding(kind, i.kind, "type"))
	}
	if i.tracked {
		found = append(found, i.finding(located, "audit 的 location 参数", "parameters"))
	}
	if i.required && media[i.kind] != "" {
		found = append(found, i.finding(forced, media[i.kind], "required"))
	}
	if hit, column := unsealed.look(i); hit != "" && i.takesWords() {
		found = append(found, i.finding(unsealed, hit, column))
	}
	i.parts = parts(i.name)
	excused := lawful.MatchString(i.basis) && aim.MatchString(i.basis)
	for _, one := range r.all() {
		hit, column := one.look(i)
		switch {
		case hit == "" || one.excusable && excused || one.code == Location && len(found) > 0 && found[0].Code == Location:
		case one.excusable && i.basis != "":
			found = append(found, i.finding(thin, i.basis, "basis"))
		default:
			found = append(found, i.finding(one, hit, column))
		}
	}
	return found
}

// takesWords reports whether the item is a question whose answer is kept as it is given.
func (i item) takesWords() bool {
	return !i.sealed && !slices.Contains([]string{"form", "group", "repeat", "note", "choice"}, i.kind)
}

// look returns what the rule refuses in the item, and the header of the column it stands in.
func (r rule) look(i item) (hit, column string) {
	if r.where&names != 0 && i.kind != "note" && r.inName(i.parts) {
		return i.name, i.header("name")
	}
	texts, in := i.labels, r.inText
	switch {
	case i.kind == "choice" && r.where&choices == 0, i.kind == "note" && r.where&notes == 0:
		return "", ""
	case i.kind == "choice":
		in = r.inChoice
	}
	if r.where&hints != 0 {
		texts = append(slices.Clip(texts), i.hints...)
	}
	for _, said := range texts {
		if hit := in(said.Text); hit != "" {
			return hit, said.Column
		}
	}
	return "", ""
}

func (i item) finding(r rule, hit, column string) xlsform.Finding {
	if column == "type" || column == "parameters" || column == "required" || column == "basis" {
		column = i.header(column)
	}
	words := strings.NewReplacer("{0}", shortened(i.title()), "{1}", shortened(hit))
	return xlsform.Finding{
		Code: r.code, Severity: xlsform.Fatal, Sheet: i.sheet, Row: i.row, Column: column,
		Message: words.Replace(r.message), Remedy: r.remedy, Values: []string{i.name, hit},
	}
}

// longest is how many characters of an author's text a finding repeats.
const longest = 40

func shortened(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return string(runes)
}
