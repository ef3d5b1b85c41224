package present

import (
	"cmp"
	"strings"

	"zoucun/form"
	"zoucun/survey"
)

// ItemKind is what an item of a page is.
type ItemKind int

// Kinds of items.
const (
	QuestionItem ItemKind = iota
	HeadingItem           // the name of a group within a section
	RowItem               // a group of a few short questions, shown as one row of a matrix
	RepeatItem            // the cards of a repeat
)

// Item is one thing on a page.
type Item struct {
	Kind     ItemKind
	Key      string
	Label    string
	Question form.Question
	Chosen   []form.Choice // what is chosen of a register's choices
	Wrong    string        // what is to be said about the answer now
	Comment  string        // what the township has said of the answer
	Reading  bool          // a file is being read
	Offered  []byte        // a photo that is kept once AskForCards is answered
	Row      []Item        // the questions of a row
	Repeat   survey.FieldPath
	Cards    []Card
	CanAdd   bool
}

// Card is an instance of a repeat, briefly.
type Card struct {
	Path          survey.FieldPath
	Title, Detail string
	Wrong         bool
	Commented     bool // the township has said something of an answer in it
	Empty         bool // nothing in it is answered
	CanRemove     bool
}

// weight is how much of a page an item takes, in questions.
func (i Item) weight() int {
	switch i.Kind {
	case HeadingItem:
		return 0
	case RowItem:
		return 3
	case QuestionItem, RepeatItem:
	}
	return 1
}

// shows reports whether an item shows a question or the card of an instance.
func (i Item) shows(target survey.FieldPath) bool {
	if i.Kind == QuestionItem && i.Question.Path == target {
		return true
	}
	for _, q := range i.Row {
		if q.Question.Path == target {
			return true
		}
	}
	for _, c := range i.Cards {
		if c.Path == target {
			return true
		}
	}
	return false
}

// items flattens nodes into what a page shows one under another.
func (v *Visit) items(nodes []form.Node) []Item {
	var items []Item
	for _, n := range nodes {
		switch n.Kind {
		case form.QuestionNode:
			items = append(items, v.questionItem(n))
		case form.GroupNode:
			items = append(items, v.groupItems(n)...)
		case form.RepeatNode:
			items = append(items, v.repeatItem(n))
		case form.InstanceNode:
		}
	}
	return items
}

func (v *Visit) questionItem(n form.Node) Item {
	q, _ := v.session.Question(n.Path)
	item := Item{Kind: QuestionItem, Key: string(n.Path), Label: q.Label, Question: q, Wrong: v.say(q)}
	if q.External && q.Value != "" {
		item.Chosen = v.chosen(q)
	}
	item.Comment = v.amends.verdict.Comments[q.Path]
	offer := v.offers[q.Path]
	item.Reading, item.Offered, item.Wrong = offer.reading, offer.photo, cmp.Or(offer.refusal, item.Wrong)
	return item
}

// say returns what is to be said about an answer: nothing while it is being typed, and nothing about a missing one
// before finishing was tried.
func (v *Visit) say(q form.Question) string {
	switch {
	case q.Violation == nil, q.Path == v.typing:
		return ""
	case q.Violation.Kind == form.Required && !v.checked:
		return ""
	}
	return q.Violation.Message
}

func (v *Visit) chosen(q form.Question) []form.Choice {
	names := []string{q.Value}
	if q.Type == form.SelectMultiple || q.Type == form.Rank {
		names = strings.Fields(q.Value)
	}
	choices := make([]form.Choice, 0, len(names))
	for _, name := range names {
		c, ok := v.session.Choice(q.Path, name)
		if !ok {
			c = form.Choice{Name: name, Label: "（名单里没有的一项）"}
		}
		choices = append(choices, c)
	}
	return choices
}

func (v *Visit) groupItems(n form.Node) []Item {
	children := v.items(n.Children)
	if len(children) == 0 {
		return nil
	}
	key := string(n.Path)
	if key == "" {
		key = "group of " + children[0].Key
	}
	if isRow(n) {
		return []Item{{Kind: RowItem, Key: key, Label: n.Label, Row: children}}
	}
	if n.Label == "" {
		return children
	}
	return append([]Item{{Kind: HeadingItem, Key: key, Label: n.Label}}, children...)
}

// rowLength is how many questions a row of a matrix has at most.
const rowLength = 5

// isRow reports whether a group is a row of a matrix: a few questions that its author wants on one screen, most of them
// with few options.
func isRow(n form.Node) bool {
	if !strings.Contains(n.Appearance, "field-list") || len(n.Children) > rowLength {
		return false
	}
	choices := 0
	for _, c := range n.Children {
		if c.Kind != form.QuestionNode {
			return false
		}
		if c.Type == form.SelectOne {
			choices++
		}
	}
	return choices >= 2
}

func (v *Visit) repeatItem(n form.Node) Item {
	item := Item{Kind: RepeatItem, Key: string(n.Path), Label: n.Label, Repeat: n.Path, CanAdd: n.CanAdd}
	for i, instance := range n.Children {
		card := v.card(v.questions(instance.Children))
		card.Path, card.CanRemove, card.Commented = instance.Path, instance.CanRemove, v.commentsIn(instance.Path)
		if card.Title == "" {
			card.Title = instanceTitle(n, i)
		}
		item.Cards = append(item.Cards, card)
	}
	return item
}

// card says in brief what an instance holds: the first thing written, and the first three things chosen.
func (v *Visit) card(questions []form.Question) Card {
	card := Card{Empty: true}
	var chosen []string
	for _, q := range questions {
		card.Empty = card.Empty && !q.Answered
		card.Wrong = card.Wrong || v.say(q) != ""
		switch q.Type { //nolint:exhaustive // the other types make no words to read at a glance
		case form.Text:
			if card.Title == "" {
				card.Title = q.Value
			}
		case form.SelectOne:
			if q.Value != "" && len(chosen) < 3 {
				chosen = append(chosen, v.chosen(q)[0].Label)
			}
		}
	}
	card.Detail = strings.Join(chosen, " · ")
	return card
}
