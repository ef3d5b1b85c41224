package field

import (
	"strconv"

	"fyne.io/fyne/v2"

	"zoucun/app/widgets"
)

// SettingsSpec describes the screen of what a person can set.
type SettingsSpec struct {
	TextSize  int
	Facts     [][2]string // what this installation is: name and value
	OnSize    func(size int)
	OnVillage func()
	Cards     []fyne.CanvasObject // what else can be set
}

// NewSettings returns the screen.
func NewSettings(spec SettingsSpec) *Screen {
	sizes := []widgets.Item{
		{Value: strconv.Itoa(widgets.TextNormal), Label: "标准"},
		{Value: strconv.Itoa(widgets.TextLarge), Label: "大字"},
		{Value: strconv.Itoa(widgets.TextLargest), Label: "特大字"},
	}
	size := widgets.NewChoiceButtons(widgets.ChoiceSpec{
		Items: sizes, Chosen: []string{strconv.Itoa(spec.TextSize)},
		OnChange: func(chosen []string) {
			if n, err := strconv.Atoi(first(chosen)); err == nil {
				spec.OnSize(n)
			}
		},
	})
	about := widgets.Column(widgets.NewText("关于本机", widgets.Strong))
	for _, f := range spec.Facts {
		if f[1] == "" {
			continue
		}
		about.Objects = append(about.Objects, widgets.Tight(widgets.NewText(f[0], widgets.Hint), widgets.NewText(f[1], widgets.Plain)))
	}
	cards := []fyne.CanvasObject{
		widgets.Card(widgets.NewText("字号", widgets.Strong), size),
		widgets.Card(widgets.NewText("走访的村", widgets.Strong), widgets.NewButton(widgets.ButtonSpec{Text: "换一个村", OnTap: spec.OnVillage})),
	}
	cards = append(append(cards, spec.Cards...), widgets.Card(about))
	return &Screen{Title: "设置", Body: widgets.NewPage(cards...)}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
