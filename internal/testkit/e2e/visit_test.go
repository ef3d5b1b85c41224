//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"zoucun/internal/testkit/journey"
	"zoucun/internal/testkit/proxy"
	"zoucun/internal/testkit/robot"
	"zoucun/internal/testkit/stage"
	"zoucun/survey"
)

// visitTest is one real server, one bad network and one app.
type visitTest struct {
	*testing.T

	stage   *stage.Stage
	network *proxy.Proxy
	desktop *robot.Desktop
	log     *os.File
	shots   string
	count   int
}

// A visit filled in without network reaches the server, once, whatever breaks on the way.
func TestVisitReachesTheServerOnce(t *testing.T) {
	v := newVisitTest(t)
	ctx := t.Context()
	j := v.open()
	code, err := v.stage.Code(ctx, stage.Person)
	v.must(err)
	v.must(j.Enrol(ctx, "https://"+v.network.Addr(), code))
	v.must(j.Open(ctx))
	v.must(j.Visit(ctx))
	v.must(j.Problems(ctx))

	// The battery is torn out in the middle of the form, a second and a half after the last key.
	time.Sleep(500 * time.Millisecond)
	j.Window.Kill()
	j = v.open()
	v.must(j.Resume(ctx))
	v.must(j.Holds(ctx, "3 两听一看", journey.Thought, journey.Worry))
	v.must(j.Holds(ctx, "4 问题登记", journey.First, journey.Second))

	// Finishing too early lists what is missing; then the visit is finished without a server.
	v.must(v.stage.StopServer())
	v.network.Cut()
	v.must(j.Stumble(ctx, "已念告知"))
	v.must(j.Close(ctx))
	v.must(j.Finish(ctx))
	v.must(j.Window.See(ctx, "1 份已存在本机"))

	// The server is back, but its reply is lost on the way home.
	v.network.Hold(4 * time.Second)
	v.must(v.stage.StartServer(ctx))
	v.eventually("the server holds the visit", func() bool { return len(v.records("visit")) == 1 })
	v.network.Cut()
	if seen := v.look(j); strings.Contains(seen, "已送达") {
		t.Fatalf("the app calls the visit delivered without a receipt: %s", seen)
	}
	v.network.Hold(0)
	v.must(j.Delivered(ctx))

	v.checkServer()
	v.checkWorkbook()
}

// checkServer asks the server what it holds.
func (v *visitTest) checkServer() {
	v.Helper()
	visits := v.records("visit")
	if len(visits) != 1 {
		v.Fatalf("%d visits on the server, want 1", len(visits))
	}
	if len(visits[0].Heads) != 1 || visits[0].Conflicts != 0 {
		v.Errorf("the visit has %d heads and %d conflicts, want 1 and 0", len(visits[0].Heads), visits[0].Conflicts)
	}
	var titles []string
	for _, problem := range v.records("problem") {
		titles = append(titles, problem.Fields[survey.ProblemTitle])
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values([]string{journey.First, journey.Second})), slices.Sorted(slices.Values(titles))); diff != "" {
		v.Errorf("problems on the server (-want +got):\n%s", diff)
	}
	if len(visits[0].Files) != 1 {
		v.Errorf("%d attachments, want the signature", len(visits[0].Files))
	}
}

// checkWorkbook exports what the server holds and compares the answers cell by cell.
func (v *visitTest) checkWorkbook() {
	v.Helper()
	file := filepath.Join(v.TempDir(), "out.xlsx")
	_, err := v.stage.Ctl(v.Context(), "export", "-xlsx", file)
	v.must(err)
	book, err := excelize.OpenFile(file)
	v.must(err)
	defer book.Close()
	want := map[string]string{
		"visit/visit_band": "morning", "visit/visit_band#text": "上午",
		"visit/visit_result": "talked", "visit/visit_result#text": "见到并交谈",
		"hh/respondent_mode": "called", "hh/respondent_name": journey.Respondent,
		"hear/heard_thought": journey.Thought, "hear/heard_worry": journey.Worry,
		"consent/notice_given": "yes", "finish/promise_what": journey.Promise,
		"household_head": journey.Household,
	}
	if diff := cmp.Diff(want, column(v.T, book, "QZ-01", 0, want)); diff != "" {
		v.Errorf("the visit's row (-want +got):\n%s", diff)
	}
	for i, title := range []string{journey.First, journey.Second} {
		want := map[string]string{
			"problems/issues/title": title, "problems/issues/nature": "help", "problems/issues/urgency_self#text": "较急",
		}
		if diff := cmp.Diff(want, column(v.T, book, "QZ-01 issues", i, want)); diff != "" {
			v.Errorf("problem %d's row (-want +got):\n%s", i+1, diff)
		}
	}
}

