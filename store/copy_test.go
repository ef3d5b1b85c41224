package store

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/wire"
)

func undurable(t *testing.T, s *Store) []wire.Segment {
	t.Helper()
	var segments []wire.Segment
	err := s.Undurable(t.Context(), func(segment wire.Segment) error {
		segments = append(segments, segment)
		return segment.Verify(s.self.keys.SignPublic())
	})
	if err != nil {
		t.Fatal(err)
	}
	return segments
}

// vouch is the office's word on segments that were carried to it.
func (o *office) vouch(t *testing.T, device survey.DeviceID, segments ...wire.Segment) wire.Carried {
	t.Helper()
	c := wire.Carried{County: county, Device: device, Epoch: o.epoch}
	for _, s := range segments {
		hash, err := s.Hash()
		if err != nil {
			t.Fatal(err)
		}
		c.Logs = append(c.Logs, wire.HeldLog{Replica: s.Header.Replica, Last: s.Last(), Hash: hash})
	}
	c, err := c.Sign(o.key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatIsCopiedIsPushedAsItWasCut(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	for range 5 {
		finish(t, s, o.draft(survey.RecordID{}), submission())
		undurable(t, s)
	}
	copied := undurable(t, s)
	if len(copied) != 5 {
		t.Fatalf("%d segments", len(copied))
	}
	if push := nextPush(t, s, 3, 1<<20); len(push.Segments) != 3 {
		t.Fatalf("a push of at most 3 entries has %d segments", len(push.Segments))
	} else if err := s.DropPush(t.Context(), push.ID); err != nil {
		t.Fatal(err)
	}
	push := nextPush(t, s, 200, 1<<20)
	if diff := cmp.Diff(copied, push.Segments); diff != "" {
		t.Errorf("pushed otherwise than copied (-copied +pushed)\n%s", diff)
	}
	version, err := s.LogVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	receipt := o.accept(t, push)
	receipt.Replicas[0].Received, receipt.Replicas[0].Durable = 5, 3
	if err := s.Receive(t.Context(), o.sign(t, receipt)); err != nil {
		t.Fatal(err)
	}
	if left := undurable(t, s); len(left) != 2 || left[0].Header.First != 4 {
		t.Errorf("%d segments are not durable", len(left))
	}
	if now, err := s.LogVersion(t.Context()); now == version || err != nil {
		t.Errorf("the version is still %q, %v", now, err)
	}
}

// TestASegmentCutAnewTakesAlongThoseBehindIt drops a push whose one segment is too large while others lie behind it.
func TestASegmentCutAnewTakesAlongThoseBehindIt(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for range 4 {
		finish(t, s, o.draft(survey.RecordID{}), submission())
	}
	undurable(t, s)
	finish(t, s, o.draft(survey.RecordID{}), submission())
	undurable(t, s)
	push := nextPush(t, s, 4, 1)
	if len(push.Segments) != 1 || push.Segments[0].Header.Count != 4 {
		t.Fatalf("pushed %+v", push.Segments[0].Header)
	}
	if err := s.DropPush(t.Context(), push.ID); err != nil {
		t.Fatal(err)
	}
	if push := nextPush(t, s, 2, 1<<20); push.Segments[0].Header.Count != 2 {
		t.Errorf("pushed %+v", push.Segments[0].Header)
	}
	prev := survey.Hash{}
	for _, segment := range undurable(t, s) {
		if segment.Header.Prev != prev {
			t.Errorf("the segment from %d does not follow the one before it", segment.Header.First)
		}
		var err error
		if prev, err = segment.Hash(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADamagedEntryIsLeftOutOfTheCopy(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for range 3 {
		finish(t, s, o.draft(survey.RecordID{}), submission())
	}
	err := s.db.exec(t.Context(), `UPDATE revision SET payload_sealed = zeroblob(60)
		WHERE rev_id = (SELECT rev_id FROM rlog WHERE n = 2)`)
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	for _, segment := range undurable(t, s) {
		entries += len(segment.Entries)
	}
	if entries != 2 {
		t.Errorf("%d entries are copied, want the 2 that are whole", entries)
	}
}

func TestTheServersWordOnACarriedLog(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for range 2 {
		finish(t, s, o.draft(survey.RecordID{}), submission())
		undurable(t, s)
	}
	segments := undurable(t, s)
	device := s.self.device
	stranger := newOffice(t)
	for fact, c := range map[string]wire.Carried{
		"of another server":  stranger.vouch(t, device, segments...),
		"for another device": o.vouch(t, survey.NewID[survey.DeviceID](), segments...),
		"of another epoch": func() wire.Carried {
			c := o.vouch(t, device, segments...)
			c.Epoch = survey.NewID[survey.Epoch]()
			c, err := c.Sign(o.key)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}(),
		"altered": func() wire.Carried {
			c := o.vouch(t, device, segments[0])
			c.Logs[0].Last = 2
			return c
		}(),
	} {
		if n, err := s.ReceiveCarried(t.Context(), c); err == nil || survey.MessageOf(err) == "" || n != 0 {
			t.Errorf("%s: %d, %v", fact, n, err)
		}
	}
	twin := o.vouch(t, device, segments[1])
	twin.Logs[0].Hash[0]++ // what a copy of this database wrote at the same place
	twin, err := twin.Sign(o.key)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.ReceiveCarried(t.Context(), twin); n != 0 || err != nil {
		t.Errorf("on another log: %d, %v", n, err)
	}
	unsigned := func(want int) {
		t.Helper()
		if n, err := s.Unsigned(t.Context()); n != want || err != nil {
			t.Errorf("%d entries wait, %v; want %d", n, err, want)
		}
	}
	unsigned(2)
	if n, err := s.ReceiveCarried(t.Context(), o.vouch(t, device, segments[1])); n != 2 || err != nil {
		t.Errorf("the word = %d, %v", n, err)
	}
	unsigned(0)
	if n, err := s.ReceiveCarried(t.Context(), o.vouch(t, device, segments[0])); n != 0 || err != nil {
		t.Errorf("an older word = %d, %v", n, err)
	}
	unsigned(0)
}

func TestADraftMovesToAnotherDevice(t *testing.T) {
	o := newOffice(t)
	old, fresh := enrolled(t, o, t.TempDir()), enrolled(t, o, t.TempDir())
	d := o.draft(survey.RecordID{})
	d.Author = o.cadre
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(old.BeginDraft(t.Context(), d, []byte("开始")))
	for _, text := range []string{"一", "二", "三"} {
		must(old.SaveChange(t.Context(), d.ID, answer("heard_worry", text)))
	}
	must(old.SaveState(t.Context(), d, []byte("到三")))
	must(old.SaveChange(t.Context(), d.ID, answer("heard_worry", "四")))
	must(old.AttachFile(t.Context(), d.ID, "门口.jpg", "image/jpeg", []byte("照片")))
	if _, err := old.Undo(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	before, err := old.Shelves(t.Context())
	must(err)
	must(old.SaveChange(t.Context(), d.ID, answer("heard_worry", "五")))
	if _, err := old.Undo(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	shelves, err := old.Shelves(t.Context())
	must(err)
	if len(shelves) != 1 || shelves[0].Locked || shelves[0].Version == before[0].Version || len(shelves[0].Files) != 1 {
		t.Errorf("shelves %+v, before %+v", shelves, before)
	}
	p, err := old.Parcel(t.Context(), d.ID)
	must(err)
	var photo bytes.Buffer
	must(old.WriteBlob(t.Context(), p.Files[0].SHA256, &photo))
	if hash, err := fresh.KeepBlob(t.Context(), &photo); hash != p.Files[0].SHA256 || err != nil {
		t.Fatalf("KeepBlob = %s, %v", hash, err)
	}
	if taken, missing, err := fresh.Adopt(t.Context(), p); !taken || missing != 0 || err != nil {
		t.Fatalf("Adopt = %v, %d, %v", taken, missing, err)
	}
	compare := func(fact string, read func(*Store) (any, error)) {
		t.Helper()
		want, err := read(old)
		must(err)
		got, err := read(fresh)
		must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-old +new)\n%s", fact, diff)
		}
	}
	ctx := context.Background()
	compare("history", func(s *Store) (any, error) { return s.History(ctx, d.ID) })
	compare("parcel", func(s *Store) (any, error) { return s.Parcel(ctx, d.ID) })
	compare("file", func(s *Store) (any, error) { return s.File(ctx, d.ID, "门口.jpg") })
	compare("redo", func(s *Store) (any, error) {
		_, err := s.Redo(ctx, d.ID)
		_, state, journal, loadErr := s.LoadDraft(ctx, d.ID)
		if err == nil {
			err = loadErr
		}
		return []any{string(state), journal}, err
	})
	if taken, _, err := fresh.Adopt(t.Context(), p); taken || err != nil {
		t.Errorf("adopted again: %v, %v", taken, err)
	}
	must(fresh.FinishVisit(t.Context(), d, form.Submission{Fields: survey.Fields{"heard_worry": "完"}}))
	if taken, _, err := fresh.Adopt(t.Context(), p); taken || err != nil {
		t.Errorf("adopted after it was finished: %v, %v", taken, err)
	}
	p.Author = survey.NewID[survey.PersonID]()
	p.Draft = survey.NewID[survey.DraftID]()
	if taken, _, err := fresh.Adopt(t.Context(), p); taken || survey.KindOf(err) != survey.Denied {
		t.Errorf("adopted somebody else's: %v, %v", taken, err)
	}
	p.Author, p.Files[0].SHA256[0] = o.cadre, p.Files[0].SHA256[0]+1
	if taken, missing, err := fresh.Adopt(t.Context(), p); !taken || missing != 1 || err != nil {
		t.Errorf("adopted without its file: %v, %d, %v", taken, missing, err)
	}
}

func TestShelvesAreLockedForOthers(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	keys := openKeys(t, dir, KeyOptions{})
	zhang, li := survey.NewID[survey.PersonID](), survey.NewID[survey.PersonID]()
	for person, pin := range map[survey.PersonID]string{zhang: zhangPIN, li: liPIN} {
		if err := keys.AddPerson(t.Context(), person, "甲", pin); err != nil {
			t.Fatal(err)
		}
	}
	var drafts []survey.DraftID
	var s *Store
	for _, person := range []survey.PersonID{zhang, li} {
		if s != nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		keys.Lock()
		if err := keys.Unlock(t.Context(), person, map[survey.PersonID]string{zhang: zhangPIN, li: liPIN}[person]); err != nil {
			t.Fatal(err)
		}
		s = openStore(t, dir, Options{Keyring: keys})
		d := o.draft(survey.RecordID{})
		d.Author = person
		if err := s.BeginDraft(t.Context(), d, []byte("开始")); err != nil {
			t.Fatal(err)
		}
		drafts = append(drafts, d.ID)
	}
	shelves, err := s.Shelves(t.Context())
	if err != nil || len(shelves) != 2 {
		t.Fatalf("%d shelves, %v", len(shelves), err)
	}
	for _, shelf := range shelves {
		if shelf.Locked != (shelf.Drafts[0] == drafts[0]) || strings.Contains(shelf.Tag, zhang.String()[:8]) {
			t.Errorf("shelf %+v", shelf)
		}
	}
	if _, err := s.Parcel(t.Context(), drafts[0]); survey.KindOf(err) != survey.NotFound {
		t.Errorf("another person's draft: %v", err)
	}
	if _, err := s.Parcel(t.Context(), drafts[1]); err != nil {
		t.Error(err)
	}
}
