package app

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"

	"zoucun/app/widgets"
	"zoucun/survey"
)

// TestEverythingAroundTheLockFits shows every screen of PINs, of locking and of a draft's history, and two drafts side by
// side, in windows of several sizes.
func TestEverythingAroundTheLockFits(t *testing.T) {
	for _, size := range []struct{ text, width, height float32 }{
		{widgets.TextNormal, 800, 1280},
		{widgets.TextLargest, 800, 1280},
		{widgets.TextLargest, 1280, 800},
		{widgets.TextNormal, 533, 853},
		{widgets.TextNormal, 853, 533},
	} {
		t.Run(fmt.Sprintf("%vx%v at %v", size.width, size.height, size.text), func(t *testing.T) {
			p := locked(t, size.width, size.height)
			p.ui.Settings().SetTheme(widgets.NewTheme(p.fonts, size.text))
			p.aroundTheLock(t, func(what string) {
				t.Helper()
				frame := p.shell.window.Content()
				if need := frame.MinSize(); need.Width > size.width || need.Height > size.height {
					t.Errorf("%s needs %v", what, need)
				}
				inside(t, what, frame, fyne.Position{}, size.width)
			})
		})
	}
}

// aroundTheLock goes through the screens and calls look on each.
func (p *program) aroundTheLock(t *testing.T, look func(what string)) {
	t.Helper()
	village, household, _ := p.household()
	me, colleague := p.who().ID, p.store.Staff()[0]
	if colleague.ID == me {
		colleague = p.store.Staff()[1]
	}
	p.openSettings()
	look("the settings")
	p.press(t, "换密码")
	look("changing a PIN")
	p.shell.Back()
	p.press(t, "添加使用人")
	look("the register")
	p.press(t, colleague.Name)
	look("handing over")
	p.press(t, "开始设密码")
	look("a new PIN")
	p.press(t, "密码里有字母或汉字")
	look("a new passphrase")
	p.press(t, "密码全是数字")
	p.enterPIN(t, secondPIN, "下一步")
	look("a new PIN again")
	p.enterPIN(t, secondPIN, "下一步")
	p.handOn()
	look("who unlocks")
	p.showLock(me)
	p.enterPIN(t, "111", "打开")
	look("a wrong PIN")
	p.press(t, "密码里有字母或汉字")
	look("a passphrase")
	p.press(t, "用恢复钥匙打开")
	look("recovery")
	p.showLock(me)
	p.enterPIN(t, pin, "打开")
	p.inTheDrafts(t, village, household, look)
}

// inTheDrafts begins two drafts for one household and goes through their screens.
func (p *program) inTheDrafts(t *testing.T, village, household survey.RecordID, look func(what string)) {
	t.Helper()
	for i := range 2 {
		p.beginVisit(village, household)
		v := p.filling.visit
		talked(t, v)
		if err := v.Answer(t.Context(), "hear/heard_worry", fmt.Sprint(confided, i)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			p.shell.Home()
		}
	}
	p.press(t, "撤销")
	look("an undone answer")
	p.press(t, "恢复")
	if tapAnywhere(p.shell.window.Content(), "目录") {
		look("the index")
	}
	p.press(t, "以前写的")
	look("the history")
	moments, err := p.filling.visit.History(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.press(t, moments[len(moments)-1].Title)
	look("what was written")
	p.shell.Home()
	p.compare(household)
	look("two drafts")
}
