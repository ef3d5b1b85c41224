package field

import (
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"

	"zoucun/app/view"
	"zoucun/app/widgets"
)

// SettingsSpec describes the screen of what a person can set.
type SettingsSpec struct {
	TextSize  int
	Facts     [][2]string // what this installation is: name and value
	OnSize    func(size int)
	OnVillage func()
	Cards     []fyne.CanvasObject // what else can be set

	Locked bool   // whoever uses the device has a PIN
	Who    string // who that is, on the lock screen
	Others int    // how many more may unlock it
	Idle   int    // minutes after which it locks itself
	// What can be done about PINs: set or change one's own, lock now, let somebody else use the device.
	OnPIN, OnLock, OnAdd func()
	OnIdle               func(minutes int)
}

// idleChoices are after how many minutes the device may lock itself.
var idleChoices = []widgets.Item{
	{Value: "2", Label: "2 分钟"}, {Value: "5", Label: "5 分钟"}, {Value: "10", Label: "10 分钟"}, {Value: "30", Label: "30 分钟"},
}

// secrecy is the card on which PINs are set.
func (s SettingsSpec) secrecy() fyne.CanvasObject {
	title := widgets.NewText("密码和锁屏", widgets.Strong)
	if !s.Locked {
		return widgets.Card(title,
			widgets.NewText("还没有设密码：谁拿到这台机器都能看到里面的内容。设密码只要一分钟。", widgets.Plain),
			widgets.NewButton(widgets.ButtonSpec{Text: "设密码", Weight: widgets.Main, OnTap: s.OnPIN}))
	}
	who := "现在解锁的是：" + s.Who
	if s.Others > 0 {
		who += fmt.Sprintf("　（还有 %d 人能用这台机器）", s.Others)
	}
	idle := widgets.NewChoiceButtons(widgets.ChoiceSpec{
		Items: idleChoices, Chosen: []string{strconv.Itoa(s.Idle)},
		OnChange: func(chosen []string) {
			if n, err := strconv.Atoi(first(chosen)); err == nil {
				s.OnIdle(n)
			}
		},
	})
	return widgets.Card(title, widgets.NewText(who, widgets.Hint),
		widgets.NewButton(widgets.ButtonSpec{Text: "现在锁屏（交给别人用）", Weight: widgets.Main, OnTap: s.OnLock}),
		widgets.Grid(
			widgets.NewButton(widgets.ButtonSpec{Text: "添加使用人", OnTap: s.OnAdd}),
			widgets.NewButton(widgets.ButtonSpec{Text: "换密码", OnTap: s.OnPIN})),
		widgets.NewText("多久不用就自动锁上", widgets.Strong), idle)
}

// NewSettings returns the screen.
func NewSettings(spec SettingsSpec) *view.Screen {
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
		spec.secrecy(),
		widgets.Card(widgets.NewText("字号", widgets.Strong), size),
		widgets.Card(widgets.NewText("走访的村", widgets.Strong), widgets.NewButton(widgets.ButtonSpec{Text: "换一个村", OnTap: spec.OnVillage})),
	}
	cards = append(append(cards, spec.Cards...), widgets.Card(about))
	return &view.Screen{Title: "设置", Body: widgets.NewPage(cards...)}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
