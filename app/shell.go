package app

import (
	"context"
	"log/slog"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/storage"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// shell is the window: the bar, the status line, and the screen on top of the stack.
type shell struct {
	window fyne.Window
	log    *slog.Logger
	stack  []*view.Screen
	frame  *widgets.Frame
	bar    *widgets.TopBar
	status *widgets.StatusBar
	notice fyne.CanvasObject // what went wrong or well, until it has been read

	// life counts how often everything shown was dropped. What was begun in an earlier life ends without a word.
	life   int
	onKey  func() // a key came that no field wanted
	onShow func() // another screen is on top
}

var _ view.Navigator = (*shell)(nil)

func newShell(w fyne.Window, log *slog.Logger) *shell {
	s := &shell{window: w, log: log, frame: widgets.NewFrame(), bar: widgets.NewTopBar(), status: widgets.NewStatusBar()}
	s.onKey, s.onShow = func() {}, func() {}
	w.SetContent(s.frame)
	w.SetOnDropped(func(_ fyne.Position, files []fyne.URI) { s.dropped(files) })
	w.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		s.onKey()
		if e.Name == mobile.KeyBack || e.Name == fyne.KeyEscape {
			s.systemBack()
		}
	})
	w.Canvas().SetOnTypedRune(func(r rune) {
		s.onKey()
		if top := s.top(); top != nil && top.Typed != nil {
			top.Typed(r)
		}
	})
	return s
}

// dropped hands files that were dropped onto the window to the screen on top.
func (s *shell) dropped(files []fyne.URI) {
	s.onKey()
	for _, file := range files {
		top := s.top()
		if top == nil || top.Drop == nil {
			return
		}
		r, err := storage.Reader(file)
		if err != nil {
			s.Complain(&survey.Error{
				Kind: survey.Invalid, Op: "app.dropped", Message: "这个文件读不出来。请检查卡或U盘是不是插好了；文件夹要打开，拖里面的文件。", Err: err,
			})
			continue
		}
		top.Drop(file.Name(), r)
	}
}

// Push implements view.Navigator.
func (s *shell) Push(screen *view.Screen) {
	s.leaveTop()
	s.stack = append(s.stack, screen)
	s.show()
}

// Reset implements view.Navigator.
func (s *shell) Reset(screen *view.Screen) {
	s.leaveTop()
	s.stack = []*view.Screen{screen}
	s.show()
}

// Back implements view.Navigator.
func (s *shell) Back() {
	if top := s.top(); top != nil && top.Back != nil && top.Back() {
		s.Refresh()
		return
	}
	s.pop()
}

// forget drops every screen, what was said, and what was begun and has not come back, from the window and from memory.
func (s *shell) forget() {
	s.life++
	s.stack, s.notice = nil, nil
	for overlays := s.window.Canvas().Overlays(); overlays.Top() != nil; {
		overlays.Remove(overlays.Top())
	}
	s.window.Canvas().Unfocus()
	s.bar, s.frame = widgets.NewTopBar(), widgets.NewFrame()
	s.window.SetContent(s.frame)
}

// Home goes back to the screen at the bottom.
func (s *shell) Home() {
	s.leaveTop()
	s.stack = s.stack[:1]
	s.show()
	s.changed()
}

// keep lets every screen keep what is not kept yet: the program may be ended at any moment.
func (s *shell) keep() {
	for _, screen := range s.stack {
		if screen.Leave != nil {
			screen.Leave()
		}
	}
}

// pop leaves the screen on top, if another lies below it, and lets that one show what has changed meanwhile.
func (s *shell) pop() bool {
	if len(s.stack) < 2 {
		return false
	}
	s.leaveTop()
	s.stack = s.stack[:len(s.stack)-1]
	s.show()
	s.changed()
	return true
}

