package township

import (
	"bytes"
	"context"
	"image"
	_ "image/png" // the QR code
	"io"
	"time"

	"fyne.io/fyne/v2"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/internal/qr"
	"zoucun/survey"
)

// Receiving is this laptop as a receiving point. Its methods belong to the screen's goroutine, but for Start and Progress.
type Receiving interface {
	// State says whether it receives, whether the county has let it in, and what is in the way.
	State() (on, enrolled bool)
	// Start begins to receive; a code is asked for where the county has not let it in.
	Start(ctx context.Context, code string) error
	Stop()
	// Addresses are where tablets reach it, and Invite what a QR code says for one of them.
	Addresses() []string
	Invite(address string) string
	Progress(ctx context.Context) (brought []survey.Brought, reached survey.Millis)
}

// Bundles are the 数据包 of this laptop.
type Bundles interface {
	TakeIn(ctx context.Context, file io.Reader) (survey.TakenIn, error)
	Held(ctx context.Context) ([]survey.HeldBundle, error)
	CopyOut(ctx context.Context, folder string) ([]string, error)
	Drop(ctx context.Context, id survey.BundleID) error
	Export(ctx context.Context, folder string) (survey.Exported, error)
}

// Errand is a section in which something waits.
type Errand struct {
	Name, Wait string
	Open       func()
}

// InboxSpec describes the inbox.
type InboxSpec struct {
	Inbox      *workbench.Inbox
	Receiving  Receiving
	Bundles    Bundles
	Errands    func() []Errand
	PickFolder func(then func(folder string))
}

// inboxLook is how often what comes in is looked at.
const inboxLook = 2 * time.Second

// NewInbox returns the screen: what waits, tablets that are received, 数据包, and what came in.
func NewInbox(h view.Host, spec InboxSpec) *view.Screen {
	s := &inbox{host: h, spec: spec, page: widgets.NewPage()}
	s.field = widgets.NewField(widgets.FieldSpec{Prompt: "登记码 XXXX-XXXX-XXXX", OnType: func(text string) { s.code = text }})
	s.load()
	s.watch()
	return &view.Screen{Title: "收件", Body: s.page, Leave: s.leave, Changed: s.changed, Drop: s.take}
}

type inbox struct {
	host    view.Host
	spec    InboxSpec
	page    *widgets.Page
	days    []workbench.ArrivalDay
	held    []survey.HeldBundle
	brought []survey.Brought
	reached survey.Millis
	code    string
	field   *widgets.Field // for the code: one and the same, whatever comes in while somebody types
	address int            // which of the addresses the QR code shows
	busy    string
	said    string
	gone    bool
	rest    func() // ends the waiting for the next look
}

// leave stops looking while another screen is in sight.
func (s *inbox) leave() {
	s.gone = true
	s.rest()
}

// changed shows what has come in, also to whoever comes back from another screen.
func (s *inbox) changed() {
	if s.gone {
		s.gone = false
		s.watch()
	}
	s.load()
}

// load reads everything anew and shows it.
func (s *inbox) load() {
	var days []workbench.ArrivalDay
	var held []survey.HeldBundle
	s.host.Do(func(ctx context.Context) (err error) {
		if days, err = s.spec.Inbox.Came(ctx); err == nil {
			held, err = s.spec.Bundles.Held(ctx)
		}
		return err
	}, func(err error) {
		if err != nil {
			s.host.Complain(err)
			return
		}
		s.days, s.held = days, held
		s.show()
	})
}

// watch looks what the tablets have brought, as long as this laptop receives and the screen is in sight.
func (s *inbox) watch() {
	if s.gone {
		return
	}
	if on, _ := s.spec.Receiving.State(); on {
		var brought []survey.Brought
		var reached survey.Millis
		s.host.Do(func(ctx context.Context) error {
			brought, reached = s.spec.Receiving.Progress(ctx)
			return nil
		}, func(error) {
			if !same(brought, s.brought) || reached != s.reached {
				s.brought, s.reached = brought, reached
				s.show()
			}
		})
	}
	s.rest = s.host.Later(inboxLook, s.watch)
}

