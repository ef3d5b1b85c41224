package workbench

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// Decider is where what differs lies, and where decisions go.
type Decider interface {
	Naming
	Conflicts(ctx context.Context) ([]survey.RecordConflict, error)
	Parted(ctx context.Context) ([]survey.RecordID, error)
	Decisions(ctx context.Context, limit int) ([]survey.Statement, error)
	Tasks(ctx context.Context) ([]survey.Task, error)
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
	VisitsOf(ctx context.Context, household survey.RecordID) ([]survey.Visit, error)
	Amend(ctx context.Context, amendments ...survey.Amendment) error
}

// Decide is the queue of what waits for a decision (待决).
type Decide struct {
	store Decider
	words *Words
	who   survey.Staff
	now   survey.Clock

	mu  sync.Mutex
	set agenda
}

// agenda is what was read of the queue last.
type agenda struct {
	queue []item
	asked []survey.Task // those that a cadre or a second person has yet to answer
	idle  []survey.Task // those about something that is decided
}

func (d *Decide) agenda() agenda {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.set
}

// NewDecide returns the queue of whoever sits at the workbench. Load fills it.
func NewDecide(store Decider, words *Words, who survey.Staff, now survey.Clock) *Decide {
	return &Decide{store: store, words: words, who: who, now: now}
}

// item is one card to come: a conflict, a decision that was taken back, or another person's proposal.
type item struct {
	survey.RecordConflict
	tasks []survey.Task // that are about it
	again survey.RevID  // the decision that was taken back; zero for none
}

// proposal returns another's proposal on a sensitive field, or nil.
func (i item) proposal() *survey.Task {
	return i.task(func(t survey.Task) bool { return t.Kind == survey.TaskConfirm && t.State == survey.TaskOpen })
}

func (i item) task(is func(survey.Task) bool) *survey.Task {
	if at := slices.IndexFunc(i.tasks, is); at >= 0 {
		return &i.tasks[at]
	}
	return nil
}

// Load reads what there is to decide. What cadres have answered since is written down first, as their word is what was
// asked for; on a sensitive field it is shown, and two people decide.
func (d *Decide) Load(ctx context.Context) error {
	if err := d.load(ctx); err != nil {
		return err
	}
	settled, err := d.sweep(ctx)
	if err != nil {
		return err
	}
	for _, i := range d.agenda().queue {
		answered := i.task(func(t survey.Task) bool { return t.State == survey.TaskAnswered })
		if answered == nil {
			continue
		}
		done, err := d.settle(ctx, i, *answered)
		if err != nil {
			return err
		}
		settled = settled || done
	}
	if settled {
		return d.load(ctx)
	}
	return nil
}

// sweep closes the tasks of which what they ask was decided elsewhere, and reports whether there were any: nobody is to be
// sent for an answer that is not wanted any more.
func (d *Decide) sweep(ctx context.Context) (bool, error) {
	var closing []survey.Amendment
	for _, t := range d.agenda().idle {
		closing = append(closing, d.close(t, survey.TaskDone))
	}
	if len(closing) == 0 {
		return false, nil
	}
	return true, d.store.Amend(ctx, closing...)
}

