package field

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// ErrandSpec describes the screen on which work is carried by and for other tablets.
type ErrandSpec struct {
	Presenter *present.Errands
	OnTaken   func() // something is carried now that a road may be open for
	// PickFolder opens the device's own picker; nil where folders cannot be picked.
	PickFolder func(then func(folder string))
}

// NewErrandCard returns the card that stands for it among the settings.
func NewErrandCard(status present.Status, onOpen func()) fyne.CanvasObject {
	return widgets.Card(widgets.NewText("捎带", widgets.Strong), errandLine(status), widgets.NewButton(widgets.ButtonSpec{Text: "请人带走，或替别人带", OnTap: onOpen}))
}

func errandLine(status present.Status) fyne.CanvasObject {
	if status.Tone == present.Trouble {
		return widgets.NewWarning(status.Words)
	}
	return widgets.NewNote(status.Words)
}

// NewErrands returns the screen.
func NewErrands(h view.Host, spec ErrandSpec) *view.Screen {
	e := &errands{host: h, spec: spec, page: widgets.NewPage()}
	e.read()
	return &view.Screen{Title: "捎带", Subtitle: "没有网络时，请别的平板把走访带到镇上", Body: e.page, Changed: e.changed, Leave: e.close}
}

type errands struct {
	host    view.Host
	spec    ErrandSpec
	page    *widgets.Page
	fields  [2]*widgets.Field
	address string
	code    string
	state   survey.Errands
	meeting *present.Meeting // nil while nobody can give anything
	came    int              // in this meeting
	busy    bool
}

// changed shows how it stands now, unless somebody is typing.
func (e *errands) changed() {
	for _, field := range e.fields {
		if field != nil && field.HasFocus() {
			return
		}
	}
	e.read()
}

func (e *errands) read() {
	e.show()
	e.host.Do(func(ctx context.Context) (err error) {
		e.state, err = e.spec.Presenter.Errands(ctx)
		return err
	}, func(err error) {
		if err != nil {
			e.host.Complain(err)
			return
		}
		e.show()
	})
}

func (e *errands) show() {
	var cards []fyne.CanvasObject
	for _, line := range present.ErrandLines(e.state, e.host.Now()) {
		cards = append(cards, errandLine(line))
	}
	if e.meeting != nil {
		cards = append(cards, e.meetingCard())
	} else {
		cards = append(cards, e.giveCard(), e.takeCard())
	}
	e.page.Keep(e.page.Offset(), cards...)
}

func (e *errands) giveCard() fyne.CanvasObject {
	e.fields[0] = widgets.NewField(widgets.FieldSpec{Text: e.address, Prompt: "对方屏幕上的地址，例如 192.168.43.1:40001", OnType: func(text string) { e.address = text }})
	e.fields[1] = widgets.NewField(widgets.FieldSpec{Text: e.code, Prompt: "捎带码，12 个字母或数字", OnType: func(text string) { e.code = text }})
	copied := widgets.NewButton(widgets.ButtonSpec{Text: "拷到U盘，请人带走", Weight: widgets.Light, OnTap: e.copyOut})
	card := []fyne.CanvasObject{
		widgets.NewText("请别的平板带走", widgets.Strong),
		widgets.NewText("对方先开热点（或两台连同一个 Wi-Fi），在“捎带”里点“打开，替别人带”。对方打不开、也改不了里面的内容。", widgets.Hint),
		e.fields[0], e.fields[1],
		widgets.NewButton(widgets.ButtonSpec{Text: "交给它带走", Weight: widgets.Main, OnTap: func() { e.give(e.address, e.code) }}),
		widgets.NewButton(widgets.ButtonSpec{Text: "从照片识别二维码", OnTap: func() { pickQR(e.host, func(text string) { e.give(text, "") }, e.host.Complain) }}),
	}
	if e.spec.PickFolder != nil {
		card = append(card, copied)
	}
	return widgets.Card(card...)
}

func (e *errands) takeCard() fyne.CanvasObject {
	return widgets.Card(widgets.NewText("替别人带", widgets.Strong),
		widgets.NewText("要去有网络的地方，就替没有网络的平板带一程。带到以后自动交给县里，本机不留内容。", widgets.Hint),
		widgets.NewButton(widgets.ButtonSpec{Text: "打开，替别人带", Weight: widgets.Main, OnTap: e.open}),
		widgets.NewButton(widgets.ButtonSpec{Text: "从U盘选一个数据包带走", Weight: widgets.Light, OnTap: func() { e.host.PickBytes(wire.MaxErrand, e.take) }}))
}

// qrHeight is how high the QR code is, in dp: it is photographed from half a metre away.
const qrHeight = 320

func (e *errands) meetingCard() fyne.CanvasObject {
	came := "等着对方来交……"
	if e.came > 0 {
		came = fmt.Sprintf("已收下 %d 个数据包。", e.came)
	}
	return widgets.Card(widgets.NewText("请对方照这里输，或拍下二维码", widgets.Strong),
		widgets.NewPicture(e.meeting.Picture, qrHeight),
		widgets.NewText("地址", widgets.Hint), widgets.NewText(e.meeting.Address, widgets.Strong),
		widgets.NewText("捎带码", widgets.Hint), widgets.NewText(e.meeting.Code, widgets.Strong),
		widgets.NewNote(came),
		widgets.NewButton(widgets.ButtonSpec{Text: "收好了，关上", Weight: widgets.Main, OnTap: func() {
			e.close()
			e.read()
		}}))
}

// open begins to take what others want carried.
func (e *errands) open() {
	meeting, err := e.spec.Presenter.Open(func(files int) {
		e.came = files
		e.spec.OnTaken()
		e.read()
	})
	if err != nil {
		e.host.Complain(err)
		return
	}
	e.meeting, e.came = &meeting, 0
	e.show()
}

// close ends the meeting, if there is one.
func (e *errands) close() {
	if e.meeting == nil {
		return
	}
	e.meeting.Close()
	e.meeting = nil
	e.show()
}

func (e *errands) give(address, code string) {
	var given survey.Given
	e.work("正在交给对方，请稍等……", func(ctx context.Context) (err error) {
		given, err = e.spec.Presenter.Hand(ctx, address, code)
		return err
	}, func() string { return present.SayGiven(given) })
}

func (e *errands) copyOut() {
	e.spec.PickFolder(func(folder string) {
		var given survey.Given
		e.work("正在拷，请稍等……", func(ctx context.Context) (err error) {
			given, err = e.spec.Presenter.Copy(ctx, folder)
			return err
		}, func() string { return present.SayCopied(given) })
	})
}

func (e *errands) take(file []byte) {
	e.work("正在收，请稍等……", func(ctx context.Context) error { return e.spec.Presenter.Take(ctx, file) }, func() string {
		e.spec.OnTaken()
		return "数据包已收下。连上县里或乡镇接收点时会自动交。"
	})
}

// work does one thing at a time and says how it went.
func (e *errands) work(waiting string, do func(context.Context) error, words func() string) {
	if e.busy {
		e.host.Tell("正在做，请稍等……")
		return
	}
	e.busy = true
	e.host.Tell(waiting)
	e.host.Do(do, func(err error) {
		if e.busy = false; err != nil {
			e.host.Complain(fmt.Errorf("field.errand: %w", err))
		} else {
			e.host.Tell(words())
		}
		e.read()
	})
}
