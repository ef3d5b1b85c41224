package field

import (
	"context"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
)

// EnrolSpec describes the screen on which a device is enrolled.
type EnrolSpec struct {
	Presenter    *present.Enrol
	Server, Code string // what is filled in already
	AtOnce       bool   // try with that, without waiting for a tap
	OnDone       func()
}

// NewEnrol returns the screen.
func NewEnrol(h view.Host, spec EnrolSpec) *view.Screen {
	e := &enrol{host: h, spec: spec, server: spec.Server, code: spec.Code}
	e.page = widgets.NewPage()
	e.show("", false)
	if spec.AtOnce {
		e.submit()
	}
	return &view.Screen{
		Title: "登记本机", Subtitle: "只需一次，登记后不联网也能使用", Body: e.page,
		Actions: []widgets.ButtonSpec{{Text: "登记", Weight: widgets.Main, OnTap: e.submit}},
	}
}

type enrol struct {
	host         view.Host
	spec         EnrolSpec
	page         *widgets.Page
	server, code string
	busy         bool
}

func (e *enrol) show(wrong string, busy bool) {
	e.busy = busy
	intro := widgets.NewText("请照乡镇发的登记单填写。登记时要能连上县里的服务器；连不上的，连上乡镇接收点的 Wi-Fi 或热点，填接收点的地址。", widgets.Plain)
	server := widgets.Card(widgets.NewText("服务器地址", widgets.Strong),
		widgets.NewField(widgets.FieldSpec{Text: e.server, Prompt: "例如 192.168.1.10:8443", OnType: func(t string) { e.server = t }}))
	code := widgets.Card(widgets.NewText("登记码", widgets.Strong),
		widgets.NewText("12 个数字和字母，只能用一次", widgets.Hint),
		widgets.NewField(widgets.FieldSpec{Text: e.code, Prompt: "例如 7K3M-Q2XW-90AB", OnType: func(t string) { e.code = t }}))
	photo := widgets.NewButton(widgets.ButtonSpec{Text: "从照片识别二维码", OnTap: func() { pickQR(e.host, e.invited, func(err error) { e.show(present.Say(err), false) }) }})
	switch {
	case busy:
		e.page.SetObjects(intro, server, code, widgets.NewNote("正在与服务器联系，请稍等……"))
	case wrong != "":
		e.page.SetObjects(intro, widgets.NewWarning(wrong), photo, server, code)
	default:
		e.page.SetObjects(intro, photo, server, code)
	}
}

// invited enrols with what a QR code says. One that has no code of its own goes with the code that was typed.
func (e *enrol) invited(text string) {
	e.server = present.AddressIn(text)
	e.submit()
}

func (e *enrol) submit() {
	if e.busy {
		return
	}
	e.show("", true)
	server, code := e.server, e.code
	e.host.Do(func(ctx context.Context) error {
		_, err := e.spec.Presenter.Submit(ctx, server, code)
		return err
	}, func(err error) {
		if err != nil {
			e.show(present.Say(err), false)
			return
		}
		e.spec.OnDone()
	})
}
