package client

import (
	"errors"
	"time"

	"zoucun/sync/wire"
)

// Waiting times.
const (
	firstWait   = 2 * time.Second
	longestWait = 15 * time.Minute
	idleWait    = 3 * time.Minute // between rounds when there is nothing to hand over
)

// backoff says how long to wait. After failures it draws a time between the shortest wait and a ceiling that doubles,
// so that tablets which lost their server together do not come back together.
type backoff struct {
	random   func() float64
	failures int
}

func (b *backoff) reset() { b.failures = 0 }

// next returns the wait after one more failure, and no less than the server has asked for.
func (b *backoff) next(asked time.Duration) time.Duration {
	b.failures++
	ceiling := longestWait
	if doublings := b.failures; doublings < 10 {
		ceiling = min(longestWait, firstWait<<doublings)
	}
	wait := firstWait + time.Duration(b.random()*float64(ceiling-firstWait))
	return max(wait, min(asked, longestWait))
}

// idle returns the wait after a success.
func (b *backoff) idle() time.Duration {
	return idleWait/2 + time.Duration(b.random()*float64(idleWait))
}

// busyError is a failure whose reply named a time to wait.
type busyError struct {
	after time.Duration
	err   error
}

// Error names the cause.
func (e *busyError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *busyError) Unwrap() error { return e.err }

// retryAfter returns how long the server has asked to wait, or 0.
func retryAfter(err error) time.Duration {
	if busy := (*busyError)(nil); errors.As(err, &busy) {
		return busy.after
	}
	if refused := (*wire.RefusedError)(nil); errors.As(err, &refused) {
		return time.Duration(refused.Failure.RetryAfter) * time.Second
	}
	return 0
}
