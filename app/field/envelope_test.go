package field

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// offices are whom the county has envelopes sealed to, and officeKeys what opens them.
var offices, officeKeys = func() ([]survey.Recipient, []seal.LetterKey) {
	var listed []survey.Recipient
	var keys []seal.LetterKey
	for _, name := range []string{"县纪委监委", "县信访局", "青塘镇纪委"} {
		identity, recipient, err := seal.NewIdentity()
		if err != nil {
			panic(err)
		}
		key, err := seal.ParseLetterKey([]byte(identity))
		if err != nil {
			panic(err)
		}
		listed, keys = append(listed, survey.Recipient{Use: survey.ForEnvelope, Name: name, Key: recipient}), append(keys, key)
	}
	return listed, keys
}()

// atTheBox is a visit whose first problem is about a cadre, with the box on the screen.
func (d *desk) atTheBox() (*view.Screen, *present.Visit) {
	d.t.Helper()
	v := d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"})
	screen := NewVisit(d.host, VisitSpec{Presenter: v, OnFinished: func() { d.told = append(d.told, "finished") }})
	d.show(screen, 1280, 800)
	d.tap("1 走访情况")
	d.tap("见到并交谈")
	d.tap("2 户情")
	d.tap("不留姓名")
	d.tap("4 问题登记")
	d.tap("是")
	d.tap("填写")
	d.tap("反映干部问题（封存）")
	return screen, v
}

// write chooses a recipient and types into the box.
func (d *desk) write(office, text, reply string) {
	d.t.Helper()
	if len(fields(d.top().Body)) == 0 {
		d.tap(office)
	}
	boxes := fields(d.top().Body)
	if len(boxes) != 2 {
		d.t.Fatalf("%d fields, want the letter and the reply", len(boxes))
	}
	for _, r := range text {
		boxes[0].SetText(boxes[0].Typed() + string(r))
	}
	boxes[1].SetText(reply)
}

func (d *desk) typed() string {
	var all string
	for _, f := range fields(d.top().Body) {
		all += f.Typed()
	}
	return all
}

func (d *desk) hides(text string) {
	d.t.Helper()
	if all := strings.Join(words(d.top().Body), "\n"); strings.Contains(all, text) {
		d.t.Errorf("the screen says %q", text)
	}
}

func TestTheBoxIsAllThatIsAsked(t *testing.T) {
	d := newDesk(t, "QZ-01")
	d.atTheBox()
	d.sees("这一项写完我也打不开。您也可以不告诉我，自己打这个电话")
	d.sees("离开这一页、锁屏、切到别的程序，没封存的字就清掉")
	d.sees("反映的人就在那个单位的，不要选那个单位")
	for _, question := range []string{"来源", "类别", "一句话说清是什么事", "身份让谁知道", "材料(可不拍)"} {
		d.hides(question)
	}
}

func TestSealedAndGone(t *testing.T) {
	d := newDesk(t, "QZ-01")
	_, v := d.atTheBox()
	d.write("县纪委监委", "低保名单里有他小舅子", "写信")
	d.tap("封存")
	if len(d.complaints) > 0 || len(d.told) != 1 || d.told[0] != "已封存，交给县纪委监委。谁也打不开，包括本机。" {
		t.Fatalf("complaints %v, told %q", d.complaints, d.told)
	}
	d.sees("已经没有要登记的问题了：请改选“否”，或再添加一条。")
	d.hides("反映干部问题")
	d.show(NewLists(d.host, ListsSpec{Keeper: d.store}), 800, 1280)
	d.sees("封存件 1")
	d.sees("1 件等待发送")
	d.hides("县纪委监委")
	d.Back()
	d.tap("否")
	d.tap("完成走访")
	if d.told[len(d.told)-1] != "finished" {
		t.Fatalf("not finished: %q", words(d.top().Body))
	}
	if got, err := d.store.Envelopes(t.Context()); err != nil || got != (survey.Envelopes{Waiting: 1}) {
		t.Errorf("Envelopes = %+v, %v", got, err)
	}
	if got := d.delivered(officeKeys[0]); len(got) != 1 || got[0].Text != "低保名单里有他小舅子" || got[0].Reply != "写信" || got[0].Day != "2026-11-22" {
		t.Errorf("the office reads %+v", got)
	}
	if got := d.delivered(officeKeys[1]); len(got) != 0 {
		t.Errorf("another office reads %+v", got)
	}
	problems, err := d.store.ProblemsOf(t.Context(), v.Draft().Household)
	if err != nil || len(problems) != 0 {
		t.Errorf("problems = %v, %v", problems, err)
	}
}

