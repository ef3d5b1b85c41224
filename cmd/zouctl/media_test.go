package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zoucun/app/present"
	"zoucun/survey"
	"zoucun/sync/client"
)

// mediaForm draws on a table, a document and a map layer, and shows a picture.
const mediaForm = `| survey | | | | | | |
| | type | name | label | choice_filter | calculation | media::image |
| | select_one_from_file towns.csv | town | 在哪个镇 | county = '3' | | 图.png |
| | select_one_from_file crops.xml | crop | 种什么 | | | |
| | select_one_from_file wells.geojson | well | 用哪口井 | | | |
| | calculate | mayor | | | pulldata('towns', 'mayor', 'name', ${town}) | |
| settings | | |
| | form_id | version |
| | M-1 | %s |
`

// rows is how many towns the table has.
const rows = 5000

func writeMediaForm(t *testing.T, dir, version, mayor string) string {
	t.Helper()
	var towns strings.Builder
	towns.WriteString("name,label,county,mayor,note\n")
	note := strings.Repeat("说明", 70)
	for i := range rows {
		fmt.Fprintf(&towns, "t%d,镇%d,%d,%s%d,%s\n", i, i, i%50, mayor, i, note)
	}
	picture := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i * i >> 3) // no two lines alike, so that it does not compress
	}
	picture.Set(0, 0, color.White)
	var drawn bytes.Buffer
	if err := png.Encode(&drawn, picture); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "表.md")
	for name, text := range map[string]string{
		path:                                   fmt.Sprintf(mediaForm, version),
		filepath.Join(dir, "media/towns.csv"):  towns.String(),
		filepath.Join(dir, "media/crops.xml"):  "<root><item><name>rice</name><label>水稻</label></item><item><name>tea</name><label>茶</label></item></root>",
		filepath.Join(dir, "表-media/图.png"):    drawn.String(),
		filepath.Join(dir, "media/well.txt"):   "不相干",
		filepath.Join(dir, "wells.geojson"):    `{"type":"FeatureCollection","features":[{"type":"Feature","id":"w1","geometry":{"type":"Point","coordinates":[117.2,31.8]},"properties":{"name":"w1","title":"东井","label":"东井"}}]}`,
		filepath.Join(dir, "media/hidden.csv"): "name,label\na,b\n",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// desk is what a filling on a tablet has around it.
func (tab *tablet) desk() present.Desk {
	tab.o.t.Helper()
	self, _, err := tab.Enrolment(tab.o.t.Context())
	if err != nil {
		tab.o.t.Fatal(err)
	}
	return present.Desk{
		Forms: tab.Store, Keeper: tab.Store, Definitions: &present.Definitions{}, Enrolment: self, Now: time.Now,
		Later:      func(time.Duration, func()) func() { return func() {} },
		NextNumber: func() (int, error) { return 1, nil },
	}
}

func (tab *tablet) form() survey.FormInfo {
	tab.o.t.Helper()
	forms, err := tab.Forms(tab.o.t.Context())
	if err != nil || len(forms) != 1 {
		tab.o.t.Fatalf("%d forms, %v", len(forms), err)
	}
	return forms[0]
}

// files returns how many files lie in the tablet's folder of attachments.
func (tab *tablet) files(dir string) int {
	tab.o.t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "blobs"))
	if err != nil {
		tab.o.t.Fatal(err)
	}
	return len(entries)
}

