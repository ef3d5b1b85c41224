// Package errand takes in what one device brings for another: bundles that only the server can open.
//
// Their bytes come by offset, as attachments do, and wait in a folder of their own until the last has come. Then the
// bundle is opened and stored as one that an operator imports; who brought it was only asked whether they may.
// docs/protocol.md, "Errands", is the specification.
package errand

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Records is what an intake stores records in.
type Records interface {
	County() uint32
	// Courier returns an error of kind Denied for a device that may not carry for others.
	Courier(ctx context.Context, device survey.DeviceID) error
	DeviceKey(ctx context.Context, device survey.DeviceID) (ed25519.PublicKey, error)
	Carry(ctx context.Context, s wire.Segment) (central.Arrived, error)
	Vouch(device survey.DeviceID, logs []wire.HeldLog, rejects []wire.Reject) (wire.Carried, error)
	Attachment(ctx context.Context, device survey.DeviceID, sum survey.Hash) (int64, error)

	Errand(ctx context.Context, sum survey.Hash) (news wire.ErrandNews, known bool, err error)
	BeginErrand(ctx context.Context, courier survey.DeviceID, errand wire.ErrandName) error
	EndErrand(ctx context.Context, news wire.ErrandNews) error
	ForgetErrands(ctx context.Context) ([]survey.Hash, error)
}

// Attachments is where the attachments of records are kept.
type Attachments interface {
	Append(ctx context.Context, sum survey.Hash, size, at int64, bytes []byte) (held int64, err error)
}

// Options say what an intake is made of.
type Options struct {
	Records Records
	Blobs   Attachments
	Files   blob.Store         // where errands wait, apart from attachments
	Key     ed25519.PrivateKey // the server's
	Clock   survey.Clock
	Log     *slog.Logger // nil keeps quiet
}

// Intake takes errands in. Its methods may be called by several goroutines.
type Intake struct {
	o        Options
	identity string
	key      wire.SignedErrandKey

	taking sync.Mutex // one errand is stored at a time
	swept  time.Time  // belongs to taking
}

// New returns an intake for a server's key.
func New(o Options) (*Intake, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	identity, recipient, err := seal.ErrandKey(o.Key)
	if err != nil {
		return nil, err
	}
	key, err := wire.SignErrandKey(wire.ErrandKey{County: o.Records.County(), Recipient: recipient}, o.Key)
	return &Intake{o: o, identity: identity, key: key}, err
}

// Key returns whom errands are encrypted to, signed.
func (i *Intake) Key() *wire.SignedErrandKey { return &i.key }

// Ask says how far errands have come. One that is whole and has waited for what comes before it is tried again.
func (i *Intake) Ask(ctx context.Context, courier survey.DeviceID, ask wire.ErrandAsk) (reply wire.ErrandReply, err error) {
	if err := i.o.Records.Courier(ctx, courier); err != nil {
		return reply, err
	}
	i.sweep(ctx)
	for _, name := range ask.Errands {
		news, err := i.news(ctx, courier, name)
		if err != nil {
			return reply, err
		}
		reply.Errands = append(reply.Errands, news)
	}
	return reply, nil
}

func (i *Intake) news(ctx context.Context, courier survey.DeviceID, name wire.ErrandName) (wire.ErrandNews, error) {
	news, known, err := i.o.Records.Errand(ctx, name.Sum)
	if err != nil || known && news.State != wire.ErrandComing {
		return news, err
	}
	held, err := i.o.Files.Held(ctx, name.Sum, name.Size)
	if survey.KindOf(err) == survey.Conflicting {
		held, err = 0, i.o.Files.Remove(ctx, name.Sum) // somebody began it with another size, which the hash will tell
	}
	if err == nil && held == name.Size {
		err = i.o.Records.BeginErrand(ctx, courier, name) // the database may have been put back since
	}
	if err != nil {
		return news, err
	}
	if held == name.Size {
		return i.take(ctx, name)
	}
	return wire.ErrandNews{Sum: name.Sum, State: wire.ErrandComing, Held: held}, nil
}

