package wire

import (
	"bytes"
	"encoding/hex"
	"testing"

	"zoucun/survey"
)

// joinGoldens is a revision that says how its fields are joined.
func (s sample) joinGoldens(tb testing.TB) []golden {
	tb.Helper()
	r, err := SealRevision(s.revision.Header, survey.Body{
		Fields: survey.Fields{"visit/date": "2026-11-23", "hh/livelihood": "crops pension"},
		Joins:  map[survey.FieldPath]survey.Joining{"visit/date": survey.JoinGreatest, "hh/livelihood": survey.JoinWords},
	}, bytes.NewReader(bytes.Repeat([]byte{0x5b}, 16)))
	if err != nil {
		tb.Fatal(err)
	}
	return []golden{goldenOf(tb, "revision_that_joins", r, map[string]string{"id": r.ID.String(), "body": hex.EncodeToString(r.Body)})}
}
