package workbench

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"zoucun/survey"
)

// Arriving is where what came in is noted.
type Arriving interface {
	Arrivals(ctx context.Context, since survey.Millis) ([]survey.Arrival, error)
}

// Inbox says what came in (收件).
type Inbox struct {
	arriving Arriving
	words    *Words
	now      survey.Clock
}

// NewInbox returns the inbox.
func NewInbox(a Arriving, w *Words, now survey.Clock) *Inbox {
	return &Inbox{arriving: a, words: w, now: now}
}

// InboxLine is a line of the inbox.
type InboxLine struct{ Title, Detail, Tag string }

// ArrivalDay is what came in on one day.
type ArrivalDay struct {
	Name  string
	Lines []InboxLine
}

// arrivalDays is how far back the inbox shows.
const arrivalDays = 14

// Came returns what came in lately, day by day, the latest first.
func (b *Inbox) Came(ctx context.Context) ([]ArrivalDay, error) {
	now := b.now()
	all, err := b.arriving.Arrivals(ctx, survey.MillisOf(now.AddDate(0, 0, -arrivalDays)))
	if err != nil {
		return nil, err //nolint:wrapcheck // the store has named it
	}
	var days []ArrivalDay
	for _, a := range all {
		what := amounts(a)
		if what == "" {
			continue
		}
		name := dayName(a.Last, now)
		if n := len(days); n == 0 || days[n-1].Name != name {
			days = append(days, ArrivalDay{Name: name})
		}
		last := &days[len(days)-1]
		last.Lines = append(last.Lines, InboxLine{
			Title: b.words.person(a.Person), Tag: roads[a.Road],
			Detail: joined(" · ", what, clock(a.Last, now), "设备 "+deviceMark(a.Device)),
		})
	}
	return days, nil
}

// roads are what people call the roads.
var roads = map[survey.Road]string{survey.RoadNetwork: "网络", survey.RoadRelay: "接收点"}

func amounts(a survey.Arrival) string {
	return joined("，", amount(a.Visits, "次走访"), amount(a.Problems, "个问题"), amount(a.Households, "户"), amount(a.Others, "条其他记录"))
}

func amount(n int, unit string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, unit)
}

func dayName(at survey.Millis, now time.Time) string {
	switch date(at, now) {
	case date(survey.MillisOf(now), now):
		return "今天"
	case date(survey.MillisOf(now.AddDate(0, 0, -1)), now):
		return "昨天"
	}
	return date(at, now)
}

func clock(at survey.Millis, now time.Time) string {
	return at.Time().In(now.Location()).Format("15:04")
}

// deviceMark is enough of a device's identifier to tell it from the others of a township.
func deviceMark(id survey.DeviceID) string {
	text := id.String()
	return text[len(text)-6:]
}

// Brought says what each device has brought to this laptop and how far that has come.
func (b *Inbox) Brought(all []survey.Brought) []InboxLine {
	lines := make([]InboxLine, len(all))
	for i, r := range all {
		tag := ""
		switch {
		case r.Entries == 0:
		case r.Signed == r.Entries:
			tag = "✓✓ 县里已收"
		default:
			tag = "✓ 乡镇已收"
		}
		files := ""
		if r.Files > 0 {
			files = fmt.Sprintf("附件 %d/%d", r.FilesWhole, r.Files)
		}
		signed := ""
		if r.Signed > 0 && r.Signed < r.Entries {
			signed = fmt.Sprintf("其中 %d 条县里已签收", r.Signed)
		}
		took := "还没有交来新的内容"
		if r.Entries > 0 {
			took = fmt.Sprintf("收到 %d 条", r.Entries)
		}
		lines[i] = InboxLine{
			Title: cmp.Or(r.Name, b.words.person(r.Person)), Tag: tag,
			Detail: joined(" · ", joined("，", took, signed), files, clock(r.Seen, b.now())+" 来过", "设备 "+deviceMark(r.Device)),
		}
	}
	return lines
}

// Reached says when the receiving point last reached the county.
func (b *Inbox) Reached(at survey.Millis) string {
	if at == 0 {
		return "还没有连上过县里。收到的都存在本机，联网后自动转交。"
	}
	return "上次连上县里：" + day(at, b.now()) + "。收到的会自动转交，平板下次来时就知道县里收了没有。"
}

// Held says which bundles are kept for the county.
func (b *Inbox) Held(all []survey.HeldBundle) []InboxLine {
	lines := make([]InboxLine, len(all))
	for i, h := range all {
		lines[i] = InboxLine{Title: date(h.Created, b.now()) + "写的数据包", Detail: heldDetail(h)}
		if len(h.Missing) > 0 {
			lines[i].Tag = fmt.Sprintf("缺 %d 卷", len(h.Missing))
		}
	}
	return lines
}

func heldDetail(h survey.HeldBundle) string {
	whole := fmt.Sprintf("共 %d 卷", h.Volumes)
	if len(h.Missing) > 0 {
		whole = fmt.Sprintf("共 %d 卷，还缺%s", h.Volumes, volumes(h.Missing))
	}
	stale := ""
	if h.Stale {
		stale = "是县里服务器重建以前写的，照样交给县里"
	}
	return joined(" · ", whole, bytesOf(h.Bytes), stale, "设备 "+deviceMark(h.Device))
}

// volumes names at most a few volumes.
func volumes(all []uint32) string {
	const few = 6
	var names []string
	for _, v := range all[:min(few, len(all))] {
		names = append(names, fmt.Sprint(v))
	}
	text := "第 " + strings.Join(names, "、") + " 卷"
	if len(all) > few {
		text += "等"
	}
	return text
}

func bytesOf(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// TakenIn says in a sentence what became of a bundle that was brought.
func TakenIn(t survey.TakenIn) string {
	switch {
	case t.Home != nil && t.Home.Receipt:
		return fmt.Sprintf("这是县里给本机的回执：新签收 %d 条。", t.Home.Entries)
	case t.Home != nil:
		return fmt.Sprintf("这是转交给本机的草稿：接下 %d 份，已有 %d 份。", t.Home.Drafts, t.Home.KnownDrafts)
	case t.Held == nil:
		return "没有收下什么。"
	}
	known := "收下了，存在本机。"
	if t.Known {
		known = "这一卷以前就收过，没有重复。"
	}
	if len(t.Held.Missing) > 0 {
		return known + fmt.Sprintf("这一套还缺%s，找到后再收一次。内容加密给县里，这里打不开。", volumes(t.Held.Missing))
	}
	return known + "内容加密给县里，这里打不开；请拷到U盘带给县里导入。"
}

// CopiedOut says in a sentence what was copied into a folder.
func CopiedOut(names []string) string {
	if len(names) == 0 {
		return "没有收下的数据包可拷。"
	}
	return fmt.Sprintf("已拷 %d 个数据包并读回核对过。带到县里导入；本机的还留着。", len(names))
}

// Exported says in a sentence what of this laptop's own work was copied into a folder.
func Exported(x survey.Exported) string {
	if len(x.Files) == 0 {
		return "本机写的县里都收到了，没有要拷的。"
	}
	return fmt.Sprintf("本机写的 %d 条、附件 %d 个已拷成 %d 个数据包，读回核对过。请带到县里导入。", x.Entries, x.Attachments, len(x.Files))
}