// Append takes bytes of an errand and returns how many are held. With the last of them it is opened and stored; what
// came of that, Ask says.
func (i *Intake) Append(ctx context.Context, courier survey.DeviceID, name wire.ErrandName, at int64, bytes []byte) (held int64, err error) {
	if err := i.o.Records.Courier(ctx, courier); err != nil {
		return 0, err
	}
	if name.Size <= 0 || name.Size > wire.MaxErrand {
		return 0, &survey.Error{Kind: survey.Invalid, Op: "errand.Append", Message: "这个数据包太大，没有收。", Err: fmt.Errorf("%d bytes", name.Size)}
	}
	news, known, err := i.o.Records.Errand(ctx, name.Sum)
	if err != nil || known && news.State != wire.ErrandComing {
		return name.Size, err
	}
	if err := i.o.Records.BeginErrand(ctx, courier, name); err != nil {
		return 0, err
	}
	if held, err = i.o.Files.Append(ctx, name.Sum, name.Size, at, bytes); err != nil || held < name.Size {
		return held, err
	}
	_, err = i.take(ctx, name)
	return held, err
}

// take stores what is in an errand that is whole. Until it is stored or refused for good it stays as it is.
func (i *Intake) take(ctx context.Context, name wire.ErrandName) (wire.ErrandNews, error) {
	i.taking.Lock()
	defer i.taking.Unlock()
	news, known, err := i.o.Records.Errand(ctx, name.Sum)
	if err != nil || known && news.State != wire.ErrandComing {
		return news, err // somebody else was quicker
	}
	content, sender, err := i.open(ctx, name)
	if err != nil && final(err) {
		return i.refuse(ctx, name.Sum, err)
	}
	if err != nil {
		return news, err
	}
	t := &taking{intake: i, sender: sender, logs: map[survey.ReplicaID]wire.HeldLog{}, parted: map[survey.ReplicaID]bool{}}
	err = t.run(ctx, content)
	switch {
	case err != nil && final(err):
		return i.refuse(ctx, name.Sum, err)
	case err != nil:
		return news, err
	case t.gap:
		return wire.ErrandNews{Sum: name.Sum, State: wire.ErrandComing, Held: name.Size}, nil
	}
	words, err := t.words()
	if err != nil {
		return news, err
	}
	return i.settle(ctx, wire.ErrandNews{Sum: name.Sum, State: wire.ErrandTaken, Words: words})
}

// open verifies an errand as far as anybody can, and opens it as only the server can.
func (i *Intake) open(ctx context.Context, name wire.ErrandName) (*bundle.Content, survey.DeviceID, error) {
	b, err := bundle.Inspect(&waiting{ctx, i.o.Files, name.Sum}, name.Size)
	if err != nil {
		return nil, survey.DeviceID{}, err
	}
	l := b.Label
	if l.Kind != bundle.Errand {
		return nil, l.Device, &survey.Error{Kind: survey.Invalid, Op: "errand.open", Message: "这个数据包要由人拿到乡镇导入，不能这样交。", Err: fmt.Errorf("kind %d", l.Kind)}
	}
	if l.County != i.o.Records.County() {
		return nil, l.Device, &survey.Error{Kind: survey.Denied, Op: "errand.open", Message: "这个数据包不是本县的，没有采用。请交给它所属的县。", Err: bundle.ErrForeign}
	}
	key, err := i.o.Records.DeviceKey(ctx, l.Device)
	if err != nil {
		return nil, l.Device, err
	}
	content, err := b.Open([]string{i.identity}, key)
	return content, l.Device, err
}

// final reports whether an errand will fail in the same way for ever.
func final(err error) bool {
	switch survey.KindOf(err) {
	case survey.Invalid, survey.Denied, survey.Newer, survey.Damaged, survey.NotFound:
		return true
	case survey.Internal, survey.Unavailable, survey.Full, survey.Conflicting:
	}
	return false
}

func (i *Intake) refuse(ctx context.Context, sum survey.Hash, cause error) (wire.ErrandNews, error) {
	message := survey.MessageOf(cause)
	if message == "" {
		message = "县里用不了这个数据包，没有采用。内容在它的主人那里是全的。"
	}
	i.o.Log.WarnContext(ctx, "errand refused", slog.String("kind", survey.KindOf(cause).String()), slog.Any("err", cause))
	return i.settle(ctx, wire.ErrandNews{Sum: sum, State: wire.ErrandRefused, Kind: survey.KindOf(cause), Message: message})
}

