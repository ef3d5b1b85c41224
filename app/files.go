package app

import (
	"errors"
	"fmt"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"zoucun/survey"
)

// largestFile bounds what is read from the device's picker.
const largestFile = 64 << 20

// pickFile opens the device's own picker and hands over what is picked. It is read whole at once: on a tablet the
// permission to read it ends with the program.
func (s *shell) pickFile(extensions []string, then func(name string, data []byte)) {
	life := s.life
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if life != s.life { // the device was locked meanwhile
			if r != nil {
				_ = r.Close()
			}
			return
		}
		if err != nil {
			s.Complain(fmt.Errorf("app.pickFile: %w", err))
			return
		}
		if r == nil {
			return // the person changed their mind
		}
		data, err := io.ReadAll(io.LimitReader(r, largestFile+1))
		switch err = errors.Join(err, r.Close()); {
		case err != nil:
			s.Complain(fmt.Errorf("app.pickFile: %w", err))
		case len(data) > largestFile:
			s.Complain(&survey.Error{Kind: survey.Invalid, Op: "app.pickFile", Message: "这个文件超过 64 MB，请另选一个小一些的。"})
		default:
			then(r.URI().Name(), data)
		}
	}, s.window)
	if len(extensions) > 0 {
		d.SetFilter(storage.NewExtensionFileFilter(extensions))
	}
	d.Resize(s.window.Canvas().Size()) // as large as there is room
	d.Show()
}
