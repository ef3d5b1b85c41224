package field

import (
	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/widgets"
	"zoucun/survey"
)

func villageCards(rows []present.VillageRow, onChoose func(survey.RecordID)) []fyne.CanvasObject {
	if len(rows) == 0 {
		return []fyne.CanvasObject{widgets.NewNote("村和户的名册还没有收到。连上网络后会自动接收，请稍等。")}
	}
	var objects []fyne.CanvasObject
	for _, row := range rows {
		objects = append(objects, widgets.Edged(widgets.NewRow(widgets.RowFacts{Title: row.Name, Detail: row.Detail},
			func() { onChoose(row.ID) })))
	}
	return objects
}

// lines lays out a titled list; tap is nil where its lines lead nowhere.
func lines(title, none string, list []present.Line, tap func(present.Line)) fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText(title, widgets.Strong)}
	if len(list) == 0 {
		objects = append(objects, widgets.NewText(none, widgets.Hint))
	}
	for _, line := range list {
		facts := widgets.RowFacts{Title: line.Title, Detail: line.Detail, Tag: line.Flag, TagColour: widgets.Quiet}
		if tap == nil {
			objects = append(objects, lineText(line))
			continue
		}
		objects = append(objects, widgets.Edged(widgets.NewRow(facts, func() { tap(line) })))
	}
	return widgets.Column(objects...)
}

// lineText is a line that cannot be tapped, whole however long it is.
func lineText(line present.Line) fyne.CanvasObject {
	words := []fyne.CanvasObject{widgets.NewText(line.Title, widgets.Plain)}
	if line.Detail != "" {
		words = append(words, widgets.NewText(line.Detail, widgets.Hint))
	}
	flag := widgets.NewText(line.Flag, widgets.TextStyle{Scale: 0.85, Bold: true, Whole: true, Colour: widgets.Quiet})
	return widgets.Bar(0, widgets.Tight(words...), flag)
}
