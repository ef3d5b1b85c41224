package township

import (
	"context"
	"io"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/survey"
)

// closedPoint is a receiving point that the county has not let in yet.
type closedPoint struct{ code string }

func (*closedPoint) State() (on, enrolled bool) { return false, false }
func (p *closedPoint) Start(_ context.Context, code string) error {
	p.code = code
	return nil
}
func (*closedPoint) Stop()                { /* it never began */ }
func (*closedPoint) Addresses() []string  { return []string{"10.0.0.2:8443"} }
func (*closedPoint) Invite(string) string { return "zoucun:relay" }
func (*closedPoint) Progress(context.Context) ([]survey.Brought, survey.Millis) {
	return nil, 0
}

// noBundles is a laptop to which nobody has brought a stick.
type noBundles struct{}

func (noBundles) TakeIn(context.Context, io.Reader) (survey.TakenIn, error) {
	return survey.TakenIn{}, nil
}
func (noBundles) Held(context.Context) ([]survey.HeldBundle, error) { return nil, nil }
func (noBundles) CopyOut(context.Context, string) ([]string, error) { return nil, nil }
func (noBundles) Drop(context.Context, survey.BundleID) error       { return nil }
func (noBundles) Export(context.Context, string) (survey.Exported, error) {
	return survey.Exported{}, nil
}

// TestCodeIsTypedWhileRecordsArrive has records come in while somebody types the receiving point's code.
func TestCodeIsTypedWhileRecordsArrive(t *testing.T) {
	c := newClerk(t)
	point, later := &closedPoint{}, 0
	now := func() time.Time { return time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC) }
	host := view.Host{
		Navigator: c, Ctx: t.Context, Now: now,
		Later: func(time.Duration, func()) func() { later++; return func() { later-- } },
		Do:    func(work func(context.Context) error, then func(error)) { then(work(t.Context())) },
	}
	screen := NewInbox(host, InboxSpec{
		Inbox: workbench.NewInbox(c.store, workbench.NewWords(c.store), now), Receiving: point, Bundles: noBundles{},
		Errands: func() []Errand { return nil },
	})
	c.Reset(screen)
	field := func() *widgets.Field {
		for _, o := range test.LaidOutObjects(c.window.Content()) {
			if f, ok := o.(*widgets.Field); ok {
				return f
			}
		}
		t.Fatal("there is no field for the code")
		return nil
	}
	first := field()
	keys := keysOf(t, first)
	c.window.Canvas().Focus(keys)
	test.Type(keys, "7F3K")
	screen.Changed()
	if field() != first || c.window.Canvas().Focused() != keys {
		t.Error("the field went away while somebody typed")
	}
	test.Type(keys, "9QAB")
	screen.Leave()
	if later != 0 {
		t.Error("the screen goes on looking while another is in sight")
	}
	screen.Changed()
	if later != 1 {
		t.Errorf("%d looks are under way after coming back", later)
	}
	c.press("开始接收")
	if point.code != "7F3K9QAB" {
		t.Errorf("the code that was typed is %q", point.code)
	}
}

// keysOf returns what the keys go to while a field has the focus.
func keysOf(t *testing.T, field *widgets.Field) fyne.Focusable {
	t.Helper()
	for _, o := range test.WidgetRenderer(field).Objects() {
		if f, ok := o.(fyne.Focusable); ok {
			return f
		}
	}
	t.Fatal("a field that takes no keys")
	return nil
}
