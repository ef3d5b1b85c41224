package field

import (
	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// NewVillages returns the screen on which a village is chosen.
func NewVillages(register present.Register, onChoose func(survey.RecordID)) *view.Screen {
	page := widgets.NewPage()
	show := func() {
		rows := present.Villages(register)
		page.Keep(page.Offset(), villageCards(rows, onChoose)...)
	}
	show()
	return &view.Screen{Title: "选择村", Subtitle: "选今天要走访的村", Body: page, Changed: show}
}
