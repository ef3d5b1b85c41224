package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"time"

	"zoucun/form"
	"zoucun/internal/testkit/crashfs"
	"zoucun/server/central"
	"zoucun/survey"
)

// Violation is an invariant that did not hold.
type Violation struct {
	Invariant string // I1 to I14, or the fault (F1…) after which something did not come up again
	What      string
}

// Result is what came of a script.
type Result struct {
	Violations []Violation
	Course     [sha256.Size]byte // of everything that happened: the same script has the same
	Log        []string          // what happened, line by line
	Writes     int               // what people wrote and were told is safe
	Rounds     int               // of agents
}

// Caught reports whether an invariant was among those that did not hold.
func (r Result) Caught(invariant string) bool {
	return slices.ContainsFunc(r.Violations, func(v Violation) bool { return v.Invariant == invariant })
}

// World is one life of a township.
type World struct {
	script   Script
	broken   Broken
	dir      string
	powers   bool // power will be cut: everything written is recorded
	restores bool // the server will be put back: backups are kept
	steps    int
	point    *point // nil where no step needs one
	now      time.Time
	office   *office
	tablets  []*tablet
	wrote    []*wrote
	texts    int
	course   hash.Hash
	result   Result
}

// most is how many tablets there may be with those that are copied.
const most = 6

// Run lives through a script in a folder of its own. An error says that the township could not even be founded.
func Run(ctx context.Context, s Script, dir string, broken Broken) (Result, error) {
	w := &World{
		script: s, broken: broken, dir: dir, course: sha256.New(), now: time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC),
	}
	w.powers, w.restores = w.hasAny(Power, PowerServer), w.hasAny(Restore)
	var err error
	if w.office, err = newOffice(ctx, w); err != nil {
		return w.result, fmt.Errorf("sim: %w", err)
	}
	defer w.close()
	for range s.Tablets {
		t, err := newTablet(ctx, w)
		if err != nil {
			return w.result, fmt.Errorf("sim: %w", err)
		}
		w.tablets = append(w.tablets, t)
	}
	if err := w.roads(ctx); err != nil {
		return w.result, fmt.Errorf("sim: %w", err)
	}
	for _, step := range s.Steps {
		w.steps++
		w.take(ctx, step)
		if w.broken.Between != nil {
			w.broken.Between(ctx, w)
		}
		if w.watch(ctx, step); len(w.result.Violations) > 0 {
			return w.end(), nil
		}
	}
	if w.heal(ctx); len(w.result.Violations) == 0 {
		w.judge(ctx)
	}
	return w.end(), nil
}

// roads opens the roads that the script has steps for.
func (w *World) roads(ctx context.Context) error {
	if w.hasAny(Forward, KillPoint, LosePoint) {
		p, err := newPoint(ctx, w)
		for _, t := range w.tablets {
			if err == nil {
				err = p.know(ctx, t)
			}
		}
		if err != nil {
			return err
		}
	}
	if w.hasAny(Stick) {
		return w.office.keyed(ctx)
	}
	return nil
}

func (w *World) hasAny(kinds ...Kind) bool {
	return slices.ContainsFunc(w.script.Steps, func(step Step) bool { return slices.Contains(kinds, step.Kind) })
}

func (w *World) clock() time.Time { return w.now }

func (w *World) end() Result {
	copy(w.result.Course[:], w.course.Sum(nil))
	w.result.Writes = len(w.wrote)
	for _, t := range w.tablets {
		w.result.Rounds += t.net.begun
	}
	return w.result
}

// close closes everything; what has failed before fails here again and is passed over.
func (w *World) close() {
	for _, t := range w.tablets {
		_ = t.close()
		t.disk.giveBack()
	}
	_ = w.office.close()
	w.office.disk.giveBack()
}

// note adds a line to the course of things. It may say nothing that differs from run to run.
func (w *World) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	w.result.Log = append(w.result.Log, line)
	_, _ = w.course.Write([]byte(line + "\n")) // never fails
}

func (w *World) violated(invariant, format string, args ...any) {
	w.result.Violations = append(w.result.Violations, Violation{invariant, fmt.Sprintf(format, args...)})
}

// text returns a text that nobody has written before.
func (w *World) text(of string) string {
	w.texts++
	return mark + of + strconv.Itoa(w.texts)
}

