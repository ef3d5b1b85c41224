package widgets

import (
	"bytes"
	"image"
	_ "image/jpeg" // photos
	"mime"
	"path"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// FileSpec describes a question answered by a file from the device's own picker.
type FileSpec struct {
	Name     string // of the file that is the answer now
	Picture  []byte // its bytes where it is a picture to show
	PickText string
	OnPick   func()
	OnRemove func()
}

// NewFileField returns the file's name or picture, and buttons to pick and take it away.
func NewFileField(spec FileSpec) fyne.CanvasObject {
	pick := NewButton(ButtonSpec{Text: spec.PickText, OnTap: spec.OnPick})
	if spec.Name == "" {
		return Bar(1, pick, Spacer(1))
	}
	shown := []fyne.CanvasObject{NewText(spec.Name, Plain)}
	if picture, _, err := image.Decode(bytes.NewReader(spec.Picture)); err == nil {
		c := canvas.NewImageFromImage(picture)
		c.FillMode = canvas.ImageFillContain
		c.SetMinSize(fyne.NewSize(160, 160))
		shown = append(shown, c)
	}
	shown = append(shown, Bar(1, pick, NewConfirm(ConfirmSpec{
		Text: "删除", Ask: "删除这个文件？", OnConfirm: spec.OnRemove,
	})))
	return Column(shown...)
}

// FileKind returns the media type and the extension of a file by its name.
func FileKind(name string) (mediaType, extension string) {
	extension = strings.ToLower(path.Ext(name))
	if mediaType = mime.TypeByExtension(extension); mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return mediaType, extension
}