// TestFormWithFiles is the way of a form with its files: imported, fetched, filled in, replaced by the next version
// while a draft of the first goes on, and cleared away in the end.
func TestFormWithFiles(t *testing.T) {
	o := newOffice(t)
	path := writeMediaForm(t, t.TempDir(), "1", "甲")
	says(t, o.ctl("form", "import", path), "已发布 M-1 1", "附带的文件 4 个")
	says(t, o.ctl("form", "import", path), "没有变化")
	dir := t.TempDir()
	tab := o.tabletIn(dir)
	if info := tab.form(); info.Missing != 0 || tab.files(dir) != 4 {
		t.Fatalf("%+v with %d files", info, tab.files(dir))
	}
	desk := tab.desk()
	v, err := desk.Begin(t.Context(), tab.form(), o.village, survey.RecordID{})
	if err != nil {
		t.Fatal(err)
	}
	if found := v.Finder("town").Find(""); len(found) != rows/50 || found[0].Name != "t3" {
		t.Errorf("%d towns are offered: %+v", len(found), found[:min(1, len(found))])
	}
	q := v.Page().Items[0].Question
	if shown := v.Illustrations(t.Context(), q); len(shown) != 1 || shown[0].Picture == nil || shown[0].Picture.Bounds().Dx() != 640 {
		t.Errorf("illustrations: %+v", shown)
	}
	for path, value := range map[survey.FieldPath]string{"town": "t53", "crop": "tea", "well": "w1"} {
		if err := v.Answer(t.Context(), path, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}

	// The next version has another table; the draft keeps the first one's.
	next := writeMediaForm(t, t.TempDir(), "2", "乙")
	o.ctl("form", "import", next)
	tab.sync()
	if tab.form().Version != "2" || tab.files(dir) != 5 {
		t.Fatalf("%+v with %d files", tab.form(), tab.files(dir))
	}
	if v, err = tab.desk().Resume(t.Context(), v.Draft().ID); err != nil {
		t.Fatal(err)
	}
	if wrongs, err := v.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatalf("Finish: %+v, %v", wrongs, err)
	}
	tab.sync()
	if got := o.visits()[survey.RecordID(v.Draft().ID)].Fields; got["mayor"] != "甲53" || got["crop"] != "tea" || got["well"] != "w1" {
		t.Errorf("arrived: %v", got)
	}
	if n := tab.files(dir); n != 4 {
		t.Errorf("%d files once nobody fills in the first version", n)
	}
	if err := tab.Close(); err != nil {
		t.Fatal(err)
	}
	tab = o.tablet(dir) // the sweep at the start leaves what forms need
	defer tab.Close()
	if info := tab.form(); info.Missing != 0 || tab.files(dir) != 4 {
		t.Errorf("opened again: %+v with %d files", info, tab.files(dir))
	}
}

// tabletIn enrols a tablet whose store is in a folder, and syncs it once.
func (o *office) tabletIn(dir string) *tablet {
	o.t.Helper()
	tab := o.joined(dir)
	tab.sync()
	return tab
}

func (o *office) joined(dir string) *tablet {
	o.t.Helper()
	tab := o.tablet(dir)
	code, err := o.central.NewCode(o.t.Context(), o.cadre, []survey.ScopeID{survey.VillageScope(o.village)}, []survey.Role{survey.RoleCadre}, time.Hour)
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := client.Enrol(o.t.Context(), tab.Store, o.http.URL, code, client.Options{Clock: time.Now}); err != nil {
		o.t.Fatal(err)
	}
	return tab
}

// cut is a network that breaks within the body of replies to blobs, while it is broken.
type cut struct {
	good   http.RoundTripper
	after  atomic.Int32 // how many pieces still come
	pieces atomic.Int32 // that were asked for
}

// RoundTrip implements [http.RoundTripper].
func (c *cut) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.good.RoundTrip(r)
	if err != nil || !strings.Contains(r.URL.Path, "/blob") {
		return response, err
	}
	c.pieces.Add(1)
	if c.after.Add(-1) < 0 {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(response.Body, 1000), broken{}), response.Body}
	}
	return response, nil
}

type broken struct{}

// Read always fails.
func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// rounds lets an agent over a transport work until it rests or waits, and returns why it waits.
func (tab *tablet) rounds(transport http.RoundTripper) (failed error) {
	tab.o.t.Helper()
	ctx, cancel := context.WithTimeout(tab.o.t.Context(), time.Minute)
	defer cancel()
	agent := client.New(tab.Store, client.Options{Clock: time.Now, Transport: transport, OnProgress: func(p survey.Progress) {
		if p.Activity == survey.Idle || p.Activity == survey.Backoff || p.Activity == survey.Stopped {
			failed = p.Err
			cancel()
		}
	}})
	if err := agent.Run(ctx); !errors.Is(err, context.Canceled) {
		tab.o.t.Fatal(err)
	}
	return failed
}

