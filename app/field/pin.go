package field

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// setSecret has a page ask for a new PIN twice, then does with it what keep says.
func setSecret(h view.Host, page *widgets.Page, lock *present.Lock, wrong string,
	keep func(context.Context, present.Secret) error, then func(error),
) {
	var what string
	var words bool
	h.Do(func(ctx context.Context) error {
		what, words = lock.WhatToSet(ctx)
		return nil
	}, func(error) {
		var s present.Secret
		var ask func(again bool)
		ask = func(again bool) {
			title := "设一个新密码"
			if again {
				title = "再输一次，确认没有输错"
			}
			objects := []fyne.CanvasObject{widgets.NewText(title, widgets.Heading), widgets.NewText(what, widgets.Plain)}
			if wrong != "" && !again {
				objects = append(objects, widgets.NewWarning(wrong))
			}
			input := newSecret(secretSpec{prompt: "新密码", enter: "下一步", words: words, page: page, onEnter: func(typed string) {
				if !again {
					s.PIN = typed
					ask(true)
					return
				}
				s.Again = typed
				page.SetObjects(widgets.NewNote("正在保存，请稍等……"))
				h.Do(func(ctx context.Context) error { return keep(ctx, s) }, then)
			}})
			page.SetObjects(append(objects, input.object)...)
			h.Later(0, input.pad.Focus)
		}
		ask(false)
	})
}

// PINSpec describes the screen on which a person gets a PIN on this device.
type PINSpec struct {
	Presenter *present.Lock
	Person    survey.Staff
	Newcomer  bool // the device is somebody else's, who has just handed it over
	// Admit is done before the PIN is kept: what this person writes here must be taken elsewhere too.
	Admit func(context.Context) error
	// OnDone is called with the PIN set; OnLater, where it may be put off, when it was.
	OnDone, OnLater func()
}

// NewPIN returns the screen.
func NewPIN(h view.Host, spec PINSpec) *view.Screen {
	p := &pinScreen{host: h, spec: spec, page: widgets.NewPage(), label: present.CallName(spec.Person.Name)}
	p.begin("")
	screen := &view.Screen{Title: "设密码", Subtitle: spec.Person.Name, Body: p.page}
	if spec.OnLater != nil {
		screen.Actions = []widgets.ButtonSpec{{Text: "以后再设", OnTap: spec.OnLater}}
	}
	return screen
}

type pinScreen struct {
	host  view.Host
	spec  PINSpec
	page  *widgets.Page
	label string
}

// begin says what a PIN is for and asks what the lock screen shall say.
func (p *pinScreen) begin(wrong string) {
	intro := "设了密码，平板丢了、借给别人，别人也看不到群众说的话。几分钟不用会自动锁上，输密码就回到原来的地方。"
	if p.spec.Newcomer {
		intro = "请把平板交给" + p.spec.Person.Name + "，由本人设自己的密码。各人只看得到自己的草稿，走访记在各人自己名下。"
	}
	objects := []fyne.CanvasObject{widgets.NewText(intro, widgets.Plain)}
	if wrong != "" {
		objects = append(objects, widgets.NewWarning(wrong))
	}
	name := widgets.NewField(widgets.FieldSpec{Text: p.label, OnType: func(text string) { p.label = text }})
	objects = append(objects,
		widgets.Card(widgets.NewText("锁屏上显示的称呼", widgets.Strong), widgets.NewText("不解锁也看得到，不必写全名", widgets.Hint), name),
		widgets.NewText("密码请自己记牢：忘了密码，连续错 10 次就打不开了，要请乡镇用恢复钥匙。", widgets.Hint),
		widgets.NewButton(widgets.ButtonSpec{Text: "开始设密码", Weight: widgets.Main, OnTap: p.next}))
	p.page.SetObjects(objects...)
}

func (p *pinScreen) next() {
	if err := p.spec.Presenter.CheckLabel(p.spec.Person.ID, p.label); err != nil {
		p.begin(present.Say(err))
		return
	}
	p.ask("")
}

func (p *pinScreen) ask(wrong string) {
	setSecret(p.host, p.page, p.spec.Presenter, wrong, func(ctx context.Context, s present.Secret) error {
		if p.spec.Admit != nil {
			if err := p.spec.Admit(ctx); err != nil {
				return err
			}
		}
		return p.spec.Presenter.Add(ctx, p.spec.Person.ID, p.label, s)
	}, func(err error) {
		switch {
		case err == nil:
			p.spec.OnDone()
		case survey.KindOf(err) == survey.Invalid:
			p.ask(present.Say(err))
		default:
			p.begin(present.Say(err))
		}
	})
}

// NewChangePIN returns the screen on which a person changes their PIN.
func NewChangePIN(h view.Host, lock *present.Lock, person survey.PersonID, onDone func()) *view.Screen {
	page := widgets.NewPage()
	user, _ := lock.Person(person)
	var askOld func(wrong string)
	var askNew func(old, wrong string)
	askOld = func(wrong string) {
		objects := []fyne.CanvasObject{widgets.NewText("先输现在的密码", widgets.Heading)}
		if wrong != "" {
			objects = append(objects, widgets.NewWarning(wrong))
		}
		input := newSecret(secretSpec{prompt: "现在的密码", enter: "下一步", words: user.Words, page: page, onEnter: func(old string) { askNew(old, "") }})
		page.SetObjects(append(objects, input.object)...)
		h.Later(0, input.pad.Focus)
	}
	askNew = func(old, wrong string) {
		setSecret(h, page, lock, wrong, func(ctx context.Context, s present.Secret) error {
			return lock.Change(ctx, person, old, s)
		}, func(err error) {
			switch {
			case err == nil:
				onDone()
			case survey.KindOf(err) == survey.Invalid && old != "":
				askNew(old, present.Say(err))
			default:
				askOld(present.Say(err))
			}
		})
	}
	askOld("")
	return &view.Screen{Title: "换密码", Subtitle: user.Label, Body: page}
}

// NewNewcomer returns the screen on which somebody of the register is chosen who is to use the device too.
func NewNewcomer(lock *present.Lock, staff []survey.Staff, onChoose func(survey.Staff)) *view.Screen {
	var found []survey.Staff
	list := widgets.NewList(widgets.ListSpec{
		Count: func() int { return len(found) },
		Row:   func(i int) widgets.RowFacts { return widgets.RowFacts{Title: found[i].Name} },
		OnTap: func(i int) { onChoose(found[i]) },
	})
	none := widgets.NewText("", widgets.TextStyle{Scale: 0.9, Colour: widgets.Quiet, Lines: 1})
	search := func(typed string) {
		found = lock.Newcomers(staff, typed)
		none.SetText("从名册里选要使用这台平板的人。")
		if len(found) == 0 {
			none.SetText("名册里没有找到，或已经有密码了。名册由乡镇维护。")
		}
		list.Refresh()
	}
	search("")
	head := widgets.Inset(12, widgets.Tight(widgets.NewField(widgets.FieldSpec{Prompt: "找人：姓名", OnType: search}), none))
	return &view.Screen{Title: "添加使用人", Subtitle: "由本人设自己的密码，不用找管理员", Body: container.NewBorder(head, nil, nil, nil, list)}
}
