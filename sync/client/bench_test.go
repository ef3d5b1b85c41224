package client

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/survey"
)

// What a tablet hands over in the benchmark.
const (
	benchRecords = 5000
	benchPhotos  = 200
	benchPhoto   = 300 << 10
)

// answers are fields of one to six kilobytes, in characters that repeat as language does.
func answers(random *rand.Rand) survey.Fields {
	said := []rune("路灯坏了晚上出门不方便老人腿脚不好孩子上学要走两里多路水管冬天冻过一次合作医疗报销比例不清楚今年收成一般希望修一修桥")
	fields, words := survey.Fields{}, 1+random.IntN(12)
	for q := range 40 {
		var text strings.Builder
		for range words {
			at := random.IntN(len(said) - 5)
			text.WriteString(string(said[at : at+2+random.IntN(3)]))
		}
		fields[survey.FieldPath("question_"+strconv.Itoa(q))] = text.String()
	}
	return fields
}

// fill finishes the records, the first of them with a photo each, and returns how many bytes of answers that is.
func (tab *tablet) fill(b *testing.B, random *rand.Rand) (text int) {
	b.Helper()
	for i := range benchRecords {
		d := survey.Draft{
			ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.VillageScope(tab.office.village), Author: tab.office.cadre,
		}
		sub := form.Submission{InstanceName: "张三", Fields: answers(random)}
		for path, value := range sub.Fields {
			text += len(path) + len(value)
		}
		if err := tab.BeginDraft(b.Context(), d, nil); err != nil {
			b.Fatal(err)
		}
		if i < benchPhotos {
			photo := make([]byte, benchPhoto)
			for k := 0; k < len(photo); k += 8 {
				copy(photo[k:], fmt.Appendf(nil, "%08x", random.Uint32()))
			}
			if err := tab.AttachFile(b.Context(), d.ID, "1.jpg", "image/jpeg", photo); err != nil {
				b.Fatal(err)
			}
			sub.Attachments = []string{"1.jpg"}
		}
		if err := tab.FinishVisit(b.Context(), d, sub); err != nil {
			b.Fatal(err)
		}
	}
	return text
}

// BenchmarkHandOver hands 5,000 records of 1 to 6 KB and 200 photos of 300 KB over by TLS on the loopback, tablet and
// server each with every commit on the disk. Both live in this process: memory is that of both.
func BenchmarkHandOver(b *testing.B) {
	var text, asked int
	var texts, photos time.Duration
	for b.Loop() {
		b.StopTimer()
		o := newOffice(b)
		var requests atomic.Int64
		inner := o.http.Config.Handler
		o.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			inner.ServeHTTP(w, r)
		})
		tab := newTablet(b, o, nil)
		if err := tab.round(b); err != nil {
			b.Fatal(err)
		}
		text += tab.fill(b, rand.New(rand.NewPCG(1, 1)))
		requests.Store(0)
		b.StartTimer()
		begun := time.Now()
		if err := tab.agent.push(b.Context()); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		asked += int(requests.Load())
		if err := tab.agent.upload(b.Context()); err != nil {
			b.Fatal(err)
		}
		texts, photos = texts+between.Sub(begun), photos+time.Since(between)
		b.StopTimer()
		if k := tab.safekeeping(b); k.Waiting+k.Files > 0 {
			b.Fatalf("left: %+v", k)
		}
		b.StartTimer()
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	n := float64(b.N)
	b.ReportMetric(benchRecords*n/texts.Seconds(), "records/s")
	b.ReportMetric(float64(text)/1e6/texts.Seconds(), "text-MB/s")
	b.ReportMetric(benchPhotos*benchPhoto*n/1e6/photos.Seconds(), "photo-MB/s")
	b.ReportMetric(float64(asked)/n/benchRecords*1000, "requests/1000-records")
	b.ReportMetric(float64(memory.Sys)/(1<<20), "memory-MiB")
}