func same(a, b []survey.Brought) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (s *inbox) show() {
	if s.gone {
		return
	}
	var objects []fyne.CanvasObject
	if s.said != "" {
		objects = append(objects, widgets.NewNote(s.said))
	}
	objects = append(objects, s.waiting()...)
	objects = append(objects, s.receiving(), s.bundles())
	objects = append(objects, s.came()...)
	s.page.Keep(s.page.Offset(), objects...)
}

// waiting is what waits for a decision in other sections.
func (s *inbox) waiting() []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, e := range s.spec.Errands() {
		if e.Wait != "" {
			rows = append(rows, widgets.Edged(widgets.NewRow(
				widgets.RowFacts{Title: e.Name, Detail: "点开处理", Tag: e.Wait, TagColour: widgets.Danger}, e.Open)))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return []fyne.CanvasObject{widgets.Card(append([]fyne.CanvasObject{widgets.NewText("等着决定的", widgets.Strong)}, rows...)...)}
}

// receiving is where tablets nearby hand over what they wrote.
func (s *inbox) receiving() fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText("就近接收平板", widgets.Strong)}
	on, enrolled := s.spec.Receiving.State()
	switch {
	case s.busy != "":
		objects = append(objects, widgets.NewText(s.busy, widgets.Hint))
	case on:
		objects = append(objects, s.open()...)
	default:
		objects = append(objects, s.closed(enrolled)...)
	}
	return widgets.Card(objects...)
}

func (s *inbox) closed(enrolled bool) []fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText(
		"平板没有外网时，连上和这台电脑同一个 Wi-Fi，或者这台电脑的热点，就能把走访交到这里；这台电脑联网后自动转交县里。", widgets.Hint)}
	if !enrolled {
		objects = append(objects,
			widgets.NewText("第一次要联网，并输入县里给接收点开的登记码（zouctl enrol-code -role relay）。", widgets.Plain),
			s.field)
	}
	return append(objects, widgets.NewButton(widgets.ButtonSpec{Text: "开始接收", Weight: widgets.Main, OnTap: s.start}))
}

func (s *inbox) start() {
	s.busy = "正在打开……"
	s.show()
	code := s.code
	s.host.Do(func(ctx context.Context) error { return s.spec.Receiving.Start(ctx, code) }, func(err error) {
		s.busy = ""
		if err != nil {
			s.host.Complain(err)
		} else {
			s.code = ""
		}
		s.show()
	})
}

// open shows where tablets go and what they have brought.
func (s *inbox) open() []fyne.CanvasObject {
	addresses := s.spec.Receiving.Addresses()
	at := addresses[min(s.address, len(addresses)-1)]
	words := []fyne.CanvasObject{
		widgets.NewText("正在接收", widgets.TextStyle{Bold: true, Colour: widgets.Good}),
		widgets.NewText("平板上点“设置 → 设置接收点”，输入 "+at+"，或拍下二维码从照片识别。添加一次，以后自动交。", widgets.Plain),
	}
	if len(addresses) > 1 {
		words = append(words, widgets.NewButton(widgets.ButtonSpec{Text: "换一个地址", Weight: widgets.Light, OnTap: func() {
			s.address = (s.address + 1) % len(addresses)
			s.show()
		}}))
	}
	words = append(words, widgets.NewConfirm(widgets.ConfirmSpec{
		Text: "停止接收", Ask: "停下以后平板就交不过来了；收到的都还在。", OnConfirm: func() {
			s.spec.Receiving.Stop()
			s.brought = nil
			s.show()
		},
	}))
	objects := []fyne.CanvasObject{widgets.Columns(widgets.Column(words...), code(s.spec.Receiving.Invite(at)))}
	for _, line := range s.spec.Inbox.Brought(s.brought) {
		objects = append(objects, widgets.Edged(widgets.NewRow(
			widgets.RowFacts{Title: line.Title, Detail: line.Detail, Tag: line.Tag, TagColour: widgets.Good}, func() {})))
	}
	if len(s.brought) == 0 {
		objects = append(objects, widgets.NewText("还没有平板来过。", widgets.Hint))
	}
	return append(objects, widgets.NewText(s.spec.Inbox.Reached(s.reached), widgets.Hint))
}