// column reads the asked columns of a row: names stand in the second row, the first has the labels.
func column(t *testing.T, book *excelize.File, sheet string, row int, asked map[string]string) map[string]string {
	t.Helper()
	rows, err := book.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < row+3 {
		t.Fatalf("sheet %s has %d rows", sheet, len(rows))
	}
	got := map[string]string{}
	for i, name := range rows[1] {
		if _, ok := asked[name]; ok && i < len(rows[row+2]) {
			got[name] = rows[row+2][i]
		}
	}
	return got
}

// record is what zouctl records -json prints.
type record struct {
	Fields    survey.Fields       `json:"fields"`
	Heads     []string            `json:"heads"`
	Conflicts int                 `json:"conflicts"`
	Files     []survey.Attachment `json:"files"`
}

func (v *visitTest) records(of survey.RecordType) []record {
	v.Helper()
	out, err := v.stage.Ctl(v.Context(), "records", "-json", "-type", string(of))
	v.must(err)
	var records []record
	for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); {
		var r record
		v.must(decoder.Decode(&r))
		records = append(records, r)
	}
	return records
}

func newVisitTest(t *testing.T) *visitTest {
	t.Helper()
	bin := os.Getenv("ZOUCUN_BIN")
	if bin == "" {
		t.Fatal("ZOUCUN_BIN does not name the programs' folder: run make e2e")
	}
	v := &visitTest{T: t, shots: os.Getenv("ZOUCUN_SHOTS")}
	dir := t.TempDir()
	var err error
	v.log, err = os.Create(filepath.Join(dir, "log.txt"))
	v.must(err)
	v.stage, err = stage.New(t.Context(), bin, dir, v.log)
	v.must(err)
	v.must(v.stage.StartServer(t.Context()))
	root, err := stage.Root()
	v.must(err)
	v.must(v.stage.Furnish(t.Context(), filepath.Join(root, "assets/forms/QZ-01")))
	v.network, err = proxy.New(t.Context(), strings.TrimPrefix(v.stage.URL(), "https://"))
	v.must(err)
	v.desktop, err = robot.NewDesktop(t.Context(), robot.DesktopSpec{Dir: dir, Width: 1280, Height: 800})
	v.must(err)
	t.Cleanup(v.end)
	return v
}

// end stops everything; after a failure it shows the last picture's place and what the programs said.
func (v *visitTest) end() {
	ctx := context.WithoutCancel(v.Context())
	if v.Failed() {
		file := filepath.Join(os.TempDir(), "zoucun-e2e-failed.png")
		if err := v.desktop.Screenshot(ctx, file); err == nil {
			v.Logf("the screen at the end: %s", file)
		}
		said, _ := os.ReadFile(v.log.Name())
		v.Logf("the programs said:\n%s", tail(said, 4000))
	}
	for _, err := range []error{v.desktop.Close(), v.network.Close(), v.stage.StopServer(), v.log.Close()} {
		if err != nil {
			v.Error(err)
		}
	}
}

// open starts the app.
func (v *visitTest) open() *journey.Journey {
	v.Helper()
	window, err := v.desktop.Open(v.Context(), v.log, v.stage.Program("zoucun"), "-data", v.stage.Path("app"), "-size", "1280x800")
	v.must(err)
	return &journey.Journey{Window: window, Step: v.step}
}

// step says where the test is, and keeps a picture where one is wanted.
func (v *visitTest) step(ctx context.Context, name string) error {
	v.Log(name)
	if v.shots == "" {
		return nil
	}
	v.count++
	return v.desktop.Screenshot(ctx, filepath.Join(v.shots, fmt.Sprintf("%02d-%s.png", v.count, name)))
}

// look returns all words in the window.
func (v *visitTest) look(j *journey.Journey) string {
	v.Helper()
	view, err := j.Window.Look(v.Context())
	v.must(err)
	var words []string
	for _, o := range view.Objects {
		words = append(words, o.Text)
	}
	return strings.Join(words, " ")
}

func (v *visitTest) eventually(what string, ok func() bool) {
	v.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if ok() {
			return
		}
	}
	v.Fatalf("waited in vain: %s", what)
}

func (v *visitTest) must(err error) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }
