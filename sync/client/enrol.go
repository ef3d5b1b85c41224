package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// What the person reads when a device cannot be enrolled.
const (
	messageAddress     = "服务器地址不对，请照工作人员给的再输一次，例如 192.168.1.10:8443。"
	messageUnreachable = "连不上服务器，请检查网络和服务器地址，再试一次。"
	messageCode        = "注册码不对、已经用过或已过期。请核对后再输一次，或向工作人员要一个新的。"
	messageCountyAway  = "接收点现在连不上县里的服务器，没有登记，登记码没有用掉。请等接收点联上网后再试。"
	messageBusy        = "服务器正忙，没有注册成。请过几分钟再试。"
	messageTooOld      = "走村的版本太旧，这台服务器不再支持。请先安装最新版本。"
	messageImpostor    = "对方证明不了自己是这台服务器，没有注册。请换一个网络再试，或联系工作人员。"
)

// Keeper is the store as enrolment needs it.
type Keeper interface {
	// Device returns this installation's identifier and keys.
	Device(ctx context.Context) (survey.DeviceID, seal.DeviceKeys, error)
	// Enrol keeps the county the device now belongs to.
	Enrol(ctx context.Context, e survey.Enrolment, grant wire.SignedGrant) error
}

// RelayKeeper is a keeper that takes note of the receiving point by which it was enrolled.
type RelayKeeper interface {
	KeepRelay(ctx context.Context, relay survey.Relay) error
}

// Enrol is [Accept] of an invitation of which somebody typed address and code.
func Enrol(ctx context.Context, keeper Keeper, server, typed string, o Options) (survey.Enrolment, error) {
	return Accept(ctx, keeper, wire.Invite{Address: server, Code: typed}, o)
}

// Accept makes this device one of the county's by a one-time code. The code does not travel: both sides prove that they
// know it, bound to the county's certificate, so nobody can stand between. At the address may be the county or a receiving
// point, which passes the enrolment on; where the invitation names one besides, it is tried when the county does not answer
// soon. Asked again with the same code, because the answer was lost, the county gives the same one.
func Accept(ctx context.Context, keeper Keeper, invite wire.Invite, o Options) (survey.Enrolment, error) {
	if invite.Near == "" {
		return accept(ctx, keeper, invite, o)
	}
	soon, cancel := context.WithTimeout(ctx, soonTime)
	e, err := accept(soon, keeper, invite, o)
	cancel()
	if survey.KindOf(err) != survey.Unavailable || ctx.Err() != nil {
		return e, err
	}
	near := invite
	near.Address = invite.Near
	e, err = accept(ctx, keeper, near, o)
	if survey.KindOf(err) != survey.Unavailable || errors.Is(err, errCountyAway) {
		return e, err
	}
	return accept(ctx, keeper, invite, o) // a slow county, and no receiving point here
}

// soonTime is how long the county may take to answer before the receiving point is tried that an invitation names.
const soonTime = 8 * time.Second

func accept(ctx context.Context, keeper Keeper, invite wire.Invite, o Options) (survey.Enrolment, error) {
	code, err := wire.ParseCode(invite.Code)
	if err != nil {
		return survey.Enrolment{}, err
	}
	address, err := parseServer(invite.Address)
	if err != nil {
		return survey.Enrolment{}, err
	}
	device, keys, err := keeper.Device(ctx)
	if err != nil {
		return survey.Enrolment{}, err
	}
	e := enrolling{
		code: code, transport: o.Transport, named: invite.Pin,
		link: &link{server: address, device: device, key: keys.Signer()},
		ask:  wire.Enrol{Device: device, SignKey: keys.SignPublic(), SealKey: keys.SealPublic(), CodeID: code.ID()},
	}
	defer e.close()
	enrolment, grant, err := e.run(ctx)
	if err != nil {
		return survey.Enrolment{}, err
	}
	if err := keeper.Enrol(ctx, enrolment, grant); err != nil {
		return enrolment, err
	}
	if to, keeps := keeper.(RelayKeeper); keeps {
		if relay, is := e.relay(enrolment); is {
			return enrolment, to.KeepRelay(ctx, relay)
		}
	}
	return enrolment, nil
}

// relay returns the receiving point that passed the enrolment on, once the county's key shows that it is one. Whoever is none
// could keep the answer away and no more: the device belongs to the county all the same.
func (e *enrolling) relay(enrolment survey.Enrolment) (survey.Relay, bool) {
	if e.status == nil {
		return survey.Relay{}, false
	}
	pass, grant, err := readPass(e.status.signed, e.status.answer, enrolment)
	return survey.Relay{
		Device: grant.Device, Address: e.link.server.String(), Pin: pass.Pin, Key: grant.SignKey, Name: grant.Township,
	}, err == nil && (e.link.pin.IsZero() || pass.Pin == e.link.pin)
}

