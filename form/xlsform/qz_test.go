package xlsform_test

import (
	"os"
	"testing"

	"zoucun/form/xlsform"
)

// compileQZ compiles one of the forms the product comes with.
func compileQZ(t *testing.T, id string) xlsform.Form {
	t.Helper()
	book, found := xlsform.ReadFS(os.DirFS("../../assets/forms/"+id), id)
	if len(found) > 0 {
		t.Fatalf("reading %s: %v", id, found)
	}
	return xlsform.Compile(book, xlsform.Options{})
}

func TestTheProductsFormsCompileWithoutAFinding(t *testing.T) {
	for _, id := range []string{"QZ-01", "QZ-01S"} {
		form := compileQZ(t, id)
		for _, finding := range form.Findings {
			t.Errorf("%s: %v", id, finding)
		}
		if form.ID != id || form.Version == "" || form.Fatal() {
			t.Errorf("%s: id %q, version %q, fatal %v", id, form.ID, form.Version, form.Fatal())
		}
	}
}
