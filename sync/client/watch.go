package client

import (
	"context"
	"errors"
	"io"
	"time"
)

// watch ends an exchange once no byte has moved for stallTime.
type watch struct {
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// newWatch begins to watch; the exchange must run under the context it returns.
func newWatch(ctx context.Context) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &watch{timer: time.AfterFunc(stallTime, func() { cancel(errStalled) }), cancel: cancel}
}

// progress says that a byte has moved.
func (w *watch) progress() { w.timer.Reset(stallTime) }

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// cause returns why an exchange ended: the stall rather than the cancellation it shows as.
func (w *watch) cause(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}

// reader watches the bytes read from r.
func (w *watch) reader(r io.Reader) io.Reader { return watchedReader{r, w} }

type watchedReader struct {
	r io.Reader
	w *watch
}

// Read implements [io.Reader].
func (r watchedReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if n > 0 {
		r.w.progress()
	}
	return n, err
}

// pieces gives no more than so many bytes at a time, or as many as are asked for where that is 0.
type pieces struct {
	r    io.Reader
	most int
}

// Read implements [io.Reader].
func (r pieces) Read(p []byte) (int, error) {
	if r.most > 0 {
		p = p[:min(len(p), r.most)]
	}
	return r.r.Read(p)
}
