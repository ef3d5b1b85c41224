package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// What the person reads when a receiving point cannot be added.
const (
	messageRelayAway  = "连不上这个接收点。请确认本机连着它的 Wi-Fi 或热点，地址没有输错，再试一次。"
	messageNotRelay   = "这个地址不是本县的乡镇接收点，没有添加。请核对地址。"
	messageRelayEnded = "这个接收点的授权已被县里收回，没有添加。请联系乡镇。"
)

// segmentsAtOnce is how many segments a receiving point is handed in one request.
const segmentsAtOnce = 4

// dialTime is how long a receiving point may take to answer at all.
const dialTime = 10 * time.Second

// byRelays hands what the server did not take to the first receiving point in reach, and reads there what others wrote.
// Nothing that it says changes anything but what the server has signed itself.
func (a *Agent) byRelays(ctx context.Context, e survey.Enrolment) {
	a.relayed = false
	relays, err := a.log.Relays(ctx)
	for _, relay := range relays {
		if _, ended := e.Revocations.Since(relay.Device); ended || ctx.Err() != nil {
			continue
		}
		if err = a.byRelay(ctx, e, relay); err == nil {
			a.relayed = true
			return
		}
		a.o.Log.InfoContext(ctx, "relay round failed", slog.String("kind", survey.KindOf(err).String()), slog.Any("error", err))
	}
	if err != nil && len(relays) == 0 {
		a.o.Log.WarnContext(ctx, "receiving points cannot be read", slog.Any("error", err))
	}
}

// nearby is pinnedTransport for an address on the same network: who does not answer soon is not there.
func nearby(pin survey.Hash) *http.Transport {
	transport := pinnedTransport(pin)
	transport.Proxy, transport.DialContext = nil, (&net.Dialer{Timeout: dialTime}).DialContext
	return transport
}

// hasForRelay reports whether something has come up that a receiving point in reach could hold.
func (a *Agent) hasForRelay(ctx context.Context) bool {
	n, err := a.log.Unrelayed(ctx)
	return err == nil && n > 0
}

// byRelay does a round with one receiving point: text, then what the county has said and others have written, then
// attachments, and last the files that come with forms.
func (a *Agent) byRelay(ctx context.Context, e survey.Enrolment, relay survey.Relay) error {
	device, keys, err := a.log.Device(ctx)
	if err != nil {
		return err
	}
	transport := a.o.Transport
	if transport == nil {
		transport = nearby(relay.Pin)
	}
	a.link, err = newLink(survey.Enrolment{Server: relay.Address, Pin: relay.Pin, ServerKey: relay.Key}, device, keys, transport)
	if err != nil {
		return err
	}
	defer a.link.close()
	if err := a.relayText(ctx); err != nil {
		return err
	}
	if err := a.relayFeeds(ctx, e); err != nil {
		return err
	}
	if err := a.relayFiles(ctx); err != nil {
		return err
	}
	a.relayForms(ctx)
	return a.carryErrands(ctx, a.link)
}

// relayText hands over the log until a receiving point holds all of it.
func (a *Agent) relayText(ctx context.Context) error {
	total, err := a.log.Unrelayed(ctx)
	if err != nil {
		return err
	}
	for left := total; left > 0; {
		a.report(survey.Progress{Activity: survey.Relaying, Done: int64(max(0, total-left)), Total: int64(max(total, left))})
		segments, err := a.log.NextRelayed(ctx, segmentsAtOnce)
		if err != nil {
			return err
		}
		if err := a.relaySegments(ctx, segments); err != nil {
			return err
		}
		after, err := a.log.Unrelayed(ctx)
		if err != nil || after >= left {
			return stuck("client.relayText", after, err)
		}
		left = after
	}
	return nil
}

