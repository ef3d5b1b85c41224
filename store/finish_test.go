package store

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// withEntities is a submission that changes the household's phone and reports two problems.
func withEntities(household survey.RecordID) form.Submission {
	sub := submission()
	sub.Entities = []form.EntityChange{
		{Dataset: "household", ID: household.String(), Update: true, Properties: map[string]string{"phone": "13900000000"}},
		problemChange("路灯不亮"), problemChange("水压太低"),
	}
	return sub
}

func problemChange(title string) form.EntityChange {
	return form.EntityChange{
		Dataset: "problem", ID: survey.NewID[survey.RecordID]().String(), Create: true, Label: title,
		Properties: map[string]string{"state": "submitted", "cat2": "0901"}, Instance: "issues[1]",
	}
}

func TestFinishVisit(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	id := o.household(t, "QC-001", "张三", "1号", "13800000001")
	apply(t, s, o.page(o.scope(), 0, 10))
	d := o.draft(id)
	finish(t, s, d, withEntities(id))

	t.Run("the draft has become a waiting visit", func(t *testing.T) {
		got := lists(t, s)
		if len(got.Drafts) != 0 || len(got.Waiting) != 1 || got.Safe != (survey.Safekeeping{Waiting: 1}) {
			t.Errorf("drafts %v, waiting %v, safekeeping %+v", got.Drafts, got.Waiting, got.Safe)
		}
		want := survey.Visit{
			ID: survey.RecordID(d.ID), Form: "QZ-01", Scope: o.scope(), Household: id, Author: o.cadre,
			Title: "张三 2026-11-23", Finished: got.Waiting[0].Finished, Delivery: survey.OnDevice,
		}
		if diff := cmp.Diff(want, got.Waiting[0]); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the household keeps what the form does not speak of", func(t *testing.T) {
		h, err := s.Household(t.Context(), id)
		if err != nil || h.Phone != "13900000000" || h.Door != "1号" || h.Head != "张三" || h.Conflicted {
			t.Errorf("household = %+v, %v", h, err)
		}
		if found := s.SearchHouseholds(o.village, "13900000000", 0); len(found) != 1 {
			t.Errorf("search by the new phone = %v", found)
		}
	})
	t.Run("the problems belong to the household", func(t *testing.T) {
		problems, err := s.ProblemsOf(t.Context(), id)
		if err != nil || len(problems) != 2 || problems[0].Household != id || problems[0].Raised == 0 {
			t.Errorf("problems = %+v, %v", problems, err)
		}
	})
	t.Run("the log holds every revision once, in order", func(t *testing.T) {
		push, ok, err := s.NextPush(t.Context(), 200, 1<<20)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		var types []survey.RecordType
		for i, e := range push.Segments[0].Entries {
			types = append(types, e.Revision.Header.Type)
			if e.N != uint64(i)+1 {
				t.Errorf("entry %d has n %d", i, e.N)
			}
		}
		want := []survey.RecordType{survey.TypeVisit, survey.TypeHousehold, survey.TypeProblem, survey.TypeProblem}
		if !slices.Equal(types, want) {
			t.Errorf("types = %v, want %v", types, want)
		}
		if parents := push.Segments[0].Entries[1].Revision.Header.Parents; len(parents) != 1 {
			t.Errorf("the household's revision has parents %v", parents)
		}
	})
	t.Run("it cannot be finished twice", func(t *testing.T) {
		if err := s.FinishVisit(t.Context(), d, submission()); survey.KindOf(err) != survey.NotFound {
			t.Errorf("second FinishVisit = %v", err)
		}
	})
}

