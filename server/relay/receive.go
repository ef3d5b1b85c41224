package relay

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// TakeCarried keeps segments that a device of the relay's villages has brought, each as it was signed. When it returns,
// what it names is on the disk. Which of them the county takes is the county's to say.
func (r *Relay) TakeCarried(_ context.Context, from survey.DeviceID, carry wire.Carry) (reply wire.CarryReply, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.standing(); err != nil {
		return reply, err
	}
	r.saw(from)
	for _, s := range carry.Segments {
		hash, err := r.verified(s)
		if err != nil {
			return wire.CarryReply{}, err
		}
		if err := r.keep(s, hash); err != nil {
			return wire.CarryReply{}, fail("relay.TakeCarried", err)
		}
		r.brought(s, hash)
		reply.Kept = append(reply.Kept, hash)
	}
	if word, ok := r.words[carry.Segments[0].Header.Replica]; ok {
		reply.Words = []wire.Carried{word}
	}
	r.Wake()
	return reply, nil
}

// keep puts a segment on the disk. One the county holds already, or that is here, is only named again.
func (r *Relay) keep(s wire.Segment, hash survey.Hash) error {
	if r.segments[hash] != nil {
		return nil
	}
	if err := r.put(r.segmentPath(hash), s); err != nil {
		return err
	}
	r.enter(s, hash)
	return nil
}

// standing refuses to take anything in before the county has let the relay in, and after its grant has ended.
func (r *Relay) standing() error {
	e := r.county.Enrolment
	if e.Server == "" || e.Grant.NotAfter < survey.MillisOf(r.o.Clock()) {
		return &survey.Error{
			Kind: survey.Unavailable, Op: "relay.standing", Err: errors.New("no grant"),
			Message: "这个接收点的授权已到期，要先联一次网。内容仍在本机。",
		}
	}
	return nil
}

// DeviceKey returns the key by which a device signs that the county has told the relay of.
func (r *Relay) DeviceKey(_ context.Context, id survey.DeviceID) (ed25519.PublicKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.county.device(id)
	if !ok {
		return nil, &survey.Error{
			Kind: survey.Unavailable, Op: "relay.DeviceKey", Message: "接收点还不认识这台设备，请让接收点联一次网再试。内容仍在本机。",
			Err: errors.New("unknown device"),
		}
	}
	return known.SignKey, nil
}

// Feed hands down what the county has signed for a device: its grant, the lists, its word on the device's logs, and pages of
// the feeds it is granted.
func (r *Relay) Feed(_ context.Context, id survey.DeviceID, pull wire.Pull) (reply wire.PullReply, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.standing(); err != nil {
		return reply, err
	}
	r.saw(id)
	known, _ := r.county.device(id)
	reply = wire.PullReply{Epoch: r.county.Enrolment.Epoch, Grant: known.Grant, Time: survey.MillisOf(r.o.Clock())}
	if r.county.Enrolment.Recipients.Serial > pull.Recipients {
		reply.Recipients = r.county.Recipients
	}
	if r.county.Enrolment.Revocations.Serial > pull.Revocations {
		reply.Revocations = r.county.Revocations
	}
	if len(known.Holdings.Holdings) > 0 {
		reply.Holdings = &known.Holdings
	}
	for _, word := range r.words {
		if word.Device == id && len(reply.Words) < wire.MaxHoldings {
			reply.Words = append(reply.Words, word)
		}
	}
	slices.SortFunc(reply.Words, func(a, b wire.Carried) int { return a.Logs[0].Replica.Compare(b.Logs[0].Replica) })
	reply.Pages, reply.More, err = r.pagesFor(known, pull)
	return reply, fail("relay.Feed", err)
}

// Attachment returns the size of a file that a segment of the device refers to, or that comes with a form; any other is
// NotFound.
func (r *Relay) Attachment(_ context.Context, id survey.DeviceID, sum survey.Hash) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if form, ok := r.formFiles()[sum]; ok {
		return form.Size, nil
	}
	f := r.files[sum]
	if f == nil || !f.devices[id] {
		return 0, &survey.Error{Kind: survey.NotFound, Op: "relay.Attachment", Subject: "blob " + sum.String(), Message: "接收点没有这个附件所属的记录。"}
	}
	return f.Size, nil
}

// Epoch returns the county's life as it was last known.
func (r *Relay) Epoch() survey.Epoch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.county.Enrolment.Epoch
}

// Receive is refused: a receipt is the county's word alone.
func (r *Relay) Receive(context.Context, wire.Push) (wire.Receipt, error) {
	return wire.Receipt{}, onlyCounty()
}

// Front is a relay as a server asks it, in the county's place.
type Front struct{ *Relay }

// Enrol is refused: the county alone knows codes. What a device signs for it is passed on.
func (Front) Enrol(context.Context, wire.Enrol, survey.Hash) (wire.Enrolled, error) {
	return wire.Enrolled{}, onlyCounty()
}

// Reconcile is refused: a relay has no feed.
func (r *Relay) Reconcile(context.Context, survey.DeviceID, wire.Reconcile) (wire.Differences, error) {
	return wire.Differences{}, onlyCounty()
}

// TakeOffer is refused: a relay has no feed.
func (r *Relay) TakeOffer(context.Context, survey.DeviceID, wire.Offer) (wire.Offered, error) {
	return wire.Offered{}, onlyCounty()
}

// RelayNews is refused: a relay tells no other.
func (r *Relay) RelayNews(context.Context, survey.DeviceID, wire.RelayAsk) (wire.RelayNews, error) {
	return wire.RelayNews{}, onlyCounty()
}

func onlyCounty() error {
	return &survey.Error{
		Kind: survey.NotFound, Op: "relay", Message: "这里是乡镇接收点，只收发走访内容。这件事要直接连县里的服务器。",
		Err: errors.New("only the county does this"),
	}
}
