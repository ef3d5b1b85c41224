package conformance

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// recording is one case of scenario.json: a conversation with a form.
type recording struct {
	ID    string
	Steps []recordedStep
}

// recordedStep is one line of a conversation. Its result can be referred to by its number.
type recordedStep struct {
	Op      string
	Of      any
	Prop    string
	Args    []any
	Neg     bool
	Matcher string
	Steps   []int // of an expect-throws: the first and the last step of what should fail
}

func TestScenario(t *testing.T) {
	run(t, "scenario", func(r recording) string { return oneLine(r.ID) }, recording.replay)
}

// mute is an error of the interpreter: something was said that it has not been taught, or that was not recorded.
type mute struct{ what string }

// Error returns what is not interpreted.
func (m mute) Error() string { return "not interpreted: " + m.what }

func untaught(what string, args ...any) error { return mute{fmt.Sprintf(what, args...)} }

// conversation is a recording under way.
type conversation struct {
	steps   []recordedStep
	results []any
	failed  []error // by step
	latest  map[string]any
}

// replay says the steps one after the other. A failure is an error unless the recording goes on to expect it.
func (r recording) replay() error {
	c := &conversation{
		steps: r.Steps, results: make([]any, len(r.Steps)), failed: make([]error, len(r.Steps)), latest: map[string]any{},
	}
	if len(r.Steps) == 0 {
		return untaught("an empty recording")
	}
	for i, step := range r.Steps {
		err := c.say(i, step)
		if err == nil {
			continue
		}
		if errors.As(err, new(mute)) || !c.failureIsExpected(i) {
			return fmt.Errorf("step %d: %w", i, err)
		}
		c.failed[i] = err
	}
	return nil
}

// say does one step. What the interpreter cannot do it panics with; that is an error of the step.
func (c *conversation) say(i int, step recordedStep) (err error) {
	defer func() {
		if r := recover(); r != nil {
			failed, ok := r.(error)
			if !ok || strings.Contains(failed.Error(), "runtime error") {
				panic(r)
			}
			err = failed
		}
	}()
	switch step.Op {
	case "init":
		c.results[i] = openScenario(step.Args)
	case "get":
		c.results[i] = property(c.result(step.Of), step.Prop)
	case "apply":
		c.apply(i, step)
	case "expect":
		c.expect(i, step)
	case "expect-throws":
		c.expectFailure(step)
	default:
		panic(untaught("the step %q", step.Op))
	}
	return nil
}

func (c *conversation) apply(i int, step recordedStep) {
	m, ok := c.result(step.Of).(method)
	if !ok {
		panic(untaught("a call of %T", c.result(step.Of)))
	}
	c.results[i] = m.call(c.resolveAll(step.Args))
	c.latest[m.name] = c.results[i]
}

// result returns what an earlier step resulted in. A step that failed has no result, and neither has what follows from it.
func (c *conversation) result(of any) any {
	n, ok := of.(float64)
	if m, is := of.(map[string]any); is {
		n, ok = m["ref"].(float64)
	}
	if !ok || n < 0 || int(n) >= len(c.results) {
		panic(untaught("a reference to %v", of))
	}
	if err := c.failed[int(n)]; err != nil {
		panic(err)
	}
	return c.results[int(n)]
}

// subject returns what is expected something of: a result, or a value written down.
func (c *conversation) subject(of any) any {
	switch of := of.(type) {
	case nil:
		if sc, watched := c.latest["createEffect"].(*scenario); watched {
			return sc // the effect, which was not recorded, saw the filling's serialization
		}
	case map[string]any:
		if _, ok := of["ref"].(float64); ok {
			return c.result(of)
		}
		if _, ok := of["undefined"]; ok {
			return notRecorded{}
		}
	case string:
		name, is := strings.CutPrefix(of, "<scenario.")
		if name, closed := strings.CutSuffix(name, "()>"); is && closed {
			return c.latest[name]
		}
	}
	return of
}

// notRecorded stands for a value the recording lost.
type notRecorded struct{}

func (c *conversation) resolveAll(args []any) []any {
	resolved := make([]any, len(args))
	for i, a := range args {
		resolved[i] = c.resolve(a)
	}
	return resolved
}

func (c *conversation) resolve(a any) any {
	m, ok := a.(map[string]any)
	if !ok {
		return a
	}
	if ref, is := m["ref"]; is && len(m) == 1 {
		if constant, is := ref.(map[string]any); is {
			name, _ := constant["__lit"].(string)
			name, _, _ = strings.Cut(name, ".")
			return name
		}
		return c.result(m)
	}
	if _, is := m["undefined"]; is {
		return notRecorded{}
	}
	resolved := map[string]any{}
	for name, value := range m {
		resolved[name] = c.resolve(value)
	}
	return resolved
}

func (c *conversation) expect(i int, step recordedStep) {
	if step.marksFailure() {
		if !c.failedBefore(i) {
			panic(errors.New("nothing failed, but something should have"))
		}
		return
	}
	got, args := c.subject(step.Of), c.resolveAll(step.Args)
	if ok := matches(got, step.Matcher, args); ok == step.Neg {
		panic(fmt.Errorf("got %s, %s %s (negated %v)", display(got), step.Matcher, display(args), step.Neg))
	}
}

// marksFailure reports whether the step says that what came before it failed: the recording caught an error, of which
// nothing but its class is left.
func (st recordedStep) marksFailure() bool {
	return st.Op == "expect" && st.Of == nil && st.Matcher == "toBeInstanceOf" && !st.Neg
}

// failureIsExpected reports whether the recording goes on to say that step i, or one near it, should fail.
func (c *conversation) failureIsExpected(i int) bool {
	for j := i + 1; j < len(c.steps); j++ {
		switch st := c.steps[j]; {
		case st.marksFailure():
			return true
		case st.Op == "expect-throws":
			return len(st.Steps) == 2 && st.Steps[0] <= i && i <= st.Steps[1]
		case st.Op == "expect" && c.steps[i].Op != "expect":
			return false
		}
	}
	return false
}

// failedBefore reports whether a step between the last marked failure and step i failed.
func (c *conversation) failedBefore(i int) bool {
	for i--; i >= 0 && !c.steps[i].marksFailure(); i-- {
		if c.failed[i] != nil {
			return true
		}
	}
	return false
}

func (c *conversation) expectFailure(step recordedStep) {
	if len(step.Steps) != 2 || step.Steps[1] >= len(c.failed) || step.Steps[0] < 0 {
		panic(untaught("a failure of steps %v", step.Steps))
	}
	failed := false
	for i := step.Steps[0]; i <= step.Steps[1]; i++ {
		failed = failed || c.failed[i] != nil
	}
	if failed == step.Neg {
		panic(fmt.Errorf("steps %v failed: %v", step.Steps, failed))
	}
}
