package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// between is how long wait rests between two tries.
const between = 100 * time.Millisecond

func wait(flags *flag.FlagSet) action {
	address := flags.String("listen", "127.0.0.1:8443", "服务器监听的地址")
	patience := flags.Duration("timeout", 30*time.Second, "最多等多久")
	return func(ctx context.Context, s *session, _ []string) error {
		ctx, cancel := context.WithTimeout(ctx, *patience)
		defer cancel()
		var last error
		for {
			if last = answers(ctx, s.place.data, *address); last == nil {
				return nil
			}
			select {
			case <-ctx.Done():
				return &hintError{
					refuse(survey.Unavailable, "wait", "等了 "+patience.String()+"，"+*address+" 的服务器还连不上。", last),
					"看看 zoucund 有没有启动，地址和数据文件夹是否一致",
				}
			case <-time.After(between):
			}
		}
	}
}

var errNoCertificate = errors.New("no certificate in tls.crt")

// answers makes one request to the server that has the data folder's certificate. Any answer will do.
func answers(ctx context.Context, folder, address string) error {
	text, err := os.ReadFile(filepath.Join(folder, "tls.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return errNoCertificate
	}
	transport := &http.Transport{TLSClientConfig: pinned(pool), DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+wire.PathStatus, http.NoBody)
	if err != nil {
		return err
	}
	wire.Request{
		Version: wire.Version, Method: request.Method, Path: wire.PathStatus, Body: sha256.Sum256(nil),
	}.Write(request.Header, nil)
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // read to the end: nothing is lost
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// pinned accepts the certificate in the data folder under any name, for devices pin it too.
func pinned(pool *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // the name is not checked; VerifyConnection checks the certificate itself
		VerifyConnection: func(state tls.ConnectionState) error {
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool})
			return err
		},
	}
}
