package merge

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"zoucun/survey"
)

// edit makes an edit whose HLC follows the order in which a test writes it down. Fields are written "a=1 b=2"; those
// it could touch are the ones written, and those named alone ("c").
func edit(name string, hlc survey.HLC, kind survey.RevisionKind, says string, parents ...Edit) Edit {
	e := Edit{
		ID: survey.RevID(sha256.Sum256([]byte(name))), HLC: hlc,
		Header: survey.Header{Record: survey.RecordID{1}, Type: survey.TypeHousehold, Scope: survey.ScopeID{2}, Kind: kind},
		Body:   survey.Body{Fields: survey.Fields{}},
	}
	for _, p := range parents {
		e.Header.Parents = append(e.Header.Parents, p.ID)
		maps.Copy(e.Body.Fields, p.Body.Fields)
	}
	for part := range strings.FieldsSeq(says) {
		path, value, given := strings.Cut(part, "=")
		e.Header.Touched = append(e.Header.Touched, survey.FieldPath(path))
		delete(e.Body.Fields, survey.FieldPath(path))
		if given {
			e.Body.Fields[survey.FieldPath(path)] = value
		}
	}
	return e
}

func put(name string, hlc survey.HLC, says string, parents ...Edit) Edit {
	return edit(name, hlc, survey.Put, says, parents...)
}

func values(edits ...Edit) []survey.RevID {
	ids := make([]survey.RevID, len(edits))
	for i, e := range edits {
		ids[i] = e.ID
	}
	slices.SortFunc(ids, survey.RevID.Compare)
	return ids
}

