package field

import (
	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
)

// illustrations returns the pictures that go with a block's question and its options, and says what cannot be shown.
func (b *block) illustrations() []fyne.CanvasObject {
	if b.item.Kind != present.QuestionItem {
		return nil
	}
	var objects []fyne.CanvasObject
	unheard := false
	for _, i := range b.visit.presenter.Illustrations(b.visit.host.Ctx(), b.item.Question) {
		unheard = unheard || i.Unheard
		switch {
		case i.Picture != nil:
			objects = append(objects, widgets.NewIllustration(widgets.IllustrationSpec{
				Picture: i.Picture, Words: i.Words, OnCloser: b.closer(i.Closer),
			}))
		case i.Lost:
			objects = append(objects, widgets.NewText(i.Words+"（这里有一张图，本机显示不了）", widgets.Hint))
		}
	}
	if unheard {
		objects = append(objects, widgets.NewText("这一题另有录音或录像，本机不播放。", widgets.Hint))
	}
	return objects
}

// closer opens a screen with a larger picture, nil where there is none.
func (b *block) closer(name string) func() {
	if name == "" {
		return nil
	}
	v := b.visit
	return func() {
		picture := v.presenter.Closer(v.host.Ctx(), name)
		if picture == nil {
			v.host.Tell("这张图本机显示不了。")
			return
		}
		v.host.Push(&view.Screen{Title: b.item.Label, Body: widgets.NewPage(widgets.NewPicture(picture, 560))})
	}
}
