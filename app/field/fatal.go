package field

import (
	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
)

// NewFatal returns the screen of a program that cannot start: what is wrong, what became of the data, what to do.
func NewFatal(err error, onClose func()) *view.Screen {
	return &view.Screen{
		Title:   "现在打不开",
		Body:    widgets.NewPage(widgets.NewWarning(present.Say(err))),
		Actions: []widgets.ButtonSpec{{Text: "关闭", Weight: widgets.Main, OnTap: onClose}},
	}
}

// NewOpening returns the screen shown while the data is being opened.
func NewOpening() *view.Screen {
	return &view.Screen{Title: "走村", Body: widgets.NewPage(widgets.NewNote("正在打开，请稍等……"))}
}

// NewLocking returns the screen shown while the data is being closed.
func NewLocking() *view.Screen {
	return &view.Screen{Title: "走村", Body: widgets.NewPage(widgets.NewNote("正在锁上，请稍等……"))}
}
