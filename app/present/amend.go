package present

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/merge"
)

// Records are what is held of visits that are finished.
type Records interface {
	Drafts(ctx context.Context) ([]survey.Draft, error)
	Waiting(ctx context.Context) ([]survey.Visit, error)
	Delivered(ctx context.Context, limit int) ([]survey.Visit, error)
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
	ProblemsOf(ctx context.Context, household survey.RecordID) ([]survey.Problem, error)
}

// amending is what the township has said of the visit that a filling amends.
type amending struct {
	seen    survey.Record // the visit as it was when the draft was begun
	verdict survey.Verdict
}

// Amend takes up a visit that the township has returned: the draft that was begun for it, or a new one with all that
// the visit says. A new one keeps the version of the form the visit was made with; where that is not here any more it
// has the newest, and what this does not ask stays in the visit.
func (d Desk) Amend(ctx context.Context, visit survey.RecordID) (*Visit, error) {
	drafts, err := d.Records.Drafts(ctx)
	if err != nil {
		return nil, fmt.Errorf("present.Amend: %w", err)
	}
	if i := slices.IndexFunc(drafts, func(have survey.Draft) bool { return have.Amends.Visit == visit }); i >= 0 {
		return d.Resume(ctx, drafts[i].ID)
	}
	held, err := d.Records.Holding(ctx, visit)
	if err != nil {
		return nil, fmt.Errorf("present.Amend: %w", err)
	}
	draft, err := d.amendment(ctx, held.Record)
	if err != nil {
		return nil, err
	}
	v, err := d.beginAmending(ctx, draft, held)
	if err != nil {
		return nil, err
	}
	state, err := v.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.Keeper.BeginDraft(ctx, v.draft, state); err != nil {
		return nil, fmt.Errorf("present.Amend: %w", err)
	}
	return v, nil
}

func (d Desk) amendment(ctx context.Context, now survey.Record) (survey.Draft, error) {
	household, _ := survey.ParseID[survey.RecordID](now.Fields[survey.VisitHousehold])
	draft := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: now.Form, FormVersion: now.FormVersion, Scope: now.Scope,
		Household: household, Author: d.who().ID, Title: now.Fields[survey.VisitName],
		Begun: survey.MillisOf(d.Now()), Changed: survey.MillisOf(d.Now()),
		Amends: survey.Amends{Visit: now.ID, Heads: now.Heads, Round: survey.VerdictOf(now.Fields).Round},
	}
	if _, err := d.Forms.FormXML(ctx, draft.Form, draft.FormVersion); err == nil {
		return draft, nil
	}
	forms, err := d.Forms.Forms(ctx)
	if err != nil {
		return draft, fmt.Errorf("present.Amend: %w", err)
	}
	i := slices.IndexFunc(forms, func(f survey.FormInfo) bool { return f.ID == draft.Form })
	if i < 0 {
		return draft, &survey.Error{
			Kind: survey.NotFound, Op: "present.Amend", Subject: "form " + string(draft.Form),
			Message: "这份走访用的表不在本机。连上网络收到这张表以后再改；乡镇的意见还在，不会丢。",
		}
	}
	draft.FormVersion = forms[i].Version
	return draft, nil
}

func (d Desk) beginAmending(ctx context.Context, draft survey.Draft, held survey.Holding) (*Visit, error) {
	session, err := d.editing(ctx, draft, held.Record.Fields)
	if err != nil {
		return nil, err
	}
	v := newVisit(d, draft, session)
	v.readVerdict(held)
	for _, path := range v.commented() {
		if v.GoTo(path) {
			break
		}
	}
	return v, nil
}

// editing returns a filling that begins with what a visit says.
func (d Desk) editing(ctx context.Context, draft survey.Draft, fields survey.Fields) (*form.Session, error) {
	definition, env, err := d.open(ctx, draft)
	if err != nil {
		return nil, err
	}
	if env.Properties, err = d.properties(ctx, draft, survey.RecordID(draft.Scope)); err != nil {
		return nil, err
	}
	session, _, err := form.Edit(definition, env, ofForm(fields))
	if err != nil {
		return nil, fmt.Errorf("present.Amend: %w", err)
	}
	return session, nil
}

func ofForm(fields survey.Fields) survey.Fields {
	own := maps.Clone(fields)
	maps.DeleteFunc(own, func(path survey.FieldPath, _ string) bool { return !path.OfForm() })
	return own
}

// lookUpVerdict reads what the township says of the visit that a draft amends. A visit that is not on this device has
// nothing said of it here: the draft goes on without.
func (v *Visit) lookUpVerdict(ctx context.Context) error {
	if v.draft.Amends.IsZero() || v.desk.Records == nil {
		return nil
	}
	held, err := v.desk.Records.Holding(ctx, v.draft.Amends.Visit)
	if survey.KindOf(err) == survey.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("present.Visit: %w", err)
	}
	v.readVerdict(held)
	return nil
}

