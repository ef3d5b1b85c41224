package app

import (
	"fmt"
	"io"
	"mime"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
)

// cameraKinds are kinds of pictures that not every device knows by name. Whoever picks one is told what to do; a picker
// that does not know them would show no picture at all.
var cameraKinds = map[string]string{".heic": "image/heic", ".heif": "image/heif", ".webp": "image/webp"}

// pickFile opens the device's own picker and hands over what is picked, to be read at once and closed: on a tablet the
// permission to read it ends with the program.
func (s *shell) pickFile(extensions []string, then func(name string, file io.ReadCloser)) {
	life := s.life
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		switch {
		case life != s.life: // the device was locked meanwhile
			if r != nil {
				_ = r.Close()
			}
		case err != nil:
			s.Complain(fmt.Errorf("app.pickFile: %w", err))
		case r != nil: // else the person changed their mind
			then(r.URI().Name(), r)
		}
	}, s.window)
	for extension, kind := range cameraKinds {
		if err := mime.AddExtensionType(extension, kind); err != nil {
			s.Complain(fmt.Errorf("app.pickFile: %w", err))
		}
	}
	if len(extensions) > 0 {
		d.SetFilter(storage.NewExtensionFileFilter(extensions))
	}
	d.Resize(s.window.Canvas().Size()) // as large as there is room
	d.Show()
}