// codeSide is how large a QR code is drawn: a tablet reads it from half a metre.
const codeSide = 240

func code(text string) fyne.CanvasObject {
	data, err := qr.PNG(text)
	if err != nil {
		return widgets.NewText("二维码画不出来，请输入地址。", widgets.Hint)
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return widgets.NewText("二维码画不出来，请输入地址。", widgets.Hint)
	}
	return widgets.NewPicture(picture, codeSide)
}

// bundles is what comes and goes on sticks.
func (s *inbox) bundles() fyne.CanvasObject {
	objects := []fyne.CanvasObject{
		widgets.NewText("数据包", widgets.Strong),
		widgets.NewText("把U盘、存储卡上的“走村-….zcb”拖到这个窗口，或点“收数据包”。平板写的加密给县里，这里只保管、转带；县里给本机的回执会直接用上。", widgets.Hint),
		widgets.Columns(
			widgets.NewButton(widgets.ButtonSpec{Text: "收数据包", OnTap: func() { s.host.PickFile([]string{".zcb"}, s.take) }}),
			widgets.NewButton(widgets.ButtonSpec{Text: "拷出收下的", Disabled: len(s.held) == 0, OnTap: s.copyOut}),
			widgets.NewButton(widgets.ButtonSpec{Text: "拷出本机写的", OnTap: s.export})),
	}
	for i, line := range s.spec.Inbox.Held(s.held) {
		id := s.held[i].Bundle
		objects = append(objects, widgets.Edged(widgets.Tight(
			widgets.NewRow(widgets.RowFacts{Title: line.Title, Detail: line.Detail, Tag: line.Tag, TagColour: widgets.Danger}, func() {}),
			widgets.Inset(8, widgets.NewConfirm(widgets.ConfirmSpec{
				Text: "县里已导入，删掉", Ask: "删掉以后这里就没有了。县里确实导入过吗？", OnConfirm: func() { s.drop(id) },
			})))))
	}
	return widgets.Card(objects...)
}

// take takes a bundle that was picked or dropped.
func (s *inbox) take(_ string, file io.ReadCloser) {
	var taken survey.TakenIn
	s.host.Do(func(ctx context.Context) (err error) {
		defer file.Close()
		taken, err = s.spec.Bundles.TakeIn(ctx, file)
		return err
	}, func(err error) { s.tell(workbench.TakenIn(taken), err) })
}

// tell says what became of something, and shows what there is now.
func (s *inbox) tell(words string, err error) {
	if err != nil {
		s.host.Complain(err)
	} else {
		s.said = words
	}
	s.load()
}

func (s *inbox) copyOut() {
	s.spec.PickFolder(func(folder string) {
		var names []string
		s.host.Do(func(ctx context.Context) (err error) {
			names, err = s.spec.Bundles.CopyOut(ctx, folder)
			return err
		}, func(err error) { s.tell(workbench.CopiedOut(names), err) })
	})
}

func (s *inbox) export() {
	s.spec.PickFolder(func(folder string) {
		var exported survey.Exported
		s.host.Do(func(ctx context.Context) (err error) {
			exported, err = s.spec.Bundles.Export(ctx, folder)
			return err
		}, func(err error) { s.tell(workbench.Exported(exported), err) })
	})
}

func (s *inbox) drop(id survey.BundleID) {
	s.host.Do(func(ctx context.Context) error { return s.spec.Bundles.Drop(ctx, id) }, func(err error) { s.tell("", err) })
}

// came is what came in, day by day.
func (s *inbox) came() []fyne.CanvasObject {
	if len(s.days) == 0 {
		return []fyne.CanvasObject{widgets.NewNote("最近两周没有收到别的设备写的内容。")}
	}
	var objects []fyne.CanvasObject
	for _, d := range s.days {
		rows := []fyne.CanvasObject{widgets.NewText(d.Name+"收到的", widgets.Strong)}
		for _, line := range d.Lines {
			rows = append(rows, widgets.Edged(widgets.NewRow(
				widgets.RowFacts{Title: line.Title, Detail: line.Detail, Tag: line.Tag, TagColour: widgets.Quiet}, func() {})))
		}
		objects = append(objects, widgets.Card(rows...))
	}
	return objects
}
