package workbench

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// Outcome is a decision that was made and not yet confirmed.
type Outcome struct {
	Sentence string // what will be, as one sentence
	writes   []survey.Amendment
}

// Take decides for one of a card's values.
func (d *Decide) Take(c Card, choice int) (Outcome, error) {
	if choice < 0 || choice >= len(c.Choices) {
		return Outcome{}, ask("workbench.Take", "没有这一个选项。")
	}
	return d.decide(c, c.Choices[choice].value), nil
}

// Unite decides for all values of a set together.
func (d *Decide) Unite(c Card) (Outcome, error) {
	if c.Both == "" {
		return Outcome{}, ask("workbench.Unite", "这一项只能有一个，请选其中一个，或另写。")
	}
	return d.decide(c, c.union), nil
}

// mostWritten is how many characters a value may have that is written here.
const mostWritten = 200

// Write decides for another value.
func (d *Decide) Write(c Card, value string) (Outcome, error) {
	value = strings.TrimSpace(value)
	n, err := strconv.Atoi(value)
	switch {
	case !c.CanWrite:
		return Outcome{}, ask("workbench.Write", "这一项不能另写，请从上面选一个。")
	case len([]rune(value)) > mostWritten:
		return Outcome{}, ask("workbench.Write", "最多 "+strconv.Itoa(mostWritten)+" 个字，请写短一些。")
	case len(c.Options) > 0 && !offered(c, value):
		return Outcome{}, ask("workbench.Write", "请从表上的选项里选。")
	case slices.Contains(counts, c.field) && value != "" && (err != nil || n < 0 || n > 99):
		return Outcome{}, ask("workbench.Write", "人数请填 0 到 99。")
	case c.field == survey.HouseholdHead && value == "":
		return Outcome{}, ask("workbench.Write", "户主不能空着。")
	}
	return d.decide(c, value), nil
}

func offered(c Card, value string) bool {
	for _, name := range strings.Fields(value) {
		if !slices.ContainsFunc(c.Options, func(o Option) bool { return o.Value == name }) {
			return false
		}
	}
	return c.what.many || len(strings.Fields(value)) == 1
}

// decide makes the outcome of a value: the decision, or on a guarded field the proposal of one.
func (d *Decide) decide(c Card, value string) Outcome {
	if c.Guarded {
		return d.propose(c, value)
	}
	return Outcome{Sentence: d.sentence(c, value), writes: append(d.writes(c, value, ""), d.closing(c.item)...)}
}

// writes are the amendments that make a value hold.
func (d *Decide) writes(c Card, value, note string) []survey.Amendment {
	a := survey.Amendment{
		Record: c.record.ID, Type: c.record.Type, Kind: survey.Merge, Scope: c.record.Scope, Author: d.who.ID,
		Heads: c.record.Heads, Note: note,
	}
	switch {
	case c.field != merge.VoidField:
		a.Fields = survey.Fields{c.field: value}
	case value == merge.Voided:
		a.Kind, a.Note = survey.Void, "核对后定为作废"
	default:
		a.Decides = []survey.FieldPath{merge.VoidField}
	}
	return []survey.Amendment{a}
}

// sentence says what a value will make of the record.
func (d *Decide) sentence(c Card, value string) string {
	ctx := context.Background()
	if c.field == merge.VoidField {
		if value == merge.Voided {
			return c.Subject + "作废，不再列出；作废以前和以后写的都留在历史里。"
		}
		return c.Subject + "照常在用，不作废；后来改的都算数。"
	}
	var gone []string
	kept := strings.Fields(value)
	for _, choice := range c.Choices {
		inUnion := c.what.many && value == c.union && len(kept) > 0
		if !merge.Same(choice.value, value) && !inUnion {
			gone = append(gone, "“"+brief(choice.Value)+"”")
		}
	}
	text := "把" + c.Subject + "的" + c.Field + "定为“" + brief(d.words.value(ctx, c.what, c.record, c.field, value)) + "”"
	if value == "" {
		text = "把" + c.Subject + "的" + c.Field + "空着"
	}
	if len(gone) > 0 {
		text += "，" + strings.Join(gone, "、") + "不再用"
	}
	return text + "。"
}

// propose makes the outcome of a value that a second person has to confirm.
func (d *Decide) propose(c Card, value string) Outcome {
	sentence := d.sentence(c, value)
	t := d.task(c, survey.TaskConfirm, survey.PersonID{})
	t.Answer, t.Words = value, sentence
	return Outcome{Sentence: "提议：" + sentence + "另一位同事在工作台确认后才算数。", writes: []survey.Amendment{d.amend(t)}}
}

func (d *Decide) task(c Card, kind survey.TaskKind, person survey.PersonID) survey.Task {
	t := survey.Task{
		ID: survey.NewID[survey.RecordID](), Scope: c.record.Scope, Kind: kind, About: c.record.ID, Of: c.record.Type,
		Field: c.field, For: person, State: survey.TaskOpen,
	}
	for _, choice := range c.Choices {
		t.Options, t.Labels = append(t.Options, choice.value), append(t.Labels, choice.Value)
	}
	return t
}

