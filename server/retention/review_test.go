package retention

import (
	"testing"

	"zoucun/survey"
)

// What a review has decided stays, so that no visit of years ago waits again; what it says goes with what it speaks of.
func TestAReviewStaysAndItsWordsGo(t *testing.T) {
	for field, want := range map[survey.FieldPath]Class{
		survey.ReviewResultField: Neutral, survey.ReviewRoundField: Neutral, survey.ReviewAnswerField: Neutral, survey.ReviewDupField: Neutral,
		survey.MadeFrom("problems/issues[k1]"): Neutral, survey.ReviewCommentField: Personal, survey.CommentOn("hh/respondent_name"): Personal,
	} {
		if got := (classes{}).rule(survey.TypeVisit, survey.Header{Form: "QZ-01", FormVersion: "1.0"}, field).class; got != want {
			t.Errorf("%s is of class %s, want %s", field, got, want)
		}
	}
}
