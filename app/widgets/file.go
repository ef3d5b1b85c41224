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

// NewFileField returns the file's picture or, where it is none, its name, and buttons to pick and take it away.
func NewFileField(spec FileSpec) fyne.CanvasObject {
	pick := NewButton(ButtonSpec{Text: spec.PickText, OnTap: spec.OnPick})
	if spec.Name == "" {
		return Bar(1, pick, Spacer(1))
	}
	shown := pictureOf(spec.Picture)
	if len(shown) == 0 {
		shown = append(shown, NewText(spec.Name, Plain))
	}
	shown = append(shown, Bar(1, pick, NewConfirm(ConfirmSpec{
		Text: "删除", Ask: "删除这个文件？", OnConfirm: spec.OnRemove,
	})))
	return Column(shown...)
}

// PhotoAskSpec describes a photo about which something is asked before it is kept.
type PhotoAskSpec struct {
	Picture     []byte
	Ask         string
	No, Yes     string
	OnNo, OnYes func()
}

// NewPhotoAsk returns the photo, the question and its two answers, neither of which is the easier to tap.
func NewPhotoAsk(spec PhotoAskSpec) fyne.CanvasObject {
	no := NewButton(ButtonSpec{Text: spec.No, OnTap: spec.OnNo})
	yes := NewButton(ButtonSpec{Text: spec.Yes, OnTap: spec.OnYes})
	return Column(append(pictureOf(spec.Picture), NewText(spec.Ask, Strong), Bar(-1, no, yes))...)
}

// pictureOf returns a picture to be looked at; nothing where the bytes are none.
func pictureOf(data []byte) []fyne.CanvasObject {
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	shown := canvas.NewImageFromImage(picture)
	shown.FillMode = canvas.ImageFillContain
	shown.SetMinSize(fyne.NewSize(160, 160))
	return []fyne.CanvasObject{shown}
}

// FileKind returns the media type and the extension of a file by its name.
func FileKind(name string) (mediaType, extension string) {
	extension = strings.ToLower(path.Ext(name))
	if mediaType = mime.TypeByExtension(extension); mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return mediaType, extension
}
