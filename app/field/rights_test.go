package field

import (
	"context"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/report"
	"zoucun/survey"
)

// look lays the screen on top out in a window, and keeps its picture where ZOUCUN_PICTURES says.
func (d *desk) look(name string, size ...float32) {
	d.t.Helper()
	w := test.NewWindow(d.top().Body)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(800, 1100))
	if len(size) == 2 {
		w.Resize(fyne.NewSize(size[0], size[1]))
	}
	d.t.Cleanup(w.Close)
	dir := os.Getenv("ZOUCUN_PICTURES")
	if dir == "" {
		return
	}
	file, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, w.Canvas().Capture()); err != nil {
		d.t.Fatal(err)
	}
}

// rightsOf is the screen for the first household, and where its page goes.
func (d *desk) rightsOf(page *[]byte) (survey.RecordID, *view.Screen) {
	self, _, err := d.store.Enrolment(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	home := d.store.SearchHouseholds(d.store.Villages()[0].ID, "", 1)[0].ID
	return home, NewRights(d.host, RightsSpec{
		Presenter: present.NewRights(d.store, home, self.Grant.Person),
		Words: func(_ context.Context, held []survey.Holding) (report.Dossier, error) {
			return report.DossierOf(held, report.Data{}, d.now), nil
		},
		Save: func(name string, data []byte) {
			*page = data
			if strings.ContainsFunc(name, func(r rune) bool { return r > 0x9fff }) || !strings.HasSuffix(name, ".html") || !strings.HasPrefix(name, "本户信息-2026") {
				d.t.Errorf("the page is called %q", name)
			}
		},
	})
}

// act taps the button of the bar with these words.
func (d *desk) act(text string) {
	d.t.Helper()
	for _, action := range d.top().Actions {
		if action.Text == text {
			action.OnTap()
			return
		}
	}
	d.t.Fatalf("no action %q", text)
}

func (d *desk) looks(home survey.RecordID) (looks []survey.Access) {
	d.t.Helper()
	held, err := d.store.Held(d.t.Context(), home)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, h := range held {
		if h.Record.Type == survey.TypeAccess {
			looks = append(looks, survey.AccessOf(h.Record, h.First().Header.Author))
		}
	}
	return looks
}

func TestNothingIsShownWithoutAReason(t *testing.T) {
	d := newDesk(t)
	var page []byte
	home, screen := d.rightsOf(&page)
	d.Push(screen)
	d.look("rights-why")
	d.act("查看")
	d.sees("请先选一个原因。")
	d.tap("其他")
	d.act("查看")
	d.sees("请写明为什么要看")
	if len(d.screens) != 1 || len(d.looks(home)) > 0 {
		t.Fatal("something was shown, or noted, before there was a reason")
	}
	d.tap("群众要求查看")
	d.act("查看")
	if looks := d.looks(home); len(looks) != 1 || looks[0].Reason != "群众要求查看" || looks[0].Act != survey.ActShow || looks[0].Person.IsZero() {
		t.Fatalf("looks %+v", looks)
	}
	d.sees("户　")
	d.sees("登记")
	d.look("rights-held")
	d.act("存成一页")
	if !strings.Contains(string(page), "您的权利") || len(d.looks(home)) != 2 {
		t.Errorf("page of %d bytes, %d looks", len(page), len(d.looks(home)))
	}
}

func TestCorrectionKeepsWhatWasThere(t *testing.T) {
	d := newDesk(t)
	var page []byte
	home, screen := d.rightsOf(&page)
	before, err := d.store.Household(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	d.Push(screen)
	d.tap("核对更正")
	d.act("查看")
	d.act("更正")
	d.act("保存更正")
	d.sees("请先选要更正哪一项。")
	d.tap("电话")
	d.sees("现在登记的：")
	d.look("rights-correct")
	d.act("保存更正")
	d.sees("没有要更正的")
	if len(d.complaints) > 0 {
		t.Errorf("complaints %v", d.complaints)
	}
	p := present.NewRights(d.store, home, survey.PersonID{})
	fields, err := p.Correctables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []struct {
		field         int
		value, reason string
	}{{2, "13912345678", ""}, {0, "", "试"}, {3, "一百", "试"}, {3, "100", "试"}, {1, strings.Repeat("长", 51), "试"}} {
		if err := p.Correct(t.Context(), fields[wrong.field], wrong.value, wrong.reason); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	self, _, _ := d.store.Enrolment(t.Context())
	mine := present.NewRights(d.store, home, self.Grant.Person)
	if err := mine.Correct(t.Context(), fields[2], "13912345678", "本人说号码换了"); err != nil {
		t.Fatal(err)
	}
	held, err := mine.Again(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dossier := report.DossierOf(held, report.Data{}, d.now)
	step := dossier.Parts[0].History[len(dossier.Parts[0].History)-1]
	if now, err := d.store.Household(t.Context(), home); err != nil || now.Phone != "13912345678" || now.Head != before.Head || step.Note != "本人说号码换了" {
		t.Errorf("household %+v, %v, last step %+v", now, err, step)
	}
}

func TestCardLeadsToTheHouseholdsRights(t *testing.T) {
	d := newDesk(t)
	var asked survey.RecordID
	screen := NewHome(d.host, HomeSpec{
		Households: present.NewHouseholds(d.store, d.store.Villages()[0].ID), Facts: d.store,
		OnVisit: func(survey.RecordID) {}, OnResume: func(survey.DraftID) {}, OnRights: func(id survey.RecordID) { asked = id },
	})
	d.show(screen, 1280, 800)
	home := d.store.SearchHouseholds(d.store.Villages()[0].ID, "", 1)[0]
	d.tap(home.Head)
	d.look("rights-card")
	d.tap("本户信息（查看、更正、给本人一份）")
	if asked != home.ID {
		t.Errorf("asked for %v, want %v", asked, home.ID)
	}
}

// goneFacts knows nothing of any household any more.
type goneFacts struct{ present.HouseholdFacts }

func (goneFacts) Household(context.Context, survey.RecordID) (survey.Household, error) {
	return survey.Household{}, &survey.Error{Kind: survey.NotFound, Op: "test"}
}

func TestCardOfAnErasedHouseholdCloses(t *testing.T) {
	d := newDesk(t)
	spec := HomeSpec{
		Households: present.NewHouseholds(d.store, d.store.Villages()[0].ID), Facts: goneFacts{d.store},
		OnVisit: func(survey.RecordID) {}, OnResume: func(survey.DraftID) {},
	}
	d.show(NewHome(d.host, spec), 1280, 800)
	d.tap(d.store.SearchHouseholds(d.store.Villages()[0].ID, "", 1)[0].Head)
	d.sees("请在户名单里点一户")
	if len(d.complaints) > 0 {
		t.Errorf("complaints %v", d.complaints)
	}
}