func TestApply(t *testing.T) {
	root := put("root", 1, "phone=1 door=east")
	phone2 := put("phone2", 2, "phone=2 door=east", root)
	phone3 := put("phone3", 3, "phone=3", root)
	door := put("door", 4, "door=west", root)
	wide := put("wide", 5, "phone=２ ", root)
	void := edit("void", 6, survey.Void, "", root)
	erased, all := edit("erased", 6, survey.Erase, "", root), edit("all", 9, survey.Erase, "", phone2)
	erased.Body.Fields, all.Body.Fields = survey.Fields{}, survey.Fields{}
	kept := edit("kept", 6, survey.Erase, "phone door=east", root)
	both := put("both", 7, "note=x", phone2, phone3)
	decided := edit("decided", 8, survey.Merge, "phone=2", phone2, phone3)

	tests := []struct {
		name      string
		edits     []Edit
		fields    string
		heads     []survey.RevID
		conflicts string // field:base:values in the order of revisions
		voided    bool
	}{
		{name: "one revision is the record", edits: []Edit{root}, fields: "door=east phone=1", heads: values(root)},
		{name: "a child replaces its parent", edits: []Edit{root, phone2}, fields: "door=east phone=2", heads: values(phone2)},
		{name: "different fields join", edits: []Edit{root, phone2, door}, fields: "door=west phone=2", heads: values(phone2, door)},
		{
			name: "a field could be touched and was not changed", edits: []Edit{root, phone2, door, put("idle", 9, "phone=1 door=east", root)}, fields: "door=west phone=2",
			heads: values(phone2, door, put("idle", 9, "")),
		},
		{name: "one field to two values is a conflict and the latest is shown", edits: []Edit{root, phone2, phone3}, fields: "door=east phone=3", heads: values(phone2, phone3), conflicts: "phone from 1: 2 3"},
		{name: "full and half width are one value", edits: []Edit{root, phone2, wide}, fields: "door=east phone=２", heads: values(phone2, wide)},
		{name: "a field taken away and changed is a conflict", edits: []Edit{root, phone2, put("gone", 9, "phone", root)}, fields: "door=east", heads: values(phone2, put("gone", 9, "")), conflicts: "phone from 1:  2"},
		{name: "an update against a void is a conflict and the update is shown", edits: []Edit{root, phone2, void}, fields: "door=east phone=2", heads: values(phone2, void), conflicts: "meta/void from :  void"},
		{name: "a void alone takes out of use", edits: []Edit{root, void}, fields: "door=east phone=1", heads: values(void), voided: true},
		{name: "an edit after a void takes into use", edits: []Edit{root, void, put("again", 9, "phone=9", void)}, fields: "door=east phone=9", heads: values(put("again", 9, ""))},
		{name: "an erased record is out of use and empty", edits: []Edit{root, phone2, all}, fields: "", heads: values(all), voided: true},
		{name: "an update against an erased record is a conflict and the update is shown", edits: []Edit{root, erased, phone2}, fields: "door=east phone=2", heads: values(phone2, erased), conflicts: "meta/void from :  void"},
		{name: "an erase and a void are of one mind", edits: []Edit{root, erased, void}, fields: "door=east phone=1", heads: values(erased, void), voided: true},
		{name: "an edit after an erase takes into use", edits: []Edit{root, erased, put("anew", 9, "phone=9", erased)}, fields: "phone=9", heads: values(put("anew", 9, ""))},
		{name: "erased fields are gone and the others stay", edits: []Edit{root, kept}, fields: "door=east", heads: values(kept)},
		{name: "an erased field that was changed apart is a conflict", edits: []Edit{root, kept, phone3}, fields: "door=east", heads: values(kept, phone3), conflicts: "phone from :  3"},
		{name: "a kept field that was changed apart is a conflict, for what it was before is gone", edits: []Edit{root, kept, door}, fields: "door=east", heads: values(kept, door), conflicts: "door from : east west"},
		{name: "an edit of another field leaves the conflict", edits: []Edit{root, phone2, phone3, both}, fields: "door=east note=x phone=3", heads: values(both), conflicts: "phone from 1: 2 3"},
		{name: "repeating one side leaves the conflict", edits: []Edit{root, phone2, phone3, put("same", 9, "phone=2", phone2, phone3)}, fields: "door=east phone=3", heads: values(put("same", 9, "")), conflicts: "phone from 1: 2 3"},
		{name: "a merge decides", edits: []Edit{root, phone2, phone3, decided}, fields: "door=east phone=2", heads: values(decided)},
		{
			name: "a merge that came after an edit it has not seen", edits: []Edit{root, phone2, phone3, decided, put("late", 9, "phone=4", phone3)}, fields: "door=east phone=4",
			heads: values(decided, put("late", 9, "")), conflicts: "phone from 3: 2 4",
		},
		{name: "a third value ends the conflict", edits: []Edit{root, phone2, phone3, put("third", 9, "phone=4", phone2, phone3)}, fields: "door=east phone=4", heads: values(put("third", 9, ""))},
		{
			name: "a void contest is left to people by an edit that knows it", edits: []Edit{root, phone2, void, put("on", 9, "door=north", phone2, void)}, fields: "door=north phone=2",
			heads: values(put("on", 9, "")), conflicts: "meta/void from :  void",
		},
		{name: "a record is readable while its parents are missing", edits: []Edit{both}, fields: "door=east note=x phone=3", heads: values(both)},
		{name: "an older form does not take away what it does not know", edits: []Edit{root, {
			ID: survey.RevID{9}, HLC: 9,
			Header: survey.Header{Record: root.Header.Record, Type: root.Header.Type, Scope: root.Header.Scope, Kind: survey.Put, Parents: values(root), Touched: []survey.FieldPath{"phone"}},
			Body:   survey.Body{Fields: survey.Fields{"phone": "5"}},
		}}, fields: "door=east phone=5", heads: []survey.RevID{{9}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Apply(tt.edits)
			if diff := cmp.Diff(tt.heads, got.Heads); diff != "" {
				t.Errorf("heads (-want +got):\n%s", diff)
			}
			if text := fieldsText(got.Fields); text != tt.fields {
				t.Errorf("fields %q, want %q", text, tt.fields)
			}
			if text := conflictsText(got.Conflicts); text != tt.conflicts {
				t.Errorf("conflicts %q, want %q", text, tt.conflicts)
			}
			if got.Voided != tt.voided {
				t.Errorf("voided = %v", got.Voided)
			}
		})
	}
}