// take lets a step happen.
func (w *World) take(ctx context.Context, s Step) {
	w.note("%s %s %d %d %d", w.now.Format("01-02 15:04:05"), s.Kind, s.Node, s.A, s.B)
	w.now = w.now.Add(time.Second)
	if w.atOffice(ctx, s) || s.Kind == Pass {
		w.now = w.now.Add(time.Duration(s.A) * time.Second * time.Duration(oneIf(s.Kind == Pass)))
		return
	}
	t := w.tablets[s.Node%len(w.tablets)]
	switch s.Kind {
	case Visit, Edit, Photo, Draft, Finish, Newer:
		t.work(func() error { return t.deed(ctx, s) })
		return
	case Kill:
		t.kill(ctx)
	case Power:
		t.power(ctx, s.B)
	case Clone:
		w.clone(ctx, t)
	case Clock:
		m := moments[s.A%len(moments)]
		if t.skew = m.off; !m.at.IsZero() {
			t.skew = m.at.Sub(w.now)
		}
	case Disk:
		how := []crashfs.Failure{crashfs.Full, crashfs.WriteError, crashfs.SyncError}[s.B%3]
		t.disk.Fail(crashfs.Fault{At: 1 + s.A, How: how})
	case Dark:
		t.net.line.dark = s.A%2 == 1
		return
	case Give:
		(&neighbour{w: w, t: t, courier: w.tablets[s.A%len(w.tablets)], how: s.B % meetings}).Step(ctx)
	case Stick:
		t.stick.Step(ctx)
	case Lost:
		t.stick.Break()
	case Trouble:
		t.net.line.trouble, t.net.line.at = troubles[s.A%len(troubles)], s.B%1000
		return
	case Wake:
		t.net.wake()
		t.net.Step(ctx)
	case Advance:
		w.now = w.now.Add(time.Duration(s.B) * time.Millisecond)
		t.net.Step(ctx)
	}
	t.working = false
}

func oneIf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// atOffice lets a step happen at the township, if it does.
func (w *World) atOffice(ctx context.Context, s Step) bool {
	o := w.office
	home := s.A % len(o.home)
	switch s.Kind {
	case Register:
		o.write(ctx, central.Write{
			Record: o.home[home], Type: survey.TypeHousehold, Scope: o.scope(o.at[home]),
			Fields: survey.Fields{fields[s.B%len(fields)]: w.text("乡")},
		})
	case NewHome:
		o.write(ctx, o.enter(s.A%villages))
	case Move:
		o.at[home] = s.B % villages
		o.write(ctx, central.Write{
			Record: o.home[home], Type: survey.TypeHousehold, Scope: o.scope(o.at[home]), Kind: survey.Move,
			Fields: survey.Fields{survey.HouseholdVillage: o.village[o.at[home]].String()},
		})
	case Decide:
		o.decide(ctx, home)
	case Void:
		if len(w.wrote) > 0 {
			o.void(ctx, w.wrote[s.A%len(w.wrote)].record)
		}
	case Revoke, Regrant:
		w.permit(ctx, s)
	case Backup:
		o.backup(ctx)
	case Restore:
		o.restore(ctx, s.A%2 == 0)
	case Forward, KillPoint, LosePoint:
		w.atPoint(ctx, s)
	case KillServer:
		o.kill(ctx)
	case PowerServer:
		o.power(ctx, s.B)
	default:
		return false
	}
	return true
}

// atPoint lets a step happen at the receiving point.
func (w *World) atPoint(ctx context.Context, s Step) {
	switch w.point.how = s.A % howMany; s.Kind {
	case Forward:
		w.point.Step(ctx)
	case KillPoint:
		w.point.Break()
	case LosePoint:
		w.point.lose(ctx)
	}
}

// decide is what a person at the township does about a household in conflict.
func (o *office) decide(ctx context.Context, home int) {
	r, err := o.central.Record(ctx, o.home[home])
	if err != nil || len(r.Conflicts) == 0 {
		return
	}
	said := survey.Fields{}
	for _, c := range r.Conflicts {
		said[c.Field] = r.Fields[c.Field]
	}
	o.write(ctx, central.Write{Record: r.ID, Type: r.Type, Scope: o.scope(o.at[home]), Kind: survey.Merge, Fields: said, Note: mark})
}

// void takes a visit that has come out of use.
func (o *office) void(ctx context.Context, id survey.RecordID) {
	r, err := o.central.Record(ctx, id)
	if err != nil || r.Type != survey.TypeVisit {
		return
	}
	o.write(ctx, central.Write{Record: id, Type: r.Type, Scope: r.Scope, Form: r.Form, FormVersion: r.FormVersion, Kind: survey.Void, Note: mark})
}

// permit withdraws or changes what a device may see.
func (w *World) permit(ctx context.Context, s Step) {
	t := w.tablets[s.Node%len(w.tablets)]
	scopes := w.office.scopes(s.A)
	var err error
	if s.Kind == Revoke {
		err = w.office.central.Revoke(ctx, t.device)
	} else {
		err = w.office.central.Regrant(ctx, t.device, scopes, []survey.Role{survey.RoleCadre})
	}
	w.note("permit: %s", outcome(err))
	w.office.pending = false
	for _, same := range w.tablets {
		if same.device != t.device || err != nil {
			continue
		}
		if s.Kind == Revoke {
			same.revoked = true
		} else {
			same.grant(scopes)
		}
	}
}

func (w *World) clone(ctx context.Context, t *tablet) {
	if len(w.tablets) >= most {
		return
	}
	other, err := t.clone(ctx)
	if err != nil {
		w.violated("F11", "%s does not start from a copy: %v", t.name, err)
		return
	}
	w.tablets = append(w.tablets, other)
}

