package form

import (
	"fmt"

	"zoucun/survey"
)

// ViolationKind is in which way an answer is wrong.
type ViolationKind string

// Kinds of violations.
const (
	Required   ViolationKind = "required"   // there is none, and there has to be one
	Constraint ViolationKind = "constraint" // it is not what the form allows
	WrongType  ViolationKind = "type"       // it is not a number, a date, …
)

// Violation is what is wrong with one answer.
type Violation struct {
	Path    survey.FieldPath
	Kind    ViolationKind
	Message string // the form's own, or a plain sentence
}

// Violations returns all that is wrong, in the form's order. Only relevant questions can be wrong.
func (s *Session) Violations() []Violation {
	defer s.forget()
	var found []Violation
	s.root.walk(func(n *node) {
		if v := s.violation(n); v != nil {
			found = append(found, *v)
		}
	})
	return found
}

func (s *Session) violation(n *node) *Violation {
	switch {
	case !n.present || !n.def.Leaf():
		return nil
	case n.answer() == "":
		if !n.required || typeOf(n.def) == Note {
			return nil
		}
		otherwise := "请填写这一项。"
		if typeOf(n.def) == Sealed {
			otherwise = "这一条还没有封存。"
		}
		return s.violated(n, Required, s.text(n.def.Bind.RequiredMsg, n), otherwise)
	case !wellFormed(n.def.Bind.Type, n.answer()):
		return s.violated(n, WrongType, "", typeMessage(typeOf(n.def), n.def.Bind.Type))
	case !withinRange(n.def, n.answer()):
		return s.violated(n, WrongType, "", fmt.Sprintf("请填写 %s 到 %s 之间的数。", n.def.Control.Attributes["start"], n.def.Control.Attributes["end"]))
	case n.violates && n.answer() == s.accepted[n.path()]:
		return nil
	case n.violates:
		return s.violated(n, Constraint, s.text(n.def.Bind.ConstraintMsg, n), "这个答案不在允许的范围内，请核对。")
	}
	return nil
}

func (s *Session) violated(n *node, kind ViolationKind, message, otherwise string) *Violation {
	if message == "" {
		message = otherwise
	}
	return &Violation{n.path(), kind, message}
}

func typeMessage(t QuestionType, bindType string) string {
	switch t {
	case Integer:
		return "请填写整数。"
	case Decimal, Range:
		return "请填写数字。"
	case Date:
		return "请填写日期，例如 2026-11-22。"
	case Time:
		return "请填写时间，例如 09:30。"
	case DateTime:
		return "请填写日期和时间。"
	case Geopoint, Geotrace, Geoshape:
		return "位置的格式不对。"
	case Hidden, Note, Text, SelectOne, SelectMultiple, Rank, Acknowledge, Image, Audio, Video, File, Barcode, Sealed:
	}
	return fmt.Sprintf("这个答案不是表里要求的类型（%s）。", bindType)
}
