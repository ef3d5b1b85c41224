package store

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// machine drives a store through any order of what people, the network and the office may do, beside a model that
// only remembers what was acknowledged.
type machine struct {
	t      *testing.T
	dir    string
	office *office
	store  *Store

	drafts    map[survey.DraftID][]form.Change
	undone    map[survey.DraftID][]form.Change // what redo brings back, the next last
	order     []survey.DraftID
	finished  map[survey.RecordID]bool
	lost      *wire.Push // stored by the office, but its receipt was lost
	published int
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{
		t: t, dir: t.TempDir(), office: newOffice(t), drafts: map[survey.DraftID][]form.Change{},
		undone: map[survey.DraftID][]form.Change{}, finished: map[survey.RecordID]bool{},
	}
	m.store = enrolled(t, m.office, m.dir)
	return m
}

func must(rt *rapid.T, err error) {
	rt.Helper()
	if err != nil {
		rt.Fatal(err)
	}
}

func (m *machine) draw(rt *rapid.T) (survey.DraftID, bool) {
	if len(m.order) == 0 {
		return survey.DraftID{}, false
	}
	return m.order[rapid.IntRange(0, len(m.order)-1).Draw(rt, "draft")], true
}

func (m *machine) forget(id survey.DraftID) {
	delete(m.drafts, id)
	for i, other := range m.order {
		if other == id {
			m.order = append(m.order[:i:i], m.order[i+1:]...)
			return
		}
	}
}

func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"begin":    m.begin,
		"answer":   m.answer,
		"snapshot": m.snapshot,
		"undo":     m.undo,
		"redo":     m.redo,
		"finish":   m.finish,
		"discard":  m.discard,
		"publish":  m.publish,
		"pull":     m.pull,
		"push":     m.push,
		"refuse":   m.refuse,
		"fork":     m.fork,
		"reopen":   m.reopen,
		"":         m.check,
	}
}

func (m *machine) begin(rt *rapid.T) {
	d := m.office.draft(survey.RecordID{})
	must(rt, m.store.BeginDraft(rt.Context(), d, nil))
	m.drafts[d.ID], m.order = nil, append(m.order, d.ID)
}

func (m *machine) answer(rt *rapid.T) {
	if id, ok := m.draw(rt); ok {
		change := answer("question", rapid.StringN(1, 20, 60).Draw(rt, "value"))
		must(rt, m.store.SaveChange(rt.Context(), id, change))
		m.drafts[id] = append(m.drafts[id], change)
		delete(m.undone, id)
	}
}

func (m *machine) undo(rt *rapid.T) {
	if id, ok := m.draw(rt); ok {
		moved, err := m.store.Undo(rt.Context(), id)
		must(rt, err)
		last := len(m.drafts[id]) - 1
		if moved != (last >= 0) {
			rt.Fatalf("undo %v with %d changes", moved, last+1)
		}
		if moved {
			m.undone[id] = append(m.undone[id], m.drafts[id][last])
			m.drafts[id] = m.drafts[id][:last:last]
		}
	}
}

func (m *machine) redo(rt *rapid.T) {
	if id, ok := m.draw(rt); ok {
		moved, err := m.store.Redo(rt.Context(), id)
		must(rt, err)
		last := len(m.undone[id]) - 1
		if moved != (last >= 0) {
			rt.Fatalf("redo %v with %d undone", moved, last+1)
		}
		if moved {
			m.drafts[id] = append(m.drafts[id], m.undone[id][last])
			m.undone[id] = m.undone[id][:last]
		}
	}
}

// snapshot keeps the journal so far as the state.
func (m *machine) snapshot(rt *rapid.T) {
	if id, ok := m.draw(rt); ok {
		d := m.office.draft(survey.RecordID{})
		d.ID = id
		state, err := wire.Encode(m.drafts[id])
		must(rt, err)
		must(rt, m.store.SaveState(rt.Context(), d, state))
	}
}

func (m *machine) finish(rt *rapid.T) {
	if id, ok := m.draw(rt); ok {
		d := m.office.draft(survey.RecordID{})
		d.ID = id
		sub := submission()
		for range rapid.IntRange(0, 2).Draw(rt, "problems") {
			sub.Entities = append(sub.Entities, problemChange("问题"))
		}
		must(rt, m.store.FinishVisit(rt.Context(), d, sub))
		m.finished[survey.RecordID(id)] = true
		m.forget(id)
	}
}

func (m *machine) discard(rt *rapid.T) {
	if id, ok := m.draw(rt); ok {
		must(rt, m.store.DiscardDraft(rt.Context(), id))
		m.forget(id)
	}
}

func (m *machine) publish(*rapid.T) {
	m.published++
	m.office.household(m.t, fmt.Sprintf("QC-%03d", m.published), "张三", "1号", "")
}

// pull brings some run of the feed, whether or not it is the one that is due.
func (m *machine) pull(rt *rapid.T) {
	after := rapid.IntRange(0, m.published).Draw(rt, "after")
	must(rt, m.store.ApplyPage(rt.Context(), m.office.page(m.office.scope(), after, rapid.IntRange(0, 5).Draw(rt, "count"))))
}

