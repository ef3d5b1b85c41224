package app

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"zoucun/app/widgets"
	"zoucun/survey"
	"zoucun/sync/spare"
)

// spareProgram is a program at work whose second copy nobody keeps yet.
func spareProgram(t *testing.T) *program {
	t.Helper()
	p := rehearse(t, widgets.TextNormal, 800, 1280)
	furnish(t, p)
	p.carry = newCarrier(p)
	return p
}

func TestThePlaceOfTheSecondCopy(t *testing.T) {
	p, card := spareProgram(t), t.TempDir()
	s := p.carry.spare
	inside := filepath.Join(p.opt.Data, "copy")
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"relative", filepath.Join(card, "gone"), inside, p.opt.Data} {
		if err := s.use(folder); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("%s: %v", folder, err)
		}
	}
	if err := s.use(" " + card + "\n"); err != nil {
		t.Fatal(err)
	}
	if again := newSparing(p); again.last.Folder != card || again.last.State != survey.SpareWriting {
		t.Errorf("remembered %+v", again.last)
	}
	if err := s.use(""); err != nil {
		t.Fatal(err)
	}
	if again := newSparing(p); again.last.State != survey.SpareOff {
		t.Errorf("given up, and yet %+v", again.last)
	}
}

// says reports whether words stand anywhere on a screen.
func says(o fyne.CanvasObject, words string) bool {
	if s, ok := o.(interface{ Shown() string }); ok && strings.Contains(s.Shown(), words) {
		return true
	}
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case *fyne.Container:
		children = o.Objects
	case *container.Scroll:
		children = []fyne.CanvasObject{o.Content}
	case fyne.Widget:
		children = test.WidgetRenderer(o).Objects()
	}
	return slices.ContainsFunc(children, func(child fyne.CanvasObject) bool { return says(child, words) })
}

// TestTheScreenSaysWhatIsInTheWay has a county without a recovery key, a file that is none, and nowhere to copy to.
func TestTheScreenSaysWhatIsInTheWay(t *testing.T) {
	p := spareProgram(t)
	s := p.carry.spare
	s.last = survey.Spare{State: survey.SpareNoKey, Folder: t.TempDir()}
	p.goHome(p.store.Villages()[0].ID)
	p.openSettings()
	p.shell.Push(p.spareScreen(s))
	for _, words := range []string{"县里还没有登记恢复钥匙", "选文件接收", "拷出数据包", "不再存第二份"} {
		if !says(p.shell.window.Content(), words) {
			t.Errorf("the screen does not say %q", words)
		}
	}
	_, err := spare.Receive(t.Context(), p.store, bytes.NewReader([]byte("一张照片的全部内容")), 27)
	if !strings.Contains(survey.MessageOf(err), "不是走村的数据包") {
		t.Errorf("a photo: %v", err)
	}
	_, err = spare.Export(t.Context(), p.store, t.TempDir(), spare.ExportOptions{Clock: tell})
	if !strings.Contains(survey.MessageOf(err), "恢复钥匙") {
		t.Errorf("without a key: %v", err)
	}
}
