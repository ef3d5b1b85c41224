package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"zoucun/form/lint"
	"zoucun/form/xlsform"
)

// BenchmarkALongList lints a form whose list has as many choices as a county has villages' groups.
func BenchmarkALongList(b *testing.B) {
	var text strings.Builder
	text.WriteString("| survey |\n| | type | name | label |\n| | select_one g | a | 组 |\n| choices |\n| | list_name | name | label |\n")
	for i := range 20_000 {
		fmt.Fprintf(&text, "| | g | g%d | 第%d组 |\n", i, i)
	}
	book, _ := xlsform.ReadMarkdown(text.String(), "long")
	for b.Loop() {
		if found := (lint.Rules{}).Workbook(book); len(found) > 0 {
			b.Fatal(found)
		}
	}
}
