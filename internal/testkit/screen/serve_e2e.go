//go:build e2e

package screen

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"reflect"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// Serve answers every connection to a unix socket with the window's view as one JSON document.
func Serve(ctx context.Context, w fyne.Window, socket string) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("screen.Serve: %w", err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			answer(conn, w)
		}
	}()
	return nil
}

func answer(conn net.Conn, w fyne.Window) {
	defer func() { _ = conn.Close() }()
	var view View
	fyne.DoAndWait(func() { view = look(w.Canvas()) })
	_ = json.NewEncoder(conn).Encode(view) // the test that hung up has no use for it
}

// look walks everything that is laid out and keeps what is in sight.
func look(c fyne.Canvas) View {
	size := c.Size()
	e := eye{scale: c.Scale()}
	top := c.Content()
	if o := c.Overlays().Top(); o != nil {
		top = o
	}
	e.walk(top, fyne.Position{}, box{0, 0, size.Width, size.Height})
	return View{Width: e.pixels(size.Width), Height: e.pixels(size.Height), Objects: e.seen}
}

type eye struct {
	scale float32
	seen  []Object
}

// box is a rectangle by its edges.
type box struct{ left, top, right, bottom float32 }

func (b box) cut(o box) box {
	return box{max(b.left, o.left), max(b.top, o.top), min(b.right, o.right), min(b.bottom, o.bottom)}
}

func (b box) empty() bool { return b.right-b.left < 2 || b.bottom-b.top < 2 }

func (e *eye) walk(o fyne.CanvasObject, origin fyne.Position, clip box) {
	if o == nil || !o.Visible() {
		return
	}
	at, size := origin.Add(o.Position()), o.Size()
	here := clip.cut(box{at.X, at.Y, at.X + size.Width, at.Y + size.Height})
	if e.note(o, here) {
		return
	}
	switch o := o.(type) {
	case *fyne.Container:
		e.all(o.Objects, at, clip)
	case *container.Scroll:
		e.walk(o.Content, at, here)
	case fyne.Widget:
		if r := test.WidgetRenderer(o); r != nil {
			e.all(r.Objects(), at, clip)
		}
	}
}

func (e *eye) all(objects []fyne.CanvasObject, at fyne.Position, clip box) {
	for _, o := range objects {
		e.walk(o, at, clip)
	}
}

// note keeps an object with words and reports whether there is nothing more to see inside it.
func (e *eye) note(o fyne.CanvasObject, here box) bool {
	text, ok := words(o)
	if !ok {
		return false
	}
	kind := strings.ToLower(reflect.TypeOf(o).Elem().Name())
	if !here.empty() {
		seen := Object{
			Kind: kind, Text: text, X: e.pixels(here.left), Y: e.pixels(here.top),
			W: e.pixels(here.right - here.left), H: e.pixels(here.bottom - here.top),
		}
		if f, ok := o.(interface{ HasFocus() bool }); ok {
			seen.Focused = f.HasFocus()
		}
		if c, ok := o.(interface{ Chosen() bool }); ok {
			seen.Chosen = c.Chosen()
		}
		e.seen = append(e.seen, seen)
	}
	return kind != "row"
}

// words returns what an object says: what it shows, or what has been typed into it.
func words(o fyne.CanvasObject) (string, bool) {
	switch o := o.(type) {
	case interface{ Typed() string }:
		return o.Typed(), true
	case interface{ Shown() string }:
		return o.Shown(), true
	}
	return "", false
}

func (e *eye) pixels(dp float32) int { return int(dp*e.scale + 0.5) }