// delivered are the letters of the next push that a key opens.
func (d *desk) delivered(key seal.LetterKey) []survey.Letter {
	d.t.Helper()
	push, ok, err := d.store.NextPush(d.t.Context(), 100, 1<<20)
	if err != nil || !ok {
		d.t.Fatal("nothing to push:", err)
	}
	var letters []survey.Letter
	for _, e := range push.Segments[0].Entries {
		body, err := wire.DecodeBody(e.Revision)
		if err != nil {
			d.t.Fatal(err)
		}
		envelope, err := base64.StdEncoding.DecodeString(body.Fields[survey.EnvelopeContent])
		if err != nil {
			d.t.Fatal(err)
		}
		if letter, err := key.Open(envelope); err == nil {
			letters = append(letters, letter)
		}
	}
	return letters
}

func TestWordsThatWaitToBeSealed(t *testing.T) {
	d := newDesk(t, "QZ-01")
	screen, _ := d.atTheBox()
	d.write("县纪委监委", "他收了钱", "")
	for _, onwards := range []string{"这一条填好了", "完成走访"} {
		d.tap(onwards)
		d.sees("这里的字还没有封存")
		if d.typed() != "他收了钱" {
			t.Fatalf("%s took the words away", onwards)
		}
	}
	screen.Leave() // the tablet is locked, or another program comes to the front
	if d.typed() != "" {
		t.Errorf("the box still holds %q", d.typed())
	}
	d.sees("刚才没封存的字已经清掉")
	d.tap("完成走访")
	d.sees("这一条还没有封存")
	if len(d.screens) != 2 {
		t.Error("a visit with an open box was finished")
	}
}

func TestEveryWayOffThePageClearsTheBox(t *testing.T) {
	for name, leave := range map[string]func(d *desk, s *view.Screen){
		"back":            func(_ *desk, s *view.Screen) { s.Back() },
		"another section": func(d *desk, _ *view.Screen) { d.tap("6 意见建议") },
		"cleared by hand": func(d *desk, _ *view.Screen) { d.tap("清掉") },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, "QZ-01")
			screen, _ := d.atTheBox()
			d.write("县信访局", "他收了钱", "电话")
			leave(d, screen)
			d.tap("4 问题登记")
			d.tap("修改")
			if d.typed() != "" {
				t.Errorf("the box still holds %q", d.typed())
			}
			if got, err := d.store.Envelopes(t.Context()); err != nil || got.Waiting != 0 {
				t.Errorf("Envelopes = %+v, %v", got, err)
			}
		})
	}
}

func TestAFailedSealKeepsTheWords(t *testing.T) {
	d := newDesk(t, "QZ-01")
	d.atTheBox()
	long := strings.Repeat("他", survey.MaxLetterText+1)
	d.tap("县纪委监委")
	fields(d.top().Body)[0].SetText(long)
	d.tap("封存")
	if len(d.complaints) != 1 || !strings.Contains(present.Say(d.complaints[0]), "字还在框里") || d.typed() != long {
		t.Errorf("complaints %v, %d bytes left", d.complaints, len(d.typed()))
	}
	if said := d.complaints[0].Error(); strings.Contains(said, "他他") {
		t.Errorf("the log would say %.100s", said)
	}
}

