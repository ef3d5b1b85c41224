package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/client"
	"zoucun/sync/wire"
)

// Limits of the errands that a relay keeps.
const (
	maxErrands     = 512
	maxErrandBytes = 1 << 30
	errandsKept    = 60 * 24 * time.Hour // from when they came
)

const errandFolder = "errands"

// ErrandFiles is what a relay keeps errands in until the county has them.
type ErrandFiles interface {
	Held(ctx context.Context, sum survey.Hash, size int64) (int64, error)
	Append(ctx context.Context, sum survey.Hash, size, at int64, bytes []byte) (held int64, err error)
	Read(ctx context.Context, sum survey.Hash, at int64, p []byte) (int, error)
	Remove(ctx context.Context, sum survey.Hash) error
}

// Errands keeps what devices bring for others (捎带的数据包), as they brought it, and carries it to the county. Like any
// courier it can open none of it.
type Errands struct {
	relay *Relay
	files ErrandFiles

	mu    sync.Mutex
	known map[survey.Hash]errandHeld
}

// errandHeld is an errand that is whole, and what the county has said of it.
type errandHeld struct {
	Size int64
	Came survey.Millis
	News wire.ErrandNews
}

// OpenErrands reads what errands lie in a relay's folder. They are carried by the relay's rounds from then on.
func (r *Relay) OpenErrands(files ErrandFiles) (*Errands, error) {
	e := &Errands{relay: r, files: files, known: map[survey.Hash]errandHeld{}}
	if err := os.MkdirAll(r.path(errandFolder), 0o700); err != nil {
		return nil, fail("relay.OpenErrands", err)
	}
	err := r.each(errandFolder, func(raw []byte) error {
		var held errandHeld
		err := cbor.Unmarshal(raw, &held)
		if err == nil {
			e.known[held.News.Sum] = held
		}
		return err
	})
	r.errands = e
	return e, fail("relay.OpenErrands", err)
}

// Key returns nil: the county opens errands, and says itself to whom they are encrypted.
func (*Errands) Key() *wire.SignedErrandKey { return nil }

// Ask says how far errands have come: here, or at the county as far as that is known.
func (e *Errands) Ask(ctx context.Context, _ survey.DeviceID, ask wire.ErrandAsk) (reply wire.ErrandReply, err error) {
	if err := e.standing(); err != nil {
		return reply, err
	}
	for _, name := range ask.Errands {
		if held, known := e.find(name.Sum); known {
			reply.Errands = append(reply.Errands, held.News)
			continue
		}
		held, err := e.files.Held(ctx, name.Sum, name.Size)
		if survey.KindOf(err) == survey.Conflicting || err == nil && held == name.Size {
			held, err = 0, e.files.Remove(ctx, name.Sum) // begun with another size, or never looked at to the end
		}
		if err != nil {
			return reply, fail("relay.Ask", err)
		}
		reply.Errands = append(reply.Errands, wire.ErrandNews{Sum: name.Sum, State: wire.ErrandComing, Held: held})
	}
	return reply, nil
}

func (e *Errands) standing() error {
	e.relay.mu.Lock()
	defer e.relay.mu.Unlock()
	return e.relay.standing()
}

func (e *Errands) find(sum survey.Hash) (errandHeld, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	held, known := e.known[sum]
	return held, known
}

// Append takes bytes of an errand. With the last of them it is looked at as far as anybody can, and kept.
func (e *Errands) Append(ctx context.Context, _ survey.DeviceID, name wire.ErrandName, at int64, bytes []byte) (held int64, err error) {
	if err := e.standing(); err != nil {
		return 0, err
	}
	if _, known := e.find(name.Sum); known {
		return name.Size, nil
	}
	if err := e.room(name.Size); err != nil {
		return 0, err
	}
	if held, err = e.files.Append(ctx, name.Sum, name.Size, at, bytes); err != nil || held < name.Size {
		return held, fail("relay.Append", err)
	}
	if err := e.look(ctx, name); err != nil {
		return 0, errors.Join(err, e.files.Remove(ctx, name.Sum))
	}
	err = e.keep(errandHeld{
		Size: name.Size, Came: survey.MillisOf(e.relay.o.Clock()), News: wire.ErrandNews{Sum: name.Sum, State: wire.ErrandKept},
	})
	e.relay.Wake()
	return held, fail("relay.Append", err)
}