// push hands the next run over; the receipt may be lost, and is then asked for with the same push.
func (m *machine) push(rt *rapid.T) {
	push, ok, err := m.store.NextPush(rt.Context(), rapid.IntRange(1, 5).Draw(rt, "entries"), 1<<20)
	must(rt, err)
	if !ok {
		return
	}
	if m.lost != nil && push.ID != m.lost.ID {
		rt.Fatalf("push %s became %s though its receipt may be on the way", m.lost.ID, push.ID)
	}
	receipt := m.office.accept(m.t, push)
	if m.lost = nil; rapid.Bool().Draw(rt, "lost") {
		m.lost = &push
		return
	}
	must(rt, m.store.Receive(rt.Context(), receipt))
}

// refuse has the office refuse a push for its size before it stored anything.
func (m *machine) refuse(rt *rapid.T) {
	if m.lost != nil {
		return
	}
	push, ok, err := m.store.NextPush(rt.Context(), 5, 1<<20)
	must(rt, err)
	if ok {
		must(rt, m.store.DropPush(rt.Context(), push.ID))
	}
}

func (m *machine) fork(rt *rapid.T) {
	if m.lost != nil {
		return
	}
	push, ok, err := m.store.NextPush(rt.Context(), 5, 1<<20)
	must(rt, err)
	if !ok {
		return
	}
	digest, err := push.Digest()
	must(rt, err)
	replica := push.Segments[0].Header.Replica
	must(rt, m.store.Receive(rt.Context(), m.office.sign(m.t, wire.Receipt{
		Push: push.ID, Request: digest, Epoch: m.office.epoch,
		Replicas: []wire.ReplicaState{{Replica: replica, Received: uint64(len(m.office.held[replica])), Fork: true}},
	})))
}

func (m *machine) reopen(rt *rapid.T) {
	before := lists(m.t, m.store)
	must(rt, m.store.Close())
	m.store = openStore(m.t, m.dir, Options{})
	if after := lists(m.t, m.store); fmt.Sprint(before) != fmt.Sprint(after) {
		rt.Fatalf("reopened: %v\nbefore: %v", after, before)
	}
}

// check holds the store to the model and to what must always be true.
func (m *machine) check(rt *rapid.T) {
	got := lists(m.t, m.store)
	if len(got.Drafts) != len(m.drafts) {
		rt.Fatalf("%d drafts, want %d", len(got.Drafts), len(m.drafts))
	}
	for id, want := range m.drafts {
		m.checkDraft(rt, id, want)
	}
	var waiting, delivered int
	for _, visit := range append(got.Waiting, got.Delivered...) {
		if !m.finished[visit.ID] {
			rt.Fatalf("visit %s was never finished", visit.ID)
		}
		if visit.Delivery == survey.OnDevice {
			waiting++
		} else {
			delivered++
		}
	}
	want := survey.Safekeeping{Drafts: len(m.drafts), Waiting: waiting, Delivered: delivered}
	if got.Safe != want || waiting+delivered != len(m.finished) {
		rt.Fatalf("safekeeping %+v, lists say %+v, finished %d", got.Safe, want, len(m.finished))
	}
	m.checkLog(rt)
	for _, c := range got.Cursors {
		if c.Scope == m.office.scope() && int(c.Seq) != len(got.Households) {
			rt.Fatalf("cursor at %d, %d households", c.Seq, len(got.Households))
		}
	}
}

func (m *machine) checkDraft(rt *rapid.T, id survey.DraftID, want []form.Change) {
	_, state, journal, err := m.store.LoadDraft(rt.Context(), id)
	must(rt, err)
	var all []form.Change
	if len(state) > 0 {
		must(rt, decode(state, &all))
	}
	if all = append(all, journal...); fmt.Sprint(all) != fmt.Sprint(want) {
		rt.Fatalf("draft %s has %v, want %v", id, all, want)
	}
}

// checkLog holds that every log counts 1, 2, 3 …, that no log has a revision twice, and that no more counts as signed
// for than the office holds.
func (m *machine) checkLog(rt *rapid.T) {
	var wrong int
	must(rt, m.store.db.reader.QueryRowContext(rt.Context(), `SELECT
		(SELECT count(*) FROM (SELECT max(n) AS last, count(*) AS entries, count(DISTINCT rev_id) AS revisions
			FROM rlog GROUP BY replica_id) WHERE last <> entries OR last <> revisions) +
		(SELECT count(*) FROM replica p WHERE p.last_n <> (SELECT count(*) FROM rlog l WHERE l.replica_id = p.replica_id))`).Scan(&wrong))
	if wrong != 0 {
		rt.Fatal("a log has a gap or a revision twice")
	}
	must(rt, m.store.db.each(rt.Context(), "SELECT replica_id, acked_n FROM replica", nil, func(row rowScan) error {
		var replica survey.ReplicaID
		var acked int
		if err := row(&replica, &acked); err != nil {
			return err
		}
		if held := len(m.office.held[replica]); acked > held {
			return fmt.Errorf("%d entries count as signed for, the office holds %d", acked, held)
		}
		return nil
	}))
}

// TestAnyOrderOfEvents is the store against the model.
func TestAnyOrderOfEvents(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(t)
		defer m.store.Close()
		rt.Repeat(m.actions())
	})
}
