package survey

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPackedFieldsAreWhatTheyWere(t *testing.T) {
	var p Packer
	rapid.Check(t, func(t *rapid.T) {
		fields := Fields(rapid.MapOf(rapid.Map(rapid.String(), func(s string) FieldPath { return FieldPath(s) }), rapid.StringN(0, -1, 300)).Draw(t, "fields"))
		if diff := cmp.Diff(fields, p.Pack(fields).Fields()); diff != "" {
			t.Fatal(diff)
		}
	})
}
