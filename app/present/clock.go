package present

import (
	"fmt"
	"time"

	"zoucun/survey"
)

// clockOffBy is by how much a clock may be off before anybody is told.
const clockOffBy = 10 * time.Minute

// ClockOff says that the device's clock is off, or nothing where it is not by much.
func ClockOff(skew time.Duration) string {
	off := skew.Abs()
	if off <= clockOffBy {
		return ""
	}
	return "本机时间与服务器差 " + span(off) + "，请在系统设置里校正。记录照常保存和发送。"
}

func span(d time.Duration) string {
	switch minutes := int(d.Round(time.Minute).Minutes()); {
	case minutes < 120:
		return fmt.Sprintf("%d 分钟", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("%d 小时", minutes/60)
	default:
		return fmt.Sprintf("%d 天", minutes/(24*60))
	}
}

// Lease says that the device has been without its server for too long, or nothing where it has not: ends is when that
// begins, 0 where it never does.
func Lease(ends survey.Millis, now time.Time) string {
	if ends == 0 || !now.After(ends.Time()) {
		return ""
	}
	return "已超过 30 天没有联系上服务器。请到有网络的地方联网一次，或联系乡镇管理员；本机的记录都还在，可以照常填写。"
}