// TestCutWithinAFile breaks the network in the middle of a file: the form is listed with what it lacks and not begun,
// and the file goes on where it was left, also by a program that was started anew.
func TestCutWithinAFile(t *testing.T) {
	o := newOffice(t)
	o.ctl("form", "import", writeMediaForm(t, t.TempDir(), "1", "甲"))
	dir := t.TempDir()
	tab := o.joined(dir)
	network := &cut{good: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // the agent checks the pin
	network.after.Store(5)
	if err := tab.rounds(network); survey.KindOf(err) != survey.Unavailable {
		t.Fatalf("a cut network: %v", err)
	}
	info := tab.form()
	if info.Missing == 0 || info.Missing == 4 {
		t.Fatalf("%d files are missing after the cut", info.Missing)
	}
	_, err := tab.desk().Begin(t.Context(), info, o.village, survey.RecordID{})
	if survey.KindOf(err) != survey.Unavailable || !strings.Contains(survey.MessageOf(err), "附件还没收全") {
		t.Errorf("Begin = %v (%q)", err, survey.MessageOf(err))
	}
	if drafts, err := tab.Drafts(t.Context()); err != nil || len(drafts) != 0 {
		t.Errorf("a draft was left behind: %v, %v", drafts, err)
	}
	lacking, err := tab.TendFormFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held, err := tab.FormFileHeld(t.Context(), lacking[0].SHA256)
	if err != nil || held == 0 || held >= lacking[0].Size {
		t.Fatalf("%d bytes of %d came before the cut, %v", held, lacking[0].Size, err)
	}
	if err := tab.Close(); err != nil {
		t.Fatal(err)
	}
	tab = o.tablet(dir)
	defer tab.Close()
	whole := network.pieces.Swap(0)
	network.after.Store(1000)
	if err := tab.rounds(network); err != nil {
		t.Fatal(err)
	}
	if tab.form().Missing != 0 {
		t.Errorf("%d files are missing once the network is back (%d and %d pieces)", tab.form().Missing, whole, network.pieces.Load())
	}
	if _, err := tab.desk().Begin(t.Context(), tab.form(), o.village, survey.RecordID{}); err != nil {
		t.Error(err)
	}
}

// TestDamagedFormFile flips a bit of a list on the tablet: the form says so, nothing is lost, and the file comes again.
func TestDamagedFormFile(t *testing.T) {
	o := newOffice(t)
	o.ctl("form", "import", writeMediaForm(t, t.TempDir(), "1", "甲"))
	dir := t.TempDir()
	tab := o.tabletIn(dir)
	defer tab.Close()
	v, err := tab.desk().Begin(t.Context(), tab.form(), o.village, survey.RecordID{})
	if err = errors.Join(err, v.Answer(t.Context(), "crop", "tea"), v.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	draft := v.Draft()
	files, err := tab.FormFiles(t.Context(), draft)
	if err != nil || len(files) != 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		path := filepath.Join(dir, "blobs", file.SHA256.String())
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)-1] ^= 1
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err = tab.desk().Resume(t.Context(), draft.ID)
	if survey.KindOf(err) != survey.Unavailable || !strings.Contains(survey.MessageOf(err), "附件坏了") {
		t.Errorf("Resume = %v (%q)", err, survey.MessageOf(err))
	}
	for range 4 { // each list is found out when it is read
		tab.sync()
		if v, err = tab.desk().Resume(t.Context(), draft.ID); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal("Resume once the files came again:", err)
	}
	if q := v.Page().Items[1].Question; q.Value != "tea" {
		t.Errorf("the answer is %q", q.Value)
	}
}

// TestFilesOfOneName publishes two forms whose lists have one name: each has its own.
func TestFilesOfOneName(t *testing.T) {
	o := newOffice(t)
	for i, label := range []string{"甲表的", "乙表的"} {
		dir := t.TempDir()
		form := fmt.Sprintf("| survey | | | |\n| | type | name | label |\n| | select_one_from_file list.csv | pick | 选 |\n"+
			"| settings | | |\n| | form_id | version |\n| | F-%d | 1 |\n", i)
		err := errors.Join(os.WriteFile(filepath.Join(dir, "a.md"), []byte(form), 0o600),
			os.WriteFile(filepath.Join(dir, "list.csv"), []byte("name,label\na,"+label+"\n"), 0o600))
		if err != nil {
			t.Fatal(err)
		}
		o.ctl("form", "import", filepath.Join(dir, "a.md"))
	}
	tab := o.tabletIn(t.TempDir())
	defer tab.Close()
	forms, err := tab.Forms(t.Context())
	if err != nil || len(forms) != 2 {
		t.Fatal(forms, err)
	}
	desk := tab.desk()
	for i, want := range []string{"甲表的", "乙表的"} {
		v, err := desk.Begin(t.Context(), forms[i], o.village, survey.RecordID{})
		if err != nil {
			t.Fatal(err)
		}
		if found := v.Finder("pick").Find(""); len(found) != 1 || found[0].Label != want {
			t.Errorf("%s offers %+v", forms[i].ID, found)
		}
	}
}
