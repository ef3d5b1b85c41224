package form

import (
	"strings"

	"zoucun/form/xform"
	"zoucun/survey"
)

// QuestionType is what kind of answer a question wants. A widget is chosen by it and the appearance.
type QuestionType uint8

// Types of questions.
const (
	Hidden QuestionType = iota // never asked: calculated, preloaded or set by the program
	Note                       // only a text to read
	Text
	Integer
	Decimal
	Date
	Time
	DateTime
	SelectOne
	SelectMultiple
	Rank
	Range
	Acknowledge // one thing to tick: "OK" or nothing
	Image       // also signature, draw and annotate, by appearance
	Audio
	Video
	File
	Barcode
	Geopoint
	Geotrace
	Geoshape
	Sealed // text that never becomes an answer: it is sealed where it is typed (appearance "sealed")
)

var typeNames = [...]string{
	"hidden", "note", "text", "integer", "decimal", "date", "time", "dateTime", "select_one", "select_multiple", "rank",
	"range", "acknowledge", "image", "audio", "video", "file", "barcode", "geopoint", "geotrace", "geoshape",
	"text",
}

// String returns the type as an XLSForm names it.
func (t QuestionType) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return typeNames[Hidden]
}

// Attachment reports whether the answer is the name of a file.
func (t QuestionType) Attachment() bool {
	switch t {
	case Image, Audio, Video, File:
		return true
	case Hidden, Note, Text, Integer, Decimal, Date, Time, DateTime, SelectOne, SelectMultiple, Rank, Range, Acknowledge,
		Barcode, Geopoint, Geotrace, Geoshape, Sealed:
	}
	return false
}

// Question is one question as it stands now.
type Question struct {
	Path       survey.FieldPath
	Name       string
	Type       QuestionType
	Label      string
	Hint       string
	Guidance   string // a longer explanation, shown when asked for
	Value      string
	Relevant   bool
	Required   bool
	ReadOnly   bool
	Answered   bool
	Appearance string
	Media      map[string]string // files that go with the label, by "image", "audio", "video" or "big-image"; nil for none
	Choices    []Choice          // empty when External
	External   bool              // the choices come from a register: ask Session.Choices
	Parameters map[string]string
	Violation  *Violation // nil when the answer is right or not wanted
}

// Counts reports whether a question takes part in how much is answered. What is only read does not, nor does a photo:
// none is ever to be taken for the sake of a number.
func (q Question) Counts() bool { return counts(q.Type, q.Appearance) && !q.ReadOnly }

func counts(t QuestionType, appearance string) bool {
	drawn := strings.Contains(appearance, "signature") || strings.Contains(appearance, "draw")
	return t != Hidden && t != Note && t != Sealed && (t != Image || drawn)
}

// Question returns the question at a path, relevant or not, and whether there is one.
func (s *Session) Question(path survey.FieldPath) (Question, bool) {
	n := s.root.find(path)
	if n == nil || !n.def.Leaf() || n.def.Attribute {
		return Question{}, false
	}
	defer s.forget()
	return s.question(n), true
}

func (s *Session) question(n *node) Question {
	q := Question{
		Path: n.path(), Name: n.def.Name.Local, Type: typeOf(n.def), Value: n.answer(), Relevant: n.present,
		Required: n.required, ReadOnly: n.readOnly, Answered: n.answer() != "", Violation: s.violation(n),
	}
	c := n.def.Control
	if c == nil {
		return q
	}
	q.Label, q.Hint = s.text(c.Label, n), s.text(c.Hint, n)
	q.Guidance = s.textForm(c.Hint, "guidance", n)
	q.Media = s.media(c.Label, n)
	q.Appearance, q.Parameters = c.Appearance, c.Attributes
	q.External = s.external(c)
	if !q.External {
		q.Choices = s.choices(n, "", 0)
	}
	return q
}

// media returns the files that go with a label, by kind, or nil.
func (s *Session) media(label *xform.Text, n *node) map[string]string {
	if label == nil || label.ID == nil {
		return nil
	}
	return s.mediaOf(s.idOf(label, n), n)
}

func (s *Session) mediaOf(id string, n *node) map[string]string {
	var files map[string]string
	for _, kind := range []string{"image", "audio", "video", "big-image"} {
		if file := s.itext(id, kind, n); file != "" {
			if files == nil {
				files = map[string]string{}
			}
			files[kind] = file
		}
	}
	return files
}

// typeOf is the only place where the controls and types of XForms become types of questions.
func typeOf(def *xform.Node) QuestionType {
	c := def.Control
	if c == nil {
		return Hidden
	}
	switch c.Kind {
	case xform.Select1:
		return SelectOne
	case xform.Select:
		return SelectMultiple
	case xform.Rank:
		return Rank
	case xform.Range:
		return Range
	case xform.Trigger:
		return Acknowledge
	case xform.Upload:
		return uploadType(c.Attributes["mediatype"])
	case xform.Input:
		return inputType(def)
	case xform.Group, xform.Repeat:
	}
	return Hidden
}

func uploadType(mediatype string) QuestionType {
	family, _, _ := strings.Cut(mediatype, "/")
	switch family {
	case "image":
		return Image
	case "audio":
		return Audio
	case "video":
		return Video
	}
	return File
}

func inputType(def *xform.Node) QuestionType {
	switch def.Bind.Type {
	case "int", "integer":
		return Integer
	case "decimal":
		return Decimal
	case "date":
		return Date
	case "time":
		return Time
	case "dateTime":
		return DateTime
	case "barcode":
		return Barcode
	case "geopoint":
		return Geopoint
	case "geotrace":
		return Geotrace
	case "geoshape":
		return Geoshape
	}
	if def.Sealed() {
		return Sealed
	}
	if def.Bind.ReadOnly != nil && strings.TrimSpace(def.Bind.ReadOnly.String()) == "true()" && def.Bind.Calculate == nil {
		return Note
	}
	return Text
}

// Progress returns how many of the questions now shown that count are answered, and how many there are.
func (s *Session) Progress() (answered, total int) {
	s.root.walk(func(n *node) {
		c := n.def.Control
		if c == nil || !n.present || n.readOnly || !counts(typeOf(n.def), c.Appearance) {
			return
		}
		total++
		if n.answer() != "" {
			answered++
		}
	})
	return answered, total
}
