package survey

import (
	"strings"
)

// Fields of a visit record that a review writes. The township's word is a revision of kind Review over all heads; the
// author's answer to it is a Put. The two never write the same field, so that neither is lost where they cross:
//
//	field            | written by | says
//	-----------------+------------+-----------------------------------------------------------------
//	review/result    | township   | passed, returned or joined
//	review/round     | township   | which review it is: made from the heads it saw
//	review/seen      | township   | the author's answer that it knew of
//	review/comment   | township   | what it says of the whole
//	review/comment/… | township   | what it says of one question, by the question's path
//	review/dup_of    | township   | the visit this one was joined to
//	review/answer    | author     | the round that was answered
//
// Two reviewers who see the same and decide the same write the same, which is no conflict.
const (
	ReviewResultField  FieldPath = "review/result"
	ReviewRoundField   FieldPath = "review/round"
	ReviewSeenField    FieldPath = "review/seen"
	ReviewCommentField FieldPath = "review/comment"
	ReviewDupField     FieldPath = "review/dup_of"
	ReviewAnswerField  FieldPath = "review/answer"
)

// reviewPrefix and madePrefix begin the fields of a visit that no form asks for.
const (
	reviewPrefix = "review/"
	madePrefix   = "meta/made/"
)

// MadeFrom is the field of a visit that names the record which one instance of a repeat has made, so that whoever
// amends the visit changes that record and makes no second one.
func MadeFrom(instance FieldPath) FieldPath { return madePrefix + instance }

// OfForm reports whether a field of a visit is an answer to its form, and not what a review or the program has noted.
func (p FieldPath) OfForm() bool {
	return !strings.HasPrefix(string(p), reviewPrefix) && !strings.HasPrefix(string(p), "meta/")
}

// OfReview reports whether a field of a visit was written by a review, or answers one.
func (p FieldPath) OfReview() bool { return strings.HasPrefix(string(p), reviewPrefix) }

// Noted reports whether a field of a visit says nothing to people: it only serves the program.
func (p FieldPath) Noted() bool {
	return strings.HasPrefix(string(p), madePrefix) || p == ReviewRoundField || p == ReviewSeenField || p == ReviewAnswerField
}

// ReviewResult is what the township has decided on a visit.
type ReviewResult string

// Results of a review. They travel: a value is never given another meaning.
const (
	ReviewPassed   ReviewResult = "passed"
	ReviewReturned ReviewResult = "returned"
	ReviewJoined   ReviewResult = "joined"
)

// ReviewState is where a visit stands between its author and the township.
type ReviewState uint8

// States of review, in the order in which they need somebody.
const (
	StateUnreviewed ReviewState = iota // 待审
	StateAnswered                      // 待审: its author has amended what was returned, or something passed unseen
	StateReturned                      // 退回: its author is to look at it again
	StatePassed                        // 通过
	StateJoined                        // 并入 another visit
)

// Waits reports whether the township has to look at the visit.
func (s ReviewState) Waits() bool { return s == StateUnreviewed || s == StateAnswered }

// Verdict is the township's word on a visit.
type Verdict struct {
	Result   ReviewResult
	Round    string
	Seen     string
	Comment  string               // on the whole
	Comments map[FieldPath]string // on single questions, by their paths
	DupOf    RecordID
	Answer   string // the round that the author has answered last
}

// VerdictOf reads the township's word off a visit.
func VerdictOf(fields Fields) Verdict {
	r := Verdict{
		Result: ReviewResult(fields[ReviewResultField]), Round: fields[ReviewRoundField], Seen: fields[ReviewSeenField],
		Comment: fields[ReviewCommentField], Answer: fields[ReviewAnswerField], Comments: map[FieldPath]string{},
	}
	r.DupOf, _ = ParseID[RecordID](fields[ReviewDupField])
	for path, value := range fields {
		if question, ok := strings.CutPrefix(string(path), string(ReviewCommentField)+"/"); ok && value != "" {
			r.Comments[FieldPath(question)] = value
		}
	}
	return r
}

// State says where the visit stands.
//
//	result   | the author's answer           | state
//	---------+-------------------------------+----------------------------------------------
//	none     |                               | 待审
//	joined   |                               | 并入
//	returned | names this round              | 待审, amended
//	returned | names another round, or none  | 退回
//	passed   | is the one the reviewer knew  | 通过
//	passed   | came unseen                   | 待审, amended: somebody passed what it was before
func (r Verdict) State() ReviewState {
	switch {
	case r.Result == ReviewJoined:
		return StateJoined
	case r.Result == ReviewReturned && r.Answer == r.Round:
		return StateAnswered
	case r.Result == ReviewReturned:
		return StateReturned
	case r.Result == ReviewPassed && r.Answer == r.Seen:
		return StatePassed
	case r.Result == ReviewPassed:
		return StateAnswered
	}
	return StateUnreviewed
}

// Fields returns what a review over a visit as it is changes: its own words, and an empty value for every word of an
// earlier review that it does not repeat.
func (r Verdict) Fields(now Record) Fields {
	heads := make([]string, len(now.Heads))
	for i, head := range now.Heads {
		heads[i] = head.String()
	}
	dup := ""
	if !r.DupOf.IsZero() {
		dup = r.DupOf.String()
	}
	f := Fields{
		ReviewResultField: string(r.Result), ReviewCommentField: r.Comment, ReviewDupField: dup,
		ReviewRoundField: DerivedID[RecordID](ScopeID(now.ID), "review/"+strings.Join(heads, "/")).String(),
		ReviewSeenField:  now.Fields[ReviewAnswerField],
	}
	for path := range VerdictOf(now.Fields).Comments {
		f[CommentOn(path)] = ""
	}
	for path, words := range r.Comments {
		f[CommentOn(path)] = words
	}
	return f
}

// CommentOn is the field of a review's comment on one question.
func CommentOn(question FieldPath) FieldPath { return ReviewCommentField + "/" + question }
