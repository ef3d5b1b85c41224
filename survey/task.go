package survey

import "strings"

// Fields of a task record. It belongs to the scope of the record it is about.
const (
	TaskKindField FieldPath = "kind"
	TaskAbout     FieldPath = "about" // the record
	TaskOf        FieldPath = "of"    // the record's type
	TaskField     FieldPath = "field" // which field of it; empty where it is about all of it
	TaskFor       FieldPath = "for"   // whom it is put to; absent where it is anybody at the township
	TaskWords     FieldPath = "label" // what is asked, as a person reads it
	TaskOptions   FieldPath = "options"
	TaskLabels    FieldPath = "labels"
	TaskState     FieldPath = "state"
	TaskAnswer    FieldPath = "answer" // the value that holds, or that is proposed
	TaskRemark    FieldPath = "remark" // what whoever answered adds
	TaskDecision  FieldPath = "decision"
)

// TaskKind says what a task wants done.
type TaskKind string

// Kinds of tasks.
const (
	TaskAsk     TaskKind = "ask"     // 问走访人: which value is right
	TaskVisit   TaskKind = "visit"   // 再走访: go there once more, and say which value is right
	TaskConfirm TaskKind = "confirm" // a decision on a sensitive field that a second person at the township has to confirm
	TaskAgain   TaskKind = "again"   // a decision was taken back and is to be taken anew
)

// TaskStateWord says how far a task is.
type TaskStateWord string

// States of tasks.
const (
	TaskOpen     TaskStateWord = "open"
	TaskAnswered TaskStateWord = "answered" // the person asked has answered; the township has not yet acted on it
	TaskUnsure   TaskStateWord = "unsure"   // the person asked cannot tell; the township decides
	TaskDone     TaskStateWord = "done"
	TaskDropped  TaskStateWord = "dropped" // not wanted any more, or not confirmed
)

// Task is something that one record waits for: an answer by a cadre, another visit, a second person's word.
type Task struct {
	ID       RecordID
	Scope    ScopeID
	Kind     TaskKind
	About    RecordID
	Of       RecordType
	Field    FieldPath
	For      PersonID
	Words    string
	Options  []string // the values to choose from
	Labels   []string // the same in words
	State    TaskStateWord
	Answer   string
	Remark   string
	Decision string // the revision that was taken back, in hexadecimal, of a TaskAgain

	By PersonID // who asked; not a field, but the author of the record's first revision
	At Millis   // when, by that device's clock
}

// optionStop stands between options, which are texts without it: U+001E, the record separator.
const optionStop = "\x1e"

// TaskFrom reads a task from its record; who asked and when is not in it.
func TaskFrom(r Record) Task {
	t := Task{
		ID: r.ID, Scope: r.Scope, Kind: TaskKind(r.Fields[TaskKindField]), Of: RecordType(r.Fields[TaskOf]),
		Field: FieldPath(r.Fields[TaskField]), Words: r.Fields[TaskWords], State: TaskStateWord(r.Fields[TaskState]),
		Answer: r.Fields[TaskAnswer], Remark: r.Fields[TaskRemark], Decision: r.Fields[TaskDecision],
	}
	t.About, _ = ParseID[RecordID](r.Fields[TaskAbout])
	t.For, _ = ParseID[PersonID](r.Fields[TaskFor])
	if labels := r.Fields[TaskLabels]; labels != "" {
		t.Options, t.Labels = strings.Split(r.Fields[TaskOptions], optionStop), strings.Split(labels, optionStop)
	}
	if len(t.Options) != len(t.Labels) {
		t.Options, t.Labels = nil, nil // two wrote it apart
	}
	if r.Voided {
		t.State = TaskDropped
	}
	return t
}

// Waits reports whether the task still waits for something.
func (t Task) Waits() bool {
	return t.State == TaskOpen || t.State == TaskAnswered || t.State == TaskUnsure
}

// Fields returns the task as its record holds it.
func (t Task) Fields() Fields {
	f := Fields{}
	f.set(TaskKindField, string(t.Kind))
	f.set(TaskAbout, idText(t.About))
	f.set(TaskOf, string(t.Of))
	f.set(TaskField, string(t.Field))
	if !t.For.IsZero() {
		f.set(TaskFor, t.For.String())
	}
	f.set(TaskWords, t.Words)
	f.set(TaskOptions, strings.Join(t.Options, optionStop))
	f.set(TaskLabels, strings.Join(t.Labels, optionStop))
	f.set(TaskState, string(t.State))
	f.set(TaskAnswer, t.Answer)
	f.set(TaskRemark, t.Remark)
	f.set(TaskDecision, t.Decision)
	return f
}
