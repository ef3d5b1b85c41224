package present

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"zoucun/form"
	"zoucun/survey"
)

// typingPause is how long typed text waits before it is kept. It counts from the first key, not the last, so that
// whoever types without a pause is kept up with as well.
const typingPause = 400 * time.Millisecond

// Visit is one filling on the screen: where the person is in the form, what is asked there, and what was answered.
// Every answer is in the journal before the call that gave it returns, typed text within half a second.
type Visit struct {
	desk    Desk
	draft   survey.Draft
	session *form.Session

	places  []place // where the person is: the section, then the repeat instances entered
	checked bool    // finishing was tried: what is missing is said from now on
	typing  survey.FieldPath
	typed   *typedText
	openers []opener // answers the journal does not get
	behind  bool     // the journal lacks a change: the next thing kept is the whole state
	over    bool     // finished or discarded
	offers  map[survey.FieldPath]offer
	files   map[string]survey.Hash // that came with the form, by name; nil until one is asked for
	amends  amending
	hinted  map[string]bool // hints that were shown

	// OnChange is called after every change that other questions may show.
	OnChange func()
	// OnError is called when typed text could not be kept, which nobody was waiting for.
	OnError func(error)
}

// typedText is text not yet handed to the session.
type typedText struct {
	path   survey.FieldPath
	text   string
	cancel func()
}

func newVisit(d Desk, draft survey.Draft, session *form.Session) *Visit {
	v := &Visit{desk: d, draft: draft, session: session, OnChange: func() {}, OnError: func(error) {}}
	v.offers, v.hinted = map[survey.FieldPath]offer{}, map[string]bool{}
	v.places = []place{{}}
	v.toSection(0, false)
	return v
}

// Draft returns the filling as lists show it.
func (v *Visit) Draft() survey.Draft { return v.draft }

// spots returns where the person is, as the draft keeps it.
func (v *Visit) spots() []survey.Spot {
	spots := make([]survey.Spot, len(v.places))
	for i, p := range v.places {
		spots[i] = survey.Spot{Section: p.section, Instance: p.instance, Page: p.page}
	}
	return spots
}

// comeBack goes to where the person was when the draft was kept, or as near to it as the filling still has.
func (v *Visit) comeBack() {
	if len(v.draft.Place) == 0 {
		return
	}
	v.places = nil
	for _, spot := range v.draft.Place {
		v.places = append(v.places, place{section: spot.Section, instance: spot.Instance})
		v.paginate()
		v.here().page = max(0, min(spot.Page, len(v.here().starts)))
	}
	v.stayWhereItIs()
}

// Answer gives a question an answer and keeps it.
func (v *Visit) Answer(ctx context.Context, question survey.FieldPath, value string) error {
	if err := v.keepTyped(ctx); err != nil {
		return err
	}
	return v.set(ctx, question, value)
}

// Type takes text as it is being typed. It is kept within half a second.
func (v *Visit) Type(ctx context.Context, question survey.FieldPath, text string) {
	if v.typed != nil && v.typed.path != question {
		v.report(v.keepTyped(ctx))
	}
	v.typing = question
	if v.typed != nil {
		v.typed.text = text
		return
	}
	v.typed = &typedText{path: question, text: text}
	v.typed.cancel = v.desk.Later(typingPause, func() { v.report(v.keepTyped(ctx)) })
}

// Settle keeps what was typed last, so that what depends on it is shown.
func (v *Visit) Settle(ctx context.Context) error { return v.keepTyped(ctx) }

// Left says that the field of a question is no longer typed into, so that what is wrong with it may be said.
func (v *Visit) Left(ctx context.Context, question survey.FieldPath) {
	v.report(v.keepTyped(ctx))
	if v.typing == question {
		v.typing = ""
		v.OnChange()
	}
}

func (v *Visit) report(err error) {
	if err != nil {
		v.OnError(err)
	}
}

// keepTyped hands over what was typed last.
func (v *Visit) keepTyped(ctx context.Context) error {
	if v.typed == nil {
		return nil
	}
	t := v.typed
	v.typed = nil
	t.cancel()
	return v.set(ctx, t.path, t.text)
}

func (v *Visit) set(ctx context.Context, question survey.FieldPath, value string) error {
	q, ok := v.session.Question(question)
	if ok && q.Value == value {
		return nil
	}
	open := v.session.Envelopes()
	effects, err := v.session.Set(question, value)
	if effects.Change.Op != "" { // it was not refused
		v.noteOpener(question, value, q.Value, open)
	}
	return v.keep(ctx, effects, err)
}

// keep writes what was done into the journal, also where an expression of the form failed on it.
func (v *Visit) keep(ctx context.Context, effects form.Effects, err error) error {
	if err != nil && !keptAllTheSame(err) {
		return fmt.Errorf("present.Visit: %w", err)
	}
	v.reflow(effects.Change.Path)
	defer v.OnChange()
	if v.behind {
		return v.saveState(ctx)
	}
	if v.withheld(effects.Change) {
		return nil
	}
	if err := v.desk.Keeper.SaveChange(ctx, v.draft.ID, effects.Change); err != nil {
		v.behind = true
		return fmt.Errorf("present.Visit: %w", err)
	}
	return nil
}

// Add adds an instance to a repeat and goes into it.
func (v *Visit) Add(ctx context.Context, repeat survey.FieldPath) error {
	if err := v.keepTyped(ctx); err != nil {
		return err
	}
	instance, effects, err := v.session.AddRepeat(repeat, "")
	if err := v.keep(ctx, effects, err); err != nil {
		return err
	}
	v.Enter(instance)
	return nil
}

