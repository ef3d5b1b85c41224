package workbench

import (
	"context"
	"slices"
	"strings"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// pastShown is how many revisions the list of past decisions goes back.
const pastShown = 300

// undone begins the note of a revision that takes a decision back.
const undone = "撤销"

// Past is something that was decided: all that was written in one go.
type Past struct {
	Words   []string // what was decided
	Who     string
	When    string
	Undoes  bool // it took another decision back
	written []survey.Statement
}

// Past returns what was decided here and elsewhere, the latest first.
func (d *Decide) Past(ctx context.Context) ([]Past, error) {
	statements, err := d.store.Decisions(ctx, pastShown)
	if err != nil {
		return nil, err
	}
	var all []Past
	for _, s := range statements {
		words, err := d.decided(ctx, s)
		if err != nil || words == "" {
			if survey.KindOf(err) == survey.NotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			continue
		}
		last := len(all) - 1
		if last < 0 || !inOneGo(all[last].written[0], s) {
			all = append(all, Past{
				Who: d.words.person(s.Header.Author), When: day(survey.MillisOf(s.HLC.Time()), d.now()), Undoes: strings.HasPrefix(s.Body.Note, undone),
			})
			last++
		}
		all[last].Words, all[last].written = append(all[last].Words, words), append(all[last].written, s)
	}
	return all, nil
}

// inOneGo reports whether two revisions were written in one transaction: it has one reading of the clock.
func inOneGo(a, b survey.Statement) bool {
	return a.Header.Device == b.Header.Device && a.Header.Wall == b.Header.Wall && a.Header.Author == b.Header.Author
}

// decided says what a revision decided; nothing where it only joined what agreed.
func (d *Decide) decided(ctx context.Context, s survey.Statement) (string, error) {
	h, err := d.store.Holding(ctx, s.Header.Record)
	if err != nil {
		return "", err
	}
	subject := d.words.subject(ctx, h.Record)
	prefix := ""
	if strings.HasPrefix(s.Body.Note, undone) {
		prefix = undone + "："
	}
	switch {
	case s.Header.Type == survey.TypeLink:
		return prefix + d.linked(ctx, h.Record, s), nil
	case s.Header.Kind == survey.Void:
		return prefix + subject + "作废", nil
	}
	var parts []string
	for _, field := range s.Header.Touched {
		what := d.words.of(ctx, h.Record, field)
		if field == merge.VoidField {
			parts = append(parts, "照常在用")
			continue
		}
		parts = append(parts, what.label+"定为“"+brief(d.words.value(ctx, what, h.Record, field, s.Body.Fields[field]))+"”")
	}
	if len(parts) == 0 {
		return "", nil
	}
	return prefix + subject + "：" + strings.Join(parts, "，"), nil
}

func (d *Decide) linked(ctx context.Context, r survey.Record, s survey.Statement) string {
	l := survey.LinkFrom(survey.Record{ID: r.ID, Scope: r.Scope, Fields: s.Body.Fields, Voided: s.Header.Kind == survey.Void})
	names := d.both(ctx, l)
	switch l.Says {
	case survey.Same:
		return names + "是同一" + unit(l.Of)
	case survey.Different:
		return names + "不是同一" + unit(l.Of)
	}
	return names + "留着再看"
}

// both names the two records of a link.
func (d *Decide) both(ctx context.Context, l survey.Link) string {
	var names []string
	for _, id := range []survey.RecordID{l.First, l.Last} {
		name := "（已经没有了）"
		if h, err := d.store.Holding(ctx, id); err == nil {
			name = d.words.subject(ctx, h.Record)
		}
		names = append(names, name)
	}
	return strings.Join(names, "和")
}

// unit is the measure word of a type.
func unit(of survey.RecordType) string {
	if word, ok := map[survey.RecordType]string{survey.TypeProblem: "个问题", survey.TypeVisit: "次走访"}[of]; ok {
		return word
	}
	return "户"
}

// Undo takes a decision back: what was before is written again, as one more revision, and where something had been in
// conflict it is to be decided anew. What was changed again since stays as it is now.
func (d *Decide) Undo(ctx context.Context, p Past) (Outcome, error) {
	var o Outcome
	var sentences []string
	for _, s := range p.written {
		h, err := d.store.Holding(ctx, s.Header.Record)
		if err != nil {
			return Outcome{}, err
		}
		writes, sentence, err := d.undo(ctx, h, s)
		if err != nil {
			return Outcome{}, err
		}
		o.writes, sentences = append(o.writes, writes...), append(sentences, sentence...)
	}
	if p.Undoes && len(o.writes) > 0 {
		closing, err := d.noMore(ctx, p)
		if err != nil {
			return Outcome{}, err
		}
		o.writes = append(o.writes, closing...)
	}
	if len(o.writes) == 0 {
		return Outcome{}, ask("workbench.Undo", "这以后又改过了，撤销会盖掉后来的内容，所以不能撤销。要改，请直接改。")
	}
	o.Sentence = "撤销以后：" + strings.Join(sentences, "；") + "。"
	return o, nil
}

// noMore closes what was to be decided anew because of a decision that was taken back, once that is taken back itself.
func (d *Decide) noMore(ctx context.Context, p Past) ([]survey.Amendment, error) {
	tasks, err := d.store.Tasks(ctx)
	var closing []survey.Amendment
	for _, t := range tasks {
		about := slices.ContainsFunc(p.written, func(s survey.Statement) bool { return s.Header.Record == t.About })
		if about && t.Kind == survey.TaskAgain {
			closing = append(closing, d.close(t, survey.TaskDropped))
		}
	}
	return closing, err
}

func (d *Decide) undo(ctx context.Context, h survey.Holding, s survey.Statement) ([]survey.Amendment, []string, error) {
	before := merge.Before(h, s.ID)
	a := survey.Amendment{
		Record: h.Record.ID, Type: h.Record.Type, Kind: survey.Merge, Scope: h.Record.Scope, Author: d.who.ID,
		Heads: h.Record.Heads, Fields: survey.Fields{}, Note: undone,
	}
	subject := d.words.subject(ctx, h.Record)
	if s.Header.Type == survey.TypeLink {
		return d.unlink(ctx, h, s, before, a)
	}
	if s.Header.Kind == survey.Void {
		if !h.Record.Voided {
			return nil, nil, nil
		}
		a.Decides = []survey.FieldPath{merge.VoidField}
		return append([]survey.Amendment{a}, d.reopen(h.Record, before, s, merge.VoidField)...), []string{subject + "照常在用，要重新定"}, nil
	}
	var tasks []survey.Amendment
	var sentences []string
	for _, field := range s.Header.Touched {
		if field == merge.VoidField {
			tasks = append(tasks, d.reopen(h.Record, before, s, field)...)
			sentences = append(sentences, subject+"是去是留，要重新定")
			continue
		}
		if h.Record.Voided || !merge.Same(h.Record.Fields[field], s.Body.Fields[field]) {
			continue
		}
		what := d.words.of(ctx, h.Record, field)
		a.Fields[field] = before.Fields[field]
		again := d.reopen(h.Record, before, s, field)
		tasks = append(tasks, again...)
		sentence := subject + "的" + what.label + "回到“" + brief(d.words.value(ctx, what, h.Record, field, before.Fields[field])) + "”"
		if len(again) > 0 {
			sentence += "，要重新定"
		}
		sentences = append(sentences, sentence)
	}
	if len(a.Fields) == 0 {
		return tasks, sentences, nil
	}
	return append([]survey.Amendment{a}, tasks...), sentences, nil
}

// unlink takes the word on two records back to what it was before.
func (d *Decide) unlink(ctx context.Context, h survey.Holding, s survey.Statement, before survey.Record, a survey.Amendment) ([]survey.Amendment, []string, error) {
	now, said := survey.LinkFrom(h.Record), survey.LinkFrom(survey.Record{Fields: s.Body.Fields})
	if now.Says != said.Says || now.Kept != said.Kept {
		return nil, nil, nil
	}
	before.ID, before.Scope = h.Record.ID, h.Record.Scope
	was := survey.LinkFrom(before)
	a.Kind, a.Fields = survey.Put, survey.Fields{survey.LinkSays: string(was.Says), survey.LinkKept: ""}
	if !was.Kept.IsZero() {
		a.Fields[survey.LinkKept] = was.Kept.String()
	}
	names := d.both(ctx, now)
	sentence := names + "分开，各是各的，以后还会再问"
	switch was.Says {
	case survey.Same:
		sentence = names + "又算同一" + unit(now.Of)
	case survey.Different:
		sentence = names + "又算两" + strings.TrimPrefix(unit(now.Of), "同")
	}
	return []survey.Amendment{a}, []string{sentence}, nil
}

// reopen asks for a decision anew where there was a conflict before the one that is taken back.
func (d *Decide) reopen(r, before survey.Record, s survey.Statement, field survey.FieldPath) []survey.Amendment {
	if !slices.ContainsFunc(before.Conflicts, func(c survey.Conflict) bool { return c.Field == field }) {
		return nil
	}
	t := survey.Task{
		ID: survey.DerivedID[survey.RecordID](r.Scope, "again/"+s.ID.String()+"/"+string(field)), Scope: r.Scope, Kind: survey.TaskAgain,
		About: r.ID, Of: r.Type, Field: field, State: survey.TaskOpen, Decision: s.ID.String(), Words: undone,
	}
	return []survey.Amendment{d.amend(t)}
}

// Merged is a record whose edits made apart agree: nothing has to be decided, and each can be taken back.
type Merged struct {
	Title, Detail string
	Changes       []Change
	record        survey.Record
}

// Change is one field that was changed on one side only.
type Change struct {
	Words string // 电话：138… → 139…（李红 3月2日 10:00）
	field survey.FieldPath
	base  string
}

// Merged returns what has merged by itself and nobody has looked at yet.
func (d *Decide) Merged(ctx context.Context) ([]Merged, error) {
	ids, err := d.store.Parted(ctx)
	if err != nil {
		return nil, err
	}
	var all []Merged
	for _, id := range ids[:min(len(ids), pastShown)] {
		h, err := d.store.Holding(ctx, id)
		if err != nil {
			return nil, err
		}
		m := Merged{Title: d.words.subject(ctx, h.Record), Detail: d.words.where(ctx, h.Record), record: h.Record}
		m.Changes = d.changes(ctx, h)
		all = append(all, m)
	}
	return all, nil
}

func (d *Decide) changes(ctx context.Context, h survey.Holding) []Change {
	base := merge.Base(h)
	fields := map[survey.FieldPath]bool{}
	for field := range h.Record.Fields {
		fields[field] = true
	}
	for field := range base.Fields {
		fields[field] = true
	}
	var changes []Change
	for field := range fields {
		was, is := base.Fields[field], h.Record.Fields[field]
		if merge.Same(was, is) {
			continue
		}
		what := d.words.of(ctx, h.Record, field)
		say := func(value string) string { return brief(d.words.value(ctx, what, h.Record, field, value)) }
		change := Change{field: field, base: was, Words: what.label + "：" + say(was) + " → " + say(is)}
		if s, ok := wrote(h, field, is); ok {
			change.Words += "（" + d.words.person(s.Header.Author) + " " + day(survey.MillisOf(s.HLC.Time()), d.now()) + "）"
		}
		changes = append(changes, change)
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(string(a.field), string(b.field)) })
	return changes
}

