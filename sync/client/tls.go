package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"zoucun/survey"
	"zoucun/sync/seal"
)

// pinnedTransport speaks HTTP/2 or 1.1 over TLS to whoever holds the pinned key. Names, dates and authorities of
// certificates mean nothing here: tablets have wrong clocks, and servers have addresses without names.
func pinnedTransport(pin survey.Hash) *http.Transport {
	t := &http.Transport{
		Proxy:              http.ProxyFromEnvironment,
		ForceAttemptHTTP2:  true,
		DisableCompression: true,
		IdleConnTimeout:    stallTime,
		MaxIdleConns:       2,
		// A connection that has died in silence would hold up every request by stallTime, one after the other.
		HTTP2: &http.HTTP2Config{SendPingTimeout: stallTime / 3, PingTimeout: stallTime / 2},
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			NextProtos:         []string{"h2", "http/1.1"},
			ClientSessionCache: tls.NewLRUClientSessionCache(1),
			InsecureSkipVerify: true, // VerifyConnection checks the pin instead
			VerifyConnection: func(state tls.ConnectionState) error {
				return checkPin(&state, pin)
			},
		},
		DialContext: new(net.Dialer).DialContext,
	}
	t.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return resumed(ctx, t, network, address)
	}
	return t
}

// resumed connects by TLS. Where an earlier connection is gone on with, as after each cut, the key share is a small one:
// 2.3 KB less of a poor line. What is said stays out of reach of a quantum computer all the same, for its keys follow from
// the first connection's too. A server that no longer knows that is connected to anew, with the large share.
func resumed(ctx context.Context, t *http.Transport, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	config := t.TLSClientConfig.Clone()
	config.ServerName = host
	if _, known := config.ClientSessionCache.Get(host); known {
		small := config.Clone()
		small.CurvePreferences = []tls.CurveID{tls.X25519}
		c, err := shake(ctx, t, network, address, small)
		if err != nil {
			return nil, err
		}
		if c.ConnectionState().DidResume {
			return c, nil
		}
		config.ClientSessionCache.Put(host, nil)
		_ = c.Close()
	}
	c, err := shake(ctx, t, network, address, config)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func shake(ctx context.Context, t *http.Transport, network, address string, config *tls.Config) (*tls.Conn, error) {
	raw, err := t.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := tls.Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return c, nil
}

// checkPin reports whether the peer holds the pinned key. A zero pin accepts any.
func checkPin(state *tls.ConnectionState, pin survey.Hash) error {
	if pin.IsZero() {
		return nil
	}
	if state == nil || len(state.PeerCertificates) == 0 || seal.Pin(state.PeerCertificates[0]) != pin {
		return errors.New("certificate is not the pinned one")
	}
	return nil
}