// relaySegments hands over segments. What the relay names that it was not given now counts for nothing.
func (a *Agent) relaySegments(ctx context.Context, segments []wire.Segment) error {
	if len(segments) == 0 {
		return nil
	}
	reply, err := ask[wire.CarryReply](ctx, a.link, "client.relaySegments", wire.PathCarry, &wire.Carry{Segments: segments})
	if len(segments) > 1 && errors.Is(err, errTooLarge) {
		return a.relaySegments(ctx, segments[:len(segments)/2])
	}
	if err != nil {
		return err
	}
	for _, s := range segments {
		hash, err := s.Hash()
		if err != nil {
			return err
		}
		if !slices.Contains(reply.Kept, hash) {
			return nil // what follows is behind a gap
		}
		if err := a.log.Relayed(ctx, hash); err != nil {
			return err
		}
	}
	return nil
}

// relayPage is how much is asked of a receiving point's feeds at once.
const relayPage = 256 << 10

// relayFeeds reads what the county has signed and the relay brings home, until nothing new comes.
func (a *Agent) relayFeeds(ctx context.Context, e survey.Enrolment) error {
	for read := 0; ; {
		cursors, err := a.log.Cursors(ctx)
		if err != nil {
			return err
		}
		reply, err := ask[wire.PullReply](ctx, a.link, "client.relayFeeds", wire.PathPull, &wire.Pull{
			Cursors: cursors, MaxBytes: relayPage, Recipients: e.Recipients.Serial, Revocations: e.Revocations.Serial, Signed: true,
		})
		if err != nil {
			return err
		}
		a.takeWords(ctx, reply)
		if e, err = a.leaveWithdrawn(ctx, cursors); err != nil {
			return err
		}
		fresh, err := a.takePages(ctx, reply.Pages)
		if read += fresh; fresh > 0 {
			a.report(survey.Progress{Activity: survey.Fetching, Done: int64(read)})
		}
		if err != nil || !reply.More || fresh == 0 {
			return err
		}
	}
}

