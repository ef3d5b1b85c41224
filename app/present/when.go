package present

import (
	"fmt"
	"time"

	"zoucun/survey"
)

// Moment says when something was, as briefly as now allows: 15:04 today, 11月22日 15:04 this year, with the year before.
func Moment(at survey.Millis, now time.Time) string {
	if at == 0 {
		return "从未"
	}
	t := at.Time().In(now.Location())
	switch clock := t.Format("15:04"); {
	case sameDay(t, now):
		return "今天 " + clock
	case sameDay(t, now.AddDate(0, 0, -1)):
		return "昨天 " + clock
	case t.Year() == now.Year():
		return fmt.Sprintf("%d月%d日 %s", t.Month(), t.Day(), clock)
	}
	return Day(at, now)
}

// Day says on which day something was.
func Day(at survey.Millis, now time.Time) string {
	t := at.Time().In(now.Location())
	return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// A device's date outside these years is not what it says: the program is newer than the one, and out of use by the
// other.
const firstYear, lastYear = 2026, 2037

// ClockTrouble says that the device's date cannot be right, and that nothing is lost by it; nothing while it may be.
func ClockTrouble(now time.Time) string {
	if now.Year() >= firstYear && now.Year() <= lastYear {
		return ""
	}
	return fmt.Sprintf("这台机器的日期是 %s，多半不对，请在系统设置里改对。填表、保存、解锁都不受影响，只是表上的日期会跟着错。",
		Day(survey.MillisOf(now), now))
}
