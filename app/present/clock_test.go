package present

import (
	"strings"
	"testing"
	"time"

	"zoucun/survey"
)

func TestClockOff(t *testing.T) {
	for skew, want := range map[time.Duration]string{
		0:                               "",
		10 * time.Minute:                "",
		-10 * time.Minute:               "",
		37*time.Minute + 20*time.Second: "本机时间与服务器差 37 分钟，请在系统设置里校正。记录照常保存和发送。",
		-37 * time.Minute:               "本机时间与服务器差 37 分钟，请在系统设置里校正。记录照常保存和发送。",
		8 * time.Hour:                   "本机时间与服务器差 8 小时，请在系统设置里校正。记录照常保存和发送。",
		-5 * 365 * 24 * time.Hour:       "本机时间与服务器差 1825 天，请在系统设置里校正。记录照常保存和发送。",
	} {
		if got := ClockOff(skew); got != want {
			t.Errorf("ClockOff(%v) = %q, want %q", skew, got, want)
		}
	}
}

func TestStatusSaysWhatIsBackedUpAndWhatIsOff(t *testing.T) {
	synced := survey.MillisOf(noon.Add(-time.Hour))
	tests := []struct {
		fact string
		kept survey.Safekeeping
		p    survey.Progress
		want string
		tone Tone
	}{
		{"all is backed up", survey.Safekeeping{Delivered: 5, Durable: 5}, survey.Progress{LastSync: synced}, "全部已送达，县里已备份（今天 11:00）", Safe},
		{"some is", survey.Safekeeping{Delivered: 5, Durable: 3}, survey.Progress{LastSync: synced}, "全部已送达，其中 3 份县里已备份（今天 11:00）", Safe},
		{"some is judged", survey.Safekeeping{Delivered: 5, Apart: 1}, survey.Progress{LastSync: synced}, "全部已送达，1 份由乡镇核对（今天 11:00）", Safe},
		{"nothing was ever sent", survey.Safekeeping{}, survey.Progress{LastSync: synced}, "没有要发送的内容（今天 11:00 与服务器核对过）", Safe},
		{
			"the clock is off",
			survey.Safekeeping{Delivered: 5},
			survey.Progress{LastSync: synced, Skew: 37 * time.Minute},
			"全部已送达（今天 11:00）。本机时间与服务器差 37 分钟，请在系统设置里校正。记录照常保存和发送。", Trouble,
		},
		{
			"the clock is off while something is sent",
			survey.Safekeeping{Waiting: 3},
			survey.Progress{Activity: survey.Sending, Done: 1, Total: 3, Skew: time.Hour},
			"正在发送 1/3", Busy,
		},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			if got := StatusOf(test.kept, test.p, noon); got.Words != test.want || got.Tone != test.tone {
				t.Errorf("got %+v, want %q, %v", got, test.want, test.tone)
			}
		})
	}
}

func TestListSaysWhatIsKeptApart(t *testing.T) {
	lines := deliveryLines([]survey.Visit{
		{Title: "张三", Finished: survey.MillisOf(noon), Delivery: survey.Received, Apart: "这台设备的授权已被收回，之后写的内容由乡镇处理。"},
		{Title: "李四", Finished: survey.MillisOf(noon), Delivery: survey.Durable},
	}, noon)
	if lines[0].Flag != "乡镇核对" || !strings.HasSuffix(lines[0].Detail, "由乡镇处理。") || lines[1].Flag != "县里已备份" {
		t.Errorf("lines %+v", lines)
	}
}

func TestLease(t *testing.T) {
	for ends, says := range map[survey.Millis]bool{0: false, survey.MillisOf(noon): false, survey.MillisOf(noon.Add(-time.Minute)): true} {
		if got := Lease(ends, noon); got != "" != says {
			t.Errorf("Lease(%v) = %q", ends, got)
		}
	}
}