// wrote returns the latest revision that set a field to a value.
func wrote(h survey.Holding, field survey.FieldPath, value string) (survey.Statement, bool) {
	for _, s := range slices.Backward(h.Statements) {
		if slices.Contains(s.Header.Touched, field) && merge.Same(s.Body.Fields[field], value) {
			return s, true
		}
	}
	return survey.Statement{}, false
}

// Revert takes one change back that had merged by itself.
func (d *Decide) Revert(ctx context.Context, m Merged, change int) error {
	c := m.Changes[change]
	a := d.joining(m)
	a.Fields, a.Note = survey.Fields{c.field: c.base}, undone
	return d.store.Amend(ctx, a)
}

// Seen notes that somebody has looked at what has merged by itself: it is not shown again.
func (d *Decide) Seen(ctx context.Context, all ...Merged) error {
	var writes []survey.Amendment
	for _, m := range all {
		writes = append(writes, d.joining(m))
	}
	return d.store.Amend(ctx, writes...)
}

// joining is the revision that joins a record's heads and says nothing new.
func (d *Decide) joining(m Merged) survey.Amendment {
	return survey.Amendment{
		Record: m.record.ID, Type: m.record.Type, Kind: survey.Merge, Scope: m.record.Scope, Author: d.who.ID, Heads: m.record.Heads,
	}
}
