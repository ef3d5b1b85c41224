package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/client"
	"zoucun/sync/errand"
	"zoucun/sync/seal"
	"zoucun/sync/spare"
	"zoucun/sync/wire"
)

// office is a county's server, its operator's folder, and a recovery key.
type office struct {
	t       *testing.T
	data    string
	folder  server.Folder
	central *central.Central
	blobs   *blob.Folder
	http    *httptest.Server
	key     string // the file of the recovery key
	cadre   survey.PersonID
	village survey.RecordID
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{
		t: t, data: t.TempDir(), key: filepath.Join(t.TempDir(), "恢复.key"),
		cadre: survey.NewID[survey.PersonID](), village: survey.NewID[survey.RecordID](),
	}
	var err error
	if o.folder, err = server.OpenFolder(o.data, time.Now()); err != nil {
		t.Fatal(err)
	}
	o.central, err = central.Open(t.Context(), o.folder.Database(), central.Options{Key: o.folder.Key, County: 990001, Township: "青田乡", Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.central.Close() })
	if o.blobs, err = blob.OpenFolder(o.folder.Blobs()); err != nil {
		t.Fatal(err)
	}
	handler, err := server.New(server.Options{Central: o.central, Blobs: o.blobs, Key: o.folder.Key, Pin: o.folder.Pin, Software: "test", Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	o.http = httptest.NewUnstartedServer(handler)
	o.http.TLS = &tls.Config{Certificates: []tls.Certificate{o.folder.Certificate}, MinVersion: tls.VersionTLS12}
	o.http.StartTLS()
	t.Cleanup(o.http.Close)
	o.register(survey.RecordID(o.cadre), survey.TypeStaff, survey.Fields{survey.StaffName: "测试员"})
	o.register(o.village, survey.TypePlace, survey.Place{Name: "前村"}.Fields())
	made := strings.Fields(o.ctl("key", "make", o.key))
	o.ctl("key", "add", "-use", "recovery", "-name", "县民政局", made[len(made)-1])
	return o
}

func (o *office) register(id survey.RecordID, typ survey.RecordType, fields survey.Fields) {
	o.t.Helper()
	_, err := o.central.Write(o.t.Context(), o.cadre, []central.Write{{Record: id, Type: typ, Scope: survey.RegisterScope(990001), Fields: fields}})
	if err != nil {
		o.t.Fatal(err)
	}
}

// try runs zouctl on the server's data, and returns everything it says.
func (o *office) try(args ...string) (said string, code int) {
	var out bytes.Buffer
	code = run(context.Background(), append([]string{"-data", o.data}, args...), streams{out: &out, err: &out}, time.Now)
	return out.String(), code
}

func (o *office) ctl(args ...string) string {
	o.t.Helper()
	said, code := o.try(args...)
	if code != exitDone {
		o.t.Fatalf("zouctl %s: %s", strings.Join(args, " "), said)
	}
	return said
}

// says fails unless zouctl has said all of the words.
func says(t *testing.T, said string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("nothing about %q in:\n%s", word, said)
		}
	}
}

// tablet is a device, its agent, and its card.
type tablet struct {
	*store.Store
	o    *office
	card string
}

func (o *office) tablet(dir string) *tablet {
	o.t.Helper()
	s, err := store.Open(o.t.Context(), dir, store.Options{Clock: time.Now})
	if err != nil {
		o.t.Fatal(err)
	}
	tab := &tablet{Store: s, o: o, card: filepath.Join(dir, "card")}
	if err := os.MkdirAll(tab.card, 0o700); err != nil {
		o.t.Fatal(err)
	}
	return tab
}

// enrolled is a tablet of the cadre that has synced once.
func (o *office) enrolled() *tablet {
	o.t.Helper()
	tab := o.tablet(o.t.TempDir())
	code, err := o.central.NewCode(o.t.Context(), o.cadre, []survey.ScopeID{survey.VillageScope(o.village)}, []survey.Role{survey.RoleCadre}, time.Hour)
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := client.Enrol(o.t.Context(), tab.Store, o.http.URL, code, client.Options{Clock: time.Now}); err != nil {
		o.t.Fatal(err)
	}
	tab.sync()
	return tab
}

// sync lets the agent work until it rests.
func (tab *tablet) sync() {
	tab.o.t.Helper()
	ctx, cancel := context.WithTimeout(tab.o.t.Context(), time.Minute)
	defer cancel()
	agent := client.New(tab.Store, client.Options{Clock: time.Now, OnProgress: func(p survey.Progress) {
		if p.Activity != survey.Idle && p.Activity != survey.Backoff && p.Activity != survey.Stopped {
			return
		}
		if p.Err != nil {
			tab.o.t.Errorf("sync: %v", p.Err)
		}
		cancel()
	}})
	if err := agent.Run(ctx); !errors.Is(err, context.Canceled) {
		tab.o.t.Fatal(err)
	}
}

