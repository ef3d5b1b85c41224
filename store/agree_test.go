package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/client"
)

// wholeCounty is a county with a server of its own, reached without a network, and two devices.
type wholeCounty struct {
	*central.Central
	handler      http.Handler
	author       survey.PersonID
	village      survey.RecordID
	home         survey.RecordID
	writer, read *Store
	dir          string
}

// RoundTrip implements [http.RoundTripper].
func (c *wholeCounty) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	asked := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.Path, bytes.NewReader(body))
	asked.Header, asked.ContentLength = r.Header, int64(len(body))
	recorder := httptest.NewRecorder()
	c.handler.ServeHTTP(recorder, asked)
	reply := recorder.Result()
	reply.Request = r
	return reply, nil
}

func newWholeCounty(t *testing.T) *wholeCounty {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, key, err := ed25519.GenerateKey(nil)
	check(err)
	c := &wholeCounty{author: survey.NewID[survey.PersonID](), village: survey.NewID[survey.RecordID](), home: survey.NewID[survey.RecordID](), dir: t.TempDir()}
	c.Central, err = central.Open(t.Context(), filepath.Join(t.TempDir(), "central.db"), central.Options{Key: key, County: county, Township: "青田乡", Clock: time.Now})
	check(err)
	t.Cleanup(func() { _ = c.Close() })
	files, err := blob.OpenFolder(t.TempDir())
	check(err)
	c.handler, err = server.New(server.Options{Central: c.Central, Blobs: files, Key: key, Software: "test", Clock: time.Now})
	check(err)
	shared := survey.RegisterScope(county)
	_, err = c.Write(t.Context(), c.author, []central.Write{
		{Record: survey.RecordID(c.author), Type: survey.TypeStaff, Scope: shared, Fields: survey.Fields{survey.StaffName: "测试员"}},
		{Record: c.village, Type: survey.TypePlace, Scope: shared, Fields: survey.Place{Name: "上坪村"}.Fields()},
		{Record: c.home, Type: survey.TypeHousehold, Scope: survey.VillageScope(c.village), Fields: survey.Household{Head: "张三", Code: "1", Village: c.village, Resident: -1, Away: -1}.Fields()},
	})
	check(err)
	c.writer, c.read = c.device(t, c.dir), c.device(t, t.TempDir())
	t.Cleanup(func() { _ = errors.Join(c.writer.Close(), c.read.Close()) })
	check(c.exchange(t.Context()))
	return c
}

