package store

import "zoucun/survey"

// settledRecords is the records that a transaction has changed, as they are now, in the order in which it did. Those of a long
// transaction wait for its end in a packed form: a register that is imported has 100,000.
type settledRecords struct {
	last   []survey.Record
	packed [][]packedRecord
	packer survey.Packer
}

// packedRecord is a record whose fields are packed.
type packedRecord struct {
	survey.Record // without Fields

	fields survey.Packed
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
		run[i] = packedRecord{Record: r, fields: s.packer.Pack(r.Fields)}
		run[i].Fields = nil
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
			records[j] = r.Record
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
