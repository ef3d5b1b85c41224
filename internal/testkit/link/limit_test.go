package link

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"zoucun/server"
)

// limit is how long so many bytes take on a modelled network at the least, with the same accidents: by a sender that does
// nothing but connect by TLS, knows by itself how much has come when a connection breaks, connects anew at once and goes on
// from there, and waits for one word that all of it has come.
func limit(t *testing.T, m Model, seed uint64, payload int64) (took time.Duration) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	synctest.Test(t, func(t *testing.T) {
		folder, err := server.OpenFolder(t.TempDir(), time.Now())
		must(t, err)
		network := New(m, seed)
		var come atomic.Int64
		go func() {
			for {
				c, err := network.Accept()
				if err != nil {
					return
				}
				go swallow(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{folder.Certificate}, MinVersion: tls.VersionTLS13}), &come, payload)
			}
		}()
		begun := time.Now()
		known := &tls.Config{InsecureSkipVerify: true, ServerName: "county", ClientSessionCache: tls.NewLRUClientSessionCache(1), MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519}} //nolint:gosec // a test's own network
		for !pour(t.Context(), network, known, &come, payload) {
			if time.Since(begun) > 72*time.Hour {
				t.Fatal("it does not come to an end")
			}
		}
		took = time.Since(begun)
		must(t, network.Close())
		time.Sleep(time.Hour)
		synctest.Wait()
	})
	return took
}

// swallow counts what comes by one connection, and answers when all has come.
func swallow(c net.Conn, come *atomic.Int64, payload int64) {
	defer c.Close()
	p := make([]byte, 32<<10)
	for {
		n, err := c.Read(p)
		if come.Add(int64(n)) >= payload {
			_, _ = c.Write([]byte{1})
		}
		if err != nil {
			return
		}
	}
}

// pour sends what has not come by one connection, and reports whether the word came that all has.
func pour(ctx context.Context, network *Network, config *tls.Config, come *atomic.Int64, payload int64) bool {
	raw, err := network.Dial(ctx, "", "")
	line, ok := raw.(*end)
	if err != nil || !ok {
		return false
	}
	c := tls.Client(raw, config)
	defer c.Close()
	if c.HandshakeContext(ctx) != nil {
		return false
	}
	over, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		zero := make([]byte, packetSize)
		for left := payload - come.Load(); left > 0 && over.Err() == nil; left -= int64(len(zero)) {
			if _, err := c.Write(zero[:min(int64(len(zero)), left)]); err != nil {
				return
			}
			line.out.drained(over)
		}
	}()
	_, err = io.ReadFull(c, make([]byte, 1))
	return err == nil
}

// drained returns when what was written is on the line but for a packet.
func (l *lane) drained(ctx context.Context) {
	for ctx.Err() == nil {
		l.mu.Lock()
		waiting := len(l.waiting)
		l.mu.Unlock()
		if waiting <= packetSize {
			return
		}
		_ = pause(ctx, l.air(waiting-packetSize))
	}
}