// parseServer reads an address as people type it: with or without https://, and nothing behind the port.
func parseServer(typed string) (*url.URL, error) {
	typed = strings.TrimSpace(typed)
	if !strings.Contains(typed, "://") {
		typed = "https://" + typed
	}
	address, err := url.Parse(typed)
	if err == nil && (address.Scheme != "https" || address.Hostname() == "" || address.User != nil) {
		err = errors.New("not an https address")
	}
	if err != nil {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "client.Enrol", Message: messageAddress, Err: err}
	}
	return &url.URL{Scheme: address.Scheme, Host: address.Host, Path: strings.TrimRight(address.Path, "/")}, nil
}

// enrolling is one attempt.
type enrolling struct {
	code      wire.Code
	transport http.RoundTripper // nil makes one for each step
	link      *link             // to whom the device speaks: the county, or a receiving point
	ask       wire.Enrol
	named     survey.Hash // the certificate that the invitation names, or zero

	// The county, as it is itself or as the receiving point says. The proofs cover the pin: another one and they fail.
	server string
	pin    survey.Hash
	status *relayStatus // how a receiving point showed itself; nil for the county itself
}

// relayStatus is what a receiving point answered before anybody could tell that it is one.
type relayStatus struct {
	signed wire.Request
	answer answer
}

func (e *enrolling) close() {
	if e.link.client != nil {
		e.link.close()
	}
}

func (e *enrolling) run(ctx context.Context) (survey.Enrolment, wire.SignedGrant, error) {
	if err := e.meet(ctx); err != nil {
		return survey.Enrolment{}, wire.SignedGrant{}, err
	}
	signed, a, err := e.present(ctx)
	if err != nil {
		return survey.Enrolment{}, wire.SignedGrant{}, err
	}
	granted, err := e.judge(signed, a)
	if err != nil {
		return survey.Enrolment{}, wire.SignedGrant{}, err
	}
	grant, err := granted.Grant.Open(granted.ServerKey)
	if err != nil {
		return survey.Enrolment{}, wire.SignedGrant{}, impostor(err)
	}
	return survey.Enrolment{
		Server: e.server, Pin: e.pin, ServerKey: granted.ServerKey, Epoch: granted.Epoch, Grant: grant,
	}, granted.Grant, nil
}

// meet asks the server for a challenge, and notes the certificate it shows: the rest is said to nobody else. A receiving
// point is asked for the county's.
func (e *enrolling) meet(ctx context.Context) error {
	e.use(survey.Hash{})
	defer e.link.close()
	signed, a, state, err := e.get(ctx, wire.PathStatus)
	if err != nil {
		return err
	}
	status, err := wire.Unpack[wire.Status](a.body)
	if err != nil {
		return unreachable(err)
	}
	var pin survey.Hash
	if state != nil && len(state.PeerCertificates) > 0 {
		pin = seal.Pin(state.PeerCertificates[0])
	}
	if e.use(pin); status.Relay != nil {
		e.status = &relayStatus{signed, a}
		err = e.meetCounty(ctx)
	} else {
		e.server, e.pin = e.link.server.String(), pin
		if e.ask.Challenge, err = hex.DecodeString(a.header.Get(wire.HeaderChallenge)); err != nil {
			err = unreachable(fmt.Errorf("challenge: %w", err))
		}
	}
	if err != nil {
		return err
	}
	if !e.named.IsZero() && !e.pin.IsZero() && e.pin != e.named {
		return impostor(errors.New("another certificate than the invitation names"))
	}
	return nil
}

// meetCounty asks a receiving point for the county's challenge and certificate.
func (e *enrolling) meetCounty(ctx context.Context) error {
	_, a, _, err := e.get(ctx, wire.PathCounty)
	if err != nil {
		return err
	}
	if err := a.refusal("client.Enrol"); err != nil {
		return countyAway(err)
	}
	county, err := wire.Unpack[wire.County](a.body)
	if err != nil {
		return err
	}
	address, err := parseServer(county.Address)
	if err != nil {
		return err
	}
	e.server, e.pin, e.ask.Challenge = address.String(), county.Pin, county.Challenge
	return nil
}

