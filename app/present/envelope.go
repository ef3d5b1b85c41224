package present

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"zoucun/form"
	"zoucun/survey"
)

// Sealer keeps envelopes, and knows to whom they may be sealed.
type Sealer interface {
	Enrolment(ctx context.Context) (survey.Enrolment, bool, error)
	SealEnvelope(ctx context.Context, village survey.ScopeID, to survey.Recipient, letter survey.Letter) error
}

// Envelopes says how many envelopes there are, and how far they have come. There is nothing else to say of them.
type Envelopes struct{ Title, Words string }

func envelopesOf(e survey.Envelopes) Envelopes {
	if e.Waiting+e.Delivered == 0 {
		return Envelopes{"封存件", "没有封存件。"}
	}
	said := Envelopes{Title: fmt.Sprintf("封存件 %d", e.Waiting+e.Delivered)}
	switch {
	case e.Waiting == 0:
		said.Words = "全部已送达。"
	case e.Delivered == 0:
		said.Words = fmt.Sprintf("%d 件等待发送。", e.Waiting)
	default:
		said.Words = fmt.Sprintf("%d 件等待发送，%d 件已送达。", e.Waiting, e.Delivered)
	}
	said.Words += "只记件数；谁的、写了什么，本机打不开，也不显示。"
	return said
}

// Recipients returns to whom the county has envelopes sealed; nobody before its list has come.
func (v *Visit) Recipients(ctx context.Context) []survey.Recipient {
	if v.desk.Sealer == nil {
		return nil
	}
	self, _, err := v.desk.Sealer.Enrolment(ctx)
	if err != nil {
		return nil
	}
	return self.Recipients.For(survey.ForEnvelope)
}

// Seal seals what was typed into a box for the recipient with a key, whom it returns, and takes the box out of the
// filling. When the error is nil the letter is on disk and can be opened by its recipient alone; otherwise there is no
// envelope, and the box is as it was. The letter itself goes neither into the session nor into the journal.
func (v *Visit) Seal(ctx context.Context, box survey.FieldPath, key string, letter survey.Letter) (survey.Recipient, error) {
	listed := v.Recipients(ctx)
	at := slices.IndexFunc(listed, func(r survey.Recipient) bool { return r.Key == key })
	if at < 0 {
		return survey.Recipient{}, &survey.Error{
			Kind: survey.Conflicting, Op: "present.Seal",
			Message: "县里的收件名单刚才变了，没有封存，字还在框里。请重新选想让谁受理。",
		}
	}
	if err := v.desk.Sealer.SealEnvelope(ctx, v.draft.Scope, listed[at], letter); err != nil {
		return survey.Recipient{}, fmt.Errorf("present.Seal: %w", err)
	}
	v.report(v.Withdraw(ctx, box)) // sealed it is in any case
	return listed[at], nil
}

// Withdraw takes a box out of the filling, with the instance of a repeat it stands in: nothing tells that it was there.
// A box outside of any repeat goes with the answer that had it asked.
func (v *Visit) Withdraw(ctx context.Context, box survey.FieldPath) error {
	if end := strings.LastIndexByte(string(box), ']'); end >= 0 {
		instance := box[:end+1]
		for len(v.places) > 1 && strings.HasPrefix(string(v.here().instance), string(instance)) {
			v.places = v.places[:len(v.places)-1]
		}
		return v.Remove(ctx, instance)
	}
	for _, o := range v.openers {
		if slices.Contains(o.boxes, box) {
			return v.Answer(ctx, o.path, "")
		}
	}
	return nil
}

// opener is an answer that has boxes asked: that a household has something to say about a cadre. Neither the journal nor
// any snapshot gets it; to whoever takes the draft up again it was never given.
type opener struct {
	path          survey.FieldPath
	value, before string
	boxes         []survey.FieldPath
}

// noteOpener looks whether an answer has opened boxes that were not open before, and forgets openers that have gone.
func (v *Visit) noteOpener(path survey.FieldPath, value, before string, known []survey.FieldPath) {
	now := v.session.Envelopes()
	var kept []opener
	for _, o := range v.openers {
		isOpen := func(box survey.FieldPath) bool { return slices.Contains(now, box) }
		if o.path == path && slices.ContainsFunc(o.boxes, isOpen) {
			o.value = value // another answer that keeps the box open; the journal still has the one before both
		}
		if v.stands(o) {
			kept, known = append(kept, o), append(known, o.boxes...)
		}
	}
	fresh := slices.DeleteFunc(now, func(box survey.FieldPath) bool { return slices.Contains(known, box) })
	if len(fresh) > 0 {
		kept = append(kept, opener{path, value, before, fresh})
	}
	v.openers = kept
}

func (v *Visit) stands(o opener) bool {
	q, ok := v.session.Question(o.path)
	return ok && q.Value == o.value
}

// withheld reports whether a change is one the journal does not get.
func (v *Visit) withheld(c form.Change) bool {
	return c.Op == form.OpSet && slices.ContainsFunc(v.openers, func(o opener) bool { return o.path == c.Path && o.value == c.Value })
}

// state is what is kept of the session: as if no box had been opened.
func (v *Visit) state() (form.State, error) {
	var back []form.Change
	for _, o := range slices.Backward(v.openers) {
		if v.stands(o) {
			back = append(back, form.Change{Op: form.OpSet, Path: o.path, Value: o.before, At: survey.MillisOf(v.desk.Now())})
		}
	}
	if back == nil {
		return v.session.State(), nil
	}
	return v.session.StateWith(back)
}
