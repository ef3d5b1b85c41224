package store

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// told is a submission that says some fields and could have said all of those named.
func told(fields survey.Fields, touched ...survey.FieldPath) form.Submission {
	for path := range fields {
		touched = append(touched, path)
	}
	return form.Submission{Form: "QZ-01", Version: "1.0", InstanceName: "张三", Fields: fields, Touched: touched}
}

// judge writes the township's word on a visit as it is now.
func judge(t *testing.T, s *Store, visit survey.RecordID, v survey.Verdict) {
	t.Helper()
	now, err := s.Record(t.Context(), visit)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Amend(t.Context(), survey.Amendment{
		Record: visit, Type: survey.TypeVisit, Kind: survey.Review, Scope: now.Scope, Author: survey.NewID[survey.PersonID](),
		Fields: v.Fields(now), Heads: now.Heads,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func returning(comments map[survey.FieldPath]string) survey.Verdict {
	return survey.Verdict{Result: survey.ReviewReturned, Comment: "请补齐", Comments: comments}
}

// amending begins a draft that amends a visit as its author sees it now.
func amending(t *testing.T, o *office, s *Store, visit survey.RecordID) survey.Draft {
	t.Helper()
	now, err := s.Record(t.Context(), visit)
	if err != nil {
		t.Fatal(err)
	}
	d := o.draft(survey.RecordID{})
	d.Amends = survey.Amends{Visit: visit, Heads: now.Heads, Round: survey.VerdictOf(now.Fields).Round}
	if err := s.BeginDraft(t.Context(), d, []byte("开始")); err != nil {
		t.Fatal(err)
	}
	return d
}

func state(t *testing.T, s *Store, visit survey.RecordID) (survey.ReviewState, survey.Record) {
	t.Helper()
	now, err := s.Record(t.Context(), visit)
	if err != nil {
		t.Fatal(err)
	}
	return survey.VerdictOf(now.Fields).State(), now
}

func TestReturnedVisitIsAmended(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	d := o.draft(survey.RecordID{})
	d.ID = survey.NewID[survey.DraftID]()
	finish(t, s, d, told(survey.Fields{"visit/people_asked": "3", "visit/old": "kept"}))
	visit := survey.RecordID(d.ID)
	if own, err := s.Returned(t.Context()); err != nil || len(own) != 0 {
		t.Fatalf("returned before any review: %v, %v", own, err)
	}
	judge(t, s, visit, returning(map[survey.FieldPath]string{"visit/people_asked": "三个人？"}))
	if own, err := s.Returned(t.Context()); err != nil || len(own) != 1 || own[0].ID != visit {
		t.Fatalf("returned: %v, %v", own, err)
	}

	draft := amending(t, o, s, visit)
	got, err := s.Drafts(t.Context())
	if err != nil || len(got) != 1 || got[0].Amends.Visit != visit || !slices.Equal(got[0].Amends.Heads, draft.Amends.Heads) || got[0].Amends.Round == "" {
		t.Fatalf("drafts = %+v, %v", got, err)
	}
	// The form of the amendment knows nothing of visit/old: it stays.
	if err := s.FinishVisit(t.Context(), draft, told(survey.Fields{"visit/people_asked": "2"})); err != nil {
		t.Fatal(err)
	}
	at, now := state(t, s, visit)
	if at != survey.StateAnswered || now.Fields["visit/people_asked"] != "2" || now.Fields["visit/old"] != "kept" || len(now.Heads) != 1 || len(now.Conflicts) != 0 {
		t.Errorf("amended: %v %v", at, now)
	}
	if now.Fields[survey.CommentOn("visit/people_asked")] == "" {
		t.Error("the reviewer cannot see any more what was asked")
	}
	if own, err := s.Returned(t.Context()); err != nil || len(own) != 0 {
		t.Errorf("still returned: %v, %v", own, err)
	}
	if drafts, err := s.Drafts(t.Context()); err != nil || len(drafts) != 0 {
		t.Errorf("drafts left: %v, %v", drafts, err)
	}

	t.Run("and returned again", func(t *testing.T) {
		judge(t, s, visit, returning(map[survey.FieldPath]string{"visit/old": "这一题"}))
		at, now := state(t, s, visit)
		if at != survey.StateReturned || now.Fields[survey.CommentOn("visit/people_asked")] != "" {
			t.Errorf("returned twice: %v %v", at, now.Fields)
		}
		again := amending(t, o, s, visit)
		if err := s.FinishVisit(t.Context(), again, told(survey.Fields{"visit/people_asked": "2"}, "visit/old")); err != nil {
			t.Fatal(err)
		}
		if at, now := state(t, s, visit); at != survey.StateAnswered || now.Fields["visit/old"] != "" {
			t.Errorf("answered twice: %v %v", at, now.Fields)
		}
		judge(t, s, visit, survey.Verdict{Result: survey.ReviewPassed})
		if at, now := state(t, s, visit); at != survey.StatePassed || len(survey.VerdictOf(now.Fields).Comments) != 0 {
			t.Errorf("passed: %v %v", at, now.Fields)
		}
	})
}

// The township writes on while the cadre's tablet has no network. Whatever crosses, both words stay, and whoever has to
// look again is the one who is asked to.
func TestReviewAndAnswerCross(t *testing.T) {
	tests := []struct {
		name string
		then survey.Verdict // what the township says while the answer to its first word is on its way
		want survey.ReviewState
	}{
		{"passed unseen waits again", survey.Verdict{Result: survey.ReviewPassed}, survey.StateAnswered},
		{"returned again goes back to its author", returning(map[survey.FieldPath]string{"visit/b": "还有这里"}), survey.StateReturned},
		{"joined stays joined", survey.Verdict{Result: survey.ReviewJoined, DupOf: survey.NewID[survey.RecordID]()}, survey.StateJoined},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			s := enrolled(t, o, t.TempDir())
			d := o.draft(survey.RecordID{})
			finish(t, s, d, told(survey.Fields{"visit/a": "1", "visit/b": "1"}))
			visit := survey.RecordID(d.ID)
			judge(t, s, visit, returning(map[survey.FieldPath]string{"visit/a": "？"}))
			draft := amending(t, o, s, visit)
			judge(t, s, visit, tt.then)
			if err := s.FinishVisit(t.Context(), draft, told(survey.Fields{"visit/a": "2", "visit/b": "1"})); err != nil {
				t.Fatal(err)
			}
			at, now := state(t, s, visit)
			if at != tt.want || now.Fields["visit/a"] != "2" || len(now.Conflicts) != 0 || len(now.Heads) != 2 {
				t.Errorf("state %v, want %v: %+v", at, tt.want, now)
			}
			got := survey.VerdictOf(now.Fields)
			if got.Result != tt.then.Result || got.DupOf != tt.then.DupOf || len(got.Comments) != len(tt.then.Comments) {
				t.Errorf("the township's word is lost: %+v", got)
			}
		})
	}
}

// What somebody else has changed since the draft was begun is not taken back by it.
func TestAmendmentTakesNothingBack(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	d := o.draft(survey.RecordID{})
	finish(t, s, d, told(survey.Fields{"visit/a": "1", "visit/b": "1", "visit/c": "1"}))
	visit := survey.RecordID(d.ID)
	judge(t, s, visit, returning(nil))
	draft := amending(t, o, s, visit)
	other := survey.Amendment{
		Record: visit, Type: survey.TypeVisit, Kind: survey.Put, Scope: o.scope(), Author: survey.NewID[survey.PersonID](),
		Fields: survey.Fields{"visit/b": "2", "visit/c": "2"},
	}
	if err := s.Amend(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := s.FinishVisit(t.Context(), draft, told(survey.Fields{"visit/a": "9", "visit/b": "1", "visit/c": "9"})); err != nil {
		t.Fatal(err)
	}
	_, now := state(t, s, visit)
	if now.Fields["visit/a"] != "9" || now.Fields["visit/b"] != "2" {
		t.Errorf("fields %v", now.Fields)
	}
	if len(now.Conflicts) != 1 || now.Conflicts[0].Field != "visit/c" {
		t.Errorf("conflicts %v, want one on visit/c", now.Conflicts)
	}
}

// Two reviewers who see the same and decide the same leave nothing to decide.
func TestReviewersAgree(t *testing.T) {
	now := survey.Record{ID: survey.NewID[survey.RecordID](), Heads: []survey.RevID{{1}, {2}}}
	a, b := survey.Verdict{Result: survey.ReviewPassed}.Fields(now), survey.Verdict{Result: survey.ReviewPassed}.Fields(now)
	for path, value := range a {
		if b[path] != value {
			t.Errorf("%s: %q and %q", path, value, b[path])
		}
	}
}

// An amended visit keeps its files, those too that are not on this device, and a new one comes beside them.
func TestAmendedVisitKeepsItsFiles(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	d := o.draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.AttachFile(t.Context(), d.ID, "a.jpg", "image/jpeg", []byte("照片甲")); err != nil {
		t.Fatal(err)
	}
	sub := told(survey.Fields{"consent/sign": "a.jpg"})
	sub.Attachments = []string{"a.jpg"}
	if err := s.FinishVisit(t.Context(), d, sub); err != nil {
		t.Fatal(err)
	}
	visit := survey.RecordID(d.ID)
	judge(t, s, visit, returning(nil))
	draft := amending(t, o, s, visit)
	if data, err := s.File(t.Context(), draft.ID, "a.jpg"); err != nil || !bytes.Equal(data, []byte("照片甲")) {
		t.Errorf("the draft's file: %q, %v", data, err)
	}
	if err := s.AttachFile(t.Context(), draft.ID, "b.jpg", "image/jpeg", []byte("照片乙")); err != nil {
		t.Fatal(err)
	}
	sub = told(survey.Fields{"consent/sign": "a.jpg", "consent/more": "b.jpg"})
	sub.Attachments = []string{"a.jpg", "b.jpg"}
	if err := s.FinishVisit(t.Context(), draft, sub); err != nil {
		t.Fatal(err)
	}
	_, now := state(t, s, visit)
	if len(now.Files) != 2 || now.Files[0].Name != "a.jpg" || now.Files[1].Name != "b.jpg" {
		t.Fatalf("files %+v", now.Files)
	}
	for _, file := range now.Files {
		if _, err := s.Blob(t.Context(), file.SHA256); err != nil {
			t.Errorf("%s: %v", file.Name, err)
		}
	}

	t.Run("thrown away, the draft takes none with it", func(t *testing.T) {
		judge(t, s, visit, returning(nil))
		if err := s.DiscardDraft(t.Context(), amending(t, o, s, visit).ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Blob(t.Context(), now.Files[0].SHA256); err != nil {
			t.Error(err)
		}
	})
	t.Run("without its bytes here it is taken over by name", func(t *testing.T) {
		file := survey.Attachment{Name: "far.jpg", SHA256: survey.Hash{7}, Size: 9, MIME: "image/jpeg"}
		far := o.revision(t, survey.Header{
			Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: o.scope(), Author: o.cadre, Form: "QZ-01", FormVersion: "1.0",
		}, survey.Fields{"consent/sign": "far.jpg"})
		far = withFiles(t, far, file)
		o.publish(far)
		apply(t, s, o.page(o.scope(), 0, 10))
		judge(t, s, far.Header.Record, returning(nil))
		draft := amending(t, o, s, far.Header.Record)
		sub := told(survey.Fields{"consent/sign": "far.jpg"})
		sub.Attachments = []string{"far.jpg"}
		if err := s.FinishVisit(t.Context(), draft, sub); err != nil {
			t.Fatal(err)
		}
		if _, now := state(t, s, far.Header.Record); len(now.Files) != 1 || now.Files[0] != file {
			t.Errorf("files %+v", now.Files)
		}
		if waiting, err := s.UndeliveredBlobs(t.Context()); err != nil || slices.ContainsFunc(waiting, func(a survey.Attachment) bool { return a.SHA256 == file.SHA256 }) {
			t.Errorf("a file that is not here is to be sent: %v, %v", waiting, err)
		}
	})
}

// withFiles returns a revision that says the same and has files.
func withFiles(t *testing.T, r survey.Revision, files ...survey.Attachment) survey.Revision {
	t.Helper()
	body, err := wire.DecodeBody(r)
	if err != nil {
		t.Fatal(err)
	}
	body.Attachments = files
	again, err := wire.SealRevision(r.Header, body, bytes.NewReader(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// An amended draft keeps what it amends on its way to another device.
func TestParcelOfAnAmendment(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	d := o.draft(survey.RecordID{})
	finish(t, s, d, told(survey.Fields{"visit/a": "1"}))
	judge(t, s, survey.RecordID(d.ID), returning(nil))
	draft := amending(t, o, s, survey.RecordID(d.ID))
	p, err := s.Parcel(t.Context(), draft.ID)
	if err != nil {
		t.Fatal(err)
	}
	twin := enrolled(t, o, t.TempDir())
	if taken, _, err := twin.Adopt(t.Context(), p); err != nil || !taken {
		t.Fatalf("taken %v, %v", taken, err)
	}
	got, err := twin.Drafts(t.Context())
	if err != nil || len(got) != 1 || got[0].Amends.Visit != draft.Amends.Visit || got[0].Amends.Round != draft.Amends.Round {
		t.Fatalf("drafts %+v, %v", got, err)
	}
	// That device has never seen the visit: what it writes joins it there where it is known.
	if err := twin.FinishVisit(t.Context(), got[0], told(survey.Fields{"visit/a": "2"})); err != nil {
		t.Fatal(err)
	}
}

// Whoever follows hears of every record a transaction has changed, as it is then, and Whole reads the same.
func TestFollowersHearWhatIsWhole(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	heard := map[survey.RecordID]survey.Record{}
	stop := s.OnSettled(func(records []survey.Record) {
		for _, r := range records {
			heard[r.ID] = r
		}
	})
	d := o.draft(survey.RecordID{})
	finish(t, s, d, told(survey.Fields{"visit/a": "1"}))
	judge(t, s, survey.RecordID(d.ID), returning(nil))
	e := o.draft(survey.RecordID{})
	finish(t, s, e, told(survey.Fields{"visit/a": "2"}))
	whole := map[survey.RecordID]survey.Record{}
	err := s.Whole(t.Context(), survey.TypeVisit, func(r survey.Record) error {
		whole[r.ID] = r
		return nil
	})
	if err != nil || len(whole) != 2 {
		t.Fatalf("%d whole records, %v", len(whole), err)
	}
	for id, r := range whole {
		if h := heard[id]; h.Fields["visit/a"] != r.Fields["visit/a"] || !slices.Equal(h.Heads, r.Heads) {
			t.Errorf("heard %v, whole %v", heard[id], r)
		}
	}
	stop()
	finish(t, s, o.draft(survey.RecordID{}), told(survey.Fields{"visit/a": "3"}))
	if len(heard) != 2 {
		t.Error("heard of a record after stopping")
	}
}

// BenchmarkWhole reads visits of forty answers with all they say, as the workbench does once to count them.
func BenchmarkWhole(b *testing.B) {
	const visits = 5000
	o := newOffice(b)
	s := enrolled(b, o, b.TempDir())
	fields := survey.Fields{}
	for i := range 40 {
		fields[survey.FieldPath(fmt.Sprintf("hear/answer_%02d", i))] = "路灯坏了，晚上看不见"
	}
	for i := range visits {
		o.publish(o.revision(b, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: o.scope()}, fields))
		if i%500 == 499 {
			apply(b, s, o.page(o.scope(), i-499, 500))
		}
	}
	for b.Loop() {
		n := 0
		err := s.Whole(b.Context(), survey.TypeVisit, func(survey.Record) error {
			n++
			return nil
		})
		if err != nil || n != visits {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*visits), "µs/visit")
}
