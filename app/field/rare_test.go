package field

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"zoucun/app/present"
	"zoucun/app/widgets"
	"zoucun/assets"
	"zoucun/report"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
)

// county is a county with its server, as zoucund runs it.
type county struct {
	t       *testing.T
	central *central.Central
	blobs   *blob.Folder
	url     string
}

func newCounty(t *testing.T) *county {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	folder, err := server.OpenFolder(filepath.Join(t.TempDir(), "server"), time.Now())
	must(err)
	c, err := central.Open(t.Context(), folder.Database(), central.Options{Key: folder.Key, County: 990001, Township: "青塘镇", Clock: time.Now})
	must(err)
	t.Cleanup(func() { _ = c.Close() })
	blobs, err := blob.OpenFolder(folder.Blobs())
	must(err)
	handler, err := server.New(server.Options{Central: c, Blobs: blobs, Key: folder.Key, Pin: folder.Pin, Software: "test", Clock: time.Now})
	must(err)
	host := httptest.NewUnstartedServer(handler)
	host.TLS = &tls.Config{Certificates: []tls.Certificate{folder.Certificate}, MinVersion: tls.VersionTLS12}
	host.EnableHTTP2 = true
	host.StartTLS()
	t.Cleanup(host.Close)
	return &county{t: t, central: c, blobs: blobs, url: host.URL}
}

// take imports a roster as zouctl does.
func (c *county) take(workbook []byte) report.Roster {
	c.t.Helper()
	roster, err := report.ReadRoster(bytes.NewReader(workbook))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, record := range roster.Changes(c.central.County(), nil).Records {
		c.write(central.Write{Record: record.ID, Type: record.Type, Scope: record.Scope, Fields: record.Fields})
	}
	return roster
}

func (c *county) write(w central.Write) {
	c.t.Helper()
	if _, err := c.central.Write(c.t.Context(), survey.PersonID{1}, []central.Write{w}); err != nil {
		c.t.Fatal(err)
	}
}

// tablet enrols a device for a village and lets it receive what there is.
func (c *county) tablet(person survey.PersonID, village survey.RecordID) *store.Store {
	c.t.Helper()
	s, err := store.Open(c.t.Context(), c.t.TempDir(), store.Options{Clock: time.Now})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = s.Close() })
	code, err := c.central.NewCode(c.t.Context(), person, []survey.ScopeID{survey.VillageScope(village)}, []survey.Role{survey.RoleCadre}, time.Hour)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := client.Enrol(c.t.Context(), s, c.url, code, client.Options{Clock: time.Now}); err != nil {
		c.t.Fatal(err)
	}
	c.exchange(s)
	return s
}

// exchange lets a device talk to the server until all is said.
func (c *county) exchange(s *store.Store) {
	c.t.Helper()
	ctx, stop := context.WithTimeout(c.t.Context(), time.Minute)
	defer stop()
	synced := false
	agent := client.New(s, client.Options{Clock: time.Now, OnProgress: func(p survey.Progress) {
		if p.LastSync != 0 && p.Activity == survey.Idle {
			synced = true
			stop()
		}
	}})
	if err := agent.Run(ctx); !synced {
		c.t.Fatal("no exchange:", err)
	}
}

