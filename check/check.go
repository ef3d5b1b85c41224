package check

import (
	"cmp"
	"slices"

	"zoucun/survey"
)

// Kind is what sort of thing was found.
type Kind uint8

// Kinds of findings, in the order in which they are shown.
const (
	Missing       Kind = iota // 缺项
	Contradiction             // 前后不一致
	Repeated                  // 与以前的表雷同
	Implausible               // 数字少见
	Again                     // 可能是同一件事
	Busy                      // many talks in a day; told to the author alone
)

// Words returns what people call a kind of finding.
func (k Kind) Words() string {
	return [...]string{"可能缺项", "前后不一致", "与以前写的很像", "数字少见", "可能是同一件事", "这一天走访较多"}[k]
}

// Finding is one thing worth a second look.
type Finding struct {
	Kind   Kind
	Path   survey.FieldPath // the question; empty where it is about the whole
	Words  string           // a sentence
	Other  survey.RecordID  // the visit or problem it is compared with; zero for none
	Author bool             // shown to the author alone
}

// Filling is a visit as it is checked.
type Filling struct {
	Visit  survey.RecordID // zero before it has become one
	Fields survey.Fields
	At     survey.Millis // when it was written
}

// Around is what a visit is compared with. All of it may be empty.
type Around struct {
	Earlier  []Earlier        // what the same author has written before, the visit itself left out
	Problems []survey.Problem // of the household, those that the visit itself has made among them
}

// Visit returns what is worth a second look, the kinds in their order.
func Visit(f Filling, around Around) []Finding {
	a := answersOf(f.Fields)
	found := slices.Concat(missing(a), contradictions(a), implausible(a), repeated(f, around.Earlier), again(a, f, around.Problems),
		busy(a, around.Earlier))
	slices.SortStableFunc(found, func(x, y Finding) int { return cmp.Compare(x.Kind, y.Kind) })
	return found
}

// ForTownship leaves out what is for the author alone.
func ForTownship(found []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(found), func(f Finding) bool { return f.Author })
}
