package present

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"zoucun/survey"
	"zoucun/sync/wire"
)

func TestStatusSaysWhatIsSafeWhere(t *testing.T) {
	now := noon
	synced := survey.MillisOf(now.Add(-time.Hour))
	tests := []struct {
		fact string
		kept survey.Safekeeping
		p    survey.Progress
		want string
		tone Tone
	}{
		{"never met a server", survey.Safekeeping{}, survey.Progress{}, "还没有与服务器联系过", Busy},
		{"finished without network", survey.Safekeeping{Waiting: 3}, survey.Progress{}, "3 份已存在本机，等待网络", Busy},
		{"sending", survey.Safekeeping{Waiting: 40}, survey.Progress{Activity: survey.Sending, Done: 12, Total: 40}, "正在发送 12/40", Busy},
		{
			"trying again",
			survey.Safekeeping{Waiting: 2},
			survey.Progress{Activity: survey.Backoff, Until: survey.MillisOf(now.Add(30 * time.Second))},
			"2 份已存在本机，等待网络，30 秒后再试", Busy,
		},
		{"all is there", survey.Safekeeping{Delivered: 5}, survey.Progress{LastSync: synced}, "全部已送达（今天 11:00）", Safe},
		{
			"nothing to send while the server is away",
			survey.Safekeeping{Delivered: 5},
			survey.Progress{Activity: survey.Backoff, LastSync: synced},
			"全部已送达（今天 11:00）", Safe,
		},
		{
			"the server refuses",
			survey.Safekeeping{Waiting: 1},
			survey.Progress{Activity: survey.Stopped, Err: &survey.Error{Kind: survey.Denied, Message: "本机已停用。"}},
			"1 份已存在本机，本机已停用。", Trouble,
		},
		{"a draft besides", survey.Safekeeping{Delivered: 5, Drafts: 1}, survey.Progress{LastSync: synced}, "全部已送达，1 份草稿存在本机（今天 11:00）", Safe},
		{"photos follow", survey.Safekeeping{Files: 2}, survey.Progress{}, "2 个附件已存在本机，等待网络", Busy},
		{"half of the bytes", survey.Safekeeping{Files: 2}, survey.Progress{Activity: survey.Uploading, Done: 5, Total: 10}, "正在发送照片和签名 50%", Busy},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			got := StatusOf(test.kept, test.p, now)
			if got.Words != test.want || got.Tone != test.tone {
				t.Errorf("got %+v, want %q, %v", got, test.want, test.tone)
			}
		})
	}
}

func TestNothingIsCalledDeliveredThatWaits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kept := survey.Safekeeping{Waiting: rapid.IntRange(1, 99).Draw(t, "waiting"), Delivered: rapid.IntRange(0, 99).Draw(t, "delivered")}
		p := survey.Progress{
			Activity: survey.Activity(rapid.IntRange(0, int(survey.Stopped)).Draw(t, "activity")),
			Done:     rapid.Int64Range(0, 99).Draw(t, "done"), Total: rapid.Int64Range(0, 99).Draw(t, "total"),
			LastSync: survey.MillisOf(noon), Err: errors.New("x"),
		}
		if got := StatusOf(kept, p, noon); got.Tone == Safe || strings.Contains(got.Words, "全部已送达") {
			t.Fatalf("%+v with %d waiting", got, kept.Waiting)
		}
	})
}

func TestSayIsChinese(t *testing.T) {
	for kind := survey.Internal; kind <= survey.Damaged; kind++ {
		said := Say(&survey.Error{Kind: kind, Op: "store.SaveChange", Err: errors.New("disk I/O error")})
		if !strings.HasSuffix(said, "。") || strings.ContainsFunc(said, func(r rune) bool { return r < 0x80 && unicode.IsLetter(r) }) {
			t.Errorf("%v: %q", kind, said)
		}
	}
	if got := Say(errors.New("EOF")); strings.Contains(got, "EOF") {
		t.Errorf("a foreign error is shown: %q", got)
	}
	if got := Say(&survey.Error{Kind: survey.Full, Message: "满了。"}); got != "满了。" {
		t.Errorf("the sentence that came with the error is lost: %q", got)
	}
	if Say(nil) != "" {
		t.Error("no error says something")
	}
}

func TestMoments(t *testing.T) {
	for _, test := range []struct {
		at   time.Time
		want string
	}{
		{noon.Add(-time.Hour), "今天 11:00"},
		{noon.Add(-24 * time.Hour), "昨天 12:00"},
		{noon.AddDate(0, -1, 0), "10月22日 12:00"},
		{noon.AddDate(-1, 0, 0), "2025年11月22日"},
	} {
		if got := Moment(survey.MillisOf(test.at), noon); got != test.want {
			t.Errorf("Moment(%v) = %q, want %q", test.at, got, test.want)
		}
	}
	if got := Moment(0, noon); got != "从未" {
		t.Errorf("Moment of never = %q", got)
	}
}

func TestFormNumberFindsSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grant := survey.Grant{County: uint32(rapid.IntRange(110000, 659999).Draw(t, "county")), Device: survey.NewID[survey.DeviceID]()}
		number := FormNumber("QZ-01", grant, noon, rapid.IntRange(1, 9999).Draw(t, "running"))
		if !CheckFormNumber(number) || len(number) != len("QZ-421122-2026-KTHM-0012-T") {
			t.Fatalf("FormNumber = %q", number)
		}
		wrong := []byte(number)
		i := rapid.IntRange(3, len(wrong)-4).Draw(t, "place")
		if rapid.Bool().Draw(t, "swap") {
			wrong[i], wrong[i+1] = wrong[i+1], wrong[i]
		} else {
			wrong[i] = another(t, wrong[i])
		}
		if string(wrong) != number && CheckFormNumber(string(wrong)) && !strings.Contains(number[i:i+2], "-") {
			t.Fatalf("%s passes for %s", wrong, number)
		}
	})
}

// another draws a different character of the same kind.
func another(t *rapid.T, b byte) byte {
	alphabet := letters
	switch {
	case b == '-':
		return b
	case b <= '9':
		alphabet = "0123456789"
	}
	return rapid.SampledFrom([]byte(alphabet)).Draw(t, "letter")
}

func FuzzCheckFormNumber(f *testing.F) {
	f.Add("QZ-421122-2026-KTHM-0012-T")
	f.Add("")
	f.Add("-")
	f.Fuzz(func(t *testing.T, s string) {
		if CheckFormNumber(s) && len(s) < 3 {
			t.Errorf("%q passes", s)
		}
	})
}

// enroller remembers what it was asked.
type enroller struct{ server, code string }

func (e *enroller) Enrol(_ context.Context, invite wire.Invite) (survey.Enrolment, error) {
	e.server, e.code = invite.Address, invite.Code
	return survey.Enrolment{Server: invite.Address}, nil
}

func TestEnrolTakesWhatAnInputMethodTypes(t *testing.T) {
	e := &enroller{}
	if _, err := NewEnrol(e).Submit(t.Context(), " 192。168。1。10：8443 ", "7k3m－q2xw－90ab"); err != nil {
		t.Fatal(err)
	}
	if e.server != "192.168.1.10:8443" || e.code != "7k3m-q2xw-90ab" {
		t.Errorf("passed on %q, %q", e.server, e.code)
	}
	for _, typed := range [][2]string{{"", "7k3m"}, {"host", " "}} {
		*e = enroller{}
		_, err := NewEnrol(e).Submit(t.Context(), typed[0], typed[1])
		if survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" || e.server+e.code != "" {
			t.Errorf("Submit(%q) = %v, asked %+v", typed, err, e)
		}
	}
}
