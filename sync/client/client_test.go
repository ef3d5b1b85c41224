package client

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

func TestEnrolAndFirstRound(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if villages := tab.Villages(); len(villages) != 1 || villages[0].Name != "前村" {
		t.Errorf("villages = %v", villages)
	}
	if found := tab.SearchHouseholds(o.village, "zs", 10); len(found) != 1 {
		t.Errorf("households = %v", found)
	}
	id := tab.finish(t)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if visits := o.visits(t); len(visits) != 1 || visits[id].Fields["heard_worry"] != "路不好走" {
		t.Errorf("the server holds %v", visits)
	}
	if k := tab.safekeeping(t); k.Waiting != 0 || k.Delivered != 1 {
		t.Errorf("safekeeping = %+v", k)
	}
}

func TestEnrolRefused(t *testing.T) {
	o := newOffice(t)
	used := o.code(t)
	if _, err := Enrol(t.Context(), openTablet(t, o, t.TempDir(), nil).Store, o.http.URL, used, Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	portal := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>请登录无线网络</html>")
	}))
	defer portal.Close()
	closed := httptest.NewTLSServer(http.NotFoundHandler())
	closed.Close()
	cases := map[string]struct {
		server, code string
		kind         survey.Kind
		says         string
	}{
		"a wrong code":             {o.http.URL, "0000-0000-0000", survey.Denied, "注册码不对"},
		"a used code":              {o.http.URL, used, survey.Denied, "已经用过"},
		"not a code":               {o.http.URL, "12", survey.Invalid, "12 个"},
		"not an address":           {"http://127.0.0.1:1", used, survey.Invalid, "地址不对"},
		"no server":                {closed.URL, used, survey.Unavailable, "连不上"},
		"a login page in the way":  {portal.URL, used, survey.Unavailable, "连不上"},
		"an address with a wonder": {"::::", used, survey.Invalid, "地址不对"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tab := openTablet(t, o, t.TempDir(), nil)
			_, err := Enrol(t.Context(), tab.Store, c.server, c.code, Options{Clock: time.Now})
			if survey.KindOf(err) != c.kind || !strings.Contains(survey.MessageOf(err), c.says) {
				t.Errorf("Enrol = %v, %q; want %v, %q", err, survey.MessageOf(err), c.kind, c.says)
			}
			if _, enrolled, err := tab.Enrolment(t.Context()); enrolled || err != nil {
				t.Errorf("enrolled all the same (%v)", err)
			}
		})
	}
}

// TestEnrolThroughSomebody has somebody between the device and the server who shows a certificate of his own.
func TestEnrolThroughSomebody(t *testing.T) {
	o := newOffice(t)
	between := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := r.Clone(r.Context())
		request.RequestURI, request.URL.Scheme, request.URL.Host = "", "https", o.http.Listener.Addr().String()
		response, err := insecure().RoundTrip(request)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		maps.Copy(w.Header(), response.Header)
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	defer between.Close()
	tab := openTablet(t, o, t.TempDir(), nil)
	if _, err := Enrol(t.Context(), tab.Store, between.URL, o.code(t), Options{Clock: time.Now}); survey.KindOf(err) != survey.Denied {
		t.Errorf("Enrol through somebody = %v", err)
	}
	if _, enrolled, _ := tab.Enrolment(t.Context()); enrolled {
		t.Error("enrolled through somebody")
	}
}

