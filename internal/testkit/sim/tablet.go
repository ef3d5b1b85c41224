package sim

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"zoucun/form"
	"zoucun/internal/testkit/crashfs"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
)

// moments are what a clock jumps to: seconds off the right time, or a moment.
var moments = []struct {
	off time.Duration
	at  time.Time
}{
	{},
	{off: -26 * time.Hour},
	{off: 3 * time.Hour},
	{off: 40 * 24 * time.Hour},
	{at: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)},
	{at: time.Date(2031, 6, 1, 8, 0, 0, 0, time.UTC)},
}

// tablet is a device and the person who holds it.
type tablet struct {
	w       *World
	name    string
	person  survey.PersonID
	device  survey.DeviceID
	dir     string
	life    int
	disk    disk
	skew    time.Duration
	random  *rand.Rand
	store   *store.Store
	audit   *sql.DB
	net     *internet
	stick   *stick
	drafts  []*draft
	revoked bool
	granted map[survey.ScopeID]bool // what it has ever been granted
	hlc     int64                   // the highest seen
	before  int64                   // the same before the last deed
	since   int                     // how much everybody had written then
	last    act
	working bool // the last thing done is the person's
	good    bool // the last round succeeded
}

// draft is a filling as its person knows it.
type draft struct {
	survey.Draft
	changes int  // acknowledged
	unsure  bool // the power went while it was being written
}

// wrote is something a person wrote and was told is safe.
type wrote struct {
	by     *tablet
	record survey.RecordID
	field  survey.FieldPath
	text   string
	file   *survey.Attachment
	unsure bool // the power or the disk went in the act: it may be there or not, but not twice
}

func (t *tablet) clock() time.Time { return t.w.now.Add(t.skew) }

// newTablet enrols a device for a person of its own.
func newTablet(ctx context.Context, w *World) (*tablet, error) {
	n := len(w.tablets)
	t := &tablet{
		w: w, name: "tablet " + strconv.Itoa(n), person: survey.DerivedID[survey.PersonID](space, "cadre/"+strconv.Itoa(n)),
		random: rand.New(rand.NewPCG(w.script.Seed, uint64(n))), granted: map[survey.ScopeID]bool{}, //nolint:gosec // has to be repeatable
	}
	t.stick = newStick(w, t, n)
	scopes := w.office.scopes(3 - n%3)
	code, err := w.office.central.NewCode(ctx, t.person, scopes, []survey.Role{survey.RoleCadre}, time.Hour)
	if err != nil {
		return nil, err
	}
	if t.disk, err = takeDisk(); err != nil {
		return nil, err
	}
	if err := t.open(ctx, filepath.Join(w.dir, fmt.Sprintf("tablet-%d-0", n))); err != nil {
		return nil, err
	}
	_, err = client.Enrol(ctx, t.store, "https://county.example", code, client.Options{Clock: t.clock, Transport: untroubled{w}})
	t.grant(scopes)
	return t, err
}

func (t *tablet) grant(scopes []survey.ScopeID) {
	t.granted[survey.RegisterScope(county)] = true
	for _, scope := range scopes {
		t.granted[scope] = true
	}
}

func (t *tablet) open(ctx context.Context, dir string) (err error) {
	t.dir, t.life, t.working = dir, t.life+1, false
	if err := t.w.record(t.disk, dir); err != nil {
		return err
	}
	if t.store, err = store.Open(ctx, dir, store.Options{Clock: t.clock, VFS: t.disk.VFS(), Disk: t.disk}); err != nil {
		return err
	}
	if t.audit, err = auditor(filepath.Join(dir, "zoucun.db"), t.disk); err != nil {
		return err
	}
	t.device, _, err = t.store.Device(ctx)
	t.net = connect(t.w, t)
	return err
}

func (t *tablet) close() error {
	t.net.Break()
	return errors.Join(t.audit.Close(), t.store.Close())
}

// homes returns the households of the tablet's villages, as its person sees them.
func (t *tablet) homes() []survey.Household {
	var all []survey.Household
	for _, village := range t.store.Villages() {
		for _, found := range t.store.SearchHouseholds(village.ID, "", 0) {
			all = append(all, found.Household)
		}
	}
	return all
}

// fields are what is changed of a household by several people.
var fields = []survey.FieldPath{survey.HouseholdPhone, survey.HouseholdDoor, survey.HouseholdHead}

// newerField is asked for by the newer version of the form alone.
const newerField survey.FieldPath = "toilet"

// begin begins a visit.
func (t *tablet) begin(ctx context.Context, which, answers int) (*draft, error) {
	homes := t.homes()
	if len(homes) == 0 {
		return nil, nil
	}
	home := homes[which%len(homes)]
	d := &draft{Draft: survey.Draft{
		ID: survey.DerivedID[survey.DraftID](space, "draft/"+t.w.text("")), Form: "QZ-01", FormVersion: "1.0", Scope: home.Scope,
		Household: home.ID, Author: t.person, Title: home.Head,
	}}
	if err := t.store.BeginDraft(ctx, d.Draft, []byte(mark)); err != nil {
		return nil, err
	}
	t.drafts = append(t.drafts, d)
	for range answers {
		if err := t.store.SaveChange(ctx, d.ID, form.Change{Op: form.OpSet, Path: "heard_worry", Value: t.w.text("答")}); err != nil {
			return d, err
		}
		d.changes++
	}
	return d, nil
}

