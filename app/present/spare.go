package present

import (
	"fmt"
	"strings"
	"time"

	"zoucun/survey"
)

// SpareOf says how it stands with the second copy, and what a person has to do for it.
func SpareOf(s survey.Spare, now time.Time) Status {
	switch s.State {
	case survey.SpareOff:
		return Status{"还没有第二份。选一个存储卡或U盘上的文件夹，没送达的内容会自动在那里再存一份，加了密。平板丢了，找到卡就不丢内容。", Busy}
	case survey.SpareNoKey:
		return Status{"县里还没有登记恢复钥匙，现在不能存第二份。请联系乡镇管理员；内容在本机是全的。", Trouble}
	case survey.SpareTrouble:
		return Status{Say(s.Err) + spareSince(s, now), Trouble}
	case survey.SpareWriting:
		return Status{"正在存第二份……" + spareSince(s, now), Busy}
	case survey.SpareKept:
	}
	return Status{fmt.Sprintf("第二份是全的，%s 核对过。%s", Moment(s.Verified, now), spareHolds(s)), Safe}
}

// WithSpare adds to the line every screen carries that there is no second copy of what it speaks of, where a person has
// asked for one.
func WithSpare(status Status, s survey.Spare) Status {
	if s.State == survey.SpareTrouble {
		status.Words += "；第二份没有存上，请看“设置”"
	}
	return status
}

func spareSince(s survey.Spare, now time.Time) string {
	if s.Verified == 0 {
		return ""
	}
	return fmt.Sprintf("（上一次存全是 %s）", Moment(s.Verified, now))
}

func spareHolds(s survey.Spare) string {
	var parts []string
	for _, part := range []struct {
		n    int
		word string
	}{{s.Entries, "记录 %d 条"}, {s.Drafts, "草稿 %d 份"}, {s.Files, "附件 %d 个"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf(part.word, part.n))
		}
	}
	if len(parts) == 0 {
		return "现在没有需要存的内容。"
	}
	return fmt.Sprintf("里面有%s，共 %s。", strings.Join(parts, "，"), size(s.Bytes))
}

func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// SayHome says what a bundle brought home.
func SayHome(h survey.Homecoming) string {
	switch {
	case h.Receipt && h.Entries == 0:
		return "这份回执里的内容本机早已知道，没有变动。"
	case h.Receipt:
		return fmt.Sprintf("回执已接收：又有 %d 条记录确认送达。", h.Entries)
	case h.Drafts == 0:
		return "这些草稿本机都已经有了，没有变动。"
	}
	words := fmt.Sprintf("已接收 %d 份草稿，可以在“我的记录”里接着填。", h.Drafts)
	if h.KnownDrafts > 0 {
		words += fmt.Sprintf("另有 %d 份本机已经有了。", h.KnownDrafts)
	}
	if h.Missing > 0 {
		words += fmt.Sprintf("有 %d 个附件没有带来，请重新拍。", h.Missing)
	}
	return words
}

// SayExported says what was copied out, and what to do with it.
func SayExported(e survey.Exported) string {
	if len(e.Files) == 0 {
		return "没有要拷的内容：完成的走访都已送达。"
	}
	return fmt.Sprintf("已拷贝：记录 %d 条，附件 %d 个，共 %s，分 %d 个文件，逐个读回核对过。请把U盘交给乡镇导入；收到回执以前，本机的内容会一直留着。",
		e.Entries, e.Attachments, size(e.Bytes), len(e.Files))
}
