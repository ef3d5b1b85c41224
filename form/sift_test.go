package form

import (
	"slices"
	"testing"

	"zoucun/survey"
)

// cascade asks for a township, its villages and the groups of one of them, and repeats the village in a calculation.
const cascade = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:odk="http://www.opendatakit.org/xforms"><h:head><h:title>逐级</h:title><model>
<instance><data id="cascade"><town/><village/><seen/><best/><group/><echo/></data></instance>
<instance id="villages"><root><item><name>a1</name><town>a</town></item><item><name>a2</name><town>a</town></item><item><name>b1</name><town>b</town></item></root></instance>
<instance id="groups"><root><item><name>a1x</name><village>a1</village></item><item><name>b1x</name><village>b1</village></item></root></instance>
<bind nodeset="/data/village" required="true()"/><bind nodeset="/data/echo" calculate="concat(/data/village, '/', /data/group)"/></model></h:head><h:body>
<input ref="/data/town"><label>乡镇</label></input>
<select1 ref="/data/village"><itemset nodeset="instance('villages')/root/item[town = /data/town]"><value ref="name"/><label ref="name"/></itemset></select1>
<select ref="/data/seen"><itemset nodeset="instance('villages')/root/item[town = /data/town]"><value ref="name"/><label ref="name"/></itemset></select>
<odk:rank ref="/data/best"><itemset nodeset="instance('villages')/root/item[selected(/data/seen, name)]"><value ref="name"/><label ref="name"/></itemset></odk:rank>
<select1 ref="/data/group"><itemset nodeset="instance('groups')/root/item[village = /data/village]"><value ref="name"/><label ref="name"/></itemset></select1></h:body></h:html>`

func values(s *Session, names ...survey.FieldPath) []string {
	var list []string
	for _, name := range names {
		q, _ := s.Question(name)
		list = append(list, q.Value)
	}
	return list
}

func TestWhatIsNoLongerOfferedDoesNotCount(t *testing.T) {
	s := open(t, cascade)
	for _, answer := range [][2]string{{"town", "a"}, {"village", "a1"}, {"seen", "a2 a1"}, {"best", "a2 a1"}, {"group", "a1x"}} {
		set(t, s, survey.FieldPath(answer[0]), answer[1])
	}
	all := []survey.FieldPath{"village", "seen", "best", "group", "echo"}
	full := []string{"a1", "a2 a1", "a2 a1", "a1x", "a1/a1x"}
	if got := values(s, all...); !slices.Equal(got, full) {
		t.Fatalf("answered %q, want %q", got, full)
	}
	effects, err := s.Set("town", "b")
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	if got := values(s, all...); !slices.Equal(got, []string{"", "", "", "", "/"}) {
		t.Errorf("in another town still %q", got)
	}
	if !slices.ContainsFunc(effects.Changed, func(c Changed) bool { return c.Path == "village" && c.What&Value != 0 }) {
		t.Errorf("the screen is not told that the village has gone: %v", effects.Changed)
	}
	if _, err := s.Finish(); err == nil {
		t.Error("finished without the village, which is required")
	}
	set(t, s, "town", "a")
	if got := values(s, all...); !slices.Equal(got, full) {
		t.Errorf("back in the first town %q, want %q", got, full)
	}
}

func TestWhatIsNoLongerOfferedIsNeitherFinishedNorLost(t *testing.T) {
	s := open(t, cascade)
	set(t, s, "town", "a")
	set(t, s, "village", "a1")
	set(t, s, "seen", "a1 a2")
	set(t, s, "town", "b")
	data, err := s.State().MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var state State
	if err := state.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	again, err := Restore(s.Form(), testEnv(), state)
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	if got := values(again, "village", "seen"); !slices.Equal(got, []string{"", ""}) {
		t.Errorf("a draft taken up again says %q", got)
	}
	set(t, again, "village", "b1")
	sub, err := again.Finish()
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	if sub.Fields["village"] != "b1" || sub.Fields["seen"] != "" || sub.Fields["echo"] != "b1/" {
		t.Errorf("finished with %v", sub.Fields)
	}
	set(t, again, "town", "a")
	if got := values(again, "village", "seen"); !slices.Equal(got, []string{"", "a1 a2"}) {
		t.Errorf("back in the first town %q", got)
	}
}
