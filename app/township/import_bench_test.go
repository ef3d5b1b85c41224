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
	importer := newImporter(b)
	data := bigRoster(b, importer.villages, "138")
	watchPeak()
	for b.Loop() {
		if im := importer.imported(b, data); len(im.Plan.Added) != bigRows {
			b.Fatalf("%s %v", im.Summary(), im.Plan.Refused[:min(3, len(im.Plan.Refused))])
		}
	}
	b.ReportMetric(peak(), "peak-MB")
}

// BenchmarkImportChanges is BenchmarkImportRoster for a roster in which every household has another phone than in the last.
func BenchmarkImportChanges(b *testing.B) {
	importer := newImporter(b)
	importer.imported(b, bigRoster(b, importer.villages, "138"))
	data := bigRoster(b, importer.villages, "139")
	watchPeak()
	for b.Loop() {
		if im := importer.imported(b, data); len(im.Plan.Changed) != bigRows {
			b.Fatal(im.Summary())
		}
	}
	b.ReportMetric(peak(), "peak-MB")
}

// importer is a township's store with a few households, and its registers.
type importer struct {
	roll     *workbench.Roll
	villages []survey.Place
}

func newImporter(b *testing.B) importer {
	b.Helper()
	s, err := store.Open(b.Context(), b.TempDir(), store.Options{Clock: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() }) // what is in it is thrown away
	if err := device.Prepare(b.Context(), s, device.Spec{Seed: 7, Households: 60}); err != nil {
		b.Fatal(err)
	}
	self, _, err := s.Enrolment(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return importer{workbench.NewRoll(s, self.Grant.Person, self.Grant.County, time.Now), s.Villages()}
}

// imported imports a file, and reports how long each part took.
func (i importer) imported(b *testing.B, data []byte) *workbench.Import {
	b.Helper()
	begin := b.Elapsed()
	im, err := i.roll.ReadImport(b.Context(), workbench.Registers[1], survey.Place{}, "花名册.xlsx", data, nil)
	if err != nil {
		b.Fatal(err)
	}
	read := b.Elapsed()
	if err := im.Compare(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	compared := b.Elapsed()
	if _, err := im.Write(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric((read - begin).Seconds(), "read-s")
	b.ReportMetric((compared - read).Seconds(), "compare-s")
	b.ReportMetric((b.Elapsed() - compared).Seconds(), "write-s")
	return im
}

// bigRows is how many households bigRoster has.
const bigRows = 100_000

// bigRoster is a roster whose phones begin with three digits.
func bigRoster(b *testing.B, villages []survey.Place, phones string) []byte {
	b.Helper()
	titles := []string{"村", "组", "户编号", "户主", "家庭成员", "门牌方位", "电话", "常住人数", "外出人数", "位置类型"}
	rows := make([][]string, bigRows)
	for i := range rows {
		rows[i] = []string{
			villages[i%len(villages)].Name, strconv.Itoa(i%12+1) + "组", fmt.Sprintf("B%06d", i), "王建国", "李秀兰、张伟",
			fmt.Sprintf("%d号", i), fmt.Sprintf("%s%08d", phones, i), "3", "1", "路边",
		}
	}
	var book bytes.Buffer
	if err := sheet.Write(b.Context(), &book, "花名册", titles, rows); err != nil {
		b.Fatal(err)
	}
	return book.Bytes()
}

// watchPeak has peak count from now on.
func watchPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // where there is none, the peak counts what came before
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
