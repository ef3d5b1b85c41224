package app

import (
	"context"
	"errors"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"

	"zoucun/app/widgets"
	"zoucun/assets"
	"zoucun/form"
	"zoucun/internal/testkit/device"
	"zoucun/internal/testkit/million"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/spare"
)

// office is a township's laptop at its workbench.
type office struct {
	*program
	t *testing.T
}

// openOffice shows the workbench over a township with some visits and problems.
func openOffice(t *testing.T) *office {
	t.Helper()
	p := rehearse(t, widgets.TextNormal, 1280, 800)
	o := &office{p, t}
	var err error
	if p.store, err = store.Open(t.Context(), p.opt.Data, store.Options{Clock: p.opt.Clock, Keyring: p.keys, Log: p.opt.Log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.store.Close() })
	if err := device.Prepare(t.Context(), p.store, device.Spec{Seed: 1, Households: 60, Roles: []survey.Role{survey.RoleTownship}, Forms: formsOf(t, "QZ-01")}); err != nil {
		t.Fatal(err)
	}
	if err := million.Fill(t.Context(), p.store, million.Records{Seed: 3, Count: 300, Begin: noon.AddDate(0, -3, 0)}); err != nil {
		t.Fatal(err)
	}
	if p.self, _, err = p.store.Enrolment(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.find()
	return o
}

// find has the finder read until the test ends.
func (o *office) find() {
	f := o.finding()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := f.Run(ctx); !errors.Is(err, context.Canceled) {
			o.t.Error("the finder ended:", err)
		}
	})
	o.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	for unread, of := f.Unread(); unread > 0 || of == 0; unread, of = f.Unread() {
		time.Sleep(5 * time.Millisecond)
	}
}

// promised finishes a visit on which something was promised, and returns the household.
func (o *office) promised(what, by, problem string) survey.Household {
	o.t.Helper()
	village := o.store.Villages()[0].ID
	h := o.store.SearchHouseholds(village, "", 1)[0].Household
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: h.Scope, Household: h.ID, Author: o.self.Grant.Person, Title: h.Head,
	}
	sub := form.Submission{InstanceName: "QZ-349999-2026-ABCD-0001-T " + h.Head, Fields: survey.Fields{"end/promise_what": what, "end/promise_by": by, "hear/heard_worry": "门口的路灯不亮"}}
	if problem != "" {
		sub.Entities = []form.EntityChange{{
			Dataset: string(survey.TypeProblem), ID: survey.NewID[survey.RecordID]().String(), Create: true, Label: problem,
			Properties: map[string]string{"state": "submitted"},
		}}
	}
	if err := errors.Join(o.store.BeginDraft(o.t.Context(), d, nil), o.store.FinishVisit(o.t.Context(), d, sub)); err != nil {
		o.t.Fatal(err)
	}
	return h
}

// shot keeps a picture of the window where ZOUCUN_SHOTS names a folder.
func (o *office) shot(name string) {
	o.t.Helper()
	dir := os.Getenv("ZOUCUN_SHOTS")
	if dir == "" {
		return
	}
	file, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		o.t.Fatal(err)
	}
	if err := errors.Join(png.Encode(file, o.shell.window.Canvas().Capture()), file.Close()); err != nil {
		o.t.Fatal(err)
	}
}

// objectsOf returns what is visible of an object and everything in it. Unlike the toolkit's own it makes no renderer anew: a list
// would go on drawing with the old one.
func objectsOf(o fyne.CanvasObject) []fyne.CanvasObject {
	if !o.Visible() {
		return nil
	}
	all := []fyne.CanvasObject{o}
	var inner []fyne.CanvasObject
	switch o := o.(type) {
	case *fyne.Container:
		inner = o.Objects
	case fyne.Widget:
		inner = test.WidgetRenderer(o).Objects()
	}
	for _, child := range inner {
		all = append(all, objectsOf(child)...)
	}
	return all
}

// words returns every text on the window, in the order in which it is laid out.
func (o *office) words() []string {
	var all []string
	for _, object := range objectsOf(o.shell.window.Content()) {
		if text, ok := object.(*widgets.Text); ok && text.Visible() && text.Shown() != "" {
			all = append(all, text.Shown())
		}
	}
	return all
}

func (o *office) says(text string) bool {
	return slices.ContainsFunc(o.words(), func(w string) bool { return strings.Contains(w, text) })
}

func (o *office) want(texts ...string) {
	o.t.Helper()
	for _, text := range texts {
		if !o.says(text) {
			o.t.Errorf("the window does not say %q; it says %s", text, strings.Join(o.words(), " | "))
		}
	}
}

