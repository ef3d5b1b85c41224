package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"zoucun/form"
	"zoucun/form/words"
	"zoucun/form/xform"
	"zoucun/survey"
)

// path finds what an author calls a question, a group or a repeat: a path, a name, or a label. Positions stand for
// keys: "person[1]" is the first, whatever its key.
func (p *player) path(written string) (survey.FieldPath, error) {
	if p.definition(written) != nil {
		return p.keyed(written), nil
	}
	called, position := cutPosition(written)
	var found []*xform.Node
	for _, n := range p.form.Nodes {
		if n.Parent != nil && !n.Attribute && (n.Name.Local == called || words.Title(p.form, n) == called) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("表里没有“%s”", written)
	case 1:
		return p.keyed(positioned(found[0], position)), nil
	}
	var paths []string
	for _, n := range found {
		paths = append(paths, string(n.Field()))
	}
	return "", fmt.Errorf("有几处都叫“%s”，请写明是哪一处：%s", written, strings.Join(paths, "、"))
}

// definition follows a path that may have keys through the definition.
func (p *player) definition(written string) *xform.Node {
	n := p.form.Root
	for part := range strings.SplitSeq(written, "/") {
		name, _, _ := strings.Cut(part, "[")
		if n = n.Child(name); n == nil {
			return nil
		}
	}
	return n
}

// cutPosition takes the position from what is written behind a label: 题目[2].
func cutPosition(written string) (called, position string) {
	called, rest, found := strings.Cut(written, "[")
	number, closed := strings.CutSuffix(rest, "]")
	if _, err := strconv.Atoi(number); !found || !closed || err != nil {
		return written, ""
	}
	return called, number
}

// positioned writes the path of a node in the innermost repeat's instance of that position, or its first; other repeats
// stand at their first. A repeat itself has no position unless one is written.
func positioned(n *xform.Node, position string) string {
	var parts []string
	for at := n; at.Parent != nil; at = at.Parent {
		part := at.Name.Local
		if at.Repeat != nil && (at != n || position != "") {
			if position == "" {
				position = "1"
			}
			part += "[" + position + "]"
			position = ""
		}
		parts = append([]string{part}, parts...)
	}
	return strings.Join(parts, "/")
}

// keyed puts keys in the place of positions.
func (p *player) keyed(written string) survey.FieldPath {
	repeats := p.s.State().Repeats
	var done []string
	for part := range strings.SplitSeq(written, "/") {
		name, place, _ := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		keys := repeats[survey.FieldPath(strings.Join(append(done, name), "/"))]
		if n, err := strconv.Atoi(place); err == nil && n >= 1 && n <= len(keys) {
			part = fmt.Sprintf("%s[%s]", name, keys[n-1])
		}
		done = append(done, part)
	}
	return survey.FieldPath(strings.Join(done, "/"))
}

func (p *player) question(written string) (form.Question, error) {
	path, err := p.path(written)
	if err != nil {
		return form.Question{}, err
	}
	q, ok := p.s.Question(path)
	if !ok {
		return q, fmt.Errorf("现在没有“%s”这一题", written)
	}
	return q, nil
}

// value returns the answer a word stands for: the names of choices where their labels are written.
func (p *player) value(q form.Question, written string) string {
	byLabel := map[string]string{}
	for _, c := range p.s.Choices(q.Path, "", 0) {
		if c.Name == written {
			return written
		}
		byLabel[c.Label] = c.Name
	}
	if len(byLabel) == 0 {
		return written
	}
	if name, ok := byLabel[written]; ok {
		return name
	}
	parts := strings.FieldsFunc(written, func(r rune) bool { return r == ' ' || r == '、' })
	for i, part := range parts {
		if name, ok := byLabel[part]; ok {
			parts[i] = name
		}
	}
	return strings.Join(parts, " ")
}

// shownPaths returns the paths of everything on the screen now.
func shownPaths(nodes []form.Node) []survey.FieldPath {
	var found []survey.FieldPath
	for _, n := range nodes {
		found = append(append(found, n.Path), shownPaths(n.Children)...)
	}
	return found
}
