package form

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"zoucun/form/xform"
)

const visitForm = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities">
<h:head><h:title>走访</h:title><model entities:entities-version="2025.1.0">
<instance><data id="visit" version="1">
  <result/><date/><people>2</people><note/>
  <issues jr:template=""><title/><danger/><place/><meta><entity dataset="problem" id="" create="1"><label/></entity></meta></issues>
  <total/><meta><instanceID/><instanceName/></meta>
</data></instance>
<instance id="households" src="jr://file-csv/household.csv"/>
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
	f, err := xform.Read(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Begin(f, testEnv())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVisit(t *testing.T) {
	s := open(t, visitForm)
	t.Logf("%+v", s.Outline())
	if _, err := s.Set("result", "met"); err != nil {
		t.Fatal(err)
	}
	p, eff, err := s.AddRepeat("issues", "")
	t.Log(p, eff, err)
	eff, err = s.Set(p+"/title", "路灯不亮")
	t.Log(eff, err)
	t.Log(s.Violations())
	sub, err := s.Finish()
	t.Logf("%+v %v\n%s", sub, err, sub.XML)
	t.Logf("%+v", s.Outline())
	b, _ := s.State().MarshalBinary()
	t.Log(string(b))
	eff, err = s.Set("result", "none")
	t.Log(eff, err)
}
