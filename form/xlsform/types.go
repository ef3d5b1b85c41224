package xlsform

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// attr is one attribute of an XML element, in the order it is written.
type attr struct{ name, value string }

// questionType is what a type of question becomes.
type questionType struct {
	control string // the body element; empty when nothing is shown
	body    []attr // attributes it starts with
	bind    []attr // attributes its bind starts with
	hint    string // shown when the author wrote none
}

// typeRow is one line of the table of types.
type typeRow struct {
	names []string // the first is canonical
	questionType
}

func bind(pairs ...string) []attr {
	var out []attr
	for pair := range slices.Chunk(pairs, 2) {
		out = append(out, attr{pair[0], pair[1]})
	}
	return out
}

func typed(kind string) []attr { return bind("type", kind) }

func preload(what, params, kind string) []attr {
	return bind("jr:preload", what, "type", kind, "jr:preloadParams", params)
}

func upload(mediatype string) questionType {
	return questionType{control: "upload", body: bind("mediatype", mediatype), bind: typed("binary")}
}

func input(kind string) questionType { return questionType{control: "input", bind: typed(kind)} }

func bounded(top string) questionType {
	return questionType{
		control: "input", bind: bind("type", "int", "constraint", "0 <= . and . <= "+top),
		hint: "Enter a number 0-" + top + ".",
	}
}

// typeTable is every question type XLSForm knows, with every name it goes by. Selects, groups and repeats carry
// arguments and are read by selectPattern, beginPattern and endPattern.
var typeTable = []typeRow{
	{[]string{"text", "string", "q string", "add text prompt"}, input("string")},
	{[]string{"integer", "int", "q int", "add integer prompt"}, input("int")},
	{[]string{"decimal", "q decimal", "add decimal prompt"}, input("decimal")},
	{[]string{"date", "q date", "add date prompt"}, input("date")},
	{[]string{"time"}, input("time")},
	{[]string{"dateTime", "datetime", "date time", "q date time", "q dateTime", "add date time prompt", "add dateTime prompt"}, input("dateTime")},
	{[]string{"barcode", "q barcode", "add barcode prompt"}, input("barcode")},
	{[]string{"geopoint", "location", "gps", "q location", "q geopoint", "add location prompt"}, input("geopoint")},
	{[]string{"geotrace"}, input("geotrace")},
	{[]string{"geoshape"}, input("geoshape")},
	{[]string{"note", "q note", "add note prompt"}, questionType{control: "input", bind: bind("readonly", "true()", "type", "string")}},
	{[]string{"acknowledge", "q acknowledge", "add acknowledge prompt"}, questionType{control: "trigger", bind: typed("string")}},
	{[]string{"trigger"}, questionType{control: "trigger", bind: typed("string")}},
	{[]string{"range"}, questionType{control: "range", bind: typed("int")}},
	{[]string{"photo", "image", "q image", "q picture", "add image prompt", "add photo prompt"}, upload("image/*")},
	{[]string{"audio", "q audio", "add audio prompt"}, upload("audio/*")},
	{[]string{"video", "q video", "add video prompt"}, upload("video/*")},
	{[]string{"file", "add file prompt"}, upload("application/*")},
	{[]string{"osm"}, upload("osm/*")},
	{[]string{"background-audio"}, questionType{bind: typed("binary")}},
	{[]string{"start-geopoint"}, questionType{bind: typed("geopoint")}},
	{[]string{"background-geopoint"}, questionType{bind: typed("geopoint")}},
	{[]string{"calculate", "q calculate", "add calculate prompt"}, questionType{bind: typed("string")}},
	{[]string{"hidden"}, questionType{bind: typed("string")}},
	{[]string{"audit"}, questionType{bind: typed("binary")}},
	{[]string{"csv-external"}, questionType{}},
	{[]string{"xml-external"}, questionType{}},
	{[]string{"percentage"}, questionType{control: "input", bind: bind("type", "int", "constraint", "0 <= . and . <= 100")}},
	{[]string{"phone number"}, questionType{control: "input", bind: bind("type", "string", "constraint", `regex(., '^\d*$')`), hint: "Enter numbers only."}},
	{[]string{"number of days in last month"}, bounded("31")},
	{[]string{"number of days in last six months"}, bounded("183")},
	{[]string{"number of days in last year"}, bounded("365")},
	{[]string{"start", "start time", "get start time"}, questionType{bind: preload("timestamp", "start", "dateTime")}},
	{[]string{"end", "end time", "get end time"}, questionType{bind: preload("timestamp", "end", "dateTime")}},
	{[]string{"today", "get today"}, questionType{bind: preload("date", "today", "date")}},
	{[]string{"deviceid", "imei", "device id", "get device id"}, questionType{bind: preload("property", "deviceid", "string")}},
	{[]string{"subscriberid", "subscriber id", "get subscriber id"}, questionType{bind: preload("property", "subscriberid", "string")}},
	{[]string{"simserial", "sim id", "get sim id"}, questionType{bind: preload("property", "simserial", "string")}},
	{[]string{"phonenumber", "get phone number"}, questionType{bind: preload("property", "phonenumber", "string")}},
	{[]string{"username"}, questionType{bind: preload("property", "username", "string")}},
	{[]string{"email"}, questionType{bind: preload("property", "email", "string")}},
	{[]string{"uri:deviceid"}, questionType{bind: preload("property", "uri:deviceid", "string")}},
	{[]string{"uri:subscriberid"}, questionType{bind: preload("property", "uri:subscriberid", "string")}},
	{[]string{"uri:simserial"}, questionType{bind: preload("property", "uri:simserial", "string")}},
	{[]string{"uri:phonenumber"}, questionType{bind: preload("property", "uri:phonenumber", "string")}},
	{[]string{"uri:username"}, questionType{bind: preload("property", "uri:username", "string")}},
	{[]string{"uri:email"}, questionType{bind: preload("property", "uri:email", "string")}},
}