// Two devices each join the same two heads and go on: the crossing has two nearest common ancestors.
func TestCrissCross(t *testing.T) {
	root := put("root", 1, "phone=1")
	a, b := put("a", 2, "phone=2", root), put("b", 3, "door=west", root)
	left, right := put("left", 4, "note=l phone=2", a, b), put("right", 5, "mark=r phone=2", b, a)
	got := Apply([]Edit{left, right, a, b, root})
	if text := fieldsText(got.Fields); text != "door=west mark=r note=l phone=2" || len(got.Conflicts) > 0 {
		t.Errorf("fields %q, conflicts %q", text, conflictsText(got.Conflicts))
	}
	got = Apply([]Edit{left, right, a, b, root, put("l2", 6, "phone=6", left), put("r2", 7, "phone=7", right)})
	if text := conflictsText(got.Conflicts); text != "phone from 2: 6 7" && text != "phone from 2: 7 6" {
		t.Errorf("conflicts %q, want 6 and 7 from 2", text)
	}
}

// A record is where it was moved to, though somebody who has not heard of that writes where it was.
func TestMovedRecordStaysThere(t *testing.T) {
	root := put("root", 1, "phone=1")
	move := edit("move", 2, survey.Move, "", root)
	move.Header.Scope = survey.ScopeID{7}
	late := put("late", 9, "phone=2", root)
	if got := Apply([]Edit{root, late, move}); got.Scope != move.Header.Scope || got.Fields["phone"] != "2" || len(got.Heads) != 2 {
		t.Errorf("Apply = %+v", got)
	}
	back := edit("back", 5, survey.Move, "", move)
	back.Header.Scope = root.Header.Scope
	if got := Apply([]Edit{root, late, move, back}); got.Scope != root.Header.Scope {
		t.Errorf("moved back, Scope = %v", got.Scope)
	}
}

func TestErasedEditSaysNothing(t *testing.T) {
	root := put("root", 1, "phone=1")
	child := put("child", 2, "phone=2", root)
	child.Erased = true
	if got := Apply([]Edit{root, child}); got.Fields["phone"] == "2" || len(got.Heads) != 1 {
		t.Errorf("Apply = %+v", got)
	}
}

func TestFilesOfAllHeads(t *testing.T) {
	root := put("root", 1, "")
	a, b := put("a", 2, "", root), put("b", 3, "", root)
	a.Body.Attachments = []survey.Attachment{{Name: "p", SHA256: survey.Hash{1}}}
	b.Body.Attachments = []survey.Attachment{{Name: "p", SHA256: survey.Hash{2}}, {Name: "q", SHA256: survey.Hash{3}}}
	got := Apply([]Edit{root, a, b, edit("review", 4, survey.Review, "", a)})
	if diff := cmp.Diff(append(slices.Clone(a.Body.Attachments), b.Body.Attachments...), got.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// history draws revisions as devices make them: each from some of the heads it knows.
func history(t *rapid.T) []Edit {
	var all []Edit
	kinds := []survey.RevisionKind{
		survey.Put, survey.Put, survey.Put, survey.Void, survey.Merge, survey.Review, survey.Move, survey.Erase,
	}
	for i := range rapid.IntRange(1, 14).Draw(t, "revisions") {
		var parents []Edit
		for _, e := range all {
			if rapid.IntRange(0, 3).Draw(t, "is a parent") == 0 {
				parents = append(parents, e)
			}
		}
		says := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a=1", "a=2", "a=１", "a", "b=1", "b=2", "c=1"}), 0, 3).Draw(t, "says"), " ")
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		hlc := survey.HLC(rapid.IntRange(1, 5).Draw(t, "hlc"))
		e := edit(string(rune('A'+i)), hlc, kind, says, parents...)
		e.Header.Scope = survey.ScopeID{byte(rapid.IntRange(1, 3).Draw(t, "scope"))}
		e.Erased = rapid.IntRange(0, 9).Draw(t, "erased") == 0
		if how := rapid.Uint8Range(0, 4).Draw(t, "joins"); how > 0 {
			e.Body.Joins = map[survey.FieldPath]survey.Joining{"a": survey.Joining(how)}
		}
		all = append(all, e)
	}
	return all
}

func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edits := history(t)
		want := Apply(edits)
		again := rapid.Permutation(append(slices.Clone(edits), edits[:rapid.IntRange(0, len(edits)).Draw(t, "repeated")]...)).Draw(t, "order")
		if diff := cmp.Diff(want, Apply(again), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("another order gives another record:\n%s", diff)
		}
	})
}