func (d *Decide) amend(t survey.Task) survey.Amendment {
	return survey.Amendment{
		Record: t.ID, Type: survey.TypeTask, Kind: survey.Put, Scope: t.Scope, Author: d.who.ID, Fields: t.Fields(),
	}
}

// close says that a task waits for nothing any more.
func (d *Decide) close(t survey.Task, state survey.TaskStateWord) survey.Amendment {
	return survey.Amendment{
		Record: t.ID, Type: survey.TypeTask, Kind: survey.Put, Scope: t.Scope, Author: d.who.ID,
		Fields: survey.Fields{survey.TaskState: string(state)},
	}
}

// closing closes the tasks of an item that is decided, but for those of the kinds given.
func (d *Decide) closing(i item, but ...survey.TaskKind) []survey.Amendment {
	var all []survey.Amendment
	for _, t := range i.tasks {
		if !slices.Contains(but, t.Kind) {
			all = append(all, d.close(t, survey.TaskDone))
		}
	}
	return all
}

// Agree confirms another's proposal. Whoever made it cannot.
func (d *Decide) Agree(c Card) (Outcome, error) {
	t := c.item.proposal()
	switch {
	case t == nil:
		return Outcome{}, ask("workbench.Agree", "这一条没有等确认的提议。")
	case t.By == d.who.ID:
		return Outcome{}, ask("workbench.Agree", "这是您自己提议的，要由另一位同事确认。")
	}
	note := d.words.person(t.By) + "提议，" + d.who.Name + "确认"
	return Outcome{Sentence: d.sentence(c, t.Answer), writes: append(d.writes(c, t.Answer, note), d.closing(c.item)...)}, nil
}

// Refuse drops another's proposal: the question is open again.
func (d *Decide) Refuse(c Card) (Outcome, error) {
	t := c.item.proposal()
	if t == nil {
		return Outcome{}, ask("workbench.Refuse", "这一条没有等确认的提议。")
	}
	return Outcome{
		Sentence: "不同意" + d.words.person(t.By) + "的提议，" + c.Subject + "的" + c.Field + "留着再定。",
		writes:   []survey.Amendment{d.close(*t, survey.TaskDropped)},
	}, nil
}

// Cadre is somebody who may be asked.
type Cadre struct {
	ID   survey.PersonID
	Name string
}

// Cadres returns who may be asked about a card: those who wrote its values, the later one first.
func (d *Decide) Cadres(c Card) []Cadre {
	var all []Cadre
	for _, choice := range slices.Backward(c.Choices) {
		known := slices.ContainsFunc(all, func(a Cadre) bool { return a.ID == choice.author })
		if !known && !choice.author.IsZero() && d.words.naming.StaffName(choice.author) != "" {
			all = append(all, Cadre{choice.author, choice.Who})
		}
	}
	return all
}

// Ask puts a card's question to a cadre, on whose tablet it will be shown. With visit the cadre is to go there again.
func (d *Decide) Ask(c Card, cadre Cadre, visit bool) (Outcome, error) {
	if cadre.ID.IsZero() {
		return Outcome{}, ask("workbench.Ask", "写这两个值的人不在名册里，没有人可问。请自己定，或另写。")
	}
	kind, words, sentence := survey.TaskAsk, c.Subject+"的"+c.Field+"，哪一个对？", "问"+cadre.Name+"："+c.Subject+"的"+c.Field+"哪一个对。"
	if visit {
		kind, words = survey.TaskVisit, "请再去一次"+c.Subject+"，核实"+c.Field
		sentence = "请" + cadre.Name + "再走访" + c.Subject + "，核实" + c.Field + "。"
	}
	t := d.task(c, kind, cadre.ID)
	t.Words = words
	return Outcome{
		Sentence: sentence + "回答以后自动定下来，这以前两个值都留着。",
		writes:   append(d.closing(c.item, survey.TaskAgain), d.amend(t)),
	}, nil
}

// Confirm writes an outcome, all of it or nothing, and reads the queue again.
func (d *Decide) Confirm(ctx context.Context, o Outcome) error {
	if err := d.store.Amend(ctx, o.writes...); err != nil {
		return err
	}
	return d.load(ctx)
}

// settle writes down what a cadre has answered, and reports whether it did: on a guarded field two people decide.
func (d *Decide) settle(ctx context.Context, i item, t survey.Task) (bool, error) {
	held, err := d.store.Holding(ctx, i.Record)
	if err != nil {
		return false, err
	}
	what := d.words.of(ctx, held.Record, i.Field)
	if sensitive(what, i.Field) {
		return false, nil
	}
	c := Card{record: held.Record, field: i.Field}
	note := strings.Trim(d.words.person(t.For)+"回答："+t.Remark, "：")
	err = d.store.Amend(ctx, append(d.writes(c, t.Answer, note), d.closing(i)...)...)
	if survey.KindOf(err) == survey.Conflicting {
		return false, nil // somebody has written meanwhile: the next look shows it
	}
	return err == nil, err
}
