package retention_test

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zoucun/assets"
	"zoucun/form/xlsform"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/server/centraltest"
	"zoucun/server/retention"
	"zoucun/survey"
)

// office is a server with the default form, a device in a village, and what keeps the periods.
type office struct {
	central *central.Central
	clock   *centraltest.Clock
	device  *centraltest.Device
	village survey.ScopeID
	home    survey.RecordID
	keeper  retention.Keeper
	dir     string
	sent    int
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{clock: centraltest.NewClock(), village: survey.NewID[survey.ScopeID](), home: survey.NewID[survey.RecordID](), dir: t.TempDir()}
	o.central = centraltest.Open(t, filepath.Join(o.dir, "central.db"), o.clock.Now)
	files, err := blob.OpenFolder(filepath.Join(o.dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	o.keeper = retention.Keeper{Records: o.central, Files: files, Folder: filepath.Join(o.dir, "retention"), Clock: o.clock.Now}
	o.publish(t)
	o.device = centraltest.Enrolled(t, o.central, []survey.ScopeID{o.village}, survey.RoleTownship)
	o.device.Household(t, o.home, o.village, survey.Fields{survey.HouseholdHead: "王秀英", survey.HouseholdPhone: "13800000001"})
	o.send(t)
	return o
}

func (o *office) publish(t *testing.T) {
	t.Helper()
	folder, err := assets.Form("QZ-01")
	if err != nil {
		t.Fatal(err)
	}
	book, _ := xlsform.ReadFS(folder, "QZ-01")
	compiled := xlsform.Compile(book, xlsform.Options{})
	_, err = o.central.Write(t.Context(), survey.PersonID{}, []central.Write{{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeForm, Scope: survey.RegisterScope(centraltest.County), Form: "QZ-01", FormVersion: "1.0",
		Fields: survey.Fields{survey.FormXML: string(compiled.XML)},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) send(t *testing.T) {
	t.Helper()
	if receipt := o.device.Send(t, o.central, uint64(o.sent)+1); len(receipt.Rejects) > 0 {
		t.Fatalf("rejects %+v", receipt.Rejects)
	}
	o.sent = len(o.device.Log)
}

func (o *office) now() survey.HLC { return survey.HLC(0).Next(o.clock.Now()) }

// visit has the device pay a visit now.
func (o *office) visit(t *testing.T) survey.RecordID {
	t.Helper()
	id := survey.NewID[survey.RecordID]()
	photo := survey.Hash{byte(o.sent + 1)}
	o.device.Add(t, survey.Header{Record: id, Type: survey.TypeVisit, Scope: o.village, Form: "QZ-01", FormVersion: "1.0", HLC: o.now()}, survey.Body{
		Fields: survey.Fields{
			"visit/visit_date": "2026-11-23", "visit/visit_result": "talked", "hh/respondent_name": "王秀英", "hh/phone": "13800000001",
			"hear/heard_worry": "路不好走", "problems/issues[k1]/cat1": "09", "problems/issues[k1]/attach": "门口.jpg",
			"consent/respondent_sign": "签名.png", survey.VisitHousehold: o.home.String(), survey.VisitName: "QZ-1 王秀英",
		},
		Attachments: []survey.Attachment{{Name: "门口.jpg", SHA256: photo, Size: 3}, {Name: "签名.png", SHA256: survey.Hash{0xee, byte(o.sent)}, Size: 3}},
	})
	o.send(t)
	return id
}

// problem notes a problem, or brings it to another state.
func (o *office) problem(t *testing.T, id survey.RecordID, state string) {
	t.Helper()
	_, err := o.central.Write(t.Context(), survey.PersonID{1}, []central.Write{{
		Record: id, Type: survey.TypeProblem, Scope: o.village, Form: "QZ-01", FormVersion: "1.0", Fields: survey.Fields{
			"label": "路灯不亮", "detail": "王秀英家门口", "cat1": "09", "state": state, "household": o.home.String(), "village": "v",
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) run(t *testing.T) retention.Report {
	t.Helper()
	dry, err := o.keeper.Run(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	report, err := o.keeper.Run(t.Context(), false)
	if err != nil || len(dry.Records) != len(report.Records) {
		t.Fatalf("run: %v; a dry run names %d records, the run %d", err, len(dry.Records), len(report.Records))
	}
	if again, err := o.keeper.Run(t.Context(), false); err != nil || len(again.Records) > 0 {
		t.Errorf("run again at once: %+v, %v; want nothing", again.Records, err)
	}
	return report
}

// want checks which fields are left of a record, and that nothing else is said of it by any revision.
func (o *office) want(t *testing.T, id survey.RecordID, fields string) {
	t.Helper()
	h, err := o.central.Holding(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	said := map[survey.FieldPath]bool{}
	for _, s := range h.Statements {
		for field := range s.Body.Fields {
			said[field] = true
		}
	}
	var left []string
	for _, field := range slices.Sorted(maps.Keys(said)) {
		left = append(left, string(field))
	}
	if got := strings.Join(left, " "); got != fields {
		t.Errorf("left of the %s: %s\nwant %s", h.Record.Type, got, fields)
	}
}

const (
	allOfVisit  = "consent/respondent_sign hear/heard_worry hh/phone hh/respondent_name meta/household meta/instanceName problems/issues[k1]/attach problems/issues[k1]/cat1 visit/visit_date visit/visit_result"
	noPhoto     = "consent/respondent_sign hear/heard_worry hh/phone hh/respondent_name meta/household meta/instanceName problems/issues[k1]/cat1 visit/visit_date visit/visit_result"
	statistics  = "problems/issues[k1]/cat1 visit/visit_date visit/visit_result"
	allOfIssue  = "cat1 detail household label state village"
	issueNumber = "cat1 label meta/closed state village"
)

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

func TestVisitWithoutAProblem(t *testing.T) {
	o := newOffice(t)
	visit := o.visit(t)
	o.clock.Pass(days(89))
	o.run(t)
	o.want(t, visit, allOfVisit)
	o.clock.Pass(days(1))
	report := o.run(t)
	o.want(t, visit, noPhoto)
	if len(report.Records) != 1 || report.Records[0].Why != retention.WhyPhoto || report.Records[0].Files != 1 || report.Files != 1 {
		t.Errorf("report %+v", report)
	}
	o.clock.Pass(days(2 * 366))
	report = o.run(t)
	o.want(t, visit, statistics)
	if report.Tally()[retention.WhyIdentified] != 1 || report.Fields()[retention.Personal] != 6 || report.Files != 1 {
		t.Errorf("report %+v", report)
	}
	r, err := o.central.Record(t.Context(), visit)
	if err != nil || r.Voided || r.Form != "QZ-01" || len(r.Files) > 0 {
		t.Errorf("what is left: %+v, %v; want a visit that counts", r, err)
	}
	o.want(t, o.home, "label phone") // the register is no visit
}

func TestAnOpenProblemKeepsTheVisit(t *testing.T) {
	o := newOffice(t)
	visit, id := o.visit(t), survey.NewID[survey.RecordID]()
	o.problem(t, id, "submitted")
	o.clock.Pass(days(3 * 366))
	o.run(t)
	o.want(t, visit, allOfVisit)
	o.want(t, id, allOfIssue)
	o.problem(t, id, "dispatched")
	o.problem(t, id, "closed_confirmed")
	o.clock.Pass(days(91))
	o.run(t)
	o.want(t, visit, noPhoto)
	o.problem(t, id, "reopened")
	o.clock.Pass(days(6 * 366))
	o.run(t)
	o.want(t, visit, noPhoto)
	o.problem(t, id, "closed_explained")
	o.clock.Pass(days(2*366 + 1))
	o.run(t)
	o.want(t, visit, statistics)
	o.want(t, id, allOfIssue)
	o.clock.Pass(days(3*366 + 1))
	report := o.run(t)
	o.want(t, id, issueNumber)
	if report.Tally()[retention.WhyDispatched] != 1 {
		t.Errorf("report %+v", report)
	}
}

func TestShorterPeriods(t *testing.T) {
	o := newOffice(t)
	visit, id := o.visit(t), survey.NewID[survey.RecordID]()
	o.problem(t, id, "onsite_done")
	for _, wrong := range []retention.Rules{{}, {3, 5, 90, 3}, {2, 5, 91, 3}, {2, 5, 90, 0}, {2, 31, 90, 3}} {
		if err := o.keeper.SetRules(wrong); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("SetRules(%+v) = %v", wrong, err)
		}
	}
	if err := o.keeper.SetRules(retention.Rules{IdentifiedYears: 1, DispatchedYears: 5, PhotoDays: 7, AccessYears: 3}); err != nil {
		t.Fatal(err)
	}
	o.clock.Pass(days(367))
	o.run(t)
	o.want(t, visit, statistics)
	o.want(t, id, issueNumber)

	if err := os.WriteFile(filepath.Join(o.keeper.Folder, "rules.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := o.keeper.Run(t.Context(), false); survey.KindOf(err) != survey.Damaged || !strings.Contains(survey.MessageOf(err), "什么也没有删") {
		t.Errorf("Run with a damaged file = %v", err)
	}
}

func TestVoidedVisitGoesWhole(t *testing.T) {
	o := newOffice(t)
	visit := o.visit(t)
	if _, err := o.central.Write(t.Context(), survey.PersonID{}, []central.Write{{Record: visit, Type: survey.TypeVisit, Scope: o.village, Kind: survey.Void}}); err != nil {
		t.Fatal(err)
	}
	o.clock.Pass(days(3 * 366))
	o.run(t)
	o.want(t, visit, "")
}

func TestAccessLogIsKept(t *testing.T) {
	o := newOffice(t)
	if err := o.central.LogAccess(t.Context(), survey.Access{Scope: o.village, Household: o.home, Act: survey.ActShow, Reason: "王秀英要求"}); err != nil {
		t.Fatal(err)
	}
	o.clock.Pass(days(2 * 366))
	if report := o.run(t); len(report.Records) > 0 {
		t.Errorf("after two years: %+v", report.Records)
	}
	o.clock.Pass(days(366))
	if report := o.run(t); report.Tally()[retention.WhyAccess] != 1 {
		t.Errorf("after three years: %+v", report.Records)
	}
	if audit, err := o.central.Audit(t.Context()); err != nil || len(audit.Faults) > 0 {
		t.Errorf("audit %+v, %v", audit, err)
	}
}

func (o *office) eraseHome(t *testing.T) retention.Report {
	t.Helper()
	held, err := o.central.Held(t.Context(), o.home)
	if err != nil {
		t.Fatal(err)
	}
	report, err := o.keeper.EraseNow(t.Context(), survey.PersonID{}, held)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestLateOnesAreErasedToo(t *testing.T) {
	o := newOffice(t)
	o.visit(t)
	before, root := o.now(), o.device.Log[0].Revision
	o.clock.Pass(time.Hour)
	if report := o.eraseHome(t); len(report.Records) != 2 || report.Files != 2 {
		t.Errorf("report %+v; want household and visit", report)
	}
	late := o.device.Add(t, survey.Header{Record: o.home, Type: survey.TypeHousehold, Scope: o.village, HLC: before, Parents: []survey.RevID{root.ID}, Touched: []survey.FieldPath{"phone"}},
		survey.Body{Fields: survey.Fields{"label": "王秀英", "phone": "13800000009"}})
	o.send(t)
	another := survey.NewID[survey.RecordID]()
	o.device.Add(t, survey.Header{Record: another, Type: survey.TypeVisit, Scope: o.village, Form: "QZ-01", FormVersion: "1.0", HLC: before},
		survey.Body{Fields: survey.Fields{survey.VisitHousehold: o.home.String(), "hh/respondent_name": "王秀英"}})
	o.send(t)
	if r, err := o.central.Record(t.Context(), o.home); err != nil || r.Fields["phone"] != "13800000009" {
		t.Errorf("before the run: %+v, %v; want the late edit seen", r, err)
	}
	first, err := o.keeper.Run(t.Context(), false)
	if err != nil || first.Tally()[retention.WhyLate] != 1 {
		t.Errorf("report %+v, %v", first.Records, err)
	}
	if h, err := o.central.Holding(t.Context(), late.Header.Record); err != nil || !h.Record.Voided {
		t.Errorf("household %+v, %v", h.Record, err)
	}
	if second := o.run(t); second.Tally()[retention.WhyLate] != 1 {
		t.Errorf("report %+v; want the visit that did not know", second.Records)
	}
	o.want(t, another, "")
	o.want(t, o.home, "")
}

func TestErasedStaysErasedAfterARestore(t *testing.T) {
	o := newOffice(t)
	visit := o.visit(t)
	o.eraseHome(t)
	restored := newOffice(t) // a database that knows nothing of the erasure, and the reports of the one that did
	restored.home, restored.keeper.Folder = o.home, o.keeper.Folder
	restored.device.Household(t, o.home, restored.village, survey.Fields{"label": "王秀英"})
	restored.send(t)
	if report := restored.run(t); report.Tally()[retention.WhyAgain] != 1 {
		t.Errorf("report %+v", report.Records)
	}
	restored.want(t, o.home, "")
	o.want(t, visit, "")
}

func TestTakenUpAgainWaitsForAPerson(t *testing.T) {
	o := newOffice(t)
	before, root := o.now(), o.device.Log[0].Revision
	o.clock.Pass(time.Hour)
	o.eraseHome(t)
	r, err := o.central.Record(t.Context(), o.home)
	if err != nil {
		t.Fatal(err)
	}
	o.device.Household(t, o.home, o.village, survey.Fields{"label": "王秀英", "door": "新"}, r.Heads...)
	o.device.Add(t, survey.Header{Record: o.home, Type: survey.TypeHousehold, Scope: o.village, HLC: before, Parents: []survey.RevID{root.ID}}, survey.Body{Fields: survey.Fields{"phone": "9"}})
	o.send(t)
	if report := o.run(t); len(report.Records) > 0 || report.Waiting != 1 {
		t.Errorf("report %+v; want it left to a person", report)
	}
}

func TestWhatNoFormSpeaksOfWaits(t *testing.T) {
	o := newOffice(t)
	id := survey.NewID[survey.RecordID]()
	o.device.Add(t, survey.Header{Record: id, Type: survey.TypeVisit, Scope: o.village, Form: "T-9", FormVersion: "1", HLC: o.now()},
		survey.Body{Fields: survey.Fields{"name": "王秀英", "result": "talked"}})
	o.send(t)
	o.clock.Pass(days(3 * 366))
	if report := o.run(t); len(report.Records) > 0 || report.Waiting != 1 {
		t.Errorf("report %+v; want it left to a person", report)
	}
	o.want(t, id, "name result")
}

func TestReportsSayNothing(t *testing.T) {
	o := newOffice(t)
	o.visit(t)
	o.eraseHome(t)
	files, err := filepath.Glob(filepath.Join(o.keeper.Folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("reports %v, %v", files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"王秀英", "1380000", "路不好走", "门口.jpg"} {
			if strings.Contains(string(raw), text) {
				t.Errorf("%s says %q", filepath.Base(file), text)
			}
		}
	}
	reports, err := o.keeper.Reports()
	if err != nil || len(reports) != 1 || reports[0].Tally()[retention.WhyRequest] != 2 {
		t.Errorf("reports %+v, %v", reports, err)
	}
}

func TestDaily(t *testing.T) {
	o := newOffice(t)
	o.keeper.Log = slog.New(slog.DiscardHandler)
	visit := o.visit(t)
	o.clock.Pass(days(3 * 366))
	ctx, stop := context.WithCancel(t.Context())
	var waits []time.Duration
	var ranAtOnce []retention.Report
	o.keeper.Daily(ctx, func(_ context.Context, d time.Duration) {
		if len(waits) == 0 {
			ranAtOnce, _ = o.keeper.Reports()
		}
		waits = append(waits, d)
		o.clock.Pass(d)
		if hour := o.clock.Now().Hour(); hour != 3 {
			t.Errorf("waits until %d o'clock", hour)
		}
		if len(waits) == 3 {
			stop()
		}
	})
	if len(waits) != 3 || waits[1] != 24*time.Hour || len(ranAtOnce) != 1 {
		t.Errorf("waits %v, %d reports before the first; want one, for the machine was off for long", waits, len(ranAtOnce))
	}
	o.want(t, visit, statistics)
}
