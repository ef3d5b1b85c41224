package field

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// SpareSpec describes the screen of the second copy.
type SpareSpec struct {
	State  func() survey.Spare
	Places []string // where a card or a stick seems to be
	// OnPlace makes a folder the place of the second copy; an empty one ends it.
	OnPlace func(folder string) error
	// PickFolder opens the device's own picker; nil where that cannot be kept.
	PickFolder func(then func(folder string))
	// OnReceive takes over a file that the county wrote for this device.
	OnReceive func(ctx context.Context, file []byte) (survey.Homecoming, error)
	// OnExport copies what is not delivered into a folder.
	OnExport func(ctx context.Context, folder string) (survey.Exported, error)
}

// NewSpareCard returns the card that stands for the second copy among the settings.
func NewSpareCard(status present.Status, onOpen func()) fyne.CanvasObject {
	return widgets.Card(widgets.NewText("第二份", widgets.Strong), spareStatus(status),
		widgets.NewButton(widgets.ButtonSpec{Text: "第二份和数据包", OnTap: onOpen}))
}

func spareStatus(status present.Status) fyne.CanvasObject {
	if status.Tone == present.Trouble {
		return widgets.NewWarning(status.Words)
	}
	return widgets.NewNote(status.Words)
}

// NewSpare returns the screen.
func NewSpare(h view.Host, spec SpareSpec) *view.Screen {
	s := &spareScreen{host: h, spec: spec, page: widgets.NewPage(), typed: spec.State().Folder}
	s.show()
	return &view.Screen{Title: "第二份", Subtitle: "没送达的内容，在卡上再存一份", Body: s.page, Changed: s.changed}
}

type spareScreen struct {
	host  view.Host
	spec  SpareSpec
	page  *widgets.Page
	field *widgets.Field
	typed string
	busy  bool
}

// changed shows how it stands now, unless somebody is typing.
func (s *spareScreen) changed() {
	if s.field == nil || !s.field.HasFocus() {
		s.show()
	}
}

func (s *spareScreen) show() {
	s.page.Keep(s.page.Offset(), spareStatus(present.SpareOf(s.spec.State(), s.host.Now())), s.placeCard(), s.receiveCard(), s.exportCard())
}

func (s *spareScreen) placeCard() fyne.CanvasObject {
	s.field = widgets.NewField(widgets.FieldSpec{Text: s.typed, Prompt: "存储卡或U盘上的文件夹", OnType: func(text string) { s.typed = text }})
	card := []fyne.CanvasObject{widgets.NewText("存在哪里", widgets.Strong), s.field}
	for _, place := range s.spec.Places {
		card = append(card, widgets.NewButton(widgets.ButtonSpec{Text: place, Weight: widgets.Light, OnTap: func() { s.use(place) }}))
	}
	if s.spec.PickFolder != nil {
		card = append(card, widgets.NewButton(widgets.ButtonSpec{Text: "选文件夹", OnTap: func() { s.spec.PickFolder(s.use) }}))
	}
	card = append(card, widgets.NewButton(widgets.ButtonSpec{Text: "存在这里", Weight: widgets.Main, OnTap: func() { s.use(s.typed) }}))
	if s.spec.State().Folder != "" {
		card = append(card, widgets.NewButton(widgets.ButtonSpec{Text: "不再存第二份", Weight: widgets.Light, OnTap: func() { s.use("") }}))
	}
	return widgets.Card(card...)
}

func (s *spareScreen) use(folder string) {
	if err := s.spec.OnPlace(folder); err != nil {
		s.host.Complain(err)
		return
	}
	s.typed = folder
	s.show()
}

// largestReceived bounds what is read of a file that was picked: receipts are small, and drafts hold a few photos.
const largestReceived = 256 << 20

func (s *spareScreen) receiveCard() fyne.CanvasObject {
	return widgets.Card(widgets.NewText("接收回执或草稿", widgets.Strong),
		widgets.NewText("县里或乡镇导入数据包后，会写出给这台平板的文件，拿U盘带回来在这里接收。", widgets.Hint),
		widgets.NewButton(widgets.ButtonSpec{Text: "选文件接收", OnTap: func() {
			s.host.PickBytes(largestReceived, s.receive)
		}}))
}

func (s *spareScreen) receive(data []byte) {
	var home survey.Homecoming
	s.work(func(ctx context.Context) (err error) {
		home, err = s.spec.OnReceive(ctx, data)
		return err
	}, func() string { return present.SayHome(home) })
}

func (s *spareScreen) exportCard() fyne.CanvasObject {
	export := widgets.ButtonSpec{Text: "拷出数据包", OnTap: func() { s.export(s.typed) }}
	if s.spec.PickFolder != nil {
		export.OnTap = func() { s.spec.PickFolder(s.export) }
	}
	hint := "没有网络时，把没送达的走访拷到U盘，交给乡镇导入。"
	if s.spec.PickFolder == nil {
		hint += "拷到上面写的那个文件夹。"
	}
	return widgets.Card(widgets.NewText("拷出数据包", widgets.Strong), widgets.NewText(hint, widgets.Hint), widgets.NewButton(export))
}

func (s *spareScreen) export(folder string) {
	if folder == "" {
		s.host.Complain(&survey.Error{Kind: survey.Invalid, Op: "field.export", Message: "请先写明拷到哪个文件夹。"})
		return
	}
	var done survey.Exported
	s.work(func(ctx context.Context) (err error) {
		done, err = s.spec.OnExport(ctx, folder)
		return err
	}, func() string { return present.SayExported(done) })
}

// work does one thing at a time and says how it went.
func (s *spareScreen) work(do func(context.Context) error, words func() string) {
	if s.busy {
		s.host.Tell("正在做，请稍等……")
		return
	}
	s.busy = true
	s.host.Do(func(ctx context.Context) error { return do(ctx) }, func(err error) {
		s.busy = false
		if err != nil {
			s.host.Complain(fmt.Errorf("field.spare: %w", err))
			return
		}
		s.host.Tell(words())
	})
}
