package store

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// wreck is what could be made out of a damaged database.
type wreck struct {
	installation []any // the row that opens, or nil
	enrolment    []byte
	keys         seal.DeviceKeys
	revisions    map[survey.RevID]looseRevision
	replicas     map[survey.ReplicaID][]any
	log          []logLine
	receipts     [][]any
	drafts       map[survey.DraftID][]any
	ofDrafts     map[string][][]any // rows of the tables beside draft, by table
	broken       int                // rows of a known shape that do not open
}

type looseRevision struct {
	survey.Revision
	hlc survey.HLC
}

type logLine struct {
	replica survey.ReplicaID
	n       int64
	id      survey.RevID
}

// shape is the columns of a table as they lie in its rows: 'i' an integer, 'n' nil, 'b' any blob, 'B' a blob or nil,
// 's' sixteen bytes, 'h' thirty-two. Small letters after '|' may be missing: a later version has added them.
type shape struct {
	table string
	keyed bool
	form  string
	more  string
}

// shapes are the tables that are not derived from others. No two look the same.
var shapes = []shape{
	{"installation", false, "nssibB", ""},
	{"revision", false, "hssib", ""},
	{"replica", true, "siiiB", ""},
	{"rlog", true, "sih", ""},
	{"receipt", false, "sib", ""},
	{"draft", false, "ssiibb", "B"},
	{"draft_step", true, "siib", "I"},
	{"draft_place", true, "sii", ""},
	{"draft_state", true, "sibi", ""},
	{"draft_file", true, "sshb", ""},
}

// tableOf returns the table a row looks like a row of, its missing columns filled in with nil, or "".
func tableOf(row looseRow) (string, []any) {
	for _, s := range shapes {
		full := s.form + s.more
		if s.keyed != row.keyed || len(row.values) != len(s.form) && len(row.values) != len(full) {
			continue
		}
		fits := true
		for i, value := range row.values {
			fits = fits && fitsColumn(full[i], value)
		}
		if fits {
			return s.table, append(slices.Clone(row.values), make([]any, len(full)-len(row.values))...)
		}
	}
	return "", nil
}

// sealedAtLeast is how long a sealed value is that seals nothing: algorithm, nonce and tag.
const sealedAtLeast = 1 + 12 + 16

func fitsColumn(column byte, value any) bool {
	blob, isBlob := value.([]byte)
	_, isInt := value.(int64)
	switch column {
	case 'i':
		return isInt
	case 'I':
		return isInt || value == nil
	case 'n':
		return value == nil
	case 'b':
		return isBlob && len(blob) >= sealedAtLeast
	case 'B':
		return isBlob || value == nil
	case 's':
		return isBlob && len(blob) == 16
	case 'h':
		return isBlob && len(blob) == 32
	}
	return false
}

// examine reads every row of a damaged database and keeps those that are what was written.
func (s *Store) examine(path string) (*wreck, error) {
	pages, err := openPages(path)
	if err != nil {
		return nil, err
	}
	w := &wreck{
		revisions: map[survey.RevID]looseRevision{}, replicas: map[survey.ReplicaID][]any{},
		drafts: map[survey.DraftID][]any{}, ofDrafts: map[string][][]any{},
	}
	pages.rows(func(row looseRow) {
		if table, values := tableOf(row); table != "" {
			s.sort(w, table, values)
		}
	})
	return w, pages.close()
}

// sort puts a row where it belongs, once it has opened.
func (s *Store) sort(w *wreck, table string, v []any) {
	opens := true
	switch table {
	case "installation":
		opens = s.sortInstallation(w, v)
	case "revision":
		opens = s.sortRevision(w, v)
	case "replica":
		w.replicas[survey.ReplicaID(blobOf(v[0]))] = v
	case "rlog":
		w.log = append(w.log, logLine{survey.ReplicaID(blobOf(v[0])), intOf(v[1]), survey.RevID(blobOf(v[2]))})
	case "receipt":
		_, err := s.vault.box.Open(blobOf(v[2]), placeOf("receipt.receipt_sealed", blobOf(v[0])))
		if opens = err == nil; opens {
			w.receipts = append(w.receipts, v)
		}
	case "draft":
		if opens = s.draftOpens(v); opens {
			w.drafts[survey.DraftID(blobOf(v[0]))] = v
		}
	default:
		w.ofDrafts[table] = append(w.ofDrafts[table], v)
	}
	if !opens {
		w.broken++
	}
}

func (s *Store) sortInstallation(w *wreck, v []any) bool {
	raw, err := s.vault.box.Open(blobOf(v[4]), placeSecrets)
	if err != nil {
		return false
	}
	if w.keys, err = seal.ParseDeviceKeys(raw); err != nil {
		return false
	}
	w.installation = v
	if _, err := s.vault.box.Open(blobOf(v[5]), placeEnrolment); err == nil {
		w.enrolment = blobOf(v[5])
	}
	return true
}

func (s *Store) sortRevision(w *wreck, v []any) bool {
	id := survey.RevID(blobOf(v[0]))
	r, err := s.openRevision(id, blobOf(v[4]))
	if err != nil || wire.VerifyRevision(r) != nil {
		return false
	}
	w.revisions[id] = looseRevision{r, survey.HLC(intOf(v[3]))}
	return true
}

// draftOpens reports whether a draft is what was written, as far as the person who has unlocked the device can tell.
func (s *Store) draftOpens(v []any) bool {
	id := blobOf(v[0])
	box := s.boxOf(blobOf(v[6]))
	if box == nil {
		return true
	}
	_, factsErr := box.Open(blobOf(v[4]), placeOf("draft.facts_sealed", id))
	_, stateErr := box.Open(blobOf(v[5]), placeOf("draft.state_sealed", id))
	return factsErr == nil && stateErr == nil
}

// found reports whether anything came out of the wreck at all.
func (w *wreck) found() bool {
	return w.installation != nil || len(w.revisions) > 0 || len(w.drafts) > 0
}

// signed returns the log lines a server is known to have signed for.
func (w *wreck) signed() map[survey.RevID]logLine {
	signed := map[survey.RevID]logLine{}
	for _, line := range w.log {
		_, here := w.revisions[line.id]
		if replica, ok := w.replicas[line.replica]; ok && here && line.n <= intOf(replica[2]) {
			signed[line.id] = line
		}
	}
	return signed
}

// own returns the revisions this device has written, in the order of its clock. Envelopes do not say whose they are, so
// all of them count: the server takes one that it has already for what it is.
func (w *wreck) own() []looseRevision {
	logged := map[survey.RevID]bool{}
	for _, line := range w.log {
		logged[line.id] = true
	}
	var own []looseRevision
	for _, r := range w.inOrder() {
		if logged[r.ID] || r.Header.Type == survey.TypeSealed || w.installation != nil && bytes.Equal(r.Header.Device[:], blobOf(w.installation[1])) {
			own = append(own, r)
		}
	}
	return own
}

func (w *wreck) inOrder() []looseRevision {
	return slices.SortedFunc(maps.Values(w.revisions), func(a, b looseRevision) int {
		return cmp.Or(cmp.Compare(a.Header.HLC, b.Header.HLC), a.ID.Compare(b.ID))
	})
}

func blobOf(value any) []byte {
	blob, _ := value.([]byte)
	return blob
}

func intOf(value any) int64 {
	number, _ := value.(int64)
	return number
}