func (c *wholeCounty) device(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	code, err := c.NewCode(t.Context(), c.author, []survey.ScopeID{survey.VillageScope(c.village)}, []survey.Role{survey.RoleCadre}, time.Hour)
	if err == nil {
		_, err = client.Enrol(t.Context(), s, "https://county.example", code, client.Options{Clock: time.Now, Transport: c})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// exchange lets both devices do what there is to do.
func (c *wholeCounty) exchange(ctx context.Context) error {
	for _, s := range []*Store{c.writer, c.read} {
		agent := client.New(s, client.Options{Clock: time.Now, Transport: c})
		if _, err := agent.Round(ctx); err != nil {
			return err
		}
	}
	return nil
}

// filling is one draft as it is filled in: the session on the screen and the draft in the store.
type filling struct {
	c       *wholeCounty
	form    *xform.Form
	draft   survey.Draft
	session *form.Session
}

// env is what a form is run in on the device, as the screen gives it.
func (f *filling) env(ctx context.Context) form.Env {
	return form.Env{
		Now: time.Now, NewID: func() string { return survey.NewID[survey.RecordID]().String() },
		Properties: map[string]string{"village": f.c.village.String(), "household": f.c.home.String()},
		Instances:  func(file string) (form.Table, bool) { return f.c.writer.Table(ctx, file, f.draft) },
	}
}

func beginFilling(t *rapid.T, ctx context.Context, c *wholeCounty, definition *xform.Form) *filling {
	f := &filling{c: c, form: definition, draft: survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: survey.FormID(definition.ID), FormVersion: definition.Version,
		Scope: survey.VillageScope(c.village), Household: c.home, Author: c.author, Title: "张三",
	}}
	var err error
	if f.session, err = form.Begin(definition, f.env(ctx)); err != nil {
		t.Fatal(err)
	}
	must(t, c.writer.BeginDraft(ctx, f.draft, f.state(t)))
	return f
}

func (f *filling) state(t *rapid.T) []byte {
	raw, err := f.session.State().MarshalBinary()
	must(t, err)
	return raw
}

// reload builds the session from what the store has, as a start of the app does.
func (f *filling) reload(t *rapid.T, ctx context.Context) *form.Session {
	_, data, journal, err := f.c.writer.LoadDraft(ctx, f.draft.ID)
	must(t, err)
	var state form.State
	must(t, state.UnmarshalBinary(data))
	session, err := form.Restore(f.form, f.env(ctx), state)
	must(t, err)
	for _, change := range journal {
		if _, err := session.Apply(change); err != nil {
			t.Fatalf("the journal does not apply: %v", err)
		}
	}
	return session
}

// step does one random thing to the filling, and keeps it as the screen does.
func (f *filling) step(t *rapid.T, ctx context.Context) {
	s := f.c.writer
	switch rapid.IntRange(0, 9).Draw(t, "step") {
	case 0:
		moved, err := s.Undo(ctx, f.draft.ID)
		if must(t, err); moved {
			f.session = f.reload(t, ctx)
		}
	case 1:
		moved, err := s.Redo(ctx, f.draft.ID)
		if must(t, err); moved {
			f.session = f.reload(t, ctx)
		}
	case 2:
		must(t, s.SaveState(ctx, f.draft, f.state(t)))
	case 3:
		f.session = f.reload(t, ctx)
	default:
		f.edit(t, ctx)
	}
}

// edit answers a question, or adds or takes away an instance.
func (f *filling) edit(t *rapid.T, ctx context.Context) {
	var questions, repeats, instances []survey.FieldPath
	var look func(nodes []form.Node)
	look = func(nodes []form.Node) {
		for _, n := range nodes {
			switch {
			case n.Kind == form.QuestionNode:
				questions = append(questions, n.Path)
			case n.CanAdd:
				repeats = append(repeats, n.Path)
			case n.CanRemove:
				instances = append(instances, n.Path)
			}
			look(n.Children)
		}
	}
	look(f.session.Outline())
	var effects form.Effects
	var err error
	switch kind := rapid.IntRange(0, 9).Draw(t, "edit"); {
	case kind == 0 && len(repeats) > 0:
		_, effects, err = f.session.AddRepeat(rapid.SampledFrom(repeats).Draw(t, "repeat"), "")
	case kind == 1 && len(instances) > 0:
		effects, err = f.session.RemoveRepeat(rapid.SampledFrom(instances).Draw(t, "instance"))
	default:
		path := rapid.SampledFrom(questions).Draw(t, "question")
		effects, err = f.session.Set(path, f.answer(t, path))
	}
	if err == nil {
		must(t, f.c.writer.SaveChange(ctx, f.draft.ID, effects.Change))
	}
}

func (f *filling) answer(t *rapid.T, path survey.FieldPath) string {
	answers := []string{"", "0", "1", "张三", "𬱖家的路，三千里外", "2026-11-20"}
	for _, choice := range f.session.Choices(path, "", 5) {
		answers = append(answers, choice.Name, choice.Name)
	}
	return rapid.SampledFrom(answers).Draw(t, "answer")
}

// finish answers what is still missing, and finishes the session.
func (f *filling) finish(t *rapid.T, ctx context.Context) form.Submission {
	for range 60 {
		sub, err := f.session.Finish()
		unfinished := (*form.Unfinished)(nil)
		if !errors.As(err, &unfinished) {
			must(t, err)
			return sub
		}
		f.mend(ctx, unfinished.Violations[0].Path)
	}
	return form.Submission{}
}

// mend gives a question an answer that it takes.
func (f *filling) mend(ctx context.Context, path survey.FieldPath) {
	answers := []string{"", "1", "张三", time.Now().Format(time.DateOnly), "13800138000"}
	for _, choice := range f.session.Choices(path, "", 3) {
		answers = append(answers, choice.Name)
	}
	for _, answer := range slices.Backward(answers) {
		effects, err := f.session.Set(path, answer)
		if err == nil {
			err = f.c.writer.SaveChange(ctx, f.draft.ID, effects.Change)
		}
		q, _ := f.session.Question(path)
		if err == nil && q.Violation == nil {
			return
		}
	}
}

// smallForm has a repeat, choices, what depends on an answer, and what is computed.
const smallForm = `
| survey  |                   |           |            |                    |            |
|         | type              | name      | label      | relevant           | calculation |
|         | text              | said      | 说了什么   |                    |            |
|         | select_one yn     | any       | 有没有事   |                    |            |
|         | begin_repeat      | issue     | 事         | ${any} = 'y'       |            |
|         | text              | what      | 什么事     |                    |            |
|         | integer           | days      | 几天       |                    |            |
|         | calculate         | weeks     |            |                    | ${days} div 7 |
|         | end_repeat        |           |            |                    |            |
|         | date              | again     | 再来的日期 | ${any} = 'y'       |            |
| choices |                   |           |            |                    |            |
|         | list_name         | name      | label      |                    |            |
|         | yn                | y         | 有         |                    |            |
|         | yn                | n         | 没有       |                    |            |
`

func agreeForms(t *testing.T) map[string]*xform.Form {
	t.Helper()
	small, findings := xlsform.ReadMarkdown(smallForm, "small")
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	own, _ := xlsform.ReadFS(os.DirFS("../assets/forms/QZ-01"), "QZ-01")
	forms := map[string]*xform.Form{}
	for name, book := range map[string]xlsform.Workbook{"small": small, "QZ-01": own} {
		f, err := xform.Read(bytes.NewReader(xlsform.Compile(book, xlsform.Options{}).XML))
		if err != nil {
			t.Fatal(name, err)
		}
		forms[name] = f
	}
	return forms
}

// A session, its journal and its record agree, through the store: whatever was answered, undone, redone, closed and
// opened again, what the session hands in is what the journal gives, what stands in the record on this device, at the
// county, and on another device that has read it.
func TestSessionJournalAndRecordAgree(t *testing.T) {
	for name, definition := range agreeForms(t) {
		t.Run(name, func(t *testing.T) {
			c, ctx := newWholeCounty(t), t.Context()
			finished := 0
			rapid.Check(t, func(t *rapid.T) {
				f := beginFilling(t, ctx, c, definition)
				for range rapid.IntRange(1, 12).Draw(t, "steps") {
					f.step(t, ctx)
				}
				want := f.finish(t, ctx)
				if want.Form == "" {
					must(t, c.writer.DiscardDraft(ctx, f.draft.ID))
					return
				}
				replayed, err := f.reload(t, ctx).Finish()
				must(t, err)
				if diff := cmp.Diff(f.stable(want.Fields), f.stable(replayed.Fields)); diff != "" {
					t.Fatalf("the journal gives another record (-session +journal):\n%s", diff)
				}
				want.Entities, want.Attachments = nil, nil // what goes to other records, FinishVisit's own tests look at
				must(t, c.writer.FinishVisit(ctx, f.draft, want))
				finished++
				f.agrees(t, ctx, want)
			})
			if finished < 10 {
				t.Errorf("only %d fillings could be finished: the property was hardly tried", finished)
			}
		})
	}
}

// stable leaves out what a form computes from the moment: it differs between two finishings.
func (f *filling) stable(fields survey.Fields) survey.Fields {
	same := maps.Clone(fields)
	maps.DeleteFunc(same, func(path survey.FieldPath, _ string) bool {
		def := f.session.Definition(path)
		return def != nil && def.Bind.Preload != ""
	})
	return same
}

// agrees checks the record wherever it is.
func (f *filling) agrees(t *rapid.T, ctx context.Context, want form.Submission) {
	fields := maps.Clone(want.Fields)
	fields[survey.VisitHousehold] = f.c.home.String()
	fields[survey.VisitName] = f.draft.Title
	if want.InstanceName != "" {
		fields[survey.VisitName] = want.InstanceName
	}
	id := survey.RecordID(f.draft.ID)
	same := func(where string, got survey.Record, err error) {
		must(t, err)
		if diff := cmp.Diff(fields, got.Fields, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s has another record (-session +record):\n%s", where, diff)
		}
		if len(got.Heads) != 1 || len(got.Conflicts) > 0 {
			t.Fatalf("%s: %d heads, %d conflicts", where, len(got.Heads), len(got.Conflicts))
		}
	}
	here, err := f.c.writer.recordNow(ctx, id)
	same("the device", here, err)
	must(t, f.c.exchange(ctx))
	there, err := f.c.Record(ctx, id)
	same("the county", there, err)
	elsewhere, err := f.c.read.recordNow(ctx, id)
	same("another device", elsewhere, err)
	if diff := cmp.Diff(there.Heads, elsewhere.Heads); diff != "" {
		t.Fatalf("other revisions (-county +device):\n%s", diff)
	}
}

// recordNow returns what a record is, as finishing another visit would find it.
func (s *Store) recordNow(ctx context.Context, id survey.RecordID) (r survey.Record, err error) {
	err = s.update(ctx, "store.recordNow", "", func(ctx context.Context, t *tx) error {
		r, err = s.present(ctx, t, id)
		return err
	})
	if err == nil && r.ID != id {
		err = fmt.Errorf("record %s is not here", id)
	}
	return r, err
}
