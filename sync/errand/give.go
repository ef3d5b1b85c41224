package errand

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// What the person reads when nothing can be given.
const (
	messageAway     = "连不上那台平板，什么也没有交出去。请确认两台平板连着同一个 Wi-Fi 或热点，地址没有输错。"
	messageStranger = "对方没有证明自己就是屏幕上那台平板，什么也没有交出去。请核对地址和捎带码。"
	messageWrong    = "捎带码不对，或者对方是别的县的平板，什么也没有交出去。请照对方屏幕上的再输一次；输错五次要请对方重新打开。"
	messageCode     = "捎带码应是 12 个字母或数字，请照对方屏幕上的再输一次。"
)

// How long a courier may take to be reached, and to take one errand.
const (
	dialTime = 10 * time.Second
	giveTime = 5 * time.Minute
)

// Place is where a courier is, and what shows that it is the one.
type Place struct {
	Address string      // host and port
	Code    string      // as typed
	Pin     survey.Hash // of its certificate; zero where it was typed, for the code proves as much
}

// Options say how work is given away.
type Options struct {
	Clock     survey.Clock
	Transport http.RoundTripper // nil connects by TLS
}

// Give gives a courier everything that the server has not signed for and this courier was not given lately, and takes
// over the words that it brings home. What was not given stays as it was; what was given stays too.
func Give(ctx context.Context, source Source, to Place, o Options) (given survey.Given, err error) {
	code, err := wire.ParseCode(to.Code)
	if err != nil {
		return given, refuse(survey.Invalid, messageCode, err)
	}
	p, err := newPacker(ctx, source, o.Clock)
	if err != nil {
		return given, err
	}
	g := &giver{source: source, packer: p, code: code.Key(), address: "https://" + strings.TrimPrefix(strings.TrimSpace(to.Address), "https://"), seen: to.Pin}
	g.client = &http.Client{Transport: o.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if o.Transport == nil {
		g.client.Transport = g.transport()
	}
	defer g.client.CloseIdleConnections()
	met, err := g.meet(ctx)
	if err != nil {
		return given, err
	}
	if given.Home, err = g.takeHome(ctx, met.Words); err != nil {
		return given, err
	}
	return g.giveAll(ctx, met, given)
}

type giver struct {
	source  Source
	packer  *packer
	code    wire.CodeKey
	address string
	client  *http.Client
	seen    survey.Hash // the certificate that is spoken to
	token   string
}

// transport speaks to whoever holds the certificate that the invitation names, or else the first one seen.
func (g *giver) transport() *http.Transport {
	return &http.Transport{
		DialContext: (&net.Dialer{Timeout: dialTime}).DialContext, ResponseHeaderTimeout: giveTime, TLSHandshakeTimeout: dialTime,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, // VerifyConnection checks the pin instead
			VerifyConnection: func(state tls.ConnectionState) error {
				if len(state.PeerCertificates) == 0 {
					return errors.New("no certificate")
				}
				pin := seal.Pin(state.PeerCertificates[0])
				if g.seen.IsZero() {
					return nil // typed: probe looks at it
				}
				if pin != g.seen {
					return errors.New("certificate is not the one of this meeting")
				}
				return nil
			},
		},
	}
}

// meet proves that this device knows the code, and has the courier prove the same, each over the certificate it sees.
func (g *giver) meet(ctx context.Context) (met wire.Met, err error) {
	if g.seen.IsZero() {
		if g.seen, err = g.probe(ctx); err != nil {
			return met, err
		}
		g.client.CloseIdleConnections()
	}
	l := g.packer.spec.Label
	meet := wire.Meet{County: l.County, Device: l.Device, Nonce: make([]byte, 16)}
	_, _ = rand.Read(meet.Nonce) // never fails
	meet.Proof = meet.Proves(g.code, g.seen)
	body, err := wire.Pack(&meet)
	if err != nil {
		return met, err
	}
	answer, err := g.ask(ctx, http.MethodPost, wire.PathMeet, wire.MediaType, body)
	if err != nil {
		return met, err
	}
	if met, err = wire.Unpack[wire.Met](answer); err != nil {
		return met, refuse(survey.Unavailable, messageAway, err)
	}
	if !wire.Proves(met.Proof, met.Proves(g.code, meet.Nonce, g.seen)) {
		return met, refuse(survey.Denied, messageStranger, errors.New("wrong proof"))
	}
	g.token = hex.EncodeToString(met.Token)
	return met, nil
}

