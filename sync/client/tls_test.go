package client

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"zoucun/survey"
)

// TestAConnectionThatFollowsIsSmall connects three times, the last time to a server that has forgotten the first two.
func TestAConnectionThatFollowsIsSmall(t *testing.T) {
	var mu sync.Mutex
	var large, resumed []bool
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		resumed = append(resumed, r.TLS.DidResume)
	}))
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	config.SetSessionTicketKeys([][32]byte{{1}})
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		mu.Lock()
		defer mu.Unlock()
		large = append(large, slices.Contains(hello.SupportedCurves, tls.X25519MLKEM768))
		return nil, nil
	}
	web.TLS, web.EnableHTTP2 = config, true
	web.StartTLS()
	defer web.Close()
	transport := pinnedTransport(survey.Hash{})
	for turn := range 3 {
		if turn == 2 {
			web.TLS.SetSessionTicketKeys([][32]byte{{2}})
		}
		answer, err := (&http.Client{Transport: transport}).Get(web.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.ProtoMajor != 2 {
			t.Errorf("turn %d: %s", turn, answer.Proto)
		}
		transport.CloseIdleConnections()
	}
	if want := []bool{true, false, false, true}; !slices.Equal(large, want) {
		t.Errorf("large key shares: %v, want %v", large, want)
	}
	if want := []bool{false, true, false}; !slices.Equal(resumed, want) {
		t.Errorf("gone on with: %v, want %v", resumed, want)
	}
}
