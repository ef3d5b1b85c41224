package merge

import (
	"testing"

	"zoucun/survey"
)

// joined makes the edit say how its fields are joined.
func joined(e Edit, how survey.Joining, fields ...survey.FieldPath) Edit {
	e.Body.Joins = map[survey.FieldPath]survey.Joining{}
	for _, field := range fields {
		e.Body.Joins[field] = how
	}
	return e
}

// said makes the edit say something with spaces in it of one field.
func said(e Edit, field survey.FieldPath, value string) Edit {
	e.Header.Touched = append(e.Header.Touched, field)
	e.Body.Fields[field] = value
	return e
}

func TestSetsUnite(t *testing.T) {
	root := joined(said(put("root", 1, ""), "crops", "rice pigs tea"), survey.JoinWords, "crops")
	left := said(put("left", 2, "", root), "crops", "rice pigs tea fish")
	right := said(put("right", 3, "", root), "crops", "rice tea goats")
	got := Apply([]Edit{right, root, left})
	if got.Fields["crops"] != "rice tea fish goats" || len(got.Conflicts) > 0 {
		t.Errorf("united %q, conflicts %v", got.Fields["crops"], got.Conflicts)
	}
	if !Safe(got) {
		t.Error("joining them takes a decision")
	}
	// Whoever knows both and takes out what one of them put in has decided.
	less := said(put("less", 4, "", left, right), "crops", "rice tea goats")
	if got := Apply([]Edit{right, root, less, left}); got.Fields["crops"] != "rice tea goats" {
		t.Errorf("after fish were taken out: %q", got.Fields["crops"])
	}
	// Whoever only goes on has not.
	on := said(put("on", 4, "note=x", left, right), "crops", "rice tea fish goats")
	if got := Apply([]Edit{right, root, on, left}); got.Fields["crops"] != "rice tea fish goats" {
		t.Errorf("after going on: %q", got.Fields["crops"])
	}
}

func TestSetOfNamesMayBecomeEmpty(t *testing.T) {
	root := joined(said(put("root", 1, ""), "members", "买买提 艾力、张三"), survey.JoinNames, "members")
	left := said(put("left", 2, "", root), "members", "张三")
	right := said(put("right", 3, "", root), "members", "买买提 艾力")
	got := Apply([]Edit{root, left, right})
	if value, there := got.Fields["members"]; there || len(got.Conflicts) > 0 {
		t.Errorf("members %q, conflicts %v", value, got.Conflicts)
	}
}

func TestGreatestWins(t *testing.T) {
	tests := []struct{ left, right, want string }{
		{"2026-11-20", "2026-11-18", "2026-11-20"},
		{"9", "10", "10"},
		{"1x", "10", "1x"},
		{"", "2026-11-18", "2026-11-18"},
	}
	for _, test := range tests {
		root := joined(put("root", 1, "last=2026-01-01"), survey.JoinGreatest, "last")
		left, right := said(put("left", 3, "", root), "last", test.left), said(put("right", 2, "", root), "last", test.right)
		if got := Apply([]Edit{left, right, root}); got.Fields["last"] != test.want || len(got.Conflicts) > 0 {
			t.Errorf("of %q and %q: %q, conflicts %v", test.left, test.right, got.Fields["last"], got.Conflicts)
		}
	}
}

// TestJoiningIsLearnt has an edit of an older form part from one whose form says how it is joined.
func TestJoiningIsLearnt(t *testing.T) {
	root := put("root", 1, "last=2026-01-01")
	old, fresh := put("old", 2, "last=2026-11-20", root), joined(put("fresh", 3, "last=2026-11-18", root), survey.JoinGreatest, "last")
	if got := Apply([]Edit{root, old, fresh}); got.Fields["last"] != "2026-11-20" || len(got.Conflicts) > 0 {
		t.Errorf("last %q, conflicts %v", got.Fields["last"], got.Conflicts)
	}
	unknown := joined(put("unknown", 4, "last=2026-11-19", root), 200, "last")
	if got := Apply([]Edit{root, old, unknown}); len(got.Conflicts) != 1 {
		t.Errorf("a joining of a later version: %v", got.Conflicts)
	}
}
