package present

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/survey"
)

// Keeper keeps fillings that are not finished. What SaveChange has returned from survives a flat battery.
type Keeper interface {
	BeginDraft(ctx context.Context, d survey.Draft, state []byte) error
	SaveChange(ctx context.Context, id survey.DraftID, c form.Change) error
	SaveState(ctx context.Context, d survey.Draft, state []byte) error
	LoadDraft(ctx context.Context, id survey.DraftID) (survey.Draft, []byte, []form.Change, error)
	DiscardDraft(ctx context.Context, id survey.DraftID) error
	AttachFrom(ctx context.Context, id survey.DraftID, name, mime string, r io.Reader) error
	File(ctx context.Context, id survey.DraftID, name string) ([]byte, error)
	FinishVisit(ctx context.Context, d survey.Draft, sub form.Submission) error
}

// Forms are the forms the device has received, and the registers they draw choices from.
type Forms interface {
	Forms(ctx context.Context) ([]survey.FormInfo, error)
	FormXML(ctx context.Context, id survey.FormID, version string) ([]byte, error)
	Table(ctx context.Context, name string, draft survey.Draft) (form.Table, bool)
	Household(ctx context.Context, id survey.RecordID) (survey.Household, error)
}

// Desk is everything a filling needs of the world around it.
type Desk struct {
	Forms     Forms
	Keeper    Keeper
	Enrolment survey.Enrolment
	Now       survey.Clock
	// Later runs a function on the presenter's goroutine after a while, unless it is cancelled before.
	Later func(after time.Duration, f func()) (cancel func())
	// NextNumber returns the device's next running number for paper copies; it never returns one twice.
	NextNumber func() (int, error)
}

// Begin starts a filling of a form, in a village, of a household or of none. It is kept before Begin returns.
func (d Desk) Begin(ctx context.Context, info survey.FormInfo, village, household survey.RecordID) (*Visit, error) {
	draft := survey.Draft{
		ID: survey.DraftID(survey.NewID[survey.RecordID]()), Form: info.ID, FormVersion: info.Version,
		Scope: survey.VillageScope(village), Household: household, Author: d.Enrolment.Grant.Person,
		Title: info.Title, Begun: survey.MillisOf(d.Now()),
	}
	definition, env, err := d.open(ctx, draft)
	if err != nil {
		return nil, err
	}
	if env.Properties, err = d.properties(ctx, draft, village); err != nil {
		return nil, err
	}
	session, err := form.Begin(definition, env)
	if err != nil {
		return nil, fmt.Errorf("present.Begin %s: %w", info.ID, err)
	}
	v := newVisit(d, draft, session)
	state, err := v.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.Keeper.BeginDraft(ctx, v.draft, state); err != nil {
		return nil, fmt.Errorf("present.Begin %s: %w", info.ID, err)
	}
	return v, nil
}

// Resume takes up a filling where it was left, by whatever it was ended.
func (d Desk) Resume(ctx context.Context, id survey.DraftID) (*Visit, error) {
	draft, data, journal, err := d.Keeper.LoadDraft(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("present.Resume %s: %w", id, err)
	}
	definition, env, err := d.open(ctx, draft)
	if err != nil {
		return nil, err
	}
	if env.Properties, err = d.properties(ctx, draft, survey.RecordID(draft.Scope)); err != nil {
		return nil, err
	}
	var state form.State
	if err := state.UnmarshalBinary(data); err != nil {
		return nil, fmt.Errorf("present.Resume %s: %w", id, err)
	}
	session, err := form.Restore(definition, env, state)
	if err != nil {
		return nil, fmt.Errorf("present.Resume %s: %w", id, err)
	}
	for _, change := range journal {
		if _, err := session.Apply(change); err != nil && !keptAllTheSame(err) {
			return nil, fmt.Errorf("present.Resume %s: %w", id, err)
		}
	}
	return newVisit(d, draft, session), nil
}

// keptAllTheSame reports whether a change took effect although an expression of the form failed on it. The engine
// refuses a change with any other operation than evaluation.
func keptAllTheSame(err error) bool { return operation(err) == "form.eval" }

// open reads the definition a draft was begun with, and what it is run in.
func (d Desk) open(ctx context.Context, draft survey.Draft) (*xform.Form, form.Env, error) {
	xml, err := d.Forms.FormXML(ctx, draft.Form, draft.FormVersion)
	if err != nil {
		return nil, form.Env{}, fmt.Errorf("present.open %s: %w", draft.Form, err)
	}
	definition, err := xform.Read(bytes.NewReader(xml))
	if err != nil {
		return nil, form.Env{}, fmt.Errorf("present.open %s: %w", draft.Form, err)
	}
	return definition, form.Env{
		Now:   d.Now,
		NewID: func() string { return survey.NewID[survey.RecordID]().String() },
		Instances: func(file string) (form.Table, bool) {
			return d.Forms.Table(ctx, file, draft)
		},
	}, nil
}

// properties are what a form can ask of the device it is filled on. A draft that is taken up again has its number
// among its answers, so none is drawn for it.
func (d Desk) properties(ctx context.Context, draft survey.Draft, village survey.RecordID) (map[string]string, error) {
	grant := d.Enrolment.Grant
	p := map[string]string{
		"deviceid": grant.Device.String(), "username": grant.Name, "person": grant.Person.String(),
		"person_name": grant.Name, "township": grant.Township, "village": village.String(),
	}
	if !draft.Household.IsZero() {
		p["household"] = draft.Household.String()
		if h, err := d.Forms.Household(ctx, draft.Household); err == nil && !h.Group.IsZero() {
			p["group"] = h.Group.String()
		}
	}
	if draft.Changed != 0 {
		return p, nil
	}
	running, err := d.NextNumber()
	if err != nil {
		return nil, fmt.Errorf("present.properties: %w", err)
	}
	p["form_no"] = FormNumber(draft.Form, grant, d.Now(), running)
	return p, nil
}
