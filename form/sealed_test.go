package form

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoucun/survey"
)

// sealedForm has a box to be sealed, which its author also tries to fill by every way a form has.
const sealedForm = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
<h:head><h:title>封存</h:title><model>
<instance><data id="sealed" version="1"><item jr:template=""><nature/><letter>预先写好的</letter></item>
<item><nature/><letter>预先写好的</letter></item><meta><instanceID/></meta></data></instance>
<bind nodeset="/data/item/nature" type="string"/>
<bind nodeset="/data/item/letter" type="string" required="true()" relevant="../nature = 'cadre'"/>
<setvalue ref="/data/item/letter" event="odk-instance-load">装进来的</setvalue>
</model></h:head>
<h:body><group ref="/data/item"><repeat nodeset="/data/item">
<input ref="/data/item/nature"><label>性质</label><setvalue ref="/data/item/letter" event="xforms-value-changed">触发的</setvalue></input>
<input ref="/data/item/letter" appearance="multiline sealed"><label>封存</label></input>
</repeat></group></h:body></h:html>`

// plainEnv is a world without registers.
func plainEnv() Env {
	drawn := 0
	return Env{
		Now:   func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) },
		NewID: func() string { drawn++; return "id" + strconv.Itoa(drawn) },
	}
}

func begunSealed(t *testing.T) (*Session, survey.FieldPath) {
	t.Helper()
	s, err := Begin(read(t, sealedForm), plainEnv())
	if err != nil {
		t.Fatal(err)
	}
	return s, s.Outline()[0].Children[0].Path
}

func TestWhatIsToBeSealedIsNeverAnAnswer(t *testing.T) {
	s, item := begunSealed(t)
	letter := item + "/letter"
	if got := s.Envelopes(); got != nil {
		t.Errorf("Envelopes = %v before any is asked", got)
	}
	if _, err := s.Set(item+"/nature", "cadre"); err != nil {
		t.Fatal(err)
	}
	if got := s.Envelopes(); !slices.Equal(got, []survey.FieldPath{letter}) {
		t.Errorf("Envelopes = %v", got)
	}
	for _, set := range []func(survey.FieldPath, string) (Effects, error){s.Set, s.SetFitting} {
		if _, err := set(letter, "他收了钱"); survey.KindOf(err) != survey.Denied || survey.MessageOf(err) == "" {
			t.Errorf("Set = %v", err)
		}
	}
	empty := func(when string, s *Session) {
		t.Helper()
		q, ok := s.Question(letter)
		if !ok || q.Type != Sealed || q.Value != "" || q.Violation == nil || q.Violation.Message != "这一条还没有封存。" {
			t.Errorf("%s: %+v", when, q)
		}
	}
	empty("as begun", s)
	state := s.State()
	state.Values[letter] = "他收了钱"
	restored, err := Restore(s.Form(), plainEnv(), state)
	if err != nil {
		t.Fatal(err)
	}
	empty("taken up from a state that has it", restored)
	edited, _, err := Edit(s.Form(), plainEnv(), survey.Fields{item + "/nature": "cadre", letter: "他收了钱"})
	if err != nil {
		t.Fatal(err)
	}
	empty("of another program's record", edited)
	if _, total := s.Progress(); total != 1 {
		t.Errorf("%d questions count, want the nature alone", total)
	}
	if _, err := s.Finish(); err == nil {
		t.Error("finished with an envelope open")
	}
}

func TestRemovedInstanceOfAFreshFillingLeavesNoTrace(t *testing.T) {
	s, item := begunSealed(t)
	if _, err := s.RemoveRepeat(item); err != nil {
		t.Fatal(err)
	}
	sub, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sub.Touched {
		if strings.HasPrefix(string(path), "item") {
			t.Errorf("the record says that %s could have been set", path)
		}
	}
	s, _, err = Edit(s.Form(), plainEnv(), survey.Fields{item + "/nature": "other"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.RemoveRepeat(item); err != nil {
		t.Fatal(err)
	}
	if s, err = Restore(s.Form(), plainEnv(), s.State()); err != nil {
		t.Fatal(err)
	}
	if sub, err = s.Finish(); err != nil || !slices.Contains(sub.Touched, item+"/nature") {
		t.Errorf("a revision does not say what it takes away: %v, %v", sub.Touched, err)
	}
}

func TestStateWithLeavesTheSessionAsItIs(t *testing.T) {
	s, item := begunSealed(t)
	if _, err := s.Set(item+"/nature", "cadre"); err != nil {
		t.Fatal(err)
	}
	state, err := s.StateWith([]Change{{Op: OpSet, Path: item + "/nature", Value: "other"}})
	if err != nil || state.Values[item+"/nature"] != "other" {
		t.Errorf("StateWith = %v, %v", state.Values, err)
	}
	if q, _ := s.Question(item + "/nature"); q.Value != "cadre" {
		t.Errorf("the session has %q now", q.Value)
	}
	if _, err := s.StateWith([]Change{{Op: OpSet, Path: "nowhere", Value: "x"}}); survey.KindOf(err) != survey.NotFound {
		t.Errorf("a change the form does not know: %v", err)
	}
}