// Remove takes an instance of a repeat away.
func (v *Visit) Remove(ctx context.Context, instance survey.FieldPath) error {
	if err := v.keepTyped(ctx); err != nil {
		return err
	}
	effects, err := v.session.RemoveRepeat(instance)
	return v.keep(ctx, effects, err)
}

// Attach keeps a file and makes it the answer to a question.
func (v *Visit) Attach(ctx context.Context, question survey.FieldPath, mime, extension string, data []byte) error {
	name := fileName(question, extension)
	if err := v.desk.Keeper.AttachFrom(ctx, v.draft.ID, name, mime, bytes.NewReader(data)); err != nil {
		return fmt.Errorf("present.Attach: %w", err)
	}
	return v.Answer(ctx, question, name)
}

// File returns the bytes of a file that is an answer.
func (v *Visit) File(ctx context.Context, name string) ([]byte, error) {
	data, err := v.desk.Keeper.File(ctx, v.draft.ID, name)
	if err != nil {
		return nil, fmt.Errorf("present.File: %w", err)
	}
	return data, nil
}

// Flush keeps everything, and what lists show of the draft. It is called whenever the screen goes out of sight.
func (v *Visit) Flush(ctx context.Context) error {
	if v.over {
		return nil
	}
	if err := v.keepTyped(ctx); err != nil {
		return err
	}
	return v.saveState(ctx)
}

func (v *Visit) saveState(ctx context.Context) error {
	state, err := v.snapshot(ctx)
	if err != nil {
		return err
	}
	if err := v.desk.Keeper.SaveState(ctx, v.draft, state); err != nil {
		return fmt.Errorf("present.saveState: %w", err)
	}
	v.behind = false
	return nil
}

// snapshot brings the draft up to date with the session and returns the session's state.
func (v *Visit) snapshot(ctx context.Context) ([]byte, error) {
	v.draft.Answered, v.draft.Total = v.session.Progress()
	v.draft.Changed, v.draft.Place = survey.MillisOf(v.desk.Now()), v.spots()
	v.nameHousehold(ctx)
	kept, err := v.state()
	if err != nil {
		return nil, fmt.Errorf("present.snapshot: %w", err)
	}
	state, err := kept.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("present.snapshot: %w", err)
	}
	return state, nil
}

// nameHousehold finds the household that the answers name outside any repeat: the form may ask for it, or change it.
func (v *Visit) nameHousehold(ctx context.Context) {
	id := v.draft.Household
	for _, q := range v.questions(v.session.Outline()) {
		if q.Type != form.SelectOne || !q.External {
			continue
		}
		if chosen, err := survey.ParseID[survey.RecordID](q.Value); err == nil {
			if _, err := v.desk.Forms.Household(ctx, chosen); err == nil {
				id = chosen
			}
		}
	}
	if id.IsZero() {
		return
	}
	if h, err := v.desk.Forms.Household(ctx, id); err == nil {
		v.draft.Household, v.draft.Title = id, headOf(h)
	}
}

// Wrong is one thing to put right before a filling can be finished.
type Wrong struct {
	Section  string
	Question string
	Message  string
	Path     survey.FieldPath
	Asked    bool // there is a question to go to
}

// Finish ends the filling. Where something is wrong it returns what, and the filling goes on.
func (v *Visit) Finish(ctx context.Context) ([]Wrong, error) {
	if err := v.Flush(ctx); err != nil {
		return nil, err
	}
	if waiting := v.waiting(); len(waiting) > 0 {
		v.checked = true
		v.OnChange()
		return v.wrongs(append(waiting, v.session.Violations()...)), nil
	}
	sub, err := v.session.Finish()
	if unfinished := (*form.Unfinished)(nil); errors.As(err, &unfinished) {
		v.checked = true
		v.OnChange()
		return v.wrongs(unfinished.Violations), nil
	}
	if err != nil {
		return nil, fmt.Errorf("present.Finish: %w", err)
	}
	v.payToJudged(ctx, &sub)
	v.householdOf(sub)
	if err := v.onlyWhatChanged(ctx, &sub); err != nil {
		return nil, err
	}
	if err := v.desk.Keeper.FinishVisit(ctx, v.draft, sub); err != nil {
		return nil, fmt.Errorf("present.Finish: %w", err)
	}
	v.over = true
	return nil, nil
}

// householdOf makes a household that the filling itself creates or changes the one the visit was paid to.
func (v *Visit) householdOf(sub form.Submission) {
	i := slices.IndexFunc(sub.Entities, func(e form.EntityChange) bool {
		return survey.RecordType(e.Dataset) == survey.TypeHousehold
	})
	if i < 0 {
		return
	}
	if id, err := survey.ParseID[survey.RecordID](sub.Entities[i].ID); err == nil {
		v.draft.Household = id
	}
}

// Discard throws the filling away.
func (v *Visit) Discard(ctx context.Context) error {
	if v.typed != nil {
		v.typed.cancel()
		v.typed = nil
	}
	clear(v.offers)
	if err := v.desk.Keeper.DiscardDraft(ctx, v.draft.ID); err != nil {
		return fmt.Errorf("present.Discard: %w", err)
	}
	v.over = true
	return nil
}

func operation(err error) string {
	if e := (*survey.Error)(nil); errors.As(err, &e) {
		return e.Op
	}
	return ""
}
