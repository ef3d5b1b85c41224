package present

import (
	"fmt"
	"strings"

	"zoucun/form"
	"zoucun/survey"
)

// Passage is the answers of one part of a filling, as they are read: a section, or one instance of a repeat.
type Passage struct {
	Title   string
	Answers []Reading
}

// Reading is a question and its answer in words.
type Reading struct {
	Key             string // the same for the same question of two fillings of one form
	Question, Value string
}

// Read returns everything that is answered, in the order of the form.
func (v *Visit) Read() []Passage {
	var passages []Passage
	for _, s := range v.sections() {
		passages = append(passages, v.passages(s.title, s.key, "", s.nodes)...)
	}
	return passages
}

// passages reads nodes: first what is asked once, then the instances of repeats. Keys are paths below an instance, which
// has another name in every filling, behind what is the same in all.
func (v *Visit) passages(title, key string, below survey.FieldPath, nodes []form.Node) []Passage {
	p := Passage{Title: title}
	var inner []Passage
	var walk func(nodes []form.Node)
	walk = func(nodes []form.Node) {
		for _, n := range nodes {
			switch n.Kind {
			case form.QuestionNode:
				if r, ok := v.reading(n, key, below); ok {
					p.Answers = append(p.Answers, r)
				}
			case form.GroupNode:
				walk(n.Children)
			case form.RepeatNode:
				for i, instance := range n.Children {
					inner = append(inner, v.passages(instanceTitle(n, i), fmt.Sprintf("%s %s %d", key, n.Path, i), instance.Path, instance.Children)...)
				}
			case form.InstanceNode:
			}
		}
	}
	walk(nodes)
	if len(p.Answers) == 0 {
		return inner
	}
	return append([]Passage{p}, inner...)
}

func (v *Visit) reading(n form.Node, key string, below survey.FieldPath) (Reading, bool) {
	q, ok := v.session.Question(n.Path)
	if !ok || !q.Answered || q.Type == form.Note {
		return Reading{}, false
	}
	return Reading{
		Key:      key + " " + strings.TrimPrefix(string(n.Path), string(below)),
		Question: strings.TrimSpace(q.Label), Value: v.inWords(q),
	}, true
}

// inWords is an answer as a person reads it.
func (v *Visit) inWords(q form.Question) string {
	if q.Type.Attachment() {
		return "（有文件）"
	}
	if q.Type != form.SelectOne && q.Type != form.SelectMultiple && q.Type != form.Rank {
		return q.Value
	}
	var labels []string
	for _, c := range v.chosen(q) {
		labels = append(labels, c.Label)
	}
	return strings.Join(labels, "、")
}