func TestAttachmentsArriveWhole(t *testing.T) {
	o, network := newOffice(t), newFaulty()
	tab := newTablet(t, o, network)
	big := make([]byte, 700<<10)
	for i := range big {
		big[i] = byte(i * i >> 8)
	}
	tab.finish(t, big, []byte("小的"))
	// Every second chunk is stored, but its reply is lost.
	var n atomic.Int64 // several attachments go at once
	network.set(wire.PathBlob, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		response, err := do()
		if even := n.Add(1)%2 == 0; err != nil || r.Method != http.MethodPatch || even {
			return response, err
		}
		return nil, errors.Join(errors.New("connection reset"), response.Body.Close())
	})
	rounds := 0
	for ; rounds < 30 && tab.safekeeping(t).Files > 0; rounds++ {
		if err := tab.round(t); err != nil && survey.KindOf(err) != survey.Unavailable {
			t.Fatal(err)
		}
	}
	if k := tab.safekeeping(t); k.Files != 0 || k.Delivered != 1 {
		t.Fatalf("after %d rounds: %+v", rounds, k)
	}
	for _, r := range o.visits(t) {
		for _, file := range r.Files {
			data := make([]byte, file.Size)
			if _, err := o.blobs.Read(t.Context(), file.SHA256, 0, data); err != nil {
				t.Error(err)
			}
			if file.Size == int64(len(big)) && string(data) != string(big) {
				t.Error("the big attachment differs")
			}
		}
	}
}

// TestTwoDevices has what one tablet writes show up on the other.
func TestTwoDevices(t *testing.T) {
	o := newOffice(t)
	first, second := newTablet(t, o, nil), newTablet(t, o, nil)
	id := first.finish(t)
	for _, tab := range []*tablet{first, second} {
		if err := tab.round(t); err != nil {
			t.Fatal(err)
		}
	}
	visits, err := second.VisitsOf(t.Context(), o.home)
	if err != nil || len(visits) != 1 || visits[0].ID != id || visits[0].Delivery != survey.FromOthers {
		t.Errorf("the other tablet sees %+v, %v", visits, err)
	}
}

// TestCopiedFolder clones a tablet, as a restored backup does. Both go on working; nothing is lost.
func TestCopiedFolder(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	var want []survey.RecordID
	want = append(want, tab.finish(t))
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	src := filepath.Join(dir, "one")
	one := openTablet(t, o, src, nil)
	if _, err := Enrol(t.Context(), one.Store, o.http.URL, o.code(t), Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	want = append(want, one.finish(t))
	if err := errors.Join(one.round(t), one.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "two"), os.DirFS(src)); err != nil {
		t.Fatal(err)
	}
	one, two := openTablet(t, o, src, nil), openTablet(t, o, filepath.Join(dir, "two"), nil)
	for range 4 {
		want = append(want, one.finish(t), two.finish(t))
		for _, clone := range []*tablet{one, two} {
			for range 3 {
				if err := clone.round(t); err == nil {
					break
				}
			}
		}
	}
	visits := o.visits(t)
	for _, id := range want {
		if _, ok := visits[id]; !ok {
			t.Errorf("visit %s was lost", id)
		}
	}
	for name, clone := range map[string]*tablet{"original": one, "copy": two} {
		if k := clone.safekeeping(t); k.Waiting != 0 {
			t.Errorf("%s: %+v", name, k)
		}
	}
}

func TestPinIsTheServers(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	e, _, err := tab.Enrolment(t.Context())
	if err != nil || e.Pin != o.folder.Pin || e.Pin != seal.Pin(o.http.Certificate()) || e.Server != o.http.URL {
		t.Errorf("enrolment = %+v, %v", e, err)
	}
}

// FuzzParseServer types anything into the address field.
func FuzzParseServer(f *testing.F) {
	for _, seed := range []string{"127.0.0.1:8443", "https://a.example", "  县.example:443/", "http://a", "https://u:p@a", "[::1]:1", "::::", "", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		address, err := parseServer(typed)
		if err != nil {
			if survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
				t.Errorf("%q: %v", typed, err)
			}
			return
		}
		if address.Scheme != "https" || address.Hostname() == "" || address.User != nil || address.RawQuery != "" {
			t.Errorf("%q became %s", typed, address)
		}
		if again, err := parseServer(address.String()); err != nil || again.String() != address.String() {
			t.Errorf("%q became %s, and that %v, %v", typed, address, again, err)
		}
	})
}