// households returns the server's households as the exported workbook has them, row by row.
func (c *county) exported() [][]string {
	c.t.Helper()
	var records []survey.Record
	err := c.central.Records(c.t.Context(), central.Query{}, func(r survey.Record) error {
		records = append(records, r)
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	var file bytes.Buffer
	if err := report.Write(&file, report.Tables(report.Data{Records: records})); err != nil {
		c.t.Fatal(err)
	}
	book, err := excelize.OpenReader(&file)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	for _, name := range book.GetSheetList() {
		if rows, err := book.GetRows(name); err == nil && len(rows) > 0 && slices.Contains(rows[0], "家庭成员") {
			return rows
		}
	}
	c.t.Fatal("no table of households")
	return nil
}

// rare returns names of n characters that no face draws and few programs bear: beyond the basic plane, descriptions of
// characters, and those of an old system's own.
func rareNames(n int) map[string]string {
	var beyond, mixed, own strings.Builder
	for i := range n {
		beyond.WriteRune(0x2a700 + rune(i)*37)
		own.WriteRune(0xe000 + rune(i))
		mixed.WriteString([]string{"⿰", "亻", "吉", "\U000323AF", "𬱖"}[i%5])
	}
	return map[string]string{"beyond": beyond.String(), "described": mixed.String(), "own": own.String()}
}

// TestRareNamesComeThroughUnharmed takes names that are all rare characters from a roster over the server to a tablet,
// looks them up there, and follows them back into the exported workbook.
func TestRareNamesComeThroughUnharmed(t *testing.T) {
	names := rareNames(50)
	c := newCounty(t)
	book := excelize.NewFile()
	for i, row := range [][]any{
		{"村", "组", "户编号", "户主", "家庭成员"},
		{"青塘村", "1组", "001", names["beyond"], names["described"] + "、李㛃"},
		{"青塘村", "1组", "002", names["described"], names["beyond"]},
		{"青塘村", "1组", "003", "王" + names["own"][:3], ""},
	} {
		axis, err := excelize.CoordinatesToCellName(1, i+1)
		if err == nil {
			err = book.SetSheetRow("Sheet1", axis, &row)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if err := book.Write(&file); err != nil {
		t.Fatal(err)
	}
	roster := c.take(file.Bytes())
	if len(roster.Faults) != 1 || !strings.Contains(roster.Faults[0].Reason, "自造字") {
		t.Errorf("an old system's own character has to be typed anew, and the roster says: %v", roster.Faults)
	}
	village := report.VillageID(c.central.County(), "青塘村")
	person := survey.NewID[survey.PersonID]()
	c.write(central.Write{Record: survey.RecordID(person), Type: survey.TypeStaff, Scope: survey.RegisterScope(c.central.County()), Fields: survey.Fields{survey.StaffName: "测试员"}})
	// What a form has taken from an input method that still types such characters is kept as it is.
	c.write(central.Write{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeHousehold, Scope: survey.VillageScope(village),
		Fields: survey.Household{Code: "009", Head: names["own"], Village: village, Resident: -1, Away: -1}.Fields(),
	})

	s := c.tablet(person, village)
	list := present.NewHouseholds(s, village)
	drawn := widgets.NewCoverage(assets.FontRegular())
	for kind, name := range names {
		middle := string([]rune(name)[20:24])
		for _, typed := range []string{name, middle} {
			list.Search(typed)
			if !slices.ContainsFunc(list.Rows(), func(r present.HouseholdRow) bool { return r.Title == name }) {
				t.Errorf("%s: %q finds %+v", kind, typed, list.Rows())
			}
		}
		for _, r := range drawn.Displayable(name) {
			if r != widgets.Geta && !drawn.Covers(r) {
				t.Errorf("%s shows %U, which no face draws", kind, r)
			}
		}
		if shown := drawn.Displayable(name); utf8.RuneCountInString(shown) != 50 || kind != "described" && !strings.ContainsRune(shown, widgets.Geta) {
			t.Errorf("%s is shown as %q", kind, shown)
		}
	}
	list.Search("㛃")
	if rows := list.Rows(); len(rows) != 1 || !strings.HasPrefix(rows[0].Detail, "家人 李㛃") {
		t.Errorf("a member is found as %+v", rows)
	}

	rows := c.exported()
	head, members := slices.Index(rows[0], "户主"), slices.Index(rows[0], "家庭成员")
	var heads, kin []string
	for _, row := range rows[2:] {
		heads = append(heads, row[head])
		if members < len(row) {
			kin = append(kin, row[members])
		}
	}
	for kind, name := range names {
		if !slices.Contains(heads, name) {
			t.Errorf("%s is exported as one of %q", kind, heads)
		}
	}
	if !slices.Contains(kin, names["described"]+"、李㛃") {
		t.Errorf("members are exported as %q", kin)
	}
}
