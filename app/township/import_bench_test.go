package township

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoucun/app/workbench"
	"zoucun/internal/testkit/device"
	"zoucun/report/sheet"
	"zoucun/store"
	"zoucun/survey"
)

// BenchmarkImportRoster reads, compares and writes an .xlsx roster of 100,000 households; the goals are 30 s and 400 MB.
func BenchmarkImportRoster(b *testing.B) {
	s, err := store.Open(b.Context(), b.TempDir(), store.Options{Clock: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := device.Prepare(b.Context(), s, device.Spec{Seed: 7, Households: 60}); err != nil {
		b.Fatal(err)
	}
	self, _, err := s.Enrolment(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	roll := workbench.NewRoll(s, self.Grant.Person, self.Grant.County, time.Now)
	data := bigRoster(b, s.Villages(), 100_000)
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // where there is none, the peak counts what came before
	for b.Loop() {
		im, err := roll.ReadImport(b.Context(), workbench.Registers[1], survey.Place{}, "花名册.xlsx", data, nil)
		if err != nil {
			b.Fatal(err)
		}
		read := b.Elapsed()
		if err := im.Compare(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
		compared := b.Elapsed()
		if len(im.Plan.Added) != 100_000 {
			b.Fatalf("%s %v", im.Summary(), im.Plan.Refused[:min(3, len(im.Plan.Refused))])
		}
		if _, err := im.Write(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(read.Seconds(), "read-s")
		b.ReportMetric((compared - read).Seconds(), "compare-s")
		b.ReportMetric((b.Elapsed() - compared).Seconds(), "write-s")
	}
	b.ReportMetric(peak(), "peak-MB")
}

func bigRoster(b *testing.B, villages []survey.Place, n int) []byte {
	b.Helper()
	titles := []string{"村", "组", "户编号", "户主", "家庭成员", "门牌方位", "电话", "常住人数", "外出人数", "位置类型"}
	rows := make([][]string, n)
	for i := range rows {
		rows[i] = []string{
			villages[i%len(villages)].Name, strconv.Itoa(i%12+1) + "组", fmt.Sprintf("B%06d", i), "王建国", "李秀兰、张伟",
			fmt.Sprintf("%d号", i), fmt.Sprintf("138%08d", i), "3", "1", "路边",
		}
	}
	var book bytes.Buffer
	if err := sheet.Write(b.Context(), &book, "花名册", titles, rows); err != nil {
		b.Fatal(err)
	}
	return book.Bytes()
}

// peak returns the most memory the process has used, in MB; 0 where the system does not say.
func peak() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	words := strings.Fields(after)
	if len(words) == 0 {
		return 0
	}
	kilobytes, _ := strconv.ParseFloat(words[0], 64)
	return kilobytes / 1000
}
