package present

import (
	"context"
	"fmt"
	"io"
	"time"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/internal/spell"
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
	// DraftsOf returns the fillings for one household that are not finished, the one worked on last first.
	DraftsOf(ctx context.Context, household survey.RecordID) ([]survey.Draft, error)

	// Undo and Redo move a draft by one line along its journal and report whether there was one; LoadDraft then returns
	// what the draft is there.
	Undo(ctx context.Context, id survey.DraftID) (bool, error)
	Redo(ctx context.Context, id survey.DraftID) (bool, error)
	// History returns the journal, and DraftAfter what the draft was after one of its lines.
	History(ctx context.Context, id survey.DraftID) ([]form.Line, error)
	DraftAfter(ctx context.Context, id survey.DraftID, step int64) ([]byte, []form.Change, error)
	// GoBack adds a line to the journal that makes the draft what a snapshot says.
	GoBack(ctx context.Context, id survey.DraftID, state []byte) error
}

// Forms are the forms the device has received, and the registers they draw choices from.
type Forms interface {
	Forms(ctx context.Context) ([]survey.FormInfo, error)
	FormXML(ctx context.Context, id survey.FormID, version string) ([]byte, error)
	Table(ctx context.Context, name string, draft survey.Draft) (form.Table, bool)
	// FormFiles returns the files that came with the form of a draft, or why it cannot be filled in without them.
	FormFiles(ctx context.Context, draft survey.Draft) ([]survey.Attachment, error)
	FormFile(ctx context.Context, hash survey.Hash) ([]byte, error)
	Household(ctx context.Context, id survey.RecordID) (survey.Household, error)
	Groups(village survey.RecordID) []survey.Place
	SearchHouseholds(village survey.RecordID, query string, limit int) []survey.FoundHousehold
	Readings() []spell.Reading
}

// Desk is everything a filling needs of the world around it.
type Desk struct {
	Forms       Forms
	Keeper      Keeper
	Sealer      Sealer  // nil where no envelopes are sealed
	Records     Records // nil where no visit is amended and nothing is compared
	Definitions *Definitions
	Enrolment   survey.Enrolment
	// Who fills in: whoever has unlocked the device. Where nobody has a PIN it is the one it was given to.
	Who survey.Staff
	Now survey.Clock
	// Later runs a function on the presenter's goroutine after a while, unless it is cancelled before.
	Later func(after time.Duration, f func()) (cancel func())
	// NextNumber returns the device's next running number for paper copies; it never returns one twice.
	NextNumber func() (int, error)
}

// Begin starts a filling of a form, in a village, of a household or of none. It is kept before Begin returns.
func (d Desk) Begin(ctx context.Context, info survey.FormInfo, village, household survey.RecordID) (*Visit, error) {
	draft := survey.Draft{
		ID: survey.DraftID(survey.NewID[survey.RecordID]()), Form: info.ID, FormVersion: info.Version,
		Scope: survey.VillageScope(village), Household: household, Author: d.who().ID,
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
	session, err := d.restore(ctx, draft, data, journal)
	if err != nil {
		return nil, err
	}
	v := newVisit(d, draft, session)
	v.comeBack()
	return v, v.lookUpVerdict(ctx)
}

// who is in whose name a filling is begun.
func (d Desk) who() survey.Staff {
	if d.Who.ID.IsZero() {
		return survey.Staff{ID: d.Enrolment.Grant.Person, Name: d.Enrolment.Grant.Name}
	}
	return d.Who
}

// restore builds a filling from a snapshot and the journal written after it.
func (d Desk) restore(ctx context.Context, draft survey.Draft, data []byte, journal []form.Change) (*form.Session, error) {
	definition, env, err := d.open(ctx, draft)
	if err != nil {
		return nil, err
	}
	if env.Properties, err = d.properties(ctx, draft, survey.RecordID(draft.Scope)); err != nil {
		return nil, err
	}
	var state form.State
	if err := state.UnmarshalBinary(data); err != nil {
		return nil, fmt.Errorf("present.restore %s: %w", draft.ID, err)
	}
	session, err := form.Restore(definition, env, state)
	if err != nil {
		return nil, fmt.Errorf("present.restore %s: %w", draft.ID, err)
	}
	for _, change := range journal {
		if _, err := session.Apply(change); err != nil && !keptAllTheSame(err) {
			return nil, fmt.Errorf("present.restore %s: %w", draft.ID, err)
		}
	}
	return session, nil
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
	definition, err := d.Definitions.read(xml)
	if err != nil {
		return nil, form.Env{}, fmt.Errorf("present.open %s: %w", draft.Form, err)
	}
	sources, err := d.sources(ctx, draft, definition)
	if err != nil {
		return nil, form.Env{}, fmt.Errorf("present.open %s: %w", draft.Form, err)
	}
	return definition, form.Env{
		Sources: func(file string) (*form.Source, bool) {
			source, ok := sources[file]
			return source, ok
		},
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
	grant, who := d.Enrolment.Grant, d.who()
	p := map[string]string{
		"deviceid": grant.Device.String(), "username": who.Name, "person": who.ID.String(),
		"person_name": who.Name, "township": grant.Township, "village": village.String(),
	}
	if phones := d.Enrolment.Recipients.Phones; phones != nil {
		p["township_phone"], p["county_phone"], p["duty_phone"] = phones.Township, phones.County, phones.Duty
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
