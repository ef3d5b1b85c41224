package xlsform

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"
	"testing/fstest"
)

// wellFormed fails the test when a form that compiled is not XML, or when findings and document disagree.
func wellFormed(t *testing.T, form Form) {
	t.Helper()
	fatal := false
	for _, f := range form.Findings {
		fatal = fatal || f.Severity == Fatal
		if f.Message == "" || f.Remedy == "" {
			t.Errorf("%s says nothing", f.Code)
		}
	}
	if form.Fatal() != fatal {
		t.Fatalf("fatal %v, but findings %v", form.Fatal(), form.Findings)
	}
	if fatal {
		return
	}
	decoder := xml.NewDecoder(bytes.NewReader(form.XML))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, form.XML)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("type,name,label,required,relevant,constraint\ndate,d,日期,yes,,. <= today()\ninteger,n,人数,,${d} != '',. < 30\n"))
	f.Add([]byte("type,name,label\nbegin_repeat,r,组\nselect_one ${a},a,甲\nend_repeat,,\n"))
	f.Add([]byte("type,name,label,bind::a b,body::x:y\ntext,a,\"甲\n乙\",1,2\n"))
	f.Fuzz(func(t *testing.T, survey []byte) {
		choices := []byte("list_name,name,label\nyes_no,yes,是\n")
		entities := []byte("list_name,label,entity_id\nhousehold,${a},${b}\n")
		folder := fstest.MapFS{"survey.csv": {Data: survey}, "choices.csv": {Data: choices}, "entities.csv": {Data: entities}}
		book, _ := ReadFS(folder, "fuzz")
		wellFormed(t, Compile(book, Options{}))
	})
}

func FuzzMarkdown(f *testing.F) {
	f.Add("| survey |\n| | type | name | label |\n| | text | a | 甲\\|乙 |\n| | select_one c or_other | b | ${a} |\n| choices |\n| | list_name | name | label::fr |\n| | c | 1 | 一 |")
	f.Add("| survey |\n|---|---|\n| | type | name | label | parameters |\n| | range | a | 甲 | start=1 end=5 step=0 tick_labelset=c |\n| settings |\n| | name | namespaces |\n| | x | e=\"u\" |")
	f.Add("| survey |\n| | type | name | label | image | default | trigger | calculation |\n| | note | a | instance('c')/root/item[name=${b}]/label | x.jpg | now() | ${b} | 1 |\n| | text | b | b | | | | |")
	f.Add("| survey |\n| | type | name | label |\n| | begin_group | g | instance(( |\n| | select_one x.csv | s | ${g}${last-saved#g} |\n| | end_group | | |\n| entities |\n| | list_name | repeat | label |\n| | e | ${g} | 'x' |")
	f.Fuzz(func(t *testing.T, text string) {
		book, _ := ReadMarkdown(text, "fuzz")
		wellFormed(t, Compile(book, Options{}))
	})
}
