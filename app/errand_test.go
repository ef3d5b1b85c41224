package app

import (
	"context"
	"crypto/sha256"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/survey"
)

// settled waits until a screen says something: what it shows is read away from its goroutine.
func settled(t *testing.T, p *program, words string) {
	t.Helper()
	for range 200 {
		if says(p.shell.window.Content(), words) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the screen does not say %q", words)
}

// picture keeps what is on the screen where somebody asks to see it.
func picture(t *testing.T, p *program, name string) {
	t.Helper()
	dir := os.Getenv("ZOUCUN_PICTURES")
	if dir == "" {
		return
	}
	f, err := os.Create(dir + "/" + name + ".png")
	if err == nil {
		err = png.Encode(f, p.shell.window.Canvas().Capture())
	}
	if err != nil {
		t.Error(err)
	}
}

// The screen says what is carried for others, opens a meeting and closes it when it is left.
func TestTheScreenOfErrands(t *testing.T) {
	p := spareProgram(t)
	file := []byte("捎带的内容")
	if err := p.store.TakeErrand(t.Context(), sha256.Sum256(file), survey.NewID[survey.DeviceID](), file); err != nil {
		t.Fatal(err)
	}
	p.goHome(p.store.Villages()[0].ID)
	p.openSettings()
	picture(t, p, "settings")
	p.shell.Push(p.errandScreen())
	for _, words := range []string{"替 1 台平板带着 1 个数据包", "交给它带走", "打开，替别人带", "从U盘选一个数据包带走"} {
		settled(t, p, words)
	}
	picture(t, p, "errands")
	meeting, err := p.carry.meet(func(int) {})
	if survey.KindOf(err) == survey.Unavailable {
		t.Skip("this machine is on no network")
	}
	if err != nil {
		t.Fatal(err)
	}
	invite, _ := present.ReadQR(pngOf(t, meeting))
	if !strings.HasPrefix(invite, "zoucun:errand?") {
		t.Errorf("the QR code says %q", invite)
	}
	// Whoever meets without anything to give is told so, and one who is nobody is refused.
	hand := &present.Errands{Give: func(_ context.Context, address, code string, pin survey.Hash) (survey.Given, error) {
		if address != meeting.Address || code != meeting.Code || pin.IsZero() {
			t.Errorf("the invitation leads to %s with %s", address, code)
		}
		return survey.Given{}, nil
	}}
	if _, err := hand.Hand(t.Context(), invite, ""); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"", "zoucun:relay?a=x&p=" + survey.Hash{}.String(), "zoucun:x"} {
		if _, err := hand.Hand(t.Context(), wrong, "0"); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	closed := false
	opened := meeting
	opened.Close = func() { closed = true }
	screen := field.NewErrands(p.host, field.ErrandSpec{OnTaken: func() {}, Presenter: &present.Errands{
		ErrandBook: p.store, Open: func(func(int)) (present.Meeting, error) { return opened, nil },
	}})
	p.shell.Push(screen)
	settled(t, p, "打开，替别人带")
	if !tapAnywhere(p.shell.window.Content(), "打开，替别人带") {
		t.Fatal("nothing to tap")
	}
	for _, words := range []string{meeting.Address, meeting.Code, "等着对方来交"} {
		settled(t, p, words)
	}
	picture(t, p, "meeting")
	p.shell.Back()
	if !closed {
		t.Error("the meeting goes on after its screen was left")
	}
	meeting.Close()
}

func TestTheWordsOfErrands(t *testing.T) {
	now := time.Date(2026, 11, 26, 15, 0, 0, 0, time.Local)
	for want, e := range map[string]survey.Errands{
		"替 2 台平板带着 3 个数据包": {Devices: 2, Files: 3, Bytes: 4 << 20},
		"授权已被收回":           {Devices: 1, Files: 1, Trouble: "本机的授权已被收回，不能再替别人交数据包。"},
		"替别人交到县里 2 个数据包":   {Taken: 2},
		"有 1 个数据包县里用不了":    {Refused: 1},
		"12 条记录已交给别的平板带走":  {Given: 12, GivenAt: survey.MillisOf(now)},
	} {
		var said strings.Builder
		for _, line := range present.ErrandLines(e, now) {
			said.WriteString(line.Words)
		}
		if !strings.Contains(said.String(), want) {
			t.Errorf("%+v says %q, want %q", e, said.String(), want)
		}
	}
	for want, g := range map[string]survey.Given{
		"已交出记录 3 条":  {Entries: 3, Errands: 1},
		"没有要交的内容":    {},
		"对方带的已经满了":   {Full: true},
		"又有 5 条记录确认": {Home: 5},
		"太大，不能捎带":    {Larger: 1, Errands: 1},
	} {
		if said := present.SayGiven(g); !strings.Contains(said, want) {
			t.Errorf("%+v says %q, want %q", g, said, want)
		}
	}
}

func pngOf(t *testing.T, m present.Meeting) []byte {
	t.Helper()
	var raw strings.Builder
	if err := png.Encode(&raw, m.Picture); err != nil {
		t.Fatal(err)
	}
	return []byte(raw.String())
}
