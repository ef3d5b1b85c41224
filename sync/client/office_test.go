package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/store"
	"zoucun/survey"
)

const county = 990001

// office is a whole county: a server as zoucund runs it, one village, one cadre.
type office struct {
	folder  server.Folder
	central *central.Central
	blobs   *blob.Folder
	handler atomic.Pointer[server.Server]
	http    *httptest.Server
	cadre   survey.PersonID
	village survey.RecordID
	home    survey.RecordID
}

func newOffice(tb testing.TB) *office {
	tb.Helper()
	folder, err := server.OpenFolder(filepath.Join(tb.TempDir(), "server"), time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	o := &office{
		folder: folder, cadre: survey.NewID[survey.PersonID](), village: survey.NewID[survey.RecordID](),
		home: survey.NewID[survey.RecordID](),
	}
	o.central, err = central.Open(tb.Context(), folder.Database(), central.Options{
		Key: folder.Key, County: county, Township: "青田乡", Clock: time.Now,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = o.central.Close() })
	if o.blobs, err = blob.OpenFolder(folder.Blobs()); err != nil {
		tb.Fatal(err)
	}
	o.serve(tb)
	o.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.handler.Load().ServeHTTP(w, r)
	}))
	o.http.TLS = &tls.Config{Certificates: []tls.Certificate{folder.Certificate}, MinVersion: tls.VersionTLS12}
	o.http.EnableHTTP2, o.http.Config.HTTP2 = true, server.HTTP2()
	o.http.StartTLS()
	tb.Cleanup(o.http.Close)
	o.write(tb, central.Write{Record: o.village, Type: survey.TypePlace, Scope: survey.RegisterScope(county), Fields: survey.Place{Name: "前村"}.Fields()})
	o.write(tb, central.Write{Record: survey.RecordID(o.cadre), Type: survey.TypeStaff, Scope: survey.RegisterScope(county), Fields: survey.Fields{survey.StaffName: "测试员"}})
	o.write(tb, central.Write{
		Record: o.home, Type: survey.TypeHousehold, Scope: survey.VillageScope(o.village),
		Fields: survey.Household{Head: "张三", Code: "1", Village: o.village, Resident: -1, Away: -1}.Fields(),
	})
	return o
}

// serve answers from the database that is open now.
func (o *office) serve(tb testing.TB) {
	tb.Helper()
	handler, err := server.New(server.Options{
		Central: o.central, Blobs: o.blobs, Key: o.folder.Key, Pin: o.folder.Pin, Software: "test", Clock: time.Now,
	})
	if err != nil {
		tb.Fatal(err)
	}
	o.handler.Store(handler)
}

func (o *office) write(tb testing.TB, w central.Write) {
	tb.Helper()
	if _, err := o.central.Write(tb.Context(), o.cadre, []central.Write{w}); err != nil {
		tb.Fatal(err)
	}
}

func (o *office) code(tb testing.TB) string {
	tb.Helper()
	code, err := o.central.NewCode(tb.Context(), o.cadre, []survey.ScopeID{survey.VillageScope(o.village)},
		[]survey.Role{survey.RoleCadre}, time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	return code
}

// visits returns the identifiers of the visits the server holds.
func (o *office) visits(tb testing.TB) map[survey.RecordID]survey.Record {
	tb.Helper()
	visits := map[survey.RecordID]survey.Record{}
	err := o.central.Records(tb.Context(), central.Query{Type: survey.TypeVisit}, func(r survey.Record) error {
		if _, twice := visits[r.ID]; twice {
			tb.Errorf("visit %s is there twice", r.ID)
		}
		visits[r.ID] = r
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return visits
}

// tablet is a device with its store and agent.
type tablet struct {
	*store.Store
	agent  *Agent
	office *office
}

func openTablet(tb testing.TB, o *office, dir string, transport http.RoundTripper) *tablet {
	tb.Helper()
	s, err := store.Open(tb.Context(), dir, store.Options{Clock: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return &tablet{Store: s, agent: New(s, Options{Clock: time.Now, Transport: transport}), office: o}
}

// newTablet enrols a new device over a good network and then gives it the transport.
func newTablet(tb testing.TB, o *office, transport http.RoundTripper) *tablet {
	tb.Helper()
	tab := openTablet(tb, o, tb.TempDir(), transport)
	if _, err := Enrol(tb.Context(), tab.Store, o.http.URL, o.code(tb), Options{Clock: time.Now}); err != nil {
		tb.Fatal("Enrol:", err)
	}
	return tab
}

func (tab *tablet) round(tb testing.TB) error {
	tb.Helper()
	_, err := tab.agent.round(tb.Context())
	return err
}

// finish fills in a visit.
func (tab *tablet) finish(tb testing.TB, files ...[]byte) survey.RecordID {
	tb.Helper()
	return tab.said(tb, "路不好走", files...)
}

// said finishes a visit in which somebody said something.
func (tab *tablet) said(tb testing.TB, worry string, files ...[]byte) survey.RecordID {
	tb.Helper()
	ctx := tb.Context()
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.VillageScope(tab.office.village),
		Household: tab.office.home, Author: tab.office.cadre, Title: "张三",
	}
	sub := form.Submission{InstanceName: "张三", Fields: survey.Fields{"heard_worry": worry}, Touched: []survey.FieldPath{"heard_worry"}}
	err := tab.BeginDraft(ctx, d, nil)
	for i, data := range files {
		name := fmt.Sprintf("%d.jpg", i)
		sub.Attachments = append(sub.Attachments, name)
		err = errors.Join(err, tab.AttachFile(ctx, d.ID, name, "image/jpeg", data))
	}
	if err = errors.Join(err, tab.FinishVisit(ctx, d, sub)); err != nil {
		tb.Fatal(err)
	}
	return survey.RecordID(d.ID)
}

func (tab *tablet) safekeeping(tb testing.TB) survey.Safekeeping {
	tb.Helper()
	k, err := tab.Safekeeping(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return k
}