// systemBack is the back button of the device: where there is nothing to go back to, it leaves the program.
func (s *shell) systemBack() {
	if top := s.top(); top != nil && top.Back != nil && top.Back() {
		s.Refresh()
		return
	}
	if s.pop() {
		return
	}
	if d, ok := fyne.CurrentApp().Driver().(mobile.Driver); ok {
		s.leaveTop()
		d.GoBack()
	}
}

func (s *shell) top() *view.Screen {
	if len(s.stack) == 0 {
		return nil
	}
	return s.stack[len(s.stack)-1]
}

// leaveTop lets the screen on top keep what is not kept yet.
func (s *shell) leaveTop() {
	if top := s.top(); top != nil && top.Leave != nil {
		top.Leave()
	}
	s.notice = nil
}

// changed tells the screen on top that records were finished or have arrived.
func (s *shell) changed() {
	if top := s.top(); top != nil && top.Changed != nil {
		top.Changed()
	}
}

func (s *shell) show() {
	s.window.Canvas().Unfocus()
	s.Refresh()
	s.onShow()
}

// Refresh implements view.Navigator.
func (s *shell) Refresh() {
	top := s.top()
	if top == nil {
		return
	}
	spec := widgets.TopBarSpec{Title: top.Title, Subtitle: top.Subtitle, Actions: top.Actions}
	if len(s.stack) > 1 || top.Back != nil && top.CanGoBack != nil && top.CanGoBack() {
		spec.OnBack = s.Back
	}
	s.bar.Set(spec)
	head := []fyne.CanvasObject{s.bar.Object, s.status.Object}
	if s.notice != nil {
		head = append(head, s.notice)
	}
	s.frame.Set(head, top.Body)
}

// Complain implements view.Navigator.
func (s *shell) Complain(err error) {
	s.log.Error("shown to the person", slog.Any("err", err))
	s.announce(widgets.NewWarning(present.Say(err)), func() {})
}

// Tell implements view.Navigator.
func (s *shell) Tell(words string) { s.announce(widgets.NewNote(words), func() {}) }

// announce puts words above the screen until the person has read them, or goes elsewhere.
func (s *shell) announce(words fyne.CanvasObject, onRead func()) {
	read := widgets.NewButton(widgets.ButtonSpec{Text: "知道了", OnTap: func() {
		s.notice = nil
		s.Refresh()
		onRead()
	}})
	s.notice = widgets.Inset(8, widgets.Bar(0, words, read))
	s.Refresh()
}

func (s *shell) setStatus(status present.Status) {
	first := !s.status.Object.Visible()
	s.status.Set(status.Words, tones[status.Tone])
	if first {
		s.Refresh()
	}
}

var tones = map[present.Tone]widgets.Tone{present.Safe: widgets.Safe, present.Busy: widgets.Busy, present.Trouble: widgets.Trouble}

// host gives screens what they need of the program.
func (s *shell) host(ctx context.Context, now func() time.Time) view.Host {
	return view.Host{
		Navigator: s,
		Ctx:       func() context.Context { return ctx },
		Now:       now,
		Later: func(after time.Duration, f func()) func() {
			return later(after, s.inThisLife(f))
		},
		PickFile: s.pickFile,
		Do: func(work func(context.Context) error, then func(error)) {
			var result error
			back := s.inThisLife(func() { then(result) })
			go func() {
				defer contain()
				err := work(ctx)
				fyne.Do(func() {
					result = err
					back()
				})
			}()
		},
	}
}

// inThisLife returns f as something that does nothing once everything shown was dropped.
func (s *shell) inThisLife(f func()) func() {
	life := s.life
	return func() {
		if life == s.life {
			f()
		}
	}
}

// later runs f on the screen's goroutine after a while.
func later(after time.Duration, f func()) func() {
	cancelled := false // read and written on the screen's goroutine only
	timer := time.AfterFunc(after, func() {
		fyne.Do(func() {
			if !cancelled {
				f()
			}
		})
	})
	return func() {
		cancelled = true
		timer.Stop()
	}
}
