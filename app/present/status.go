package present

import (
	"fmt"
	"time"

	"zoucun/survey"
)

// Tone says how a status is meant, so that a screen can colour it.
type Tone int

// Tones.
const (
	Safe    Tone = iota // everything is where it belongs
	Busy                // something is under way or waits its turn
	Trouble             // a person must do something
)

// Status is the line every screen carries: what is safe where.
type Status struct {
	Words string
	Tone  Tone
}

// StatusOf says what is safe where and what is being done about the rest.
//
//	             nothing waits            something waits
//	idle         全部已送达，m 份草稿存在本机（时间）  n 份已存在本机，等待网络
//	under way    正在……                   正在……
//	back-off     全部已送达（时间）          n 份已存在本机，等待网络，t 秒后再试
//	stopped      what the server said; n 份 stay safe on the device
//
// Where receiving points have brought the latest of what others wrote, until when that is stands in place of the time.
// Delivered says 县里已备份 of what is held off the server's machine too. A clock that is off is said besides, unless
// something is under way.
func StatusOf(k survey.Safekeeping, p survey.Progress, now time.Time) Status {
	status := progressOf(k, p, now)
	if off := ClockOff(p.Skew); off != "" && (p.Activity == survey.Idle || p.Activity == survey.Backoff) {
		return Status{status.Words + "。" + off, Trouble}
	}
	return status
}

// progressOf is the status but for the clock.
func progressOf(k survey.Safekeeping, p survey.Progress, now time.Time) Status {
	waiting := k.Waiting > 0 || k.Files > 0
	switch p.Activity {
	case survey.Connecting:
		return Status{kept(k) + "正在连接服务器", Busy}
	case survey.Sending:
		return Status{fmt.Sprintf("正在发送 %d/%d", p.Done, p.Total), Busy}
	case survey.Relaying:
		return Status{fmt.Sprintf("正在交给乡镇接收点 %d/%d", p.Done, p.Total), Busy}
	case survey.Carrying:
		return Status{fmt.Sprintf("正在替别人交 %d 个数据包", p.Total), Busy}
	case survey.Fetching:
		return Status{fetching(p), Busy}
	case survey.Uploading:
		return Status{fmt.Sprintf("正在发送照片和签名 %d%%", percent(p.Done, p.Total)), Busy}
	case survey.Stopped:
		return Status{kept(k) + Say(p.Err), Trouble}
	case survey.Backoff:
		if waiting {
			return Status{kept(k) + "等待网络，" + again(p.Until, now), Busy}
		}
		if p.LastSync == 0 && k.AsOf > 0 {
			return Status{handedDown(k, now) + "，" + again(p.Until, now), Busy}
		}
		if p.LastSync == 0 {
			return Status{"还没有连上服务器，" + again(p.Until, now), Busy}
		}
	case survey.Idle:
		if waiting {
			return Status{kept(k) + "等待网络", Busy}
		}
	}
	if k.Delivered == 0 && p.LastSync == 0 {
		return Status{"还没有与服务器联系过", Busy}
	}
	return Status{delivered(k, p, now), Safe}
}

// kept says what is only here, and that it is safe.
func kept(k survey.Safekeeping) string {
	switch {
	case k.Waiting > 0 && k.Relayed > 0:
		return fmt.Sprintf("%d 份已存在本机，其中 %d 份乡镇已收，", k.Waiting, k.Relayed)
	case k.Waiting > 0:
		return fmt.Sprintf("%d 份已存在本机，", k.Waiting)
	case k.Files > 0:
		return fmt.Sprintf("%d 个附件已存在本机，", k.Files)
	}
	return ""
}

func fetching(p survey.Progress) string {
	if p.Total > 0 {
		return fmt.Sprintf("正在接收 %d/%d", p.Done, p.Total)
	}
	return fmt.Sprintf("正在接收，已收到 %d 条", p.Done)
}

func again(until survey.Millis, now time.Time) string {
	left := until.Time().Sub(now).Round(time.Second)
	switch {
	case left <= 0:
		return "正在再试"
	case left < 2*time.Minute:
		return fmt.Sprintf("%d 秒后再试", int(left.Seconds()))
	}
	return fmt.Sprintf("%d 分钟后再试", int(left.Minutes()))
}

func delivered(k survey.Safekeeping, p survey.Progress, now time.Time) string {
	drafts := ""
	if k.Drafts > 0 {
		drafts = fmt.Sprintf("，%d 份草稿存在本机", k.Drafts)
	}
	switch {
	case k.AsOf > p.LastSync && k.Delivered == 0:
		return fmt.Sprintf("没有要发送的内容%s（%s）", drafts, handedDown(k, now))
	case k.AsOf > p.LastSync:
		return fmt.Sprintf("全部已送达%s%s（%s）", backedUp(k), drafts, handedDown(k, now))
	case k.Delivered == 0:
		return fmt.Sprintf("没有要发送的内容%s（%s 与服务器核对过）", drafts, Moment(p.LastSync, now))
	case p.LastSync == 0:
		return "全部已送达" + backedUp(k) + drafts
	}
	return fmt.Sprintf("全部已送达%s%s（%s）", backedUp(k), drafts, Moment(p.LastSync, now))
}

// handedDown says until when what others wrote is here, where receiving points have brought the latest of it.
func handedDown(k survey.Safekeeping, now time.Time) string {
	return "已从接收点收到" + Moment(k.AsOf, now) + " 前的内容"
}

// backedUp says what the server holds off its own machine, and what waits there for a person's judgement.
func backedUp(k survey.Safekeeping) string {
	words := ""
	switch {
	case k.Durable >= k.Delivered:
		words = "，县里已备份"
	case k.Durable > 0:
		words = fmt.Sprintf("，其中 %d 份县里已备份", k.Durable)
	}
	if k.Apart > 0 {
		words += fmt.Sprintf("，%d 份由乡镇核对", k.Apart)
	}
	return words
}

func percent(done, total int64) int64 {
	if total <= 0 {
		return 0
	}
	return min(100, done*100/total)
}
