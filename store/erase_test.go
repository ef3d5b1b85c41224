package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// erasing publishes an Erase of a record over its heads, with what is to stay of it.
func (o *office) erasing(tb testing.TB, of survey.Header, keep survey.Fields, parents ...survey.RevID) survey.Revision {
	tb.Helper()
	r := o.revision(tb, survey.Header{
		Record: of.Record, Type: of.Type, Kind: survey.Erase, Scope: of.Scope, Parents: parents, Form: of.Form, FormVersion: of.FormVersion,
		HLC: survey.HLC(0).Next(monday.AddDate(0, 0, 1)),
	}, keep)
	o.publish(r)
	return r
}

// speaking returns the revisions of a record that still say something, having verified all of them.
func speaking(t *testing.T, s *Store, record survey.RecordID) (said []survey.RevID) {
	t.Helper()
	err := s.db.each(t.Context(), "SELECT rev_id, payload_sealed FROM revision WHERE record_id = ?", []any{record[:]}, func(row rowScan) error {
		var id survey.RevID
		var payload []byte
		if err := row(&id, &payload); err != nil {
			return err
		}
		r, err := s.openRevision(id, payload)
		if err != nil {
			return err
		}
		if !wire.Erased(r) {
			said = append(said, id)
		}
		return wire.VerifyRevision(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// ciphertexts returns the sealed payloads of a record's revisions as they lie in the file.
func ciphertexts(t *testing.T, s *Store, record survey.RecordID) (found [][]byte) {
	t.Helper()
	err := s.db.each(t.Context(), "SELECT payload_sealed FROM revision WHERE record_id = ?", []any{record[:]}, func(row rowScan) error {
		var payload []byte
		err := row(&payload)
		found = append(found, bytes.Clone(payload))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// lies reports whether any of the pieces lies in a file of a folder.
func lies(t *testing.T, dir string, pieces [][]byte) (found bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "zoucun.db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range pieces {
			found = found || bytes.Contains(data, piece[len(piece)-40:])
		}
	}
	return found
}

func TestErasedHousehold(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	id := o.household(t, "QC-001", "张三", "1号", "13800000001")
	root := o.feeds[o.scope()][0].Revision
	edit := o.revision(t, survey.Header{Record: id, Type: survey.TypeHousehold, Scope: o.scope(), Parents: []survey.RevID{root.ID}, HLC: root.Header.HLC + 1},
		survey.Fields{survey.HouseholdHead: "张三", survey.HouseholdPhone: "13800000002"})
	o.publish(edit)
	o.household(t, "QC-002", "李四", "2号", "")
	apply(t, s, o.page(o.scope(), 0, 10))
	if err := os.WriteFile(filepath.Join(dir, "zoucun.db.before-v2"), []byte("旧"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := ciphertexts(t, s, id)
	if !lies(t, dir, before) {
		t.Fatal("the payloads lie nowhere before: the search has no teeth")
	}
	o.erasing(t, root.Header, nil, edit.ID)
	apply(t, s, o.page(o.scope(), 3, 10))

	check := func(s *Store) {
		t.Helper()
		if got := speaking(t, s, id); len(got) != 1 {
			t.Errorf("%d revisions still say something, want the Erase alone", len(got))
		}
		if found := lists(t, s).Households; len(found) != 1 || found[0].Head != "李四" {
			t.Errorf("households %+v", found)
		}
		if _, err := s.Household(t.Context(), id); survey.KindOf(err) != survey.NotFound {
			t.Errorf("Household = %v", err)
		}
	}
	check(s)
	if lies(t, dir, before) {
		t.Error("what was erased lies in a file, though only as ciphertext")
	}
	if _, err := os.Stat(filepath.Join(dir, "zoucun.db.before-v2")); err == nil {
		t.Error("the copy made before a migration is still there")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	check(s)

	// The feed is read again from its start, as after a damaged page: the bodies do not come back.
	if err := s.db.exec(t.Context(), "DELETE FROM cursor"); err != nil {
		t.Fatal(err)
	}
	apply(t, s, o.page(o.scope(), 0, 10))
	check(s)
}

func TestAncestorAfterTheErase(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	root := o.revision(t, survey.Header{Record: survey.RecordID{5}, Type: survey.TypeHousehold, Scope: o.scope()}, survey.Fields{survey.HouseholdHead: "张三"})
	middle := o.revision(t, survey.Header{Record: survey.RecordID{5}, Type: survey.TypeHousehold, Scope: o.scope(), Parents: []survey.RevID{root.ID}}, survey.Fields{survey.HouseholdHead: "张三丰"})
	apart := o.revision(t, survey.Header{Record: survey.RecordID{5}, Type: survey.TypeHousehold, Scope: o.scope(), Parents: []survey.RevID{root.ID}}, survey.Fields{survey.HouseholdHead: "张叁"})
	o.erasing(t, root.Header, survey.Fields{survey.HouseholdResident: "3", survey.HouseholdHead: ""}, middle.ID)
	for i, r := range []survey.Revision{root, middle, apart} {
		o.publish(r)
		apply(t, s, o.page(o.scope(), i, 1))
	}
	apply(t, s, o.page(o.scope(), 3, 1))
	got := speaking(t, s, survey.RecordID{5})
	if len(got) != 2 || !slices.Contains(got, apart.ID) {
		t.Errorf("%d revisions say something, want the Erase and the edit that did not know of it", len(got))
	}
	held, err := s.Held(t.Context(), survey.RecordID{5})
	if err != nil || len(held[0].Record.Conflicts) == 0 || held[0].Record.Fields[survey.HouseholdResident] != "3" {
		t.Errorf("held %+v, %v; want the late edit in conflict, and what was to stay", held, err)
	}
}

// visited returns a store with a finished visit that has a photo, and the visit's record.
func visited(t *testing.T, o *office, dir string) (*Store, survey.RecordID, string) {
	t.Helper()
	s := enrolled(t, o, dir)
	d := o.draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := s.AttachFile(t.Context(), d.ID, "门口.jpg", "image/jpeg", []byte("照片")); err != nil {
		t.Fatal(err)
	}
	sub := submission()
	sub.Attachments = []string{"门口.jpg"}
	if err := s.FinishVisit(t.Context(), d, sub); err != nil {
		t.Fatal(err)
	}
	photos, err := filepath.Glob(filepath.Join(dir, "blobs", "*"))
	if err != nil || len(photos) != 1 {
		t.Fatalf("photos %v, %v", photos, err)
	}
	return s, survey.RecordID(d.ID), photos[0]
}

// The server has taken a push, its receipt is lost, and meanwhile the visit is erased: what waits cannot be sent again
// to the byte.
func TestErasedWhileAPushWaits(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s, visit, photo := visited(t, o, dir)
	lost := nextPush(t, s, 200, 1<<20)
	o.accept(t, lost)
	own := lost.Segments[0].Entries[0].Revision
	o.publish(own)
	o.erasing(t, own.Header, nil, own.ID)
	apply(t, s, o.page(o.scope(), 0, 10))
	if len(speaking(t, s, visit)) != 1 {
		t.Error("the visit still says something")
	}
	if _, err := os.Stat(photo); err == nil {
		t.Error("the photo is still there")
	}
	again := nextPush(t, s, 200, 1<<20)
	if again.ID == lost.ID {
		t.Error("a push with other content has the old push's identifier")
	}
	before, _ := lost.Segments[0].Hash()
	after, _ := again.Segments[0].Hash()
	if before != after || !bytes.Equal(lost.Segments[0].Signature, again.Segments[0].Signature) {
		t.Error("the segment is not the one that was signed")
	}
	if err := again.Segments[0].Verify(s.self.keys.SignPublic()); err != nil {
		t.Errorf("the erased segment: %v", err)
	}
	if err := s.Receive(t.Context(), o.accept(t, again)); err != nil {
		t.Error(err)
	}
	if n, err := s.Unsigned(t.Context()); err != nil || n != 0 {
		t.Errorf("%d unsigned, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	file := filepath.Join(dir, "zoucun.db")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clear(data[:pageSize])
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	if _, ok := s.Salvaged(); !ok || len(speaking(t, s, visit)) != 1 {
		t.Error("a salvage brings back what was erased")
	}
	deliver(t, s, o)
}

func TestPhotoOfAKilledErasureIsSwept(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s, _, photo := visited(t, o, dir)
	own := nextPush(t, s, 200, 1<<20).Segments[0].Entries[0].Revision
	kept, err := os.ReadFile(photo)
	if err != nil {
		t.Fatal(err)
	}
	o.publish(own)
	o.erasing(t, own.Header, nil, own.ID)
	apply(t, s, o.page(o.scope(), 0, 10))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(photo, kept, 0o600); err != nil { // as if the process had been killed after the commit
		t.Fatal(err)
	}
	openStore(t, dir, Options{})
	if _, err := os.Stat(photo); err == nil {
		t.Error("the photo is still there after the next start")
	}
}

func TestErasedWhereItWent(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	id := o.household(t, "1", "张三", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 10))
	elsewhere := survey.NewID[survey.ScopeID]()
	away := o.revision(t, survey.Header{Record: id, Type: survey.TypeHousehold, Kind: survey.Erase, Scope: elsewhere}, nil)
	feed := o.feeds[o.scope()]
	o.feeds[o.scope()] = append(feed, wire.FeedItem{Seq: 2, Op: wire.FeedLeave, HLC: away.Header.HLC, Revision: wire.Erase(away)})
	apply(t, s, o.page(o.scope(), 1, 10))
	if got := speaking(t, s, id); len(got) > 0 {
		t.Errorf("%d revisions of a record that went and was erased say something", len(got))
	}

	// Where the device reads both scopes, the Erase itself comes in one of them and says what stays.
	both := o.household(t, "2", "李四", "2号", "")
	root := o.feeds[o.scope()][2].Revision
	register := survey.RegisterScope(county)
	erase := o.revision(t, survey.Header{Record: both, Type: survey.TypeHousehold, Kind: survey.Erase, Scope: register, Parents: []survey.RevID{root.ID}},
		survey.Fields{survey.HouseholdResident: "3"})
	apply(t, s, o.page(o.scope(), 2, 1))
	o.publish(erase)
	apply(t, s, o.page(register, len(o.feeds[register])-1, 1))
	o.feeds[o.scope()] = append(o.feeds[o.scope()], wire.FeedItem{Seq: 4, Op: wire.FeedLeave, HLC: erase.Header.HLC, Revision: wire.Erase(erase)})
	apply(t, s, o.page(o.scope(), 3, 1))
	if got := speaking(t, s, both); !slices.Equal(got, []survey.RevID{erase.ID}) {
		t.Errorf("%v say something, want the Erase %v", got, erase.ID)
	}
}

func TestRightsOfThePerson(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	id := o.household(t, "QC-001", "张三", "1号", "13800000001")
	apply(t, s, o.page(o.scope(), 0, 10))
	sub := submission()
	sub.Entities = []form.EntityChange{problemChange("路灯坏了")}
	finish(t, s, o.draft(id), sub)
	safe := lists(t, s).Safe
	looked := survey.Access{Scope: o.scope(), Household: id, Person: o.cadre, Act: survey.ActShow, Reason: "群众要求查看"}
	if err := s.LogAccess(t.Context(), looked); err != nil {
		t.Fatal(err)
	}
	correction := survey.Correction{
		Record: id, Household: id, Author: o.cadre, Fields: survey.Fields{survey.HouseholdPhone: "13900000009"}, Reason: "本人说号码换了",
	}
	if err := s.Correct(t.Context(), correction); err != nil {
		t.Fatal(err)
	}
	if h, err := s.Household(t.Context(), id); err != nil || h.Phone != "13900000009" || h.Door != "1号" {
		t.Errorf("household %+v, %v", h, err)
	}
	held, err := s.Held(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, h := range held {
		kinds = append(kinds, string(h.Record.Type))
	}
	if got := strings.Join(kinds, " "); got != "household visit problem access access" {
		t.Errorf("held %s", got)
	}
	trace := held[0].Statements
	if len(trace) != 2 || trace[0].Body.Fields[survey.HouseholdPhone] != "13800000001" || trace[1].Body.Note != "本人说号码换了" || trace[1].Header.Author != o.cadre {
		t.Errorf("trace %+v", trace)
	}
	for i, act := range []survey.Act{survey.ActShow, survey.ActCorrect} {
		if a := survey.AccessOf(held[3+i].Record, held[3+i].First().Header.Author); a.Act != act || a.Person != o.cadre || a.Household != id || a.Where != survey.WhereDevice || a.Reason == "" {
			t.Errorf("access %+v, want %s", a, act)
		}
	}
	if after := lists(t, s).Safe; after != safe {
		t.Errorf("looks are counted as visits: %+v, before %+v", after, safe)
	}
	push := nextPush(t, s, 200, 1<<20)
	if n := len(push.Segments[0].Entries); n != 5 { // visit, problem, look, correction, its look
		t.Errorf("the log has %d entries", n)
	}
	for _, texts := range []string{"群众要求查看", "本人说号码换了"} {
		if found := grep(t, dir, []string{texts}); len(found) > 0 {
			t.Errorf("a reason lies in clear: %v", found)
		}
	}
	if err := s.Correct(t.Context(), survey.Correction{Record: survey.RecordID{9}}); survey.KindOf(err) != survey.NotFound {
		t.Errorf("Correct of nothing = %v", err)
	}
	if _, err := s.Held(t.Context(), survey.RecordID{9}); survey.KindOf(err) != survey.NotFound {
		t.Errorf("Held of nobody = %v", err)
	}
}