// probe returns the certificate at a typed address. Whose it is the proofs will tell.
func (g *giver) probe(ctx context.Context) (survey.Hash, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.address+wire.PathMeet, nil)
	if err != nil {
		return survey.Hash{}, refuse(survey.Invalid, "地址不对，请照对方屏幕上的再输一次，例如 192.168.43.1:40001。", err)
	}
	response, err := g.client.Do(request)
	if err != nil {
		return survey.Hash{}, refuse(survey.Unavailable, messageAway, err)
	}
	defer response.Body.Close()
	if response.TLS == nil || len(response.TLS.PeerCertificates) == 0 {
		return survey.Hash{}, refuse(survey.Unavailable, messageAway, errors.New("no certificate"))
	}
	return seal.Pin(response.TLS.PeerCertificates[0]), nil
}

// ask sends one request. A refusal is returned with the courier's own sentence only once it has shown that it has the
// code.
func (g *giver) ask(ctx context.Context, method, path, media string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, giveTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, g.address+path, bytes.NewReader(body))
	if err != nil {
		return nil, refuse(survey.Invalid, "地址不对，请照对方屏幕上的再输一次，例如 192.168.43.1:40001。", err)
	}
	request.Header.Set("Content-Type", media)
	request.Header.Set(wire.HeaderErrand, g.token)
	response, err := g.client.Do(request)
	if err != nil {
		return nil, refuse(survey.Unavailable, messageAway, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, wire.MaxPacked))
	if err != nil || response.Header.Get("Content-Type") != wire.MediaType {
		return nil, refuse(survey.Unavailable, messageAway, errors.Join(err, fmt.Errorf("status %d", response.StatusCode)))
	}
	if response.StatusCode == http.StatusOK {
		return answer, nil
	}
	failure, err := wire.Unpack[wire.Failure](answer)
	if err != nil {
		return nil, refuse(survey.Unavailable, messageAway, err)
	}
	if g.token == "" {
		failure.Message = beforeProof(failure.Kind)
	}
	return nil, refuse(failure.Kind, failure.Message, errors.New("the courier refused"))
}

// beforeProof is what is shown of a refusal while nobody knows whose it is.
func beforeProof(kind survey.Kind) string {
	switch kind {
	case survey.Denied:
		return messageWrong
	case survey.Internal, survey.Invalid, survey.NotFound, survey.Conflicting, survey.Unavailable, survey.Full, survey.Newer, survey.Damaged:
	}
	return messageAway
}

// takeHome takes over what the county has said. A word that is not its own, or on another log, changes nothing.
func (g *giver) takeHome(ctx context.Context, words []wire.Carried) (home int, err error) {
	for _, word := range words {
		n, err := g.source.ReceiveCarried(ctx, word)
		if err != nil {
			continue // of an earlier life of the server, or nobody's
		}
		home += int(n)
	}
	return home, ctx.Err()
}

// giveAll gives errands as long as there is room, each noted when the courier has it on its disk.
func (g *giver) giveAll(ctx context.Context, met wire.Met, given survey.Given) (survey.Given, error) {
	given.Courier = met.Device
	all, larger, err := toGive(ctx, g.source, met.Device)
	given.Larger = larger
	if err != nil {
		return given, err
	}
	for i, l := range all {
		file, sum, err := g.packer.pack(ctx, l)
		if err != nil {
			return given, err
		}
		if i >= met.Errands || int64(len(file)) > met.Room {
			given.Full = true
			break
		}
		met.Room -= int64(len(file))
		_, err = g.ask(ctx, http.MethodPut, wire.PathErrand+"/"+sum.String(), wire.MediaBytes, file)
		if survey.KindOf(err) == survey.Full {
			given.Full = true
			break
		}
		if err == nil {
			err = g.source.Entrust(ctx, met.Device, l.segments, l.hashes())
		}
		if err != nil {
			return given, err
		}
		l.count(&given)
	}
	return given, nil
}
