package township

import (
	"fyne.io/fyne/v2"

	"zoucun/app/widgets"
	"zoucun/app/workbench"
)

// besideLine puts something beside a line that is read.
type besideLine func(line workbench.ReadLine, said fyne.CanvasObject) fyne.CanvasObject

// passageCards lays out what a record says, a card for each part, with what stands beside each line, where there is anything.
func passageCards(passages []workbench.Passage, beside besideLine) []fyne.CanvasObject {
	var cards []fyne.CanvasObject
	for _, p := range passages {
		var lines []fyne.CanvasObject
		if p.Title != "" {
			lines = append(lines, widgets.NewText(p.Title, widgets.Strong))
		}
		for _, line := range p.Lines {
			lines = append(lines, readLine(line, beside))
		}
		cards = append(cards, widgets.Card(lines...))
	}
	return cards
}

func readLine(line workbench.ReadLine, beside besideLine) fyne.CanvasObject {
	said := []fyne.CanvasObject{widgets.NewText(line.Label, widgets.Hint), widgets.NewText(line.Value, widgets.Plain)}
	for _, finding := range line.Findings {
		said = append(said, widgets.NewText("提示："+finding, widgets.TextStyle{Scale: 0.9, Bold: true, Colour: widgets.Primary}))
	}
	if beside == nil {
		return widgets.Tight(said...)
	}
	return beside(line, widgets.Tight(said...))
}

// stepCard lists who has done what, the latest first.
func stepCard(steps []workbench.ReviewStep) fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText("经过", widgets.Strong)}
	for _, s := range steps {
		words := s.When + "　" + s.Who + "　" + s.What
		if s.Note != "" {
			words += "：" + s.Note
		}
		objects = append(objects, widgets.NewText(words, widgets.Hint))
	}
	return widgets.Card(objects...)
}
