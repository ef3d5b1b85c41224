package scenario_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"zoucun/form/scenario"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
)

// compile reads a form that must be usable.
func compile(t *testing.T, folder string) *xform.Form {
	t.Helper()
	book, found := xlsform.ReadFS(os.DirFS(folder), filepath.Base(folder))
	compiled := xlsform.Compile(book, xlsform.Options{})
	if compiled.Fatal() {
		t.Fatalf("%s: %v %v", folder, found, compiled.Findings)
	}
	f, err := xform.Read(bytes.NewReader(compiled.XML))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestTheFormsThatShip plays the scripts beside each form of the product, and beside the small ones of the compiler.
func TestTheFormsThatShip(t *testing.T) {
	scripts, _ := filepath.Glob("../../assets/forms/*/tests/*.txtar")
	small, _ := filepath.Glob("../xlsform/testdata/forms/*/tests/*.txtar")
	if len(scripts) == 0 {
		t.Fatal("no scripts")
	}
	for _, script := range append(scripts, small...) {
		folder, name := filepath.Split(script)
		if name == "registers.txtar" {
			continue
		}
		form := filepath.Dir(filepath.Clean(folder))
		t.Run(filepath.Base(form)+"/"+strings.TrimSuffix(name, ".txtar"), func(t *testing.T) {
			var archives []*txtar.Archive
			if registers, err := txtar.ParseFile(filepath.Join(folder, "registers.txtar")); err == nil {
				archives = append(archives, registers)
			}
			archive, err := txtar.ParseFile(script)
			if err != nil {
				t.Fatal(err)
			}
			played, err := scenario.Play(compile(t, form), append(archives, archive)...)
			if err != nil {
				t.Fatal(err)
			}
			for _, failure := range played.Failures {
				t.Error(failure)
			}
			if played.Lines == 0 {
				t.Error("says nothing")
			}
		})
	}
}
