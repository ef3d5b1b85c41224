package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// smallestResumed is the size from which a push goes by offset, so that what of it came before a cut is not sent again. What
// is smaller goes in one piece: a question how much has come would cost as much.
const smallestResumed = 8 << 10

// packed is the pending push as it travels. However it was packed first, it is the same to the byte until its receipt.
type packed struct {
	push survey.PushID
	body []byte
}

// pack packs the pending push: more tightly where the network is slow.
func (a *Agent) pack(push wire.Push) (body []byte, err error) {
	if a.packed.push == push.ID {
		return a.packed.body, nil
	}
	if a.pace.slow() {
		body, err = wire.PackCompact(&push)
	} else {
		body, err = wire.Pack(&push)
	}
	if err == nil {
		a.packed = packed{push.ID, body}
	}
	return body, err
}

// parcel is a packed push on its way.
type parcel struct {
	agent *Agent
	path  string
	body  []byte
	sent  int // bytes of the last request
}

// deliver hands over a packed push. It returns what the server signs for it, and how many bytes the last exchange took.
func (a *Agent) deliver(ctx context.Context, body []byte) (receipt wire.Receipt, sent int, err error) {
	if len(body) < smallestResumed {
		receipt, err = post[wire.Receipt](ctx, a.link, "client.push", wire.PathPush, body)
		return receipt, len(body), err
	}
	if len(body) > wire.MaxPacked {
		return receipt, 0, &survey.Error{Kind: survey.Invalid, Op: "client.push", Err: errTooLarge}
	}
	sum := survey.Hash(sha256.Sum256(body))
	p := &parcel{agent: a, path: wire.PathPush + "/" + sum.String(), body: body}
	at := 0
	if a.begun == sum {
		if at, err = p.held(ctx); err != nil {
			return receipt, 0, err
		}
	}
	a.begun = sum
	reply, err := p.carry(ctx, at)
	if err != nil {
		return receipt, 0, err
	}
	receipt, err = readReply[wire.Receipt](reply, "client.push")
	return receipt, p.sent, err
}

// carry sends what the server lacks until it answers for the whole, as long as anything comes.
func (p *parcel) carry(ctx context.Context, at int) (answer, error) {
	for vain := 0; ; {
		reply, err := p.send(ctx, at)
		held, lacking, err := p.after(ctx, reply, err)
		if !lacking {
			return reply, err
		}
		if vain++; held > at {
			vain = 0
		}
		if vain > 1 {
			return reply, err
		}
		at = held
	}
}

// after reports whether a request ended before the server had all of the push, and how much that has then. Where the
// connection broke, it asks.
func (p *parcel) after(ctx context.Context, reply answer, err error) (held int, lacking bool, cause error) {
	switch {
	case errors.Is(err, errBroken) && ctx.Err() == nil:
		held, asking := p.held(ctx)
		if asking != nil {
			// Not errBroken: what has come is not given up.
			return 0, false, unavailable(fmt.Errorf("asking how much came: %s, after %s", asking.Error(), err.Error()))
		}
		return held, true, err
	case err == nil && reply.status == http.StatusConflict && reply.header.Get(wire.HeaderOffset) != "":
		held, err := p.offset(reply)
		if err != nil {
			return 0, false, err
		}
		return held, true, unavailable(fmt.Errorf("the server holds %d of %d bytes", held, len(p.body)))
	}
	return 0, false, err
}

func (p *parcel) send(ctx context.Context, at int) (answer, error) {
	rest := p.body[at:]
	p.sent = len(rest)
	return p.agent.link.exchange(ctx, call{
		method: http.MethodPatch, path: p.path, body: rest,
		offset: strconv.Itoa(at), length: strconv.Itoa(len(p.body)), piece: pieceOf(p.agent.pace.chunk),
	})
}

// held asks how much of the push has come.
func (p *parcel) held(ctx context.Context) (int, error) {
	reply, err := p.agent.link.exchange(ctx, call{method: http.MethodHead, path: p.path})
	if err == nil {
		err = reply.refusal("client.push")
	}
	if err != nil {
		return 0, err
	}
	return p.offset(reply)
}

func (p *parcel) offset(reply answer) (int, error) {
	n, err := reply.offset(int64(len(p.body)))
	return int(n), err
}