// However a record's revisions are divided between two holders who each know a part, and in whatever order the parts
// come together, the whole is the same: joining is commutative, associative and idempotent.
func TestPartsJoinInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edits := history(t)
		parts := [3][]Edit{}
		for _, e := range edits {
			held := rapid.IntRange(1, 7).Draw(t, "held by")
			for i := range parts {
				if held>>i&1 == 1 {
					parts[i] = append(parts[i], e)
				}
			}
		}
		join := func(parts ...[]Edit) []Edit { return slices.Concat(parts...) }
		a, b, c := parts[0], parts[1], parts[2]
		want := Apply(join(join(a, b), c))
		for name, other := range map[string][]Edit{
			"a(bc)": join(a, join(b, c)), "cba": join(c, b, a), "bacab": join(b, a, c, a, b), "everything twice": join(edits, edits),
		} {
			if diff := cmp.Diff(want, Apply(other), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s gives another record than (ab)c:\n%s", name, diff)
			}
		}
	})
}

func TestEveryHeadIsVisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edits := history(t)
		got := Apply(edits)
		named := map[survey.RevID]bool{}
		for _, e := range edits {
			for _, p := range e.Header.Parents {
				named[p] = true
			}
		}
		for _, e := range edits {
			if slices.Contains(got.Heads, e.ID) == named[e.ID] {
				t.Fatalf("revision %v: head %v, named as a parent %v", e.ID, !named[e.ID], named[e.ID])
			}
		}
	})
}

// What a head changed last is either shown, or one of the values of a conflict, or joined with what others said.
func TestNothingSaidIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edits := history(t)
		got := Apply(edits)
		g := newGraph(edits)
		for _, head := range g.heads {
			for field, writers := range g.live[head] {
				value := g.edits[head].Body.Fields[field]
				if !slices.Contains(writers, head) || g.edits[head].Erased || g.joins[field] == survey.JoinGreatest {
					continue
				}
				stop := map[survey.Joining]string{survey.JoinWords: " ", survey.JoinNames: survey.MemberStop}[g.joins[field]]
				if stop != "" && (value == "" || slices.Contains(members(got.Fields[field], stop), strings.TrimSpace(value))) {
					continue
				}
				if !Same(got.Fields[field], value) && !inConflict(got, field, value) {
					t.Fatalf("head says %s=%q; the record has %q and no conflict", field, value, got.Fields[field])
				}
			}
		}
	})
}

func inConflict(r survey.Record, field survey.FieldPath, value string) bool {
	return slices.ContainsFunc(r.Conflicts, func(c survey.Conflict) bool {
		return c.Field == field && slices.ContainsFunc(c.Values, func(v survey.ConflictValue) bool { return Same(v.Value, value) })
	})
}

