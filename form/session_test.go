package form

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zoucun/form/xform"
	"zoucun/survey"
)

const visitForm = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities">
<h:head><h:title>走访</h:title><model entities:entities-version="2025.1.0">
<instance><data id="visit" version="1">
  <result/><reason/><date/><people>2</people><note/>
  <issues jr:template=""><title/><danger/><place/><meta><entity dataset="problem" id="" create="1"><label/></entity></meta></issues>
  <total/><meta><instanceID/><instanceName/></meta>
</data></instance>
<instance id="households" src="jr://file-csv/household.csv"/>
<instance id="reasons"><root><item><name>away</name><label>外出</label><of>none</of></item><item><name>ill</name><label>不便</label><of>none</of></item><item><name>glad</name><label>欢迎</label><of>met</of></item></root></instance>
<bind nodeset="/data/result" type="string" required="true()" jr:requiredMsg="请选结果"/>
<bind nodeset="/data/date" type="date" constraint=". &lt;= today()" jr:constraintMsg="不能晚于今天"/>
<bind nodeset="/data/people" type="int" relevant="/data/result = 'met'"/>
<bind nodeset="/data/note" calculate="concat('n', /data/people)"/>
<bind nodeset="/data/issues" relevant="/data/result = 'met'"/>
<bind nodeset="/data/issues/title" type="string" required="true()" entities:saveto="title"/>
<bind nodeset="/data/issues/place" calculate="position(..)"/>
<bind nodeset="/data/issues/meta/entity/label" calculate="../../../title"/>
<bind nodeset="/data/total" type="int" calculate="count(/data/issues)"/>
<bind nodeset="/data/meta/instanceID" jr:preload="uid"/>
<bind nodeset="/data/meta/instanceName" calculate="concat('走访 ', /data/date)"/>
<setvalue event="odk-instance-first-load" ref="/data/date" value="today()"/>
</model></h:head>
<h:body>
<select1 ref="/data/result"><label>结果</label><item><value>met</value><label>见到</label></item><item><value>none</value><label>无人</label></item></select1>
<input ref="/data/date"><label>日期</label></input>
<select1 ref="/data/reason"><label>原因</label><itemset nodeset="instance('reasons')/root/item[of = /data/result]"><value ref="name"/><label ref="label"/></itemset></select1>
<input ref="/data/people"><label>人数 <output value="/data/date"/></label></input>
<group ref="/data/issues"><label>问题</label><repeat nodeset="/data/issues">
<setvalue event="odk-new-repeat" ref="/data/issues/meta/entity/@id" value="uuid()"/>
<input ref="/data/issues/title"><label>标题</label></input>
<input ref="/data/issues/danger"><label>危险</label></input></repeat></group>
</h:body></h:html>`

func testEnv() Env {
	n := 0
	return Env{
		Now: func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600)) },
		NewID: func() string {
			n++
			return fmt.Sprintf("%08x-%04x-7fff-8000-%012d", 1795320000001>>16, 1795320000001&0xffff, n) // UUIDv7 of a little later
		},
	}
}

func open(t *testing.T, source string) *Session {
	t.Helper()
	s, err := Begin(read(t, source), testEnv())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSubmissionIsWhatOpenDataKitServersTake(t *testing.T) {
	s := open(t, visitForm)
	set(t, s, "result", "met")
	issue, _, err := s.AddRepeat("issues", "a")
	if err != nil {
		t.Fatal(err)
	}
	set(t, s, issue+"/title", "路灯 < 3 盏")
	sub, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	id := sub.Entities[0].ID
	want := `<data id="visit" version="1"><result>met</result><reason></reason><date>2026-11-22</date><people>2</people><note>n2</note>` +
		`<issues><title>路灯 &lt; 3 盏</title><danger></danger><place>1</place>` +
		`<meta><entity dataset="problem" id="` + id + `" create="1"><label>路灯 &lt; 3 盏</label></entity></meta></issues>` +
		`<total>1</total><meta><instanceID>` + sub.InstanceID + `</instanceID><instanceName>走访 2026-11-22</instanceName></meta></data>`
	if diff := cmp.Diff(want, string(sub.XML)); diff != "" {
		t.Errorf("XML (-want +got):\n%s", diff)
	}
	entity := EntityChange{
		Dataset: "problem", ID: id, Create: true, Label: "路灯 < 3 盏", Properties: map[string]string{"title": "路灯 < 3 盏"}, Instance: "issues[a]",
	}
	if diff := cmp.Diff([]EntityChange{entity}, sub.Entities); diff != "" {
		t.Errorf("entities (-want +got):\n%s", diff)
	}
	if _, there := sub.Fields["meta/instanceID"]; there || sub.InstanceName != "走访 2026-11-22" {
		t.Errorf("fields %v, name %q: what is under meta is told apart", sub.Fields, sub.InstanceName)
	}
}

func TestFinishNamesWhatIsWrong(t *testing.T) {
	s := open(t, visitForm)
	set(t, s, "date", "2026-12-24")
	_, err := s.Finish()
	var unfinished *Unfinished
	if !errors.As(err, &unfinished) {
		t.Fatalf("Finish = %v, want Unfinished", err)
	}
	want := []Violation{{"result", Required, "请选结果"}, {"date", Constraint, "不能晚于今天"}}
	if diff := cmp.Diff(want, unfinished.Violations); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func TestEditKeepsKeysAndReturnsWhatTheFormHasNot(t *testing.T) {
	f := read(t, visitForm)
	fields := survey.Fields{"result": "met", "issues[k2]/title": "二", "issues[k1]/title": "一", "gone": "x"}
	s, unknown, err := Edit(f, testEnv(), fields)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(survey.Fields{"gone": "x"}, unknown); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
	want := survey.Fields{
		"result": "met", "note": "n", "total": "2", "issues[k1]/title": "一", "issues[k1]/place": "1",
		"issues[k2]/title": "二", "issues[k2]/place": "2",
	}
	if diff := cmp.Diff(want, s.submission().Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestRestoreRefusesTheDraftOfAnotherVersion(t *testing.T) {
	s := open(t, visitForm)
	newer := read(t, strings.Replace(visitForm, `version="1"`, `version="2"`, 1))
	if _, err := Restore(newer, testEnv(), s.State()); survey.KindOf(err) != survey.Conflicting {
		t.Errorf("Restore = %v, want a conflict", err)
	}
	st := s.State()
	st.Values["no_such"] = "x"
	if _, err := Restore(s.Form(), testEnv(), st); survey.KindOf(err) != survey.Conflicting {
		t.Errorf("Restore = %v, want a conflict", err)
	}
}

func TestCycleNamesItsNodes(t *testing.T) {
	broken := strings.Replace(visitForm, `calculate="concat('n', /data/people)"`, `calculate="/data/total"`, 1)
	broken = strings.Replace(broken, `calculate="count(/data/issues)"`, `calculate="/data/note"`, 1)
	_, err := Begin(read(t, broken), testEnv())
	if message := survey.MessageOf(err); !strings.Contains(message, "/data/note") || !strings.Contains(message, "/data/total") {
		t.Errorf("Begin = %v (%s), want the nodes of the cycle", err, message)
	}
}

func read(t *testing.T, source string) *xform.Form {
	t.Helper()
	f, err := xform.Read(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func set(t *testing.T, s *Session, path survey.FieldPath, value string) {
	t.Helper()
	if _, err := s.Set(path, value); err != nil {
		t.Fatal(err)
	}
}

// A visit that is amended long after it was made is not held to what its date was allowed to be then; a new date is.
func TestEditAcceptsWhatTimeHasMadeWrong(t *testing.T) {
	f := read(t, strings.Replace(visitForm, ". &lt;= today()", ". &lt;= today() and . &gt;= today() - 60", 1))
	s, _, err := Edit(f, testEnv(), survey.Fields{"result": "none", "date": "2026-01-05"})
	if err != nil {
		t.Fatal(err)
	}
	restored, err := Restore(f, testEnv(), s.State())
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Session{"edited": s, "restored": restored} {
		if _, err := s.Finish(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		set(t, s, "date", "2026-01-06")
		if len(s.Violations()) != 1 {
			t.Errorf("%s: a new date that is not allowed: %v", name, s.Violations())
		}
		set(t, s, "date", "2026-01-05")
		if len(s.Violations()) != 0 {
			t.Errorf("%s: the date it had: %v", name, s.Violations())
		}
	}
}

func TestEntitiesOfAnEditHaveNoNewIdentity(t *testing.T) {
	s, _, err := Edit(read(t, visitForm), testEnv(), survey.Fields{"result": "met", "issues[k1]/title": "一"})
	if err != nil {
		t.Fatal(err)
	}
	got := s.Entities()
	if len(got) != 1 || got[0].ID != "" || got[0].Instance != "issues[k1]" || got[0].Properties["title"] != "一" {
		t.Errorf("entities %+v", got)
	}
	if _, _, err := s.AddRepeat("issues", ""); err != nil {
		t.Fatal(err)
	}
	if got := s.Entities(); len(got) != 2 || got[1].ID == "" {
		t.Errorf("entities %+v", got)
	}
}
