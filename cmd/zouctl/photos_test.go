package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/assets"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/form/xpath"
	"zoucun/report"
	"zoucun/survey"
)

// shipped returns the forms the product comes with.
func shipped(t *testing.T) []*xform.Form {
	t.Helper()
	folders, err := os.ReadDir("../../assets/forms")
	if err != nil || len(folders) == 0 {
		t.Fatalf("%d forms, %v", len(folders), err)
	}
	var forms []*xform.Form
	for _, folder := range folders {
		sheets, err := assets.Form(folder.Name())
		if err != nil {
			t.Fatal(err)
		}
		book, _ := xlsform.ReadFS(sheets, folder.Name())
		definition, err := xform.Read(bytes.NewReader(xlsform.Compile(book, xlsform.Options{}).XML))
		if err != nil {
			t.Fatal(err)
		}
		forms = append(forms, definition)
	}
	return forms
}

// nodes returns a node and all below it.
func nodes(n *xform.Node) []*xform.Node {
	found := []*xform.Node{n}
	for _, child := range n.Children {
		found = append(found, nodes(child)...)
	}
	return found
}

func takesPhoto(n *xform.Node) bool {
	return n.Control != nil && n.Control.Kind == xform.Upload
}

// TestNoFormCountsPhotos holds the law on forced traces: no expression of a form counts photos or adds them up, none is
// calculated from one, and none is required.
func TestNoFormCountsPhotos(t *testing.T) {
	for _, definition := range shipped(t) {
		all, photos := nodes(definition.Root), 0
		for _, photo := range all {
			if !takesPhoto(photo) {
				continue
			}
			photos++
			if photo.Bind.Required != nil {
				t.Errorf("%s: %s is required", definition.ID, photo.Name.Local)
			}
			for _, n := range all {
				for what, e := range map[string]*xpath.Expr{
					"calculate": n.Bind.Calculate, "required": n.Bind.Required, "constraint": n.Bind.Constraint, "readonly": n.Bind.ReadOnly,
				} {
					if e != nil && strings.Contains(e.String(), photo.Name.Local) {
						t.Errorf("%s: %s of %s looks at the photo %s: %s", definition.ID, what, n.Name.Local, photo.Name.Local, e)
					}
				}
				if e := n.Bind.Relevant; e != nil && strings.Contains(e.String(), photo.Name.Local) && counts(e) {
					t.Errorf("%s: %s is asked by the number of photos: %s", definition.ID, n.Name.Local, e)
				}
			}
		}
		if photos == 0 {
			t.Errorf("%s: no question takes a photo, so nothing was looked at", definition.ID)
		}
	}
}

func counts(e *xpath.Expr) bool {
	for _, call := range e.Functions() {
		if strings.HasPrefix(call, "count") || call == "sum" {
			return true
		}
	}
	return strings.ContainsAny(e.String(), "+<>")
}

// TestNoTableCountsPhotos exports a visit without photos and the same visit with many: the tables have the same columns
// and rows, and no cell differs but those that name the photos themselves.
func TestNoTableCountsPhotos(t *testing.T) {
	for _, definition := range shipped(t) {
		outline := report.FormOf(definition)
		plain, rich := survey.Fields{}, survey.Fields{}
		photo := map[string]bool{}
		for _, n := range nodes(definition.Root) {
			if !n.Leaf() || n.Parent == nil {
				continue
			}
			field := n.Field()
			photo[string(field)] = takesPhoto(n)
			if repeat, below, repeated := strings.Cut(string(field), "issues/"); repeated {
				field = survey.FieldPath(repeat + "issues[0192f0c1-0000-7000-8000-00000000000a]/" + below)
			}
			rich[field] = "x"
			if !takesPhoto(n) {
				plain[field] = "x"
			}
		}
		if len(rich) == len(plain) {
			t.Fatalf("%s: no photo was put in", definition.ID)
		}
		tables := func(fields survey.Fields) []report.Table {
			visit := survey.Record{ID: survey.RecordID{1}, Type: survey.TypeVisit, Form: definition.ID, Fields: fields}
			return report.Tables(report.Data{Forms: []report.Form{outline}, Records: []survey.Record{visit}})
		}
		if diff := cmp.Diff(withoutPhotos(tables(plain), photo), withoutPhotos(tables(rich), photo)); diff != "" {
			t.Errorf("%s: photos change what is reported beside them (- without, + with):\n%s", definition.ID, diff)
		}
	}
}

func withoutPhotos(tables []report.Table, photo map[string]bool) []report.Table {
	for _, table := range tables {
		for n, column := range table.Columns {
			if photo[column.Name] {
				for _, row := range table.Rows {
					row[n] = ""
				}
			}
		}
	}
	return tables
}
