// Package view says what a screen is to the window around it, and what the window does for a screen: the field's and the
// township's screens know no more of the program than this.
package view

import (
	"context"
	"errors"
	"io"
	"time"

	"fyne.io/fyne/v2"

	"zoucun/app/widgets"
	"zoucun/survey"
)

// Screen is one view that fills the window below the bar and the status line.
type Screen struct {
	Title, Subtitle string
	Actions         []widgets.ButtonSpec
	Body            fyne.CanvasObject
	Back            func() bool // goes back within the screen; reports whether there was anything to go back to
	CanGoBack       func() bool // whether Back has anything to go back to
	Leave           func()      // the screen goes out of sight, perhaps for ever: keep what is not kept yet
	Changed         func()      // records were finished or have arrived
	Typed           func(rune)  // a character came that no field wanted; nil where none has a meaning
	// Drop takes a file that was dropped onto the window, to be read and closed; nil where there is nothing to do with one.
	Drop func(name string, file io.ReadCloser)
}

// Navigator shows screens, one over another.
type Navigator interface {
	Push(s *Screen)    // shows a screen; Back returns from it
	Back()             // leaves the screen on top
	Reset(s *Screen)   // shows a screen from which there is no way back
	Refresh()          // the screen on top has another title or other actions
	Complain(error)    // says in a sentence what went wrong, until the person has read it
	Tell(words string) // says that something went well
}

// Host is what every screen needs of the program around it.
type Host struct {
	Navigator
	// Do runs work that may take long away from the screen's goroutine, and then, with its result, back on it.
	Do func(work func(ctx context.Context) error, then func(error))
	// PickFile opens the device's own picker and hands over what is picked, to be read and closed by whoever takes it.
	PickFile func(extensions []string, then func(name string, file io.ReadCloser))
	Ctx      func() context.Context // lives as long as the program
	Later    widgets.Later
	Now      func() time.Time
}

// PickBytes opens the device's own picker and hands over all of what is picked, which may have at most so many bytes.
func (h Host) PickBytes(most int64, then func(data []byte)) {
	h.PickFile(nil, func(_ string, file io.ReadCloser) {
		var data []byte
		h.Do(func(context.Context) (err error) {
			data, err = io.ReadAll(io.LimitReader(file, most+1))
			return errors.Join(err, file.Close())
		}, func(err error) {
			switch {
			case err != nil:
				h.Complain(&survey.Error{
					Kind: survey.Damaged, Op: "view.PickBytes", Message: "这个文件读不出来，请检查卡或U盘是不是插好了，再选一次。", Err: err,
				})
			case int64(len(data)) > most:
				h.Complain(&survey.Error{Kind: survey.Invalid, Op: "view.PickBytes", Message: "这个文件太大，不会是要选的那一个。请另选。"})
			default:
				then(data)
			}
		})
	})
}