func TestFinishVisitWithNewHousehold(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	id := survey.NewID[survey.RecordID]()
	sub := submission()
	sub.Entities = []form.EntityChange{{
		Dataset: "household", ID: id.String(), Create: true, Label: "欧阳修",
		Properties: map[string]string{"group": o.group.String(), "door": "村东头"},
	}}
	d := o.draft(survey.RecordID{})
	finish(t, s, d, sub)
	found := s.SearchHouseholds(o.village, "oyx", 10)
	if len(found) != 1 || found[0].ID != id || found[0].Village != o.village {
		t.Fatalf("search finds %+v", found)
	}
	visits, err := s.VisitsOf(t.Context(), id)
	if err != nil || len(visits) != 1 || visits[0].ID != survey.RecordID(d.ID) {
		t.Errorf("visits of the new household = %+v, %v", visits, err)
	}
}

func TestAttachments(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	d := o.draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	first, second := bytes.Repeat([]byte("一"), 1000), bytes.Repeat([]byte("二"), 100)
	for _, data := range [][]byte{first, second} {
		if err := s.AttachFile(t.Context(), d.ID, "sign.png", "image/png", data); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AttachFile(t.Context(), d.ID, "unused.png", "image/png", first); err != nil {
		t.Fatal(err)
	}
	if got, err := s.File(t.Context(), d.ID, "sign.png"); err != nil || !bytes.Equal(got, second) {
		t.Fatalf("File returns %d bytes, %v; want the second version", len(got), err)
	}
	sub := submission()
	sub.Attachments = []string{"sign.png"}
	sub.Fields["respondent_sign"] = "sign.png"
	if err := s.FinishVisit(t.Context(), d, sub); err != nil {
		t.Fatal(err)
	}
	if k, err := s.Safekeeping(t.Context()); err != nil || k.Files != 1 {
		t.Errorf("safekeeping = %+v, %v", k, err)
	}
	if blobs, err := s.UndeliveredBlobs(t.Context()); err != nil || len(blobs) != 0 {
		t.Errorf("files are offered before their record is signed for: %v, %v", blobs, err)
	}
	deliver(t, s, o)
	blobs, err := s.UndeliveredBlobs(t.Context())
	if err != nil || len(blobs) != 1 || blobs[0].Size != int64(len(second)) {
		t.Fatalf("blobs = %v, %v", blobs, err)
	}
	if data, err := s.Blob(t.Context(), blobs[0].SHA256); err != nil || !bytes.Equal(data, second) {
		t.Errorf("Blob = %d bytes, %v", len(data), err)
	}
	if err := s.BlobDelivered(t.Context(), blobs[0].SHA256); err != nil {
		t.Fatal(err)
	}
	if k, err := s.Safekeeping(t.Context()); err != nil || k.Files != 0 {
		t.Errorf("safekeeping after delivery = %+v, %v", k, err)
	}
	if left := filesIn(t, string(s.blobs)); left != 1 {
		t.Errorf("%d files in the folder, want the one attached", left)
	}
}

func TestMissingAttachmentKeepsTheDraft(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	d := o.draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	sub := submission()
	sub.Attachments = []string{"never-attached.png"}
	if err := s.FinishVisit(t.Context(), d, sub); survey.KindOf(err) != survey.NotFound {
		t.Errorf("FinishVisit = %v", err)
	}
	if got := lists(t, s); len(got.Drafts) != 1 || len(got.Waiting) != 0 {
		t.Errorf("after the failure: drafts %v, waiting %v", got.Drafts, got.Waiting)
	}
}

// deliver hands everything over to the office.
func deliver(tb testing.TB, s *Store, o *office) {
	tb.Helper()
	for {
		push, ok, err := s.NextPush(tb.Context(), wire.MaxEntries, 1<<20)
		if err != nil {
			tb.Fatal("NextPush:", err)
		}
		if !ok {
			return
		}
		if err := s.Receive(tb.Context(), o.accept(tb, push)); err != nil {
			tb.Fatal("Receive:", err)
		}
	}
}

// bigSubmission does not fit where a few pages are left.
func bigSubmission() form.Submission {
	sub := submission()
	sub.Fields["detail"] = strings.Repeat("很长的经过。", 20_000)
	return sub
}