// settle notes what became of an errand, and then takes its file away.
func (i *Intake) settle(ctx context.Context, news wire.ErrandNews) (wire.ErrandNews, error) {
	if err := i.o.Records.EndErrand(ctx, news); err != nil {
		return news, err
	}
	return news, i.o.Files.Remove(ctx, news.Sum)
}

// sweepEvery is how often errands that nobody finishes are looked for.
const sweepEvery = time.Hour

func (i *Intake) sweep(ctx context.Context) {
	i.taking.Lock()
	defer i.taking.Unlock()
	if now := i.o.Clock(); now.Sub(i.swept).Abs() < sweepEvery {
		return
	}
	i.swept = i.o.Clock()
	gone, err := i.o.Records.ForgetErrands(ctx)
	for _, sum := range gone {
		err = errors.Join(err, i.o.Files.Remove(ctx, sum))
	}
	if err != nil {
		i.o.Log.WarnContext(ctx, "errands cannot be swept", slog.Any("err", err))
	}
}

// taking is one errand on its way into the records.
type taking struct {
	intake  *Intake
	sender  survey.DeviceID
	gap     bool
	order   []survey.ReplicaID
	logs    map[survey.ReplicaID]wire.HeldLog
	parted  map[survey.ReplicaID]bool // from the log that is held
	rejects []wire.Reject
}

// run stores logs first, for attachments are asked for by records.
func (t *taking) run(ctx context.Context, content *bundle.Content) error {
	err := content.Each(bundle.Takers{Segment: func(s wire.Segment) error { return t.segment(ctx, s) }})
	if err != nil || t.gap {
		return err
	}
	return content.Each(bundle.Takers{Attachment: func(a survey.Kept, r io.Reader) error { return t.attachment(ctx, a, r) }})
}

func (t *taking) segment(ctx context.Context, s wire.Segment) error {
	if s.Header.Device != t.sender {
		return &survey.Error{Kind: survey.Invalid, Op: "errand.segment", Message: "数据包里的记录不是写它的那台平板的，没有采用。", Err: errors.New("another device's log")}
	}
	came, err := t.intake.o.Records.Carry(ctx, s)
	if err != nil {
		return err
	}
	id := s.Header.Replica
	if came.Gap || came.State.Fork {
		t.parted[id] = t.parted[id] || came.State.Fork
		t.gap = t.gap || came.Gap && !t.parted[id]
		return nil // what parts from the log its device sorts out, once it is connected
	}
	hash, err := s.Hash()
	if err != nil {
		return err
	}
	if _, known := t.logs[id]; !known {
		t.order = append(t.order, id)
	}
	if s.Last() > t.logs[id].Last {
		t.logs[id] = wire.HeldLog{Replica: id, Last: s.Last(), Durable: min(came.State.Durable, s.Last()), Hash: hash}
	}
	t.rejects = append(t.rejects, came.Rejects...)
	return nil
}

// attachment stores a file that a record of the sender's refers to; nobody stores any other.
func (t *taking) attachment(ctx context.Context, a survey.Kept, r io.Reader) error {
	size, err := t.intake.o.Records.Attachment(ctx, t.sender, a.SHA256)
	if survey.KindOf(err) == survey.NotFound || err == nil && size != a.Size {
		return nil
	}
	if err != nil {
		return err
	}
	chunk := make([]byte, wire.MaxChunk)
	for at := int64(0); at < a.Size; {
		n, err := io.ReadFull(r, chunk[:min(int64(len(chunk)), a.Size-at)])
		if err != nil {
			return err
		}
		if _, err := t.intake.o.Blobs.Append(ctx, a.SHA256, a.Size, at, chunk[:n]); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// words returns the server's word on each log. What was rejected stands in the first.
func (t *taking) words() ([]wire.Carried, error) {
	var words []wire.Carried
	for _, id := range t.order {
		word, err := t.intake.o.Records.Vouch(t.sender, []wire.HeldLog{t.logs[id]}, t.rejects)
		if err != nil {
			return nil, err
		}
		words, t.rejects = append(words, word), nil
	}
	return words, nil
}

// waiting reads an errand that is whole.
type waiting struct {
	ctx   context.Context //nolint:containedctx // an io.ReaderAt has no place for it
	files blob.Store
	sum   survey.Hash
}

// ReadAt implements [io.ReaderAt].
func (w *waiting) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.files.Read(w.ctx, w.sum, off, p)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}
