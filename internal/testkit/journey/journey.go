// Package journey is one visit as a cadre pays it, acted with pointer and keys in the app's real window: enrol, find a
// household, fill in the 群众工作调查表, finish.
package journey

import (
	"context"
	"fmt"
	"slices"
	"time"

	"zoucun/internal/testkit/robot"
	"zoucun/internal/testkit/screen"
)

// Journey is a window and what becomes of each step.
type Journey struct {
	Window *robot.Window
	Step   func(ctx context.Context, name string) error // called after each step, with its name; may be nil
}

// act is one thing a person does.
type act func(ctx context.Context, w *robot.Window) error

// do acts in turn and then reports the step.
func (j *Journey) do(ctx context.Context, name string, acts ...act) error {
	for _, a := range acts {
		if err := a(ctx, j.Window); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if j.Step == nil {
		return nil
	}
	return j.Step(ctx, name)
}

// enterVillage chooses the village, unless the app still knows it.
func enterVillage(ctx context.Context, w *robot.Window) error {
	o, err := w.Find(ctx, Village, func(o screen.Object) bool {
		return o.Kind == "field" || o.Kind == "row" && o.Text == Village
	})
	if err != nil || o.Kind == "field" {
		return err
	}
	return w.Click(ctx, o)
}

// see waits for words.
func see(words string) act {
	return func(ctx context.Context, w *robot.Window) error { return w.See(ctx, words) }
}

// button presses the button with these words, in sight.
func button(text string) act {
	return func(ctx context.Context, w *robot.Window) error { return w.Tap(ctx, text, robot.Kind("button", text)) }
}

// row taps a row of a list, in sight.
func row(text string) act {
	return func(ctx context.Context, w *robot.Window) error { return w.Tap(ctx, text, robot.Kind("row", text)) }
}

// find types into the field above a list.
func find(text string) act {
	return func(ctx context.Context, w *robot.Window) error {
		field, err := w.Find(ctx, "the search field", func(o screen.Object) bool { return o.Kind == "field" })
		if err != nil {
			return err
		}
		if err := enter(ctx, w, field); err != nil {
			return err
		}
		return write(ctx, w, text)
	}
}

// fill types into the field below a label.
func fill(label, text string) act {
	return inField(label, func(ctx context.Context, w *robot.Window) error { return write(ctx, w, text) })
}

// overwrite types into the field below a label, over what stands there.
func overwrite(label, text string) act {
	return inField(label, func(ctx context.Context, w *robot.Window) error {
		if err := w.Press(ctx, "ctrl+a"); err != nil {
			return err
		}
		return write(ctx, w, text)
	})
}

// spell types pinyin into the field below a label; the input method's first candidates are taken.
func spell(label string, spellings ...string) act {
	return inField(label, func(ctx context.Context, w *robot.Window) error { return w.Pinyin(ctx, spellings...) })
}

// inField does something with the keys once they go to the field below a label.
func inField(label string, do act) act {
	return func(ctx context.Context, w *robot.Window) error {
		field, err := reachBelow(ctx, w, label, "field", "")
		if err != nil {
			return err
		}
		if err := enter(ctx, w, field); err != nil {
			return err
		}
		return do(ctx, w)
	}
}

// write types into the field with the caret and waits until the window has caught up. What came out wrong, as happens to
// keys that are put on the keyboard for one character, is typed again.
func write(ctx context.Context, w *robot.Window, text string) error {
	for range 3 {
		if err := w.Type(ctx, text); err != nil {
			return err
		}
		if shows(ctx, w, text) {
			return nil
		}
		if err := w.Press(ctx, "ctrl+a"); err != nil {
			return err
		}
	}
	return fmt.Errorf("%q cannot be typed", text)
}

// shows reports whether the field with the caret comes to hold a text within a few seconds.
func shows(ctx context.Context, w *robot.Window, text string) bool {
	for range 30 {
		view, err := w.Look(ctx)
		if err != nil {
			return false
		}
		for _, o := range view.Objects {
			if o.Kind == "field" && o.Focused && o.Text == text {
				return true
			}
		}
		if rest(100*time.Millisecond)(ctx, w) != nil {
			return false
		}
	}
	return false
}

// shownSoon reports whether something comes to be on the screen within a few seconds.
func shownSoon(ctx context.Context, w *robot.Window, match robot.Match) bool {
	for range 30 {
		if view, err := w.Look(ctx); err == nil && slices.ContainsFunc(view.Objects, match) {
			return true
		}
		if rest(100*time.Millisecond)(ctx, w) != nil {
			return false
		}
	}
	return false
}

// enter taps a field and waits until keys go to it.
func enter(ctx context.Context, w *robot.Window, field screen.Object) error {
	if err := w.Click(ctx, field); err != nil {
		return err
	}
	_, err := w.Find(ctx, "the caret", func(o screen.Object) bool { return o.Kind == "field" && o.Focused && o.Text == field.Text })
	return err
}

// choose taps an option below a question.
func choose(question, option string) act {
	return func(ctx context.Context, w *robot.Window) error { return tapBelow(ctx, w, question, "option", option) }
}

// reachButton presses a button that the page may have to be turned to.
func reachButton(text string) act {
	return func(ctx context.Context, w *robot.Window) error {
		o, err := w.Reach(ctx, text, robot.Kind("button", text))
		if err != nil {
			return err
		}
		return w.Click(ctx, o)
	}
}

// sign draws a stroke on the pad below a question.
func sign(question string) act {
	return func(ctx context.Context, w *robot.Window) error {
		pad, err := reachBelow(ctx, w, question, "pad", "")
		if err != nil {
			return err
		}
		return w.Drag(ctx, pad, [2]int{150, 700}, [2]int{300, 250}, [2]int{420, 700}, [2]int{560, 300}, [2]int{700, 650}, [2]int{850, 350})
	}
}

func tapBelow(ctx context.Context, w *robot.Window, words, kind, text string) error {
	o, err := reachBelow(ctx, w, words, kind, text)
	if err != nil {
		return err
	}
	return w.Click(ctx, o)
}

// reachBelow brings the words into sight, then what stands below them.
func reachBelow(ctx context.Context, w *robot.Window, words, kind, text string) (screen.Object, error) {
	label, err := w.Reach(ctx, words, robot.Kind("text", words))
	if err != nil {
		return screen.Object{}, err
	}
	for range 12 {
		view, err := w.Look(ctx)
		if err != nil {
			return screen.Object{}, err
		}
		if below, ok := robot.Below(view, words, kind, text); ok && below.H > 40 {
			return below, nil
		}
		if err := w.Scroll(ctx, label, 1); err != nil {
			return screen.Object{}, err
		}
	}
	return screen.Object{}, fmt.Errorf("no %s %q below %q", kind, text, words)
}

// rest waits, for what has no sign on the screen.
func rest(d time.Duration) act {
	return func(ctx context.Context, _ *robot.Window) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d):
			return nil
		}
	}
}
