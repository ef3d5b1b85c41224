package field

import (
	"context"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// LockSpec describes the screen before the device is unlocked.
type LockSpec struct {
	Presenter *present.Lock
	Last      survey.PersonID // who is asked first
	Words     string          // what there is to say beside: that a clock is wrong
	OnOpen    func(survey.PersonID)
}

// NewLock returns the screen: who there is, and their PIN. It says nothing of what the device holds.
func NewLock(h view.Host, spec LockSpec) *view.Screen {
	l := &lock{host: h, spec: spec, page: widgets.NewPage()}
	l.screen = &view.Screen{Title: "已锁屏", Body: l.page, Back: l.back, CanGoBack: l.canGoBack}
	people := spec.Presenter.People()
	if last, ok := spec.Presenter.Person(spec.Last); ok {
		l.ask(last, "")
	} else if len(people) == 1 {
		l.ask(people[0], "")
	} else {
		l.choose()
	}
	return l.screen
}

type lock struct {
	host   view.Host
	spec   LockSpec
	screen *view.Screen
	page   *widgets.Page
	asked  bool // somebody is chosen
	busy   bool
}

func (l *lock) show(subtitle string, objects ...fyne.CanvasObject) {
	l.screen.Subtitle = subtitle
	if l.spec.Words != "" {
		objects = append([]fyne.CanvasObject{widgets.NewWarning(l.spec.Words)}, objects...)
	}
	l.page.SetObjects(objects...)
	l.host.Refresh()
}

// choose lists who may unlock the device.
func (l *lock) choose() {
	l.asked = false
	objects := []fyne.CanvasObject{widgets.NewText("你是哪一位？", widgets.Heading)}
	for _, user := range l.spec.Presenter.People() {
		facts := widgets.RowFacts{Title: user.Label}
		if user.TriesLeft == 0 {
			facts.Tag, facts.TagColour = "密码已销毁", widgets.Danger
		}
		objects = append(objects, widgets.Edged(widgets.NewRow(facts, func() { l.ask(user, "") })))
	}
	objects = append(objects, widgets.NewText("名单里没有你？请一位已有密码的同志解锁，在“设置”里点“添加使用人”，不用找管理员。", widgets.Hint))
	l.show("选择自己的名字", objects...)
}

// ask asks a person for the PIN.
func (l *lock) ask(user survey.User, wrong string) {
	l.asked, l.busy = true, false
	objects := []fyne.CanvasObject{widgets.NewText(user.Label, widgets.TextStyle{Bold: true, Scale: 1.25, Centre: true})}
	if said := present.TriesLeft(user); said != "" && (wrong == "" || user.TriesLeft == 0) {
		wrong = said
	}
	if wrong != "" {
		objects = append(objects, widgets.NewWarning(wrong))
	}
	input := newSecret(secretSpec{
		prompt: "输入密码", enter: "打开", words: user.Words, page: l.page, onEnter: func(pin string) { l.open(user, pin) },
	})
	if user.TriesLeft > 0 {
		objects = append(objects, input.object)
	}
	objects = append(objects, l.otherWays(user))
	l.show("输入密码打开", objects...)
	l.host.Later(0, input.pad.Focus)
}

// otherWays are what else can be done than to enter this person's PIN.
func (l *lock) otherWays(user survey.User) fyne.CanvasObject {
	recover := widgets.NewButton(widgets.ButtonSpec{Text: "用恢复钥匙打开", OnTap: func() {
		l.host.Push(newRecover(l.host, l.spec, user))
	}})
	other := widgets.NewButton(widgets.ButtonSpec{Text: "换一个人", OnTap: l.choose})
	return widgets.Bar(-1, other, recover)
}

func (l *lock) open(user survey.User, pin string) {
	if l.busy {
		return
	}
	l.busy = true
	l.show("正在核对……", widgets.NewNote("正在核对密码，请稍等……"))
	l.host.Do(func(ctx context.Context) error { return l.spec.Presenter.Unlock(ctx, user.ID, pin) }, func(err error) {
		if err == nil {
			l.spec.OnOpen(user.ID)
			return
		}
		if now, ok := l.spec.Presenter.Person(user.ID); ok {
			user = now
		}
		l.ask(user, present.Say(err))
	})
}

func (l *lock) back() bool {
	if !l.canGoBack() {
		return false
	}
	l.choose()
	return true
}

func (l *lock) canGoBack() bool { return l.asked && !l.busy && len(l.spec.Presenter.People()) > 1 }

// newRecover returns the screen on which a new PIN is set by a recovery key.
func newRecover(h view.Host, spec LockSpec, user survey.User) *view.Screen {
	r := &recovering{host: h, spec: spec, user: user, page: widgets.NewPage()}
	r.askKey("")
	return &view.Screen{Title: "用恢复钥匙打开", Subtitle: user.Label, Body: r.page}
}

type recovering struct {
	host     view.Host
	spec     LockSpec
	user     survey.User
	page     *widgets.Page
	identity string
}

// largestKey bounds what is read of a file that was picked as a key.
const largestKey = 64 << 10

func (r *recovering) askKey(wrong string) {
	objects := []fyne.CanvasObject{widgets.NewText("恢复钥匙由乡镇管理员保管，是一个文件。请管理员到场，选那个文件，或把里面的内容粘贴到下面。数据不会变。", widgets.Plain)}
	if wrong != "" {
		objects = append(objects, widgets.NewWarning(wrong))
	}
	field := widgets.NewField(widgets.FieldSpec{Prompt: "AGE-SECRET-KEY-1……", Secret: true, OnType: func(text string) { r.identity = text }})
	pick := widgets.NewButton(widgets.ButtonSpec{Text: "选择钥匙文件", OnTap: func() {
		r.host.PickBytes(largestKey, func(data []byte) {
			r.identity = string(data)
			r.askPIN("")
		})
	}})
	next := widgets.NewButton(widgets.ButtonSpec{Text: "下一步", Weight: widgets.Main, OnTap: func() { r.askPIN("") }})
	r.page.SetObjects(append(objects, widgets.Card(pick, field), next)...)
}

func (r *recovering) askPIN(wrong string) {
	setSecret(r.host, r.page, r.spec.Presenter, wrong, func(ctx context.Context, s present.Secret) error {
		return r.spec.Presenter.Recover(ctx, r.user.ID, r.identity, s)
	}, func(err error) {
		switch {
		case err == nil:
			r.spec.OnOpen(r.user.ID)
		case survey.KindOf(err) == survey.Invalid:
			r.askPIN(present.Say(err))
		default:
			r.askKey(present.Say(err))
		}
	})
}