// takePages takes over pages that a relay handed down. What the county did not sign like this ends it without harm.
func (a *Agent) takePages(ctx context.Context, pages []wire.FeedPage) (fresh int, err error) {
	for _, page := range pages {
		n, err := a.log.ApplySigned(ctx, page)
		fresh += n
		if survey.KindOf(err) == survey.Damaged {
			a.o.Log.WarnContext(ctx, "a page that a relay handed down was not taken over", slog.Any("error", err))
			return 0, nil
		}
		if err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}

// leaveWithdrawn takes out of view what the grant does not name any more. The grant says so and not the relay, which
// nobody has to believe.
func (a *Agent) leaveWithdrawn(ctx context.Context, cursors []survey.Cursor) (survey.Enrolment, error) {
	e, _, err := a.log.Enrolment(ctx)
	for _, cursor := range cursors {
		if err == nil && !slices.Contains(e.Grant.Scopes, cursor.Scope) {
			err = a.log.RemoveScope(ctx, cursor.Scope)
		}
	}
	return e, err
}

// relayForms brings the files that come with forms, as far as the relay has them.
func (a *Agent) relayForms(ctx context.Context) {
	if err := a.fetchFormFiles(ctx); err != nil {
		a.o.Log.InfoContext(ctx, "files of forms were not to be had at a relay", slog.Any("error", err))
	}
}

// takeWords takes over what the county has signed and the relay brings back. Each stands by itself; what is not the
// county's, or of another life of its database, changes nothing and keeps nothing else.
func (a *Agent) takeWords(ctx context.Context, reply wire.PullReply) {
	refused := []error{a.log.Renew(ctx, reply.Grant)}
	if reply.Recipients != nil {
		refused = append(refused, a.log.KeepRecipients(ctx, *reply.Recipients))
	}
	if reply.Revocations != nil {
		refused = append(refused, a.log.KeepRevocations(ctx, *reply.Revocations))
	}
	for _, word := range reply.Words {
		_, err := a.log.ReceiveCarried(ctx, word)
		refused = append(refused, err)
	}
	if reply.Holdings != nil {
		refused = append(refused, a.log.KeepHoldings(ctx, *reply.Holdings))
	}
	if err := errors.Join(refused...); err != nil {
		a.o.Log.WarnContext(ctx, "a word that a relay brought was not taken over", slog.Any("error", err))
	}
}

// relayFiles hands over attachments. They stay undelivered here until the server itself has them.
func (a *Agent) relayFiles(ctx context.Context) error {
	blobs, err := a.log.UnheldBlobs(ctx)
	if err != nil {
		return err
	}
	line := &Line{a.link}
	for i, blob := range blobs {
		data, err := a.log.Blob(ctx, blob.SHA256)
		if err != nil {
			return err
		}
		a.report(survey.Progress{Activity: survey.Relaying, Done: int64(i), Total: int64(len(blobs))})
		err = line.Upload(ctx, survey.Attachment{SHA256: blob.SHA256, Size: blob.Size}, func(at int64, p []byte) (int, error) { return copy(p, data[at:]), nil })
		if survey.KindOf(err) == survey.NotFound {
			continue // its record went by another road
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// MeetRelay asks who is at an address, and returns the receiving point there if the county sent it: its pass, signed by
// the county, names the key that signs the reply, and the reply names the certificate that is shown. So an address that
// somebody typed is enough. A pin that came with the address, in a QR code, must be the same.
func MeetRelay(ctx context.Context, e survey.Enrolment, device survey.DeviceID, address string, pin survey.Hash, o Options) (survey.Relay, error) {
	server, err := parseServer(address)
	if err != nil {
		return survey.Relay{}, err
	}
	transport := o.Transport
	if transport == nil {
		transport = nearby(pin)
	}
	l := &link{server: server, device: device, client: httpClient(transport)}
	defer l.close()
	signed := wire.Request{Method: http.MethodGet, Path: wire.PathStatus, Version: wire.Version, Device: device, Body: sha256.Sum256(nil)}
	if _, err := rand.Read(signed.Nonce[:]); err != nil {
		return survey.Relay{}, relayError(survey.Unavailable, messageRelayAway, err)
	}
	a, state, err := l.send(ctx, call{method: http.MethodGet, path: wire.PathStatus}, signed)
	if err != nil {
		return survey.Relay{}, relayError(survey.Unavailable, messageRelayAway, err)
	}
	pass, grant, err := readPass(signed, a, e)
	if err == nil && state != nil && (len(state.PeerCertificates) == 0 || seal.Pin(state.PeerCertificates[0]) != pass.Pin) {
		err = errors.New("another certificate than the pass names")
	}
	if err == nil && !pin.IsZero() && pin != pass.Pin {
		err = errors.New("another certificate than was asked for")
	}
	if err != nil {
		return survey.Relay{}, relayError(survey.Denied, messageNotRelay, err)
	}
	if _, ended := e.Revocations.Since(grant.Device); ended {
		return survey.Relay{}, relayError(survey.Denied, messageRelayEnded, errors.New("revoked"))
	}
	return survey.Relay{Device: grant.Device, Address: server.String(), Pin: pass.Pin, Key: grant.SignKey, Name: grant.Township}, nil
}

// readPass returns the pass in a status, once the county's signature and the reply's by the key it names are found good.
func readPass(signed wire.Request, a answer, e survey.Enrolment) (wire.RelayPass, survey.Grant, error) {
	var grant survey.Grant
	status, err := wire.Unpack[wire.Status](a.body)
	if err != nil {
		return wire.RelayPass{}, grant, err
	}
	if status.Relay == nil {
		return wire.RelayPass{}, grant, errors.New("no pass")
	}
	if grant, err = status.Relay.Grant.Open(e.ServerKey); err != nil {
		return wire.RelayPass{}, grant, err
	}
	if grant.County != e.Grant.County || !slices.Contains(grant.Roles, survey.RoleRelay) || bytes.Equal(grant.SignKey, e.ServerKey) {
		return wire.RelayPass{}, grant, fmt.Errorf("pass of county %d with roles %v", grant.County, grant.Roles)
	}
	_, err = wire.ReadReply(signed, a.status, a.header, a.body, grant.SignKey)
	return *status.Relay, grant, err
}

func relayError(kind survey.Kind, message string, err error) error {
	return &survey.Error{Kind: kind, Op: "client.MeetRelay", Message: message, Err: err}
}