func (e *Errands) room(size int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	files, total := 0, size
	for _, held := range e.known {
		if held.News.State == wire.ErrandKept {
			files, total = files+1, total+held.Size
		}
	}
	if size <= 0 || size > wire.MaxErrand {
		return &survey.Error{Kind: survey.Invalid, Op: "relay.room", Message: "这个数据包太大，没有收。", Err: fmt.Errorf("%d bytes", size)}
	}
	if files >= maxErrands || total > maxErrandBytes {
		return &survey.Error{
			Kind: survey.Full, Op: "relay.room", Message: "接收点替别人带的数据包已经满了，没有再收。它还在本机，请等接收点联一次网再交。",
			Err: fmt.Errorf("%d errands of %d bytes", files, total),
		}
	}
	return nil
}

// look refuses what the county would refuse on sight.
func (e *Errands) look(ctx context.Context, name wire.ErrandName) error {
	b, err := bundle.Inspect(&errandFile{ctx, e.files, name.Sum}, name.Size)
	if err != nil {
		return err
	}
	county, _ := e.relay.Enrolment()
	if b.Label.Kind != bundle.Errand || b.Label.County != county.Grant.County {
		return &survey.Error{
			Kind: survey.Invalid, Op: "relay.look", Message: "这个数据包不是本县可以捎带的，没有收。",
			Err: fmt.Errorf("kind %d of county %d", b.Label.Kind, b.Label.County),
		}
	}
	return nil
}

// keep puts what is known of an errand on the disk.
func (e *Errands) keep(held errandHeld) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.relay.put(e.path(held.News.Sum), held); err != nil {
		return err
	}
	e.known[held.News.Sum] = held
	return nil
}

func (e *Errands) path(sum survey.Hash) string {
	return filepath.Join(e.relay.path(errandFolder), strings.ToLower(sum.String())+".cbor")
}

// carry hands the county the errands it has not judged, and hears of those it has. It returns how many it has judged now.
func (e *Errands) carry(ctx context.Context, line *client.Line) (judged int, err error) {
	if err := e.tidy(ctx); err != nil {
		return 0, err
	}
	var carrying []survey.Errand
	e.mu.Lock()
	for sum, held := range e.known {
		if held.News.State == wire.ErrandKept {
			carrying = append(carrying, survey.Errand{Sum: sum, Size: held.Size, Came: held.Came})
		}
	}
	e.mu.Unlock()
	slices.SortFunc(carrying, func(a, b survey.Errand) int { return int(min(1, max(-1, a.Came-b.Came))) })
	for some := range slices.Chunk(carrying, wire.MaxErrands) {
		err := line.CarryErrands(ctx, some, e.files.Read, func(ctx context.Context, news wire.ErrandNews) error {
			if news.State == wire.ErrandTaken || news.State == wire.ErrandRefused {
				judged++
			}
			return e.judge(ctx, news)
		})
		if err != nil {
			return judged, err
		}
	}
	return judged, nil
}

// judge notes what the county has said of an errand, and keeps its words for the sender.
func (e *Errands) judge(ctx context.Context, news wire.ErrandNews) error {
	if news.State != wire.ErrandTaken && news.State != wire.ErrandRefused {
		return nil
	}
	held, known := e.find(news.Sum)
	if !known {
		return nil
	}
	if err := e.relay.hearWords(news.Words); err != nil {
		return err
	}
	held.News = news
	if err := e.keep(held); err != nil {
		return err
	}
	return e.files.Remove(ctx, news.Sum)
}

// hearWords keeps words that the county has said on logs, which their devices will ask for.
func (r *Relay) hearWords(words []wire.Carried) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, word := range words {
		if err := word.Verify(r.county.Enrolment.ServerKey); err != nil {
			return err
		}
		if len(word.Logs) != 1 {
			return errors.New("word on several logs")
		}
		if err := r.keepWord(word); err != nil {
			return err
		}
	}
	return nil
}

// tidy takes away what came long ago.
func (e *Errands) tidy(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for sum, held := range e.known {
		if e.relay.o.Clock().Sub(held.Came.Time()) <= errandsKept {
			continue
		}
		if err := errors.Join(os.Remove(e.path(sum)), e.files.Remove(ctx, sum)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		delete(e.known, sum)
	}
	return nil
}

// errandFile reads an errand that is whole.
type errandFile struct {
	ctx   context.Context //nolint:containedctx // an io.ReaderAt has no place for it
	files ErrandFiles
	sum   survey.Hash
}

// ReadAt implements [io.ReaderAt].
func (f *errandFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.files.Read(f.ctx, f.sum, off, p)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}
