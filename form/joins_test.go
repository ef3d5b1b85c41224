package form

import (
	"maps"
	"strings"
	"testing"

	"zoucun/form/xform"
	"zoucun/survey"
)

const joinsForm = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:zoucun="https://zoucun.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities">
<h:head><h:title>走访</h:title><model entities:entities-version="2024.1.0">
<instance><data id="visit" version="1"><date>2026-11-22</date><crops/><note/>
  <meta><entity dataset="household" id="h1" update="1" baseVersion="1"/></meta></data></instance>
<bind nodeset="/data/date" type="date" zoucun:merge="greatest" entities:saveto="last_visit"/>
<bind nodeset="/data/crops" type="string" zoucun:merge="set"/>
</model></h:head><h:body><input ref="/data/date"><label>日期</label></input><input ref="/data/crops"><label>作物</label></input></h:body></h:html>`

func TestFormSaysHowEditsAreJoined(t *testing.T) {
	sub, err := open(t, joinsForm).Finish()
	if err != nil {
		t.Fatal(err)
	}
	want := map[survey.FieldPath]survey.Joining{"date": survey.JoinGreatest, "crops": survey.JoinWords}
	if !maps.Equal(sub.Joins, want) {
		t.Errorf("the visit's fields are joined as %v, want %v", sub.Joins, want)
	}
	if got := sub.Entities[0].Joins; !maps.Equal(got, map[string]survey.Joining{"last_visit": survey.JoinGreatest}) {
		t.Errorf("the household's fields are joined as %v", got)
	}
}

func TestUnknownJoiningIsRefused(t *testing.T) {
	wrong := strings.Replace(joinsForm, `merge="set"`, `merge="sum"`, 1)
	if _, err := xform.Read(strings.NewReader(wrong)); survey.KindOf(err) != survey.Invalid || !strings.Contains(survey.MessageOf(err), "sum") {
		t.Errorf("a joining nobody knows: %v", err)
	}
}
