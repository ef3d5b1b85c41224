package field

import (
	"context"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// RelaySpec describes the screen on which the township's receiving points are set.
type RelaySpec struct {
	Presenter *present.Relays
	OnAdded   func() // a receiving point may be in reach now
}

// NewRelayCard returns the card that stands for receiving points among the settings.
func NewRelayCard(onOpen func()) fyne.CanvasObject {
	return widgets.Card(widgets.NewText("乡镇接收点", widgets.Strong),
		widgets.NewText("没有外网时，连上乡镇的 Wi-Fi 或电脑热点，也能先把走访交给乡镇。", widgets.Hint),
		widgets.NewButton(widgets.ButtonSpec{Text: "设置接收点", OnTap: onOpen}))
}

// NewRelays returns the screen.
func NewRelays(h view.Host, spec RelaySpec) *view.Screen {
	r := &relays{host: h, spec: spec, page: widgets.NewPage()}
	r.read("")
	return &view.Screen{
		Title: "乡镇接收点", Subtitle: "先交给乡镇，县里收到后再告诉本机", Body: r.page,
		Actions: []widgets.ButtonSpec{{Text: "添加", Weight: widgets.Main, OnTap: func() { r.add(r.typed) }}},
	}
}

type relays struct {
	host  view.Host
	spec  RelaySpec
	page  *widgets.Page
	typed string
	known []survey.Relay
	busy  bool
}

// read reads which receiving points are known, and shows them.
func (r *relays) read(note string) {
	r.host.Do(func(ctx context.Context) (err error) {
		r.known, err = r.spec.Presenter.Relays(ctx)
		return err
	}, func(err error) {
		if err != nil {
			r.show(present.Say(err), "")
			return
		}
		r.show("", note)
	})
}

func (r *relays) show(wrong, note string) {
	var cards []fyne.CanvasObject
	switch {
	case wrong != "":
		cards = append(cards, widgets.NewWarning(wrong))
	case note != "":
		cards = append(cards, widgets.NewNote(note))
	}
	cards = append(cards, widgets.Card(widgets.NewText("添加接收点", widgets.Strong),
		widgets.NewText("地址显示在接收点的电脑上。先连上同一个 Wi-Fi 或热点，再点“添加”。", widgets.Hint),
		widgets.NewField(widgets.FieldSpec{Text: r.typed, Prompt: "例如 192.168.43.1:8444", OnType: func(text string) { r.typed = text }}),
		widgets.NewButton(widgets.ButtonSpec{Text: "从照片识别二维码", OnTap: func() { pickQR(r.host, r.add, func(err error) { r.show(present.Say(err), "") }) }})))
	for _, relay := range r.known {
		cards = append(cards, widgets.Card(widgets.NewText(present.RelayLine(relay), widgets.Plain),
			widgets.NewButton(widgets.ButtonSpec{Text: "不再使用", Weight: widgets.Light, OnTap: func() { r.remove(relay) }})))
	}
	r.page.SetObjects(cards...)
}

func (r *relays) add(typed string) {
	if r.busy {
		return
	}
	r.busy = true
	r.show("", "正在与接收点联系，请稍等……")
	r.host.Do(func(ctx context.Context) error { return r.spec.Presenter.Add(ctx, typed) }, func(err error) {
		r.busy = false
		if err != nil {
			r.show(present.Say(err), "")
			return
		}
		r.typed = ""
		r.spec.OnAdded()
		r.read("接收点已添加。连不上县里时，会自动交给它。")
	})
}

func (r *relays) remove(relay survey.Relay) {
	r.host.Do(func(ctx context.Context) error { return r.spec.Presenter.RemoveRelay(ctx, relay.Address) }, func(err error) {
		if err != nil {
			r.show(present.Say(err), "")
			return
		}
		r.read("接收点已去掉。已经交给它的内容不受影响。")
	})
}

// pickQR opens the device's own picker for a photo, and hands over what the QR code in it says.
func pickQR(h view.Host, then func(text string), failed func(error)) {
	h.PickBytes(present.LargestPhoto, func(photo []byte) {
		var text string
		h.Do(func(context.Context) (err error) {
			text, err = present.ReadQR(photo)
			return err
		}, func(err error) {
			if err != nil {
				failed(err)
				return
			}
			then(text)
		})
	})
}