// get asks for something before anybody is enrolled. Whoever answers has proved nothing yet.
func (e *enrolling) get(ctx context.Context, path string) (wire.Request, answer, *tls.ConnectionState, error) {
	signed, err := e.request(http.MethodGet, path, nil)
	if err != nil {
		return signed, answer{}, nil, err
	}
	a, state, err := e.link.send(ctx, call{method: http.MethodGet, path: path}, signed)
	if err == nil && state != nil {
		err = checkPin(state, e.link.pin)
	}
	if err == nil && (a.header.Get(wire.HeaderVersion) == "" || a.header.Get("Content-Type") != wire.MediaType) {
		err = fmt.Errorf("not our server, status %d", a.status)
	}
	if err != nil {
		return signed, a, state, unreachable(err)
	}
	return signed, a, state, nil
}

// use makes the link speak only to the holder of the pinned key.
func (e *enrolling) use(pin survey.Hash) {
	transport := e.transport
	if transport == nil {
		transport = pinnedTransport(pin)
	}
	e.link.pin, e.link.client = pin, httpClient(transport)
}

func (e *enrolling) request(method, path string, body []byte) (wire.Request, error) {
	r := wire.Request{
		Method: method, Path: path, Version: wire.Version, Device: e.link.device, Challenge: e.ask.Challenge,
		Body: sha256.Sum256(body),
	}
	_, err := rand.Read(r.Nonce[:])
	return r, err
}

// present shows that the device knows the code.
func (e *enrolling) present(ctx context.Context) (wire.Request, answer, error) {
	e.ask.Proof = e.ask.DeviceProof(e.code.Key(), e.pin)
	body, err := wire.Pack(&e.ask)
	if err != nil {
		return wire.Request{}, answer{}, err
	}
	signed, err := e.request(http.MethodPost, wire.PathEnrol, body)
	if err != nil {
		return signed, answer{}, err
	}
	a, state, err := e.link.send(ctx, call{method: http.MethodPost, path: wire.PathEnrol, body: body}, signed)
	if err != nil {
		return signed, a, unreachable(err)
	}
	if state != nil {
		if err := checkPin(state, e.link.pin); err != nil {
			return signed, a, impostor(err)
		}
	}
	return signed, a, nil
}

// judge decides whether the answer is the server's own: it must prove that it knows the code too.
func (e *enrolling) judge(signed wire.Request, a answer) (wire.Enrolled, error) {
	var none wire.Enrolled
	if a.header.Get(wire.HeaderVersion) == "" || a.header.Get("Content-Type") != wire.MediaType {
		return none, unreachable(fmt.Errorf("not our server, status %d", a.status))
	}
	if err := a.refusal("client.Enrol"); err != nil {
		if e.status != nil && survey.KindOf(err) == survey.Unavailable {
			return none, countyAway(err)
		}
		return none, &survey.Error{Kind: survey.KindOf(err), Op: "client.Enrol", Message: refusalMessage(survey.KindOf(err)), Err: err}
	}
	granted, err := wire.Unpack[wire.Enrolled](a.body)
	if err != nil {
		return none, unreachable(err)
	}
	if !wire.Proves(granted.Proof, e.ask.ServerProof(e.code.Key(), e.pin, granted)) {
		return none, impostor(errors.New("server proof is wrong"))
	}
	if _, err := wire.ReadReply(signed, a.status, a.header, a.body, granted.ServerKey); err != nil {
		return none, impostor(err)
	}
	return granted, nil
}

// refusalMessage returns the sentence for a refused enrolment. Whoever answers has not proved to be our server, so its
// own sentences are not shown.
func refusalMessage(kind survey.Kind) string {
	switch kind {
	case survey.Denied:
		return messageCode
	case survey.Newer:
		return messageTooOld
	case survey.Internal, survey.Invalid, survey.NotFound, survey.Conflicting, survey.Unavailable, survey.Full, survey.Damaged:
	}
	return messageBusy
}

// errCountyAway is the cause when a receiving point cannot reach the county.
var errCountyAway = errors.New("the receiving point does not reach the county")

func countyAway(err error) error {
	return &survey.Error{Kind: survey.Unavailable, Op: "client.Enrol", Message: messageCountyAway, Err: errors.Join(errCountyAway, err)}
}

func unreachable(err error) error {
	return &survey.Error{Kind: survey.Unavailable, Op: "client.Enrol", Message: messageUnreachable, Err: err}
}

func impostor(err error) error {
	return &survey.Error{Kind: survey.Denied, Op: "client.Enrol", Message: messageImpostor, Err: err}
}