// tap presses the row or button that says something.
func (o *office) tap(text string) {
	o.t.Helper()
	for _, object := range objectsOf(o.shell.window.Content()) {
		var shown string
		switch object := object.(type) {
		case *widgets.Row:
			shown = object.Shown()
		case *widgets.Button:
			shown = object.Shown()
		}
		if tappable, ok := object.(fyne.Tappable); ok && object.Visible() && strings.Contains(shown, text) && shown != "" {
			test.Tap(tappable)
			return
		}
	}
	o.t.Fatalf("nothing to tap says %q; the window says %s", text, strings.Join(o.words(), " | "))
}

// typed types into the field on the screen.
func (o *office) typed(text string) {
	o.t.Helper()
	for _, object := range objectsOf(o.shell.window.Content()) {
		if field, ok := object.(*widgets.Field); ok {
			field.SetText(text)
			return
		}
	}
	o.t.Fatal("no field")
}

// at once runs what screens put off.
func (o *office) atOnce() {
	o.host.Later = func(after time.Duration, f func()) func() {
		if after < time.Second {
			f()
		}
		return func() {}
	}
}

func TestFindOpensTheHistoryOfAHousehold(t *testing.T) {
	o := openOffice(t)
	o.atOnce()
	h := o.promised("三天内叫人来修路灯", "2026-11-20", "门口路灯不亮")
	o.goWorkbench()
	o.tap("查找")
	o.shot("find-empty")
	o.typed("路灯不亮")
	deadline := time.Now().Add(10 * time.Second)
	for !o.says("门口路灯不亮") && time.Now().Before(deadline) { // the finder reads it meanwhile
		time.Sleep(10 * time.Millisecond)
		o.typed("路灯不")
		o.typed("路灯不亮")
	}
	o.want("找到", "门口路灯不亮", "“门口的路灯不亮”")
	o.shot("find-text")
	o.tap("门口路灯不亮")
	o.want(h.Head, "承诺和兑现", "三天内叫人来修路灯", "未见兑现记录：当次登记的问题“门口路灯不亮”还没有办结（已提交），已过约定的日子")
	o.shot("find-history")
	o.typed(h.Head)
	o.want("1 户")
	o.shot("find-name")
	o.typed("没有这个人也没有这句话")
	o.want("没有找到")
	o.shot("find-nothing")
}

// What somebody drops onto the inbox is taken or named, and what came in and what waits stands there.
func TestInboxTakesWhatIsDropped(t *testing.T) {
	o := openOffice(t)
	o.goWorkbench()
	o.shot("inbox")
	o.want("收件", "就近接收平板", "开始接收", "登记码", "数据包", "今天收到的", "网络")
	stick := t.TempDir()
	for _, name := range bundlesOf(t, stick) {
		o.drop(filepath.Join(stick, name))
	}
	o.want("收下了，存在本机", "写的数据包", "县里已导入，删掉")
	o.shot("inbox-held")
	photo := filepath.Join(stick, "照片.jpg")
	if err := os.WriteFile(photo, []byte("\xff\xd8 no bundle"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.drop(photo)
	o.want("这不是走村的数据包")
	o.shot("inbox-refused")
	held, err := filepath.Glob(filepath.Join(o.opt.Data, heldFolder, "*"))
	if err != nil || len(held) != 1 {
		t.Errorf("%v are kept, %v", held, err)
	}
	o.tap("开始接收") // without a code and without network: said, and nothing is on
	o.want("还没有登记成接收点")
	if on, _ := o.receiver.State(); on {
		t.Error("it receives")
	}
	o.tap("查找")
	o.drop(photo) // nothing to do with it here
	o.tap("收件")
}

// drop drops a file onto the window.
func (o *office) drop(path string) { o.shell.dropped([]fyne.URI{storage.NewFileURI(path)}) }

// bundlesOf writes the bundles of another device of the same county, and returns their names.
func bundlesOf(t *testing.T, folder string) []string {
	t.Helper()
	_, recipient, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: tell})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = device.Prepare(t.Context(), s, device.Spec{Seed: 1, Households: 5, Recipients: []survey.Recipient{{Use: survey.ForRecovery, Name: "县局", Key: recipient}}})
	if err != nil {
		t.Fatal(err)
	}
	self, _, err := s.Enrolment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.VillageScope(s.Villages()[0].ID), Author: self.Grant.Person,
	}
	sub := form.Submission{InstanceName: "NO-1 王", Fields: survey.Fields{"heard_worry": "路灯"}}
	if err := errors.Join(s.BeginDraft(t.Context(), d, nil), s.FinishVisit(t.Context(), d, sub)); err != nil {
		t.Fatal(err)
	}
	done, err := spare.Export(t.Context(), s, folder, spare.ExportOptions{Clock: tell})
	if err != nil || len(done.Files) == 0 {
		t.Fatal(done, err)
	}
	return done.Files
}

func formsOf(t *testing.T, names ...string) map[string]fs.FS {
	t.Helper()
	forms := map[string]fs.FS{}
	for _, name := range names {
		folder, err := assets.Form(name)
		if err != nil {
			t.Fatal(err)
		}
		forms[name] = folder
	}
	return forms
}