// finish finishes a draft with an answer, and with what else the step brings.
func (t *tablet) finish(ctx context.Context, d *draft, with func(*form.Submission, *wrote)) error {
	words := wrote{by: t, record: survey.RecordID(d.ID), field: "heard_worry", text: t.w.text("话")}
	entity := wrote{by: t}
	sub := form.Submission{InstanceName: d.Title, Fields: survey.Fields{words.field: words.text}, Touched: []survey.FieldPath{words.field}}
	if with != nil {
		with(&sub, &entity)
	}
	if t.w.broken.Edit != nil {
		t.w.broken.Edit(d.Household, &sub)
	}
	words.file, entity.file = entity.file, nil
	err := t.store.FinishVisit(ctx, d.Draft, sub)
	if err != nil {
		d.unsure, words.unsure, entity.unsure = true, true, true // a disk that fails does not say what it has kept
	} else {
		t.drafts = slices.DeleteFunc(t.drafts, func(other *draft) bool { return other == d })
	}
	t.w.wrote = append(t.w.wrote, &words)
	if entity.text != "" {
		t.w.wrote = append(t.w.wrote, &entity)
	}
	return err
}

// work does what a person does, and takes it as not done if the disk has failed.
func (t *tablet) work(do func() error) {
	t.last, t.working, t.before = act{from: t.disk.Events()}, true, t.hlc
	t.since = len(t.w.wrote)
	err := do()
	t.w.note("%s work: %s", t.name, outcome(err))
	if err != nil && !t.disk.failing() {
		t.w.violated("F3", "%s: %v", t.name, err)
	}
}

// failing reports whether an operation of the disk has failed since it was last told to.
func (d disk) failing() bool { return d.Failed() > 0 }

// restart gives the tablet's files over to another start of the app.
func (t *tablet) restart(ctx context.Context, leave func(to string) error) {
	to := filepath.Join(filepath.Dir(t.dir), fmt.Sprintf("%s-%d", filepath.Base(t.dir)[:len("tablet-0")], t.life))
	err := leave(to)
	err = errors.Join(err, t.close())
	t.disk.Stop()
	t.disk.Fail(crashfs.Fault{})
	if err = errors.Join(err, t.open(ctx, to)); err != nil {
		t.w.violated("F1", "%s does not start again: %v", t.name, err)
		return
	}
	t.recall(ctx)
}

func (t *tablet) kill(ctx context.Context) {
	t.restart(ctx, func(to string) error { return copyFolder(t.dir, to) })
}

// power pulls the battery: now, or within what the person did last.
func (t *tablet) power(ctx context.Context, within int) {
	n := t.disk.Events()
	if t.working && within < 500 {
		n, t.hlc = t.last.from+(n-t.last.from)*within/500, t.before
		for _, text := range t.w.wrote[t.since:] {
			text.unsure = text.unsure || text.by == t
		}
		for _, d := range t.drafts {
			d.unsure = true
		}
	}
	tape, random := t.disk.Stop(), rand.New(rand.NewPCG(t.w.script.Seed, uint64(n))) //nolint:gosec // has to be repeatable
	t.restart(ctx, func(to string) error { return tape.Image(random, n, to) })
}

// recall compares the drafts on the tablet with what its person remembers.
func (t *tablet) recall(ctx context.Context) {
	var kept []*draft
	for _, d := range t.drafts {
		_, _, journal, err := t.store.LoadDraft(ctx, d.ID)
		switch {
		case survey.KindOf(err) == survey.NotFound && d.unsure:
			continue
		case err != nil:
			t.w.violated("I1", "%s: a draft with %d answers: %v", t.name, d.changes, err)
			continue
		case len(journal) < d.changes && !d.unsure:
			t.w.violated("I1", "%s: a draft has %d answers of %d", t.name, len(journal), d.changes)
		}
		d.changes, d.unsure = len(journal), false
		kept = append(kept, d)
	}
	t.drafts = kept
}

// clone copies the folder to another device, as moving to a new tablet or restoring an old backup does.
func (t *tablet) clone(ctx context.Context) (*tablet, error) {
	n := len(t.w.tablets)
	other := &tablet{
		w: t.w, name: "tablet " + strconv.Itoa(n), person: t.person, revoked: t.revoked, granted: map[survey.ScopeID]bool{}, skew: t.skew,
		random: rand.New(rand.NewPCG(t.w.script.Seed, uint64(n))), hlc: t.hlc, //nolint:gosec // has to be repeatable
	}
	other.stick = newStick(t.w, other, n)
	for scope := range t.granted {
		other.granted[scope] = true
	}
	var err error
	if other.disk, err = takeDisk(); err != nil {
		return nil, err
	}
	dir := filepath.Join(t.w.dir, fmt.Sprintf("tablet-%d-0", n))
	return other, errors.Join(copyFolder(t.dir, dir), other.open(ctx, dir))
}
