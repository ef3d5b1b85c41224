package main

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"
)

// Every form that ships, and each of the ten that between them ask every type of question, is found usable with its files.
func TestFormsAreUsable(t *testing.T) {
	shipped, _ := filepath.Glob("../../assets/forms/*")
	small, _ := filepath.Glob("../../form/xlsform/testdata/forms/*")
	if len(shipped) == 0 || len(small) != 10 {
		t.Fatalf("%d forms that ship and %d small ones", len(shipped), len(small))
	}
	for _, form := range append(shipped, small...) {
		var said bytes.Buffer
		if code := run(t.Context(), []string{"form", "check", form}, streams{&said, &said}, time.Now); code != exitDone {
			t.Errorf("%s: %s", filepath.Base(form), said.String())
		}
	}
}
