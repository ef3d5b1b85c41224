package store

import (
	"reflect"

	"zoucun/survey"
)

// settledRecords is the records that a transaction has changed, as they are now, in the order in which it did. Those of a long
// transaction wait for its end in a packed form: a register that is imported has 100,000.
type settledRecords struct {
	last   []survey.Record
	packed [][]packedRecord
	packer survey.Packer
}

// packedRecord is a record kept small, as nearly all of an import are: in use, one head, no form, no files and no conflicts. Any
// other is kept whole, but for its fields.
type packedRecord struct {
	id      survey.RecordID
	kind    survey.RecordType
	scope   survey.ScopeID
	head    survey.RevID
	updated survey.HLC
	fields  survey.Packed
	whole   *survey.Record // nil where there is no more to say
}

func (s *settledRecords) packRecord(r survey.Record) packedRecord {
	packed := packedRecord{id: r.ID, kind: r.Type, scope: r.Scope, updated: r.Updated, fields: s.packer.Pack(r.Fields)}
	if len(r.Heads) == 1 {
		packed.head = r.Heads[0]
	}
	if r.Fields = nil; !reflect.DeepEqual(r, packed.record()) {
		packed.whole = &r
	}
	return packed
}

// record is what was packed, without its fields.
func (p *packedRecord) record() survey.Record {
	if p.whole != nil {
		return *p.whole
	}
	return survey.Record{ID: p.id, Type: p.kind, Scope: p.scope, Heads: []survey.RevID{p.head}, Updated: p.updated}
}

// settledRun is how many records are packed, and told of, at a time.
const settledRun = 1000

// settle notes a record that has changed.
func (t *tx) settle(r survey.Record) { t.settled.add(r) }

func (s *settledRecords) add(r survey.Record) {
	if len(s.last) == settledRun {
		s.pack()
	}
	s.last = append(s.last, r)
}

func (s *settledRecords) pack() {
	run := make([]packedRecord, len(s.last))
	for i, r := range s.last {
		run[i] = s.packRecord(r)
	}
	s.packed = append(s.packed, run)
	clear(s.last)
	s.last = s.last[:0]
}

// each calls use with the records, run by run, and lets them go.
func (s *settledRecords) each(use func([]survey.Record)) {
	for i, run := range s.packed {
		records := make([]survey.Record, len(run))
		for j, r := range run {
			records[j] = r.record()
			records[j].Fields = r.fields.Fields()
		}
		s.packed[i] = nil
		use(records)
	}
	if len(s.last) > 0 {
		use(s.last)
	}
	*s = settledRecords{}
}
