package xform

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/survey"
)

const head = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head><h:title>走访</h:title><model entities:entities-version="2024.1.0">`

const small = head + `<itext><translation lang="zh" default="true()"><text id="q"><value>姓名</value><value form="guidance">照身份证写</value></text></translation>
<translation lang="bo"><text id="q"><value>མིང <output value="/data/n"/></value></text></translation></itext>
<instance><data id="f" version="3"><q/><n>1</n><row jr:template=""><x>7</x></row><meta><entity dataset="person" id="" create="1"><label/></entity></meta></data></instance>
<instance id="list"><root><item><name>a</name></item></root></instance>
<instance id="far" src="jr://file-csv/household.csv"/>
<bind nodeset="/data/q" type="xsd:string" required="true()" jr:requiredMsg="请写" entities:saveto="name"/>
<bind nodeset="/data/gone" type="int"/>
<setvalue event="odk-instance-first-load odk-new-repeat" ref="/data/q" value="/data/n"/>
</model></h:head><h:body class="pages"><input ref="/data/q" appearance="multiline" rows="3"><label ref="jr:itext('q')"/><setvalue event="xforms-value-changed" ref="/data/n">2</setvalue></input>
<group ref="/data/row"><label>行</label><repeat nodeset="/data/row" jr:count="/data/n"><select1 ref="x"><itemset nodeset="randomize(instance('list')/root/item, 3)"><value ref="name"/><label ref="name"/></itemset></select1></repeat></group></h:body></h:html>`

func TestReadTakesAFormApart(t *testing.T) {
	f, err := Read(strings.NewReader(small))
	if err != nil {
		t.Fatalf("%s: %v", survey.MessageOf(err), err)
	}
	q, row := f.Root.Child("q"), f.Root.Child("row")
	got := map[string]any{
		"id": f.ID, "version": f.Version, "title": f.Title, "languages": f.Languages, "default": f.DefaultLanguage,
		"style": f.Style, "far": f.Instances["far"].File, "inline": f.Instances["list"].Tree != nil, "warnings": len(f.Warnings),
		"type": q.Bind.Type, "required": q.Bind.Required.String(), "message": q.Bind.RequiredMsg.Parts[0].Literal,
		"appearance": q.Control.Appearance, "rows": q.Control.Attributes["rows"], "path": row.Child("x").Path(),
		"default value": row.Child("x").Default, "count": row.Repeat.Count.String(), "field": row.Child("x").Field(),
		"guidance": f.Itext("zh", "q", "guidance").Parts[0].Literal, "falls back": f.Itext("bo", "q", "guidance") != nil,
		"dataset": f.Entities[0].Dataset, "saves": f.Entities[0].Saves[0].Name.Local, "entities": f.EntitiesVersion,
		"actions": len(f.Actions), "changed": q.Changed[0].Literal, "depends on": f.Expressions(q.Control.Label)[0].String(),
	}
	want := map[string]any{
		"id": survey.FormID("f"), "version": "3", "title": "走访", "languages": []string{"zh", "bo"}, "default": "zh",
		"style": "pages", "far": "household.csv", "inline": true, "warnings": 1,
		"type": "string", "required": "true()", "message": "请写",
		"appearance": "multiline", "rows": "3", "path": "/data/row/x",
		"default value": "7", "count": "/data/n", "field": survey.FieldPath("row/x"),
		"guidance": "照身份证写", "falls back": true,
		"dataset": "person", "saves": "q", "entities": "2024.1.0",
		"actions": 2, "changed": "2", "depends on": "/data/n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func TestReadNamesWhatIsWrong(t *testing.T) {
	model := func(inside, body string) string {
		return head + `<instance><data id="f"><q/></data></instance>` + inside + `</model></h:head><h:body>` + body + `</h:body></h:html>`
	}
	tests := map[string]struct{ source, want string }{
		"no XML":             {"<h:html", "不是正确的 XML"},
		"no model":           {"<html/>", "缺少 model"},
		"no instance":        {head + `</model></h:head></h:html>`, "没有数据结构"},
		"broken expression":  {model(`<bind nodeset="/data/q" relevant="1 +"/>`, ""), "/data/q 处的表达式“1 +”"},
		"unknown function":   {model(`<bind nodeset="/data/q" calculate="secret(1)"/>`, ""), "不认识的函数 secret()"},
		"repeat of nothing":  {model("", `<repeat nodeset="/data/x"/>`), "“/data/x”不存在"},
		"no media type":      {model("", `<upload ref="/data/q" mediatype=".jpg"/>`), "不是文件类型"},
		"way to submit":      {model(`<submission method="carrier-pigeon"/>`, ""), "carrier-pigeon"},
		"unknown event":      {model(`<setvalue event="some-day" ref="/data/q"/>`, ""), "不认识的事件“some-day”"},
		"lost setvalue":      {model(`<setvalue event="odk-instance-first-load" ref="/data/x"/>`, ""), "“/data/x”不存在"},
		"list twice":         {model(`<instance id="a"/><instance id="a"/>`, ""), "名单“a”出现了两次"},
		"saved to nothing":   {model(`<bind nodeset="/data/q" entities:saveto="name"/>`, ""), "没有对应的名单"},
		"itemset of nothing": {model("", `<select1 ref="/data/q"><itemset nodeset="instance('a')/root/item"/></select1>`), "没有写明取值"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(test.source))
			if survey.KindOf(err) != survey.Invalid || !strings.Contains(survey.MessageOf(err), test.want) {
				t.Errorf("Read = %v (%s), want invalid with %q", err, survey.MessageOf(err), test.want)
			}
		})
	}
}

func TestAQuestionOfNothingIsLeftOut(t *testing.T) {
	form, err := Read(strings.NewReader(head + `<instance><data id="f"><q/></data></instance></model></h:head><h:body><input ref="/data/x"/><input ref="/data/q"/></h:body></h:html>`))
	if err != nil {
		t.Fatal(err)
	}
	if len(form.Body) != 1 || len(form.Warnings) != 1 || !strings.Contains(form.Warnings[0], "/data/x") {
		t.Errorf("%d questions and warnings %q", len(form.Body), form.Warnings)
	}
}

// FuzzRead reads anything as a form: whatever is refused is refused with a sentence.
func FuzzRead(f *testing.F) {
	f.Add(small)
	f.Add(strings.Replace(small, "/data/row", "/data", 1))
	f.Add("<h:html/>")
	f.Fuzz(func(t *testing.T, source string) {
		form, err := Read(strings.NewReader(source))
		if err != nil {
			if survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
				t.Fatalf("Read = %v, want invalid with a message", err)
			}
			return
		}
		for _, n := range form.Nodes {
			if n.Parent != nil && !n.Below(form.Root) {
				t.Fatalf("%s does not stand below the root", n.Path())
			}
		}
	})
}