// copied lets the keeper work until everything is in the second copy.
func (tab *tablet) copied() {
	tab.o.t.Helper()
	ctx, cancel := context.WithTimeout(tab.o.t.Context(), time.Minute)
	defer cancel()
	keeper := spare.New(tab.Store, spare.Options{Clock: time.Now, Report: func(now survey.Spare) {
		if now.State != survey.SpareKept {
			tab.o.t.Errorf("second copy: %+v", now)
		}
		cancel()
	}})
	keeper.Use(tab.card)
	if err := keeper.Run(ctx); !errors.Is(err, context.Canceled) {
		tab.o.t.Fatal(err)
	}
}

func (tab *tablet) begin(text string, photo []byte) survey.Draft {
	tab.o.t.Helper()
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.VillageScope(tab.o.village), Author: tab.o.cadre,
		Title: "秘密户主",
	}
	err := tab.BeginDraft(tab.o.t.Context(), d, []byte("开始"))
	err = errors.Join(err, tab.SaveChange(tab.o.t.Context(), d.ID, form.Change{Op: form.OpSet, Path: "heard_worry", Value: text}))
	if photo != nil {
		err = errors.Join(err, tab.AttachFile(tab.o.t.Context(), d.ID, "秘密.jpg", "image/jpeg", photo))
	}
	if err != nil {
		tab.o.t.Fatal(err)
	}
	return d
}

func (tab *tablet) finish(d survey.Draft, text string, files ...string) {
	tab.o.t.Helper()
	err := tab.FinishVisit(tab.o.t.Context(), d, form.Submission{Fields: survey.Fields{"heard_worry": text}, Attachments: files})
	if err != nil {
		tab.o.t.Fatal(err)
	}
}

