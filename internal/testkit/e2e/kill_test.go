//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/internal/testkit/journey"
	"zoucun/internal/testkit/stage"
	"zoucun/store"
	"zoucun/survey"
)

// killRounds is how often the app is killed: 200 times, or as often as ZOUCUN_SOAK says.
func killRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ZOUCUN_SOAK")
	if text == "" {
		return 200
	}
	rounds, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal("ZOUCUN_SOAK:", err)
	}
	return rounds
}

// promised is after what time a text that was seen in the window must be on disk (G1).
const promised = time.Second

// typing is what was last typed into the answer when the app was killed.
type typing struct {
	before string        // the answer that was certainly kept
	text   string        // what was typed over it
	age    time.Duration // how long it had stood in the window; negative when it had not been seen there
}

// mustBe says whether an answer found after the kill is one the person may find.
func (y typing) mustBe(found string) error {
	switch {
	case found == y.text:
		return nil
	case y.age >= promised:
		return fmt.Errorf("%q had stood in the window for %v, and %q was kept", y.text, y.age, found)
	case found == y.before, strings.HasPrefix(y.text, found):
		return nil
	}
	return fmt.Errorf("%q was typed over %q, and %q was kept", y.text, y.before, found)
}

// The app is killed again and again, at moments nobody chooses: while it starts, while somebody types, while it is at
// rest. What had stood in the window for a second is there afterwards, and the database is whole.
func TestKilledAppLosesNothing(t *testing.T) {
	rounds := killRounds(t)
	for tablet := range tablets {
		t.Run(fmt.Sprintf("tablet %d", tablet+1), func(t *testing.T) {
			t.Parallel() // each waits for its window most of the time
			killAgainAndAgain(t, (rounds+tablet)/tablets)
		})
	}
}

// tablets is how many apps are worked at a time, each on a desktop and with a server of its own.
const tablets = 4

func killAgainAndAgain(t *testing.T, rounds int) {
	t.Helper()
	v := newVisitTest(t)
	ctx := t.Context()
	j := v.open()
	code, err := v.stage.Code(ctx, stage.Person)
	v.must(err)
	v.must(j.Enrol(ctx, v.stage.URL(), code))
	v.must(j.Open(ctx))
	v.must(j.Section(ctx, lastSection))
	kept := ""
	for round := range rounds {
		y := v.typeAndKill(j, kept, fmt.Sprintf("r%d-%06d", round, rand.IntN(1_000_000)))
		found, err := v.answerOnDisk(visitorNote)
		v.must(err)
		if err := y.mustBe(found); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		kept = found
		if round%10 == 9 { // in between, the app does not even come to its feet
			v.killWhileStarting()
		}
		j = v.open()
		v.must(j.Return(ctx, lastSection, noteLabel))
	}
	t.Logf("killed %d times while somebody typed", rounds)
}

const (
	lastSection = "9 结束"
	noteLabel   = "走访人体会(可不写)"
	visitorNote = survey.FieldPath("finish/visitor_note")
)

// typeAndKill types a text over the answer and kills the app within two seconds.
func (v *visitTest) typeAndKill(j *journey.Journey, before, text string) typing {
	v.Helper()
	ctx := v.Context()
	y := typing{before: before, text: text, age: -1}
	moment := time.Duration(rand.IntN(2000)) * time.Millisecond
	if rand.IntN(3) == 0 { // in the middle of a word
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			time.Sleep(moment / 2)
			j.Window.Kill()
		}()
		_ = j.Overwrite(ctx, noteLabel, text) // it may not get through
		<-killed
		return y
	}
	v.must(j.Overwrite(ctx, noteLabel, text))
	seen := time.Now()
	time.Sleep(moment)
	y.age = time.Since(seen)
	j.Window.Kill()
	return y
}

// killWhileStarting starts the app and kills it within half a second.
func (v *visitTest) killWhileStarting() {
	v.Helper()
	v.must(v.desktop.Flash(v.Context(), v.log, time.Duration(rand.IntN(500))*time.Millisecond, v.stage.Program("zoucun"),
		"-data", v.stage.Path("app"), "-size", "1280x800"))
}

// answerOnDisk reads an answer of the only draft as the killed app has left it.
func (v *visitTest) answerOnDisk(path survey.FieldPath) (answer string, err error) {
	ctx := v.Context()
	s, err := store.Open(ctx, v.stage.Path("app"), store.Options{Clock: time.Now})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, salvaged := s.Salvaged(); salvaged {
		return "", errors.New("the database had to be salvaged")
	}
	drafts, err := s.Drafts(ctx)
	if err != nil || len(drafts) != 1 {
		return "", errors.Join(err, fmt.Errorf("%d drafts, want 1", len(drafts)))
	}
	draft, data, journal, err := s.LoadDraft(ctx, drafts[0].ID)
	if err != nil {
		return "", err
	}
	xml, err := s.FormXML(ctx, draft.Form, draft.FormVersion)
	if err != nil {
		return "", err
	}
	definition, err := xform.Read(bytes.NewReader(xml))
	if err != nil {
		return "", err
	}
	var state form.State
	if err := state.UnmarshalBinary(data); err != nil {
		return "", err
	}
	session, err := form.Restore(definition, form.Env{
		Now: time.Now, NewID: func() string { return "" },
		Instances: func(name string) (form.Table, bool) { return s.Table(ctx, name, draft) },
	}, state)
	if err != nil {
		return "", err
	}
	for _, change := range journal {
		if _, err := session.Apply(change); err != nil {
			return "", err
		}
	}
	question, ok := session.Question(path)
	if !ok {
		return "", fmt.Errorf("the draft has no question %s", path)
	}
	return question.Value, nil
}
