package widgets

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// illustrationHeight is how high a picture at a question is, in dp: it is seen without pushing the answer off the screen.
const illustrationHeight = 180

// IllustrationSpec describes a picture that belongs to a question or to one of its options.
type IllustrationSpec struct {
	Picture  image.Image
	Words    string // under it
	OnCloser func() // nil where there is no larger one
}

// NewIllustration returns the picture with its words.
func NewIllustration(spec IllustrationSpec) fyne.CanvasObject {
	objects := []fyne.CanvasObject{NewPicture(spec.Picture, illustrationHeight)}
	if spec.Words != "" {
		objects = append(objects, NewText(spec.Words, Hint))
	}
	if spec.OnCloser != nil {
		objects = append(objects, NewButton(ButtonSpec{Text: "看大图", OnTap: spec.OnCloser}))
	}
	return Column(objects...)
}

// NewPicture returns a picture that is at least so high, if it is not lower itself, and never distorted.
func NewPicture(picture image.Image, height float32) fyne.CanvasObject {
	shown := canvas.NewImageFromImage(picture)
	shown.FillMode = canvas.ImageFillContain
	size := picture.Bounds().Size()
	shown.SetMinSize(fyne.NewSize(min(160, float32(size.X)), min(height, max(48, float32(size.Y)))))
	return shown
}