// deed is one thing a person does.
func (t *tablet) deed(ctx context.Context, s Step) error {
	if s.Kind == Finish {
		if len(t.drafts) == 0 {
			return nil
		}
		return t.finish(ctx, t.drafts[s.A%len(t.drafts)], nil)
	}
	answers := 1
	if s.Kind == Draft {
		answers = s.B
	}
	d, err := t.begin(ctx, s.A, answers)
	if err != nil || d == nil || s.Kind == Draft {
		return err
	}
	var failed error
	err = t.finish(ctx, d, func(sub *form.Submission, more *wrote) {
		switch s.Kind {
		case Edit:
			more.record, more.field, more.text = d.Household, fields[s.B%len(fields)], t.w.text("改")
			change := form.EntityChange{Dataset: string(survey.TypeHousehold), ID: d.Household.String(), Update: true}
			if more.field == survey.HouseholdHead {
				change.Label = more.text
			} else {
				change.Properties = map[string]string{string(more.field): more.text}
			}
			sub.Entities = append(sub.Entities, change)
		case Newer:
			more.record, more.field, more.text = d.Household, newerField, t.w.text("新")
			sub.Entities = append(sub.Entities, form.EntityChange{
				Dataset: string(survey.TypeHousehold), ID: d.Household.String(), Update: true, Properties: map[string]string{string(newerField): more.text},
			})
		case Photo:
			failed = t.photograph(ctx, d, 1+s.B, sub, more)
		case Visit:
			for range s.B % 3 {
				id := survey.DerivedID[survey.RecordID](space, "problem/"+t.w.text(""))
				sub.Entities = append(sub.Entities, form.EntityChange{
					Dataset: string(survey.TypeProblem), ID: id.String(), Create: true, Label: t.w.text("事"), Instance: "issues[1]",
				})
			}
		}
	})
	return errors.Join(failed, err)
}

// photograph puts a picture into a visit.
func (t *tablet) photograph(ctx context.Context, d *draft, kb int, sub *form.Submission, more *wrote) error {
	data := make([]byte, kb<<10)
	copy(data, t.w.text("图"))
	for i := 64; i < len(data); i++ {
		data[i] = data[i-1]*31 + data[i-64] + byte(i)
	}
	if err := t.store.AttachFile(ctx, d.ID, "门口.jpg", "image/jpeg", data); err != nil {
		return err
	}
	sub.Attachments = []string{"门口.jpg"}
	more.file = &survey.Attachment{SHA256: sha256.Sum256(data), Size: int64(len(data))}
	return nil
}

// heal ends every trouble and gives everybody time: each tablet begins its rounds when it would by itself. Whoever
// still has something to hand over after so many rounds is stuck.
func (w *World) heal(ctx context.Context) {
	w.note("healed")
	for _, t := range w.tablets {
		t.net.line.trouble, t.net.line.dark = noTrouble, false
		t.disk.Fail(crashfs.Fault{})
	}
	if w.point != nil {
		w.point.how = wholeRound
		w.point.Step(ctx)
	}
	quiet := 0
	for pass := 0; quiet < 2; pass++ {
		if pass == rounds {
			w.violated("I11", "after %d rounds: %s", rounds, w.left(ctx))
			return
		}
		for _, t := range w.tablets {
			w.round(ctx, t)
			if w.broken.Between != nil {
				w.broken.Between(ctx, w)
			}
		}
		if quiet++; w.left(ctx) != "" {
			quiet = 0
		}
	}
}

// rounds is how many an agent needs at most once there is a good network: a fork and a long log take a few.
const rounds = 24

// round lets an agent finish the round it is in, waits until it begins another by itself, and lets it finish that.
func (w *World) round(ctx context.Context, t *tablet) {
	for t.net.gate != nil {
		t.net.Step(ctx)
	}
	if w.now.Before(t.net.due) {
		w.now = t.net.due
	}
	for steps := 0; t.net.Step(ctx) && t.net.gate != nil; steps++ {
		w.now = w.now.Add(100 * time.Millisecond)
		if steps == 5000 {
			w.violated("I11", "%s: a round does not end", t.name)
			return
		}
	}
}

// left says what is not done yet.
func (w *World) left(ctx context.Context) string {
	for _, t := range w.tablets {
		if t.net.last != nil && (!t.revoked || survey.KindOf(t.net.last) != survey.Denied) {
			return t.name + ": " + t.net.last.Error()
		}
		waiting, err := t.store.Unsigned(ctx)
		if err != nil || waiting > 0 {
			return fmt.Sprintf("%s: %d entries wait, %v", t.name, waiting, err)
		}
		files, err := t.store.UndeliveredBlobs(ctx)
		if err != nil || len(files) > 0 {
			return fmt.Sprintf("%s: %d attachments wait, %v", t.name, len(files), err)
		}
		if carried := w.carried(ctx, t); carried > 0 {
			return fmt.Sprintf("%s: carries %d errands", t.name, carried)
		}
	}
	return ""
}

// carried returns how many errands a tablet still has to hand over. One of a log that parted from what the county holds
// may wait for what never comes; its sender has logged all of it anew.
func (w *World) carried(ctx context.Context, t *tablet) int {
	carrying, err := t.store.Carrying(ctx)
	if err != nil || t.revoked || w.hasAny(Clone, Restore, Power) {
		return 0
	}
	return len(carrying)
}