// load reads the queue: conflicts and decisions taken back, but for what somebody was asked about and has not answered.
func (d *Decide) load(ctx context.Context) error {
	conflicts, err := d.store.Conflicts(ctx)
	if err != nil {
		return err
	}
	tasks, err := d.store.Tasks(ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(tasks, func(a, b survey.Task) int { return cmp.Compare(later(a), later(b)) })
	var a agenda
	for _, c := range conflicts {
		a.queue = append(a.queue, item{RecordConflict: c})
	}
	for _, t := range tasks {
		if err := d.take(ctx, &a, t); err != nil {
			return err
		}
	}
	queue := slices.DeleteFunc(slices.Clone(a.queue), func(i item) bool { return d.held(a, i) })
	d.sort(queue)
	d.mu.Lock()
	defer d.mu.Unlock()
	a.queue = queue
	d.set = a
	return nil
}

// later is 0 for the tasks that make items of their own, 1 for those that may be about them.
func later(t survey.Task) int {
	if t.Kind == survey.TaskAgain {
		return 0
	}
	return 1
}

// take brings a task to the item it is about; one of whose decision was taken back is an item of its own.
func (d *Decide) take(ctx context.Context, a *agenda, t survey.Task) error {
	at := slices.IndexFunc(a.queue, func(i item) bool { return i.Record == t.About && i.Field == t.Field })
	if at < 0 && t.Kind == survey.TaskAgain {
		i, found, err := d.again(ctx, t)
		if err != nil || !found {
			return err // what is not here any more stays as it is
		}
		at, a.queue = len(a.queue), append(a.queue, i)
	}
	if at < 0 {
		a.idle = append(a.idle, t)
		return nil
	}
	a.queue[at].tasks = append(a.queue[at].tasks, t)
	if t.State == survey.TaskOpen && t.Kind != survey.TaskAgain && (t.Kind != survey.TaskConfirm || t.By == d.who.ID) {
		a.asked = append(a.asked, t)
	}
	return nil
}

// again makes an item of a decision that was taken back: the conflict as it was before.
func (d *Decide) again(ctx context.Context, t survey.Task) (item, bool, error) {
	held, err := d.store.Holding(ctx, t.About)
	if survey.KindOf(err) == survey.NotFound {
		return item{}, false, nil
	}
	if err != nil {
		return item{}, false, err
	}
	hash, err := survey.ParseHash(t.Decision)
	if err != nil {
		return item{}, false, nil //nolint:nilerr // nobody can tell any more what was decided: there is nothing to show
	}
	before := merge.Before(held, survey.RevID(hash))
	at := slices.IndexFunc(before.Conflicts, func(c survey.Conflict) bool { return c.Field == t.Field })
	if at < 0 {
		return item{}, false, nil
	}
	i := item{again: survey.RevID(hash), RecordConflict: survey.RecordConflict{
		Record: t.About, Type: held.Record.Type, Scope: held.Record.Scope, Conflict: before.Conflicts[at],
	}}
	for _, v := range i.Values {
		s := statementOf(held, v.Revision)
		i.Sides = append(i.Sides, survey.Side{Author: s.Header.Author, Device: s.Header.Device, HLC: s.HLC})
	}
	return i, true, nil
}

// held reports whether an item is not to be decided now: somebody else is to speak first, or whether the record stays at
// all is open.
func (d *Decide) held(a agenda, i item) bool {
	waits := i.task(func(t survey.Task) bool {
		return t.State == survey.TaskOpen && (t.Kind == survey.TaskAsk || t.Kind == survey.TaskVisit || t.Kind == survey.TaskConfirm && t.By == d.who.ID)
	})
	return waits != nil || i.Field != merge.VoidField && slices.ContainsFunc(a.queue, func(o item) bool {
		return o.Record == i.Record && o.Field == merge.VoidField && o.again.IsZero()
	})
}

// sort puts the queue into the order of villages, in each what the same devices have said apart together, in that what
// is about one record.
func (d *Decide) sort(queue []item) {
	order := map[survey.ScopeID]int{}
	for i, v := range d.words.naming.Villages() {
		order[survey.VillageScope(v.ID)] = i + 1
	}
	slices.SortStableFunc(queue, func(a, b item) int {
		return cmp.Or(cmp.Compare(order[a.Scope], order[b.Scope]), cmp.Compare(devices(a), devices(b)),
			a.Record.Compare(b.Record), cmp.Compare(a.Field, b.Field))
	})
}

// devices names the devices of an item's sides, the same whichever spoke first.
func devices(i item) string {
	var names []string
	for _, side := range i.Sides {
		names = append(names, side.Device.String())
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// Len returns how many decisions wait.
func (d *Decide) Len() int { return len(d.agenda().queue) }

// Group is a run of cards from one village and the same devices.
type Group struct {
	Village, Pair string
	From, Count   int // which cards of the queue
}

// Groups returns the queue's groups in order.
func (d *Decide) Groups() []Group {
	var groups []Group
	queue := d.agenda().queue
	for at, i := range queue {
		if at == 0 || i.Scope != queue[at-1].Scope || devices(i) != devices(queue[at-1]) {
			groups = append(groups, Group{Village: d.words.village(i.Scope), Pair: d.pair(i), From: at})
		}
		groups[len(groups)-1].Count++
	}
	return groups
}

// pair says between whom something differs.
func (d *Decide) pair(i item) string {
	var names []string
	for _, side := range i.Sides {
		names = append(names, d.words.person(side.Author))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 1 {
		return names[0] + "的两台设备"
	}
	return strings.Join(names, "、")
}

// Card is one decision to take: one field of one record.
type Card struct {
	Village, Pair string
	Subject       string // 王芳家
	Where         string
	Field         string // 电话
	Before        string // the value before the edits; empty for a void
	Now           string // what is shown meanwhile
	Choices       []Choice
	Both          string // what the union of all values is; empty where they cannot be united
	Options       []Option
	CanWrite      bool // another value may be written
	Guarded       bool // it takes two people
	Proposed      string
	ProposedBy    string
	Heard         []string // what was asked about it before, and what came of that

	item   item
	record survey.Record
	what   question
	field  survey.FieldPath
	union  string
}

// About returns the record and the field the card is about.
func (c Card) About() (survey.RecordID, survey.FieldPath) { return c.item.Record, c.item.Field }

// Choice is one of the values, with where it comes from.
type Choice struct {
	Value  string // in words
	Who    string
	When   string
	Unsure bool   // the device's clock was off: 时间不确定
	Visit  string // in which visit
	Note   string // why
	value  string
	author survey.PersonID
}

// Option is a value that a form offers.
type Option struct{ Value, Label string }

// Card returns the card at a place of the queue.
func (d *Decide) Card(ctx context.Context, at int) (Card, error) {
	queue := d.agenda().queue
	if at < 0 || at >= len(queue) {
		return Card{}, &survey.Error{Kind: survey.NotFound, Op: "workbench.Card", Message: "这一条已经有人定了。"}
	}
	i := queue[at]
	held, err := d.store.Holding(ctx, i.Record)
	if err != nil {
		return Card{}, err
	}
	c := Card{
		Village: d.words.village(i.Scope), Pair: d.pair(i), Subject: d.words.subject(ctx, held.Record), Where: d.words.where(ctx, held.Record),
		item: i, record: held.Record, field: i.Field, what: d.words.of(ctx, held.Record, i.Field),
	}
	c.Field, c.Guarded = c.what.label, sensitive(c.what, i.Field)
	say := func(value string) string { return d.words.value(ctx, c.what, held.Record, i.Field, value) }
	if i.Field != merge.VoidField {
		c.Before, c.Now = say(i.Base), say(held.Record.Fields[i.Field])
		c.CanWrite = held.Record.Type != survey.TypeLink && !isID(i.Values)
		for _, o := range c.what.options {
			c.Options = append(c.Options, Option{o.Name, o.Label})
		}
	}
	c.Choices = d.choices(ctx, held, i, say)
	if c.what.many {
		c.union = union(i.Field, c.Choices)
		c.Both = say(c.union)
	}
	d.hear(ctx, &c, say)
	return c, nil
}

// choices returns the values, those that say the same once, the earliest first.
func (d *Decide) choices(ctx context.Context, held survey.Holding, i item, say func(string) string) []Choice {
	var all []Choice
	statements := make([]survey.Statement, len(i.Values))
	for at, v := range i.Values {
		statements[at] = statementOf(held, v.Revision)
	}
	order := make([]int, len(statements))
	for at := range order {
		order[at] = at
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(statements[a].HLC, statements[b].HLC) })
	for _, at := range order {
		value, s := i.Values[at].Value, statements[at]
		if slices.ContainsFunc(all, func(c Choice) bool { return merge.Same(c.value, value) }) {
			continue
		}
		c := Choice{Value: say(value), value: value, author: s.Header.Author, Who: d.words.person(s.Header.Author), Note: s.Body.Note}
		c.When, c.Unsure = day(survey.MillisOf(s.HLC.Time()), d.now()), unsure(s)
		c.Visit = d.visit(ctx, held.Record, s)
		all = append(all, c)
	}
	return all
}

// unsureBy is how far a device's own clock and the time the server gave may be apart before the time is not to be relied
// on; as sync/merge has it of visits.
const unsureBy = 10 * time.Minute

func unsure(s survey.Statement) bool {
	return s.Header.Wall != 0 && s.Header.Wall.Time().Sub(s.HLC.Time()).Abs() > unsureBy
}

// visit says in which visit something was said: the one that was finished in the same moment on the same device.
func (d *Decide) visit(ctx context.Context, r survey.Record, s survey.Statement) string {
	household := r.ID
	switch r.Type {
	case survey.TypeProblem:
		id, err := survey.ParseID[survey.RecordID](r.Fields[survey.ProblemHousehold])
		if err != nil {
			return ""
		}
		household = id
	case survey.TypeVisit:
		return "就是这次走访"
	case survey.TypeHousehold:
	default:
		return ""
	}
	visits, err := d.store.VisitsOf(ctx, household)
	if err != nil || s.Header.Form == "" {
		return ""
	}
	for _, v := range visits {
		if v.Finished == s.Header.Wall && v.Author == s.Header.Author {
			return cmp.Or(v.Title, "走访") + "（" + string(v.Form) + "）"
		}
	}
	return ""
}

// hear adds what somebody has said on the card's question since: a cadre's answer, another's proposal.
func (d *Decide) hear(ctx context.Context, c *Card, say func(string) string) {
	for _, t := range c.item.tasks {
		if t.Kind == survey.TaskConfirm && t.State == survey.TaskOpen {
			c.Proposed, c.ProposedBy = say(t.Answer), d.words.person(t.By)
		}
		if t.State != survey.TaskAnswered && t.State != survey.TaskUnsure {
			continue
		}
		said := d.words.person(t.For) + "回答：说不准"
		if t.State == survey.TaskAnswered {
			said = d.words.person(t.For) + "回答：" + say(t.Answer)
		}
		if t.Remark != "" {
			said += "（" + t.Remark + "）"
		}
		c.Heard = append(c.Heard, said)
	}
	if !c.item.again.IsZero() {
		c.Heard = append(c.Heard, "这一条定过，后来撤销了，要重新定。")
	}
}

func statementOf(h survey.Holding, id survey.RevID) survey.Statement {
	for _, s := range h.Statements {
		if s.ID == id {
			return s
		}
	}
	return survey.Statement{}
}

func isID(values []survey.ConflictValue) bool {
	return slices.ContainsFunc(values, func(v survey.ConflictValue) bool {
		_, err := survey.ParseID[survey.RecordID](v.Value)
		return err == nil
	})
}

// union returns what all the values of a set hold, in the order in which they name it.
func union(field survey.FieldPath, all []Choice) string {
	stop := " "
	var members []string
	for _, choice := range all {
		parts := strings.Fields(choice.value)
		if field == survey.HouseholdMembers {
			stop, parts = survey.MemberStop, survey.Household{Members: choice.value}.MemberNames()
		}
		for _, part := range parts {
			if !slices.Contains(members, part) {
				members = append(members, part)
			}
		}
	}
	return strings.Join(members, stop)
}

// Waiting is something that somebody else has to answer before it can be decided.
type Waiting struct {
	Title, Detail string
	task          survey.Task
}

// Waiting returns what others were asked, the oldest first.
func (d *Decide) Waiting() []Waiting {
	var all []Waiting
	for _, t := range d.agenda().asked {
		w := Waiting{Title: t.Words, task: t}
		switch t.Kind {
		case survey.TaskConfirm:
			w.Detail = "您提议的，等另一位同事确认 · " + day(t.At, d.now())
		case survey.TaskAsk, survey.TaskVisit, survey.TaskAgain:
			w.Detail = "等" + d.words.person(t.For) + "回答 · " + day(t.At, d.now())
		}
		all = append(all, w)
	}
	return all
}

// Recall takes a question back: what it was about is to be decided here again.
func (d *Decide) Recall(ctx context.Context, w Waiting) error {
	if err := d.store.Amend(ctx, d.close(w.task, survey.TaskDropped)); err != nil {
		return err
	}
	return d.load(ctx)
}