// readVerdict takes up what the township says now. It is this word that finishing answers.
func (v *Visit) readVerdict(held survey.Holding) {
	edits := make([]merge.Edit, len(held.Statements))
	for i, s := range held.Statements {
		edits[i] = merge.Edit{ID: s.ID, Header: s.Header, Body: s.Body, Erased: s.Erased, HLC: s.HLC}
	}
	v.amends = amending{
		seen:    merge.Apply(merge.Until(edits, v.draft.Amends.Heads)),
		verdict: survey.VerdictOf(held.Record.Fields),
	}
	if v.amends.verdict.Result != survey.ReviewReturned {
		v.amends.verdict = survey.Verdict{}
		return
	}
	v.draft.Amends.Round = v.amends.verdict.Round
}

// Amending reports whether the filling amends a visit, and returns what the township says of the whole of it.
func (v *Visit) Amending() (remark string, amends bool) {
	return v.amends.verdict.Comment, !v.draft.Amends.IsZero()
}

// Comments returns what the township says of single questions, in the order of the form; those whose question is not
// asked any more come last.
func (v *Visit) Comments() []Wrong {
	var list []Wrong
	for _, path := range v.commented() {
		list = append(list, v.wrongs([]form.Violation{{Path: path, Message: v.amends.verdict.Comments[path]}})...)
	}
	return list
}

// commented returns the questions that the township has said something of.
func (v *Visit) commented() []survey.FieldPath {
	var order []survey.FieldPath
	for _, q := range v.questions(v.session.Outline()) {
		order = append(order, q.Path)
	}
	place := func(path survey.FieldPath) int {
		if at := slices.Index(order, path); at >= 0 {
			return at
		}
		return len(order)
	}
	return slices.SortedFunc(maps.Keys(v.amends.verdict.Comments), func(a, b survey.FieldPath) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
}

// commentsIn reports whether anything is said of the questions of an instance.
func (v *Visit) commentsIn(instance survey.FieldPath) bool {
	for path := range v.amends.verdict.Comments {
		if strings.HasPrefix(string(path), string(instance)+"/") {
			return true
		}
	}
	return false
}

// onlyWhatChanged leaves of what an amended filling says about other records only what the visit did not say before:
// what others have written of a household or a problem since stays. A problem of the visit is the record it has made.
func (v *Visit) onlyWhatChanged(ctx context.Context, sub *form.Submission) error {
	if v.draft.Amends.IsZero() || v.desk.Records == nil {
		return nil
	}
	session, err := v.desk.editing(ctx, v.draft, v.amends.seen.Fields)
	if err != nil {
		return err
	}
	before := session.Entities()
	var changed []form.EntityChange
	for _, change := range sub.Entities {
		at := slices.IndexFunc(before, func(b form.EntityChange) bool { return sameEntity(b, change) })
		if change.ID == "" && change.Instance != "" {
			was := form.EntityChange{}
			if at >= 0 {
				was = before[at]
			}
			if change.ID, err = v.madeBy(ctx, was, change); err != nil {
				return err
			}
		}
		if at < 0 || difference(before[at], &change) {
			changed = append(changed, change)
		}
	}
	sub.Entities = changed
	return nil
}

func sameEntity(a, b form.EntityChange) bool {
	return a.Dataset == b.Dataset && a.Instance == b.Instance && (a.Instance != "" || a.ID == b.ID)
}

// difference takes out of a change what was said before, and reports whether anything is left.
func difference(before form.EntityChange, change *form.EntityChange) bool {
	if change.Label == before.Label {
		change.Label = ""
	}
	for property, value := range change.Properties {
		if value == before.Properties[property] {
			delete(change.Properties, property)
		}
	}
	return change.Label != "" || len(change.Properties) > 0
}

// madeBy returns the record that an instance has made: the one the visit names; of a visit from before that was noted,
// the household's problem of the same title; else a new one.
func (v *Visit) madeBy(ctx context.Context, was, now form.EntityChange) (string, error) {
	if id := v.amends.seen.Fields[survey.MadeFrom(now.Instance)]; id != "" {
		return id, nil
	}
	if survey.RecordType(now.Dataset) == survey.TypeProblem && was.Label != "" {
		problems, err := v.desk.Records.ProblemsOf(ctx, v.draft.Household)
		if err != nil {
			return "", fmt.Errorf("present.Amend: %w", err)
		}
		for _, p := range problems {
			if p.Title == was.Label {
				return p.ID.String(), nil
			}
		}
	}
	return survey.NewID[survey.RecordID]().String(), nil
}
