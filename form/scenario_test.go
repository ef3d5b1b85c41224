package form_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"zoucun/form/scenario"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
)

// TestScenarios plays testdata/scenario/*.txtar with package scenario. Each holds a form as an XLSForm in Markdown
// (form.md), registers (*.csv), and before them what is done and what is expected.
//
// A first line "# fails: reason" marks what is known not to work: the test fails when it starts to.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenario/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			played, err := scenario.Play(formIn(t, archive), archive)
			if err != nil {
				t.Fatal(err)
			}
			if reason, known := strings.CutPrefix(string(archive.Comment), "# fails: "); known {
				if len(played.Failures) == 0 {
					t.Errorf("passes, but is marked: %s", reason)
				}
				return
			}
			for _, failure := range played.Failures {
				t.Error(failure)
			}
		})
	}
}

// formIn compiles the form an archive holds.
func formIn(t *testing.T, archive *txtar.Archive) *xform.Form {
	t.Helper()
	for _, f := range archive.Files {
		if f.Name != "form.md" {
			continue
		}
		book, _ := xlsform.ReadMarkdown(string(f.Data), "scenario")
		compiled := xlsform.Compile(book, xlsform.Options{})
		if compiled.Fatal() {
			t.Fatalf("the form does not compile: %v", compiled.Findings)
		}
		read, err := xform.Read(strings.NewReader(string(compiled.XML)))
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	t.Fatal("no form.md")
	return nil
}
