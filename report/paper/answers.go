package paper

import (
	"bytes"
	"cmp"
	"image"
	_ "image/jpeg" // signatures
	_ "image/png"
	"regexp"
	"slices"
	"strings"
	"time"

	"zoucun/report"
	"zoucun/survey"
)

// Setting is what papers say beside the answers, and what gives the answers words.
type Setting struct {
	Township string
	Phones   survey.Phones
	// Form is the form the answers were given to, in words.
	Form report.Form
	// Name returns what people call the place, the household or the person of an identifier; nothing for others.
	Name func(id string) string
	// File returns the bytes of an attachment; nil where pictures are not printed.
	File func(survey.Attachment) ([]byte, error)
}

// answers are the fields of a record in the words of its form.
type answers struct {
	Setting

	record survey.Record
	byPath map[survey.FieldPath]report.Question
	shown  map[survey.FieldPath]bool // what a paper has said already
}

func newAnswers(s Setting, record survey.Record) *answers {
	a := &answers{Setting: s, record: record, byPath: map[survey.FieldPath]report.Question{}, shown: map[survey.FieldPath]bool{}}
	for _, q := range s.Form.Questions {
		a.byPath[q.Field] = q
	}
	return a
}

// raw returns an answer as it is kept, and notes that the paper says it.
func (a *answers) raw(path survey.FieldPath) string {
	a.shown[path] = true
	return a.record.Fields[path]
}

// text returns an answer in words.
func (a *answers) text(path survey.FieldPath) string { return a.words(path, a.raw(path)) }

func (a *answers) words(path survey.FieldPath, value string) string {
	q := a.byPath[withoutKeys(path)]
	if !q.Choice {
		return cmp.Or(a.name(value), chineseDate(value))
	}
	codes := []string{value}
	if q.Many {
		codes = strings.Fields(value)
	}
	words := make([]string, len(codes))
	for n, code := range codes {
		words[n] = cmp.Or(q.Choices[code], a.name(code), code)
	}
	return strings.Join(words, "、")
}

func (a *answers) name(id string) string {
	if a.Name == nil || len(id) != 36 {
		return ""
	}
	return a.Name(id)
}

// boxes lists the choices of a question, the chosen ones ticked, with something between them.
func (a *answers) boxes(path survey.FieldPath, between string) string {
	q := a.byPath[withoutKeys(path)]
	chosen := strings.Fields(a.raw(path))
	var b strings.Builder
	for n, code := range q.Order {
		if n > 0 {
			b.WriteString(between)
		}
		b.WriteString(box(slices.Contains(chosen, code)) + q.Choices[code])
	}
	for _, code := range chosen { // of another version of the form
		if !slices.Contains(q.Order, code) {
			b.WriteString(between + box(true) + cmp.Or(a.name(code), code))
		}
	}
	return b.String()
}

// box is a box to tick; fonts have no ticked one.
func box(ticked bool) string {
	if ticked {
		return "■"
	}
	return "□"
}

// instances returns the paths of a repeat's instances, in order.
func (a *answers) instances(repeat survey.FieldPath) []survey.FieldPath {
	var found []survey.FieldPath
	prefix := string(repeat) + "["
	for path := range a.record.Fields {
		if !strings.HasPrefix(string(path), prefix) {
			continue
		}
		if end := strings.IndexByte(string(path), ']'); end > 0 && !slices.Contains(found, path[:end+1]) {
			found = append(found, path[:end+1])
		}
	}
	slices.Sort(found) // keys of instances are ordered by time
	return found
}

// picture returns an attachment that is an answer, or nil where it cannot be had.
func (a *answers) picture(path survey.FieldPath) image.Image {
	name := a.raw(path)
	at := slices.IndexFunc(a.record.Files, func(f survey.Attachment) bool { return f.Name == name })
	if name == "" || at < 0 || a.File == nil {
		return nil
	}
	data, err := a.File(a.record.Files[at])
	if err != nil {
		return nil
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || size.Width*size.Height > mostPixels {
		return nil
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	return picture
}

// mostPixels is more than a signature or a photo that was made smaller has.
const mostPixels = 8 << 20

var isoDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// chineseDate returns a date as documents write it, without leading zeros (GB/T 9704-2012, 7.3.5); anything else as it is.
func chineseDate(value string) string {
	if !isoDate.MatchString(value) {
		return value
	}
	day, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return value
	}
	return day.Format("2006年1月2日")
}

// Day returns a day, yyyy-mm-dd, as documents write it; anything else as it is.
func Day(day string) string { return chineseDate(day) }

// withoutKeys returns a path without the keys of repeat instances.
func withoutKeys(path survey.FieldPath) survey.FieldPath {
	return survey.FieldPath(instanceKey.ReplaceAllString(string(path), ""))
}

var instanceKey = regexp.MustCompile(`\[[^]]*]`)