func TestThePaperEnvelope(t *testing.T) {
	d := newDesk(t, "QZ-01")
	d.atTheBox()
	d.tap("带回纸质信封")
	d.sees("请他自己写、自己封")
	d.tap("信封已留下，去掉这一条")
	d.hides("反映干部问题")
	if got, err := d.store.Envelopes(t.Context()); err != nil || got.Waiting != 0 {
		t.Errorf("Envelopes = %+v, %v", got, err)
	}
}

// TestRawFilesHoldNothingThatWasTypedIntoABox types letters in a used installation, seals some, leaves some, and looks
// into every file there is and was.
func TestRawFilesHoldNothingThatWasTypedIntoABox(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	var d *desk
	secrets := []string{"低保名单里有他小舅子", "青砖厂的地租给了他儿子", "夜里打这个电话找我外甥"}
	look := func(when string) {
		t.Helper()
		for _, dir := range []string{d.dir, temp} {
			for _, found := range grepFor(t, dir, append(secrets, "about_cadre")) {
				t.Errorf("%s: %s", when, found)
			}
		}
	}
	t.Cleanup(func() { look("closed") })
	d = newDesk(t, "QZ-01")
	screen, v := d.atTheBox()
	d.write("县信访局", secrets[0], secrets[2])
	d.wait() // what else was typed is kept now
	look("while it is typed")
	screen.Leave()
	look("after the tablet was locked")
	d.write("县信访局", secrets[1], secrets[2])
	screen.Back()
	d.tap("修改")
	look("after leaving the page")
	d.write("县信访局", secrets[0], secrets[2])
	d.tap("封存")
	look("sealed")
	id := v.Draft().ID
	lines, err := d.store.History(t.Context(), id)
	if err != nil || len(lines) == 0 {
		t.Fatalf("History = %v, %v", lines, err)
	}
	for _, line := range lines {
		if line.Change.Value == "about_cadre" {
			t.Error("the history of the draft tells of the box")
		}
	}
	for range 3 {
		if _, err := d.store.Undo(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if _, state, journal, err := d.store.LoadDraft(t.Context(), id); err != nil || bytes.Contains(state, []byte("about_cadre")) {
		t.Errorf("undone: %v, %v", journal, err)
	}
	look("undone")
	d.tap("否")
	d.tap("完成走访")
	if len(d.complaints) > 0 {
		t.Fatal(d.complaints)
	}
	look("finished")
}

// grepFor looks into every file under a folder for texts in UTF-8, both orders of UTF-16, and base64 at every offset.
func grepFor(t *testing.T, dir string, texts []string) (found []string) {
	t.Helper()
	needles := map[string]string{}
	for _, text := range texts {
		var little, big []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			little, big = append(little, byte(unit), byte(unit>>8)), append(big, byte(unit>>8), byte(unit))
		}
		needles[text], needles[string(little)], needles[string(big)] = text, text, text
		for shift := range 3 {
			encoded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), text...))
			needles[encoded[4:len(encoded)-4]] = text + " in base64"
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for needle, text := range needles {
			if bytes.Contains(data, []byte(needle)) {
				found = append(found, filepath.Base(path)+" holds "+text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestGrepForHasTeeth(t *testing.T) {
	const secret = "低保名单里有他小舅子"
	var wide []byte
	for _, unit := range utf16.Encode([]rune(secret)) {
		wide = append(wide, byte(unit>>8), byte(unit))
	}
	for _, data := range []string{
		secret, string(wide), base64.StdEncoding.EncodeToString([]byte("x" + secret + "yz")), base64.StdEncoding.EncodeToString([]byte("xy" + secret)),
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "f"), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if len(grepFor(t, dir, []string{secret})) != 1 {
			t.Errorf("%q is not found", data)
		}
	}
}
