package server

import (
	"net"
	"sync"
	"time"

	"zoucun/survey"
)

const (
	guesses     = 20 // wrong enrolments from one address
	guessWindow = time.Minute
)

// throttle slows down whoever guesses codes. A code is locked by wrong proofs of its own; this is against trying many
// codes.
type throttle struct {
	clock survey.Clock
	mutex sync.Mutex
	since time.Time
	wrong map[string]int
}

func newThrottle(clock survey.Clock) *throttle {
	return &throttle{clock: clock, wrong: map[string]int{}}
}

func (t *throttle) allow(address string) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.renew()
	if t.wrong[host(address)] < guesses {
		return nil
	}
	return &survey.Error{Kind: survey.Unavailable, Op: "server.throttle", Message: "试的次数太多，请过一分钟再试。"}
}

// failed counts a wrong enrolment.
func (t *throttle) failed(address string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.renew()
	t.wrong[host(address)]++
}

func (t *throttle) renew() {
	if now := t.clock(); now.Sub(t.since) > guessWindow || now.Before(t.since) {
		t.since = now
		clear(t.wrong)
	}
}

func host(address string) string {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return name
}