// typeNames finds the row of typeTable by any of its names.
var typeNames = func() map[string]*typeRow {
	names := map[string]*typeRow{}
	for i := range typeTable {
		for _, name := range typeTable[i].names {
			names[name] = &typeTable[i]
		}
	}
	return names
}()

// selects are the three controls a list of choices can have.
var selects = map[string]questionType{
	"select1":  {control: "select1", bind: typed("string")},
	"select":   {control: "select", bind: typed("string")},
	"rank":     {control: "odk:rank", bind: typed("odk:rank")},
	"external": {control: "input", bind: typed("string")},
}

// selectNames are the ways to ask for a choice, and what each asks for.
var selectNames = map[string]struct {
	control string
	file    bool
}{
	"select_one": {"select1", false}, "select one": {"select1", false}, "select1": {"select1", false},
	"select one from": {"select1", false}, "add select one prompt using": {"select1", false}, "select one using": {"select1", false},
	"select_multiple": {"select", false}, "select all that apply": {"select", false}, "select all that apply from": {"select", false},
	"select multiple": {"select", false}, "select multiple from": {"select", false}, "select multiple using": {"select", false},
	"add select multiple prompt using": {"select", false},
	"select_one_from_file":             {"select1", true}, "select one from file": {"select1", true},
	"select_multiple_from_file": {"select", true}, "select multiple from file": {"select", true},
	"select_one_external": {"external", false}, "rank": {"rank", false},
}

// containers are the names of groups and repeats.
var containers = map[string]kind{
	"group": group, "repeat": repeat, "lgroup": repeat, "looped group": repeat, "loop": group,
}

var (
	beginPattern  = regexp.MustCompile(`^begin[\s_](` + alternatives(containers) + `)( (?:over )?(\S+))?$`)
	endPattern    = regexp.MustCompile(`^end[\s_](` + alternatives(containers) + `)$`)
	selectPattern = regexp.MustCompile(`^(` + alternatives(selectNames) + `) (\S+)( (?:or specify other|or_other|or other))?$`)
	osmPattern    = regexp.MustCompile(`^osm(?: (\S+))?$`)
)

// alternatives is a regular expression for any of the keys, the longest first.
func alternatives[V any](m map[string]V) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if d := len(b) - len(a); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, key := range keys {
		keys[i] = regexp.QuoteMeta(key)
	}
	return strings.Join(keys, "|")
}

// yesNo reads the words XLSForm takes for a truth value.
var yesNo = map[string]bool{
	"yes": true, "Yes": true, "YES": true, "true": true, "True": true, "TRUE": true, "true()": true,
	"no": false, "No": false, "NO": false, "false": false, "False": false, "FALSE": false, "false()": false,
}
