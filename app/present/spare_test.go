package present

import (
	"strings"
	"testing"
	"time"

	"zoucun/survey"
)

func TestSpareOf(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := survey.MillisOf(now.Add(-2 * time.Hour))
	for _, test := range []struct {
		spare survey.Spare
		tone  Tone
		words string
	}{
		{survey.Spare{}, Busy, "还没有第二份"},
		{survey.Spare{State: survey.SpareNoKey}, Trouble, "县里还没有登记恢复钥匙，现在不能存第二份"},
		{survey.Spare{State: survey.SpareWriting, Verified: at}, Busy, "正在存第二份……（上一次存全是 今天 10:00）"},
		{survey.Spare{State: survey.SpareKept, Verified: at}, Safe, "第二份是全的，今天 10:00 核对过。现在没有需要存的内容。"},
		{survey.Spare{State: survey.SpareKept, Verified: at, Entries: 3, Files: 1, Bytes: 3 << 20}, Safe, "里面有记录 3 条，附件 1 个，共 3.0 MB。"},
		{
			survey.Spare{State: survey.SpareTrouble, Err: &survey.Error{Kind: survey.Full, Message: "第二份没有存上，内容在本机是全的。"}},
			Trouble, "第二份没有存上，内容在本机是全的。",
		},
	} {
		if got := SpareOf(test.spare, now); got.Tone != test.tone || !strings.Contains(got.Words, test.words) {
			t.Errorf("%+v: %+v", test.spare, got)
		}
	}
}

func TestWhatComesAndGoesHasWords(t *testing.T) {
	for want, got := range map[string]string{
		"早已知道":                      SayHome(survey.Homecoming{Receipt: true}),
		"又有 4 条记录确认送达":              SayHome(survey.Homecoming{Receipt: true, Entries: 4}),
		"都已经有了":                     SayHome(survey.Homecoming{KnownDrafts: 2}),
		"已接收 2 份草稿":                 SayHome(survey.Homecoming{Drafts: 2}),
		"有 1 个附件没有带来":               SayHome(survey.Homecoming{Drafts: 2, KnownDrafts: 1, Missing: 1}),
		"没有要拷的内容":                   SayExported(survey.Exported{}),
		"已拷贝：记录 5 条，附件 2 个，共 10 KB": SayExported(survey.Exported{Files: []string{"a"}, Entries: 5, Attachments: 2, Bytes: 10 << 10}),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestTheStatusLineHintsAtTheSecondCopy(t *testing.T) {
	line := Status{Words: "3 份已存在本机，等待网络", Tone: Busy}
	if got := WithSpare(line, survey.Spare{State: survey.SpareTrouble}); !strings.Contains(got.Words, "第二份没有存上") || got.Tone != Busy {
		t.Errorf("in trouble: %+v", got)
	}
	for _, state := range []survey.SpareState{survey.SpareOff, survey.SpareNoKey, survey.SpareWriting, survey.SpareKept} {
		if got := WithSpare(line, survey.Spare{State: state}); got != line {
			t.Errorf("state %d: %+v", state, got)
		}
	}
}
