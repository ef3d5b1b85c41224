package field

import (
	"fyne.io/fyne/v2"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// NewForms returns the screen on which one of several forms is chosen.
func NewForms(forms []survey.FormInfo, onChoose func(survey.FormInfo)) *view.Screen {
	objects := make([]fyne.CanvasObject, len(forms))
	for i, info := range forms {
		facts := widgets.RowFacts{Title: info.Title, Detail: string(info.ID) + "　" + info.Version + " 版"}
		if info.Missing > 0 {
			facts.Detail += "　表的附件还没收全，联网后自动接收"
		}
		objects[i] = widgets.Edged(widgets.NewRow(facts, func() { onChoose(info) }))
	}
	return &view.Screen{Title: "选择调查表", Body: widgets.NewPage(objects...)}
}