// visits returns what the visits on the server say, and fails where one is there twice.
func (o *office) visits() map[survey.RecordID]survey.Record {
	o.t.Helper()
	visits := map[survey.RecordID]survey.Record{}
	err := o.central.Records(o.t.Context(), central.Query{Type: survey.TypeVisit}, func(r survey.Record) error {
		if _, twice := visits[r.ID]; twice || len(r.Conflicts) > 0 {
			o.t.Errorf("visit %s is there twice or in conflict", r.ID)
		}
		visits[r.ID] = r
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return visits
}

// receive takes over what the server wrote for a tablet, as the app does.
func (tab *tablet) receive(path string) survey.Homecoming {
	tab.o.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tab.o.t.Fatal(err)
	}
	got, err := spare.Receive(tab.o.t.Context(), tab.Store, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tab.o.t.Fatal(err)
	}
	return got
}

// TestLostTablet is the whole story: a tablet with unsent visits, a photo and drafts is lost, its card is found, a new
// tablet goes on, and the lost one turns up in the end.
func TestLostTablet(t *testing.T) {
	o := newOffice(t)
	lost := o.enrolled()
	photo := bytes.Repeat([]byte("秘密照片"), 30_000)
	for _, text := range []string{"秘密路灯", "秘密水管"} {
		lost.finish(lost.begin(text, nil), text)
		lost.copied() // between, so that the log is cut into several segments
	}
	withPhoto := lost.begin("秘密危房", photo)
	lost.finish(withPhoto, "秘密危房", "秘密.jpg")
	one, two := lost.begin("秘密草稿一", nil), lost.begin("秘密草稿二", []byte("草稿的秘密照片"))
	lost.copied()
	nothingPersonal(t, lost.card)

	// The card is found and taken to the county.
	said := o.ctl("bundle", "import", lost.card, "-identity", o.key)
	says(t, said, "新收 3 条", "附件新收 1 个", "草稿 2 份", "草稿的附件 1 个", "回执已写入")
	visits := o.visits()
	if len(visits) != 3 || visits[survey.RecordID(withPhoto.ID)].Fields["heard_worry"] != "秘密危房" {
		t.Fatalf("the server has %d visits", len(visits))
	}
	file := visits[survey.RecordID(withPhoto.ID)].Files[0]
	got := make([]byte, file.Size+1)
	if n, err := o.blobs.Read(t.Context(), file.SHA256, 0, got); err != nil || !bytes.Equal(got[:n], photo) {
		t.Errorf("the photo came as %d bytes, %v", n, err)
	}
	said = o.ctl("bundle", "import", lost.card, "-identity", o.key)
	says(t, said, "新收 0 条，已有 3 条", "没有新内容", "附件新收 0 个、已有 1 个")

	// A new tablet is enrolled for the same cadre, and takes the drafts over.
	fresh := o.enrolled()
	says(t, o.ctl("bundle", "import", lost.card, "-identity", o.key, "-drafts-for", "测试员"), "测试员的 2 份草稿已写入")
	device, _, err := fresh.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	desk := filepath.Join(lost.card, "走村-"+spare.Short(device)+"-转交草稿.zcb")
	if got := fresh.receive(desk); got.Drafts != 2 || got.Missing != 0 {
		t.Errorf("took over %+v", got)
	}
	if got := fresh.receive(desk); got.Drafts != 0 || got.KnownDrafts != 2 {
		t.Errorf("took over again %+v", got)
	}
	draft, state, journal, err := fresh.LoadDraft(t.Context(), two.ID)
	if err != nil || draft.Title != "秘密户主" || string(state) != "开始" || len(journal) != 1 || journal[0].Value != "秘密草稿二" {
		t.Errorf("the draft is %+v, %q, %v, %v", draft, state, journal, err)
	}
	if data, err := fresh.File(t.Context(), two.ID, "秘密.jpg"); err != nil || string(data) != "草稿的秘密照片" {
		t.Errorf("its photo is %q, %v", data, err)
	}
	fresh.finish(draft, "在新平板上完成", "秘密.jpg")
	fresh.sync()
	if got := o.visits()[survey.RecordID(two.ID)]; got.Fields["heard_worry"] != "在新平板上完成" {
		t.Errorf("the finished draft is %v", got.Fields)
	}
	says(t, o.ctl("bundle", "import", lost.card, "-identity", o.key), "草稿 2 份（其中 1 份已经完成）")

	// The lost tablet turns up, with a receipt or without.
	lost.sync()
	if n, err := lost.Unsigned(t.Context()); n != 0 || err != nil {
		t.Errorf("%d entries wait, %v", n, err)
	}
	lost.finish(one, "又找到了")
	lost.sync()
	if visits := o.visits(); len(visits) != 5 {
		t.Errorf("the server has %d visits, want 5", len(visits))
	}
	marks, err := o.central.Watermarks(t.Context())
	if err != nil || len(marks) != 3 { // the server's own log and those of the two tablets
		t.Errorf("the lost tablet was taken for a copy of itself: logs %v, %v", marks, err)
	}
}

// TestReceiptComesHome lets a tablet without network hand over its work by stick, and hear of it by stick.
func TestReceiptComesHome(t *testing.T) {
	o := newOffice(t)
	tab := o.enrolled()
	for range 3 {
		tab.finish(tab.begin("话", nil), "话")
	}
	stick := t.TempDir()
	report, err := spare.Export(t.Context(), tab.Store, stick, spare.ExportOptions{Clock: time.Now})
	if err != nil || report.Entries != 3 || len(report.Files) != 1 {
		t.Fatalf("exported %+v, %v", report, err)
	}
	says(t, o.ctl("bundle", "import", stick, "-identity", o.key), "新收 3 条")
	device, _, err := tab.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reply := filepath.Join(stick, "走村-"+spare.Short(device)+"-回执.zcb")
	if got := tab.receive(reply); got.Entries != 3 {
		t.Errorf("received %+v", got)
	}
	if n, err := tab.Unsigned(t.Context()); n != 0 || err != nil {
		t.Errorf("%d entries wait, %v", n, err)
	}
	if got := tab.receive(reply); got.Entries != 0 {
		t.Errorf("received again %+v", got)
	}
	tab.finish(tab.begin("又一句", nil), "又一句")
	tab.sync()
	if got := len(o.visits()); got != 4 {
		t.Errorf("the server has %d visits, want 4", got)
	}
	other := o.enrolled()
	data, err := os.ReadFile(reply)
	if err != nil {
		t.Fatal(err)
	}
	_, err = spare.Receive(t.Context(), other.Store, bytes.NewReader(data), int64(len(data)))
	if survey.KindOf(err) != survey.Denied || survey.MessageOf(err) == "" {
		t.Errorf("another tablet took the receipt: %v", err)
	}
}

// TestVolumesInAnyOrder brings the volumes of one set singly, the last one first.
func TestVolumesInAnyOrder(t *testing.T) {
	o := newOffice(t)
	tab := o.enrolled()
	for n := range 4 {
		photo := make([]byte, 150_000)
		for i := range photo {
			photo[i] = byte(i * (n + 7) >> 3)
		}
		tab.finish(tab.begin("话", photo), "话", "秘密.jpg")
	}
	stick := t.TempDir()
	report, err := spare.Export(t.Context(), tab.Store, stick, spare.ExportOptions{Clock: time.Now, VolumeBytes: 400 << 10})
	if err != nil || len(report.Files) < 2 || report.Attachments != 4 {
		t.Fatalf("exported %+v, %v", report, err)
	}
	for _, name := range slices.Backward(report.Files) {
		says(t, o.ctl("bundle", "import", filepath.Join(stick, name), "-identity", o.key), "缺第 ")
	}
	for _, visit := range o.visits() {
		if held, err := o.blobs.Held(t.Context(), visit.Files[0].SHA256, visit.Files[0].Size); held != 150_000 || err != nil {
			t.Errorf("photo: %d bytes held, %v", held, err)
		}
	}
	if len(o.visits()) != 4 {
		t.Errorf("%d visits", len(o.visits()))
	}
	said := o.ctl("bundle", "import", stick, "-identity", o.key)
	says(t, said, "没有新内容")
	if strings.Contains(said, "缺第") {
		t.Errorf("all volumes, and yet: %s", said)
	}
}

func TestBadBundlesAreNamed(t *testing.T) {
	o, abroad := newOffice(t), newOffice(t)
	tab := o.enrolled()
	tab.finish(tab.begin("话", nil), "话")
	stick := t.TempDir()
	report, err := spare.Export(t.Context(), tab.Store, stick, spare.ExportOptions{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(stick, report.Files[0]))
	if err != nil {
		t.Fatal(err)
	}
	bent := bytes.Clone(good)
	bent[len(bent)/2] ^= 1
	for name, data := range map[string][]byte{"坏.zcb": bent, "断.zcb": good[:len(good)-9], "图.zcb": []byte("一张照片，不是数据包的内容")} {
		if err := os.WriteFile(filepath.Join(stick, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said, code := o.try("bundle", "import", stick, "-identity", o.key)
	says(t, said, "坏.zcb：这个数据包损坏了", "断.zcb：这个数据包不完整", "图.zcb：这不是走村的数据包", "新收 1 条", "4 个文件中有 3 个不能用")
	if code != exitFailed {
		t.Errorf("code %d", code)
	}
	said, _ = o.try("bundle", "import", filepath.Join(stick, report.Files[0]), "-identity", abroad.key)
	says(t, said, "这把钥匙打不开")
	said, _ = abroad.try("bundle", "import", filepath.Join(stick, report.Files[0]), "-identity", o.key)
	says(t, said, "这台设备没有在本服务器登记")
	says(t, o.ctl("bundle", "show", filepath.Join(stick, report.Files[0]), "-identity", o.key), "手工拷出的走访记录", "第 1 卷（共 1 卷）", "签名正确：记录 1 条")
	says(t, o.ctl("bundle", "show", filepath.Join(stick, report.Files[0])), "县 990001", "文件完整")
}

// nothingPersonal looks for what was typed in the files of a second copy and in their names.
func nothingPersonal(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"秘密", "QZ-01", "heard_worry", "image/jpeg", "测试员", "前村", "青田乡", "开始"} {
			if bytes.Contains(data, []byte(text)) || strings.Contains(entry.Name(), text) {
				t.Errorf("%s holds %q", entry.Name(), text)
			}
		}
		if _, err := bundle.Inspect(bytes.NewReader(data), int64(len(data))); err != nil {
			t.Errorf("%s: %v", entry.Name(), err)
		}
	}
}

// What was packed for another tablet to carry can be brought on a stick as well, and needs no key but the server's own.
func TestImportAnErrand(t *testing.T) {
	o := newOffice(t)
	tab := o.enrolled()
	tab.learnErrandKey()
	tab.finish(tab.begin("秘密想法", []byte("秘密照片")), "秘密想法", "秘密.jpg")
	folder := t.TempDir()
	given, err := errand.Copy(t.Context(), tab.Store, folder, nil, time.Now)
	if err != nil || given.Errands != 1 {
		t.Fatal(given, err)
	}
	says(t, o.ctl("bundle", "show", folder), "请别的平板捎带的走访记录")
	says(t, o.ctl("bundle", "import", folder), "新收 1 条", "附件新收 1 个", "回执已写入")
	says(t, o.ctl("bundle", "import", folder), "没有新内容")
	device, _, _ := tab.Device(t.Context())
	reply := filepath.Join(folder, "走村-"+spare.Short(device)+"-回执.zcb")
	file, err := os.ReadFile(reply)
	if err != nil {
		t.Fatal(err)
	}
	home, err := spare.Receive(t.Context(), tab.Store, bytes.NewReader(file), int64(len(file)))
	if err != nil || home.Entries != 1 {
		t.Errorf("home came %+v, %v", home, err)
	}
}

// learnErrandKey tells the tablet to whom errands are encrypted, as a round with zoucund does.
func (tab *tablet) learnErrandKey() {
	tab.o.t.Helper()
	_, recipient, err := seal.ErrandKey(tab.o.folder.Key)
	if err != nil {
		tab.o.t.Fatal(err)
	}
	key, err := wire.SignErrandKey(wire.ErrandKey{County: tab.o.central.County(), Recipient: recipient}, tab.o.folder.Key)
	if err == nil {
		err = tab.KeepErrandKey(tab.o.t.Context(), key)
	}
	if err != nil {
		tab.o.t.Fatal(err)
	}
}