// What the ancestors of an Erase said is nowhere any more, and it makes no difference whether their bodies are here.
func TestErasedIsGoneWhereverItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edits := history(t)
		gone := Erased(edits)
		secret := func(id survey.RevID) string { return "secret of " + id.String() }
		stripped := slices.Clone(edits)
		for i, e := range edits {
			if !slices.Contains(gone, e.ID) {
				continue
			}
			edits[i].Body.Fields = survey.Fields{"a": secret(e.ID), "d": secret(e.ID)}
			edits[i].Body.Attachments = []survey.Attachment{{Name: secret(e.ID)}}
			stripped[i].Body, stripped[i].Erased = survey.Body{}, rapid.Bool().Draw(t, "known to be erased")
		}
		got := Apply(edits)
		if diff := cmp.Diff(Apply(stripped), got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("bodies that were not taken out yet make a difference:\n%s", diff)
		}
		if text := fmt.Sprint(got.Fields, got.Conflicts, got.Files); strings.Contains(text, "secret of") {
			t.Fatalf("an erased value shows: %s", text)
		}
	})
}

// Applying the result of a join as a revision of its own changes nothing that is seen.
func TestSafeJoinShowsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edits := history(t)
		before := Apply(edits)
		if !Safe(before) || before.Voided {
			return
		}
		join := Edit{
			ID: survey.RevID{0xff}, HLC: 9, Body: survey.Body{Fields: before.Fields, Attachments: before.Files},
			Header: survey.Header{Record: before.ID, Type: before.Type, Scope: before.Scope, Kind: survey.Merge, Parents: before.Heads},
		}
		after := Apply(append(edits, join))
		if diff := cmp.Diff(before.Fields, after.Fields); diff != "" || len(after.Conflicts) > 0 || len(after.Heads) != 1 {
			t.Fatalf("after the join: heads %v, conflicts %v, fields:\n%s", after.Heads, after.Conflicts, diff)
		}
	})
}

func fieldsText(f survey.Fields) string {
	var parts []string
	for _, path := range slices.Sorted(maps.Keys(f)) {
		parts = append(parts, string(path)+"="+f[path])
	}
	return strings.Join(parts, " ")
}

func conflictsText(conflicts []survey.Conflict) string {
	var lines []string
	for _, c := range conflicts {
		var values []string
		for _, v := range c.Values {
			values = append(values, v.Value)
		}
		slices.Sort(values)
		lines = append(lines, string(c.Field)+" from "+c.Base+": "+strings.Join(values, " "))
	}
	return strings.Join(lines, "; ")
}

func BenchmarkApplyOne(b *testing.B) {
	e := put("root", 1, "label=张三 code=QT-1-001 door=村东第三户 phone=13800000000 resident_n=4 away_n=2")
	for b.Loop() {
		Apply([]Edit{e})
	}
}

// One edit alone is what it would be among others that say nothing more.
func TestOneEditAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, e := range history(t) {
			e.Body.Attachments = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) survey.Attachment {
				return survey.Attachment{Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), Size: int64(rapid.IntRange(0, 1).Draw(t, "size"))}
			}), 0, 3).Draw(t, "files")
			e.Header.Type = rapid.SampledFrom([]survey.RecordType{survey.TypeVisit, survey.TypeHousehold}).Draw(t, "type")
			if diff := cmp.Diff(applied([]Edit{e}), Apply([]Edit{e}), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("alone it is otherwise (-graph +alone):\n%s", diff)
			}
		}
	})
}

// What somebody had seen who saw some heads is those heads and all that led there.
func TestUntil(t *testing.T) {
	root := put("root", 1, "a=1")
	left, right := put("left", 2, "a=2", root), put("right", 3, "b=1", root)
	both := put("both", 4, "c=1", left, right)
	all := []Edit{both, right, left, root}
	for _, tt := range []struct {
		heads []survey.RevID
		want  int
	}{{values(root), 1}, {values(left), 2}, {values(left, right), 3}, {values(both), 4}, {nil, 0}, {[]survey.RevID{{9}}, 0}} {
		if got := Until(all, tt.heads); len(got) != tt.want {
			t.Errorf("until %v: %d edits, want %d", tt.heads, len(got), tt.want)
		}
	}
	if got := Apply(Until(all, values(left))); got.Fields["a"] != "2" || got.Fields["b"] != "" {
		t.Errorf("until left: %v", got.Fields)
	}
}
