package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// run starts an agent in the bubble and returns what it reports.
func run(t *testing.T, log Log, d *desk) (agent *Agent, progress func() []survey.Progress) {
	t.Helper()
	var mu sync.Mutex
	var seen []survey.Progress
	agent = New(log, Options{Clock: time.Now, Transport: d, OnProgress: func(p survey.Progress) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, p)
	}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	})
	return agent, func() []survey.Progress {
		mu.Lock()
		defer mu.Unlock()
		return append([]survey.Progress(nil), seen...)
	}
}

var errNoRoute = errors.New("no route to host")

func noRoute(*http.Request) (*http.Response, error) { return nil, errNoRoute }

func TestBackoffGrowsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.set(noRoute)
		log := newMemory(t, d.publicKey())
		log.add(t)
		agent, progress := run(t, log, d)
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		calls := d.calls()
		if len(calls) < 24 || len(calls) > 120 {
			t.Errorf("%d tries in six hours", len(calls))
		}
		for i := 1; i < len(calls); i++ {
			ceiling := longestWait
			if i < 10 {
				ceiling = min(longestWait, firstWait<<i)
			}
			if wait := calls[i].Sub(calls[i-1]); wait < firstWait || wait > ceiling {
				t.Errorf("wait %d is %v, not between %v and %v", i, wait, firstWait, ceiling)
			}
		}
		last := progress()[len(progress())-1]
		if last.Activity != survey.Backoff || last.Until == 0 || !errors.Is(last.Err, errNoRoute) {
			t.Errorf("progress = %+v", last)
		}

		d.set(nil)
		agent.Wake()
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Error("waking did not make it try at once")
		}
		if last = progress()[len(progress())-1]; last.Activity != survey.Idle || last.LastSync == 0 {
			t.Errorf("progress = %+v", last)
		}
	})
}

// A network that carries a little before it is gone again is used: the wait does not grow while something gets across.
func TestProgressKeepsTheWaitShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		log := newMemory(t, d.publicKey())
		var failed []time.Time
		d.set(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path != wire.PathPull {
				return nil, nil
			}
			if n := len(failed); n > 0 && failed[n-1].Equal(time.Now()) {
				return nil, errNoRoute // the second try, at once
			}
			failed = append(failed, time.Now())
			if len(failed) < 20 {
				log.add(t) // for the next round
			}
			return nil, errNoRoute
		})
		log.add(t)
		run(t, log, d)
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		for i := 1; i < 20; i++ {
			if wait := failed[i].Sub(failed[i-1]); wait < firstWait || wait > 2*firstWait {
				t.Errorf("wait %d is %v although something got across", i, wait)
			}
		}
		longest := time.Duration(0)
		for i := 20; i < len(failed); i++ {
			longest = max(longest, failed[i].Sub(failed[i-1]))
		}
		if longest < time.Minute {
			t.Errorf("nothing gets across any more, and the longest wait is %v", longest)
		}
	})
}

func TestChangeIsSentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		log := newMemory(t, d.publicKey())
		run(t, log, d)
		synctest.Wait()
		log.add(t)
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Errorf("%d entries still wait", n)
		}
		before := len(d.calls())
		time.Sleep(time.Hour)
		synctest.Wait()
		if rounds := len(d.calls()) - before; rounds < 60/5 || rounds > 60 {
			t.Errorf("%d pulls in an idle hour", rounds)
		}
	})
}

func TestChangeDoesNotBreakTheBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.set(noRoute)
		log := newMemory(t, d.publicKey())
		run(t, log, d)
		synctest.Wait()
		for range 100 {
			log.add(t)
			synctest.Wait()
		}
		if calls := len(d.calls()); calls != 1 {
			t.Errorf("%d tries without any wait", calls)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, answer := range map[string]func(*desk) func(*http.Request) (*http.Response, error){
		"in an unsigned 429": func(*desk) func(*http.Request) (*http.Response, error) {
			return func(r *http.Request) (*http.Response, error) {
				response := plain(r, http.StatusTooManyRequests, "text/html", "")
				response.Header.Set("Retry-After", "300")
				return response, nil
			}
		},
		"in a signed 503": func(d *desk) func(*http.Request) (*http.Response, error) {
			return func(r *http.Request) (*http.Response, error) {
				return d.signed(r, http.StatusServiceUnavailable, &wire.Failure{Kind: survey.Unavailable, RetryAfter: 300})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.set(answer(d)) //nolint:bodyclose // the agent closes what it is given
				log := newMemory(t, d.publicKey())
				log.add(t)
				run(t, log, d)
				time.Sleep(299 * time.Second)
				synctest.Wait()
				if calls := len(d.calls()); calls != 1 {
					t.Errorf("%d tries before the time the server named", calls)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				if calls := len(d.calls()); calls < 2 {
					t.Error("it never tried again")
				}
			})
		})
	}
}

func TestStaleChallengeSendsTheSamePushAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		refused := false
		accept := d.handle
		d.handle = func(path string, body []byte) (int, wire.Message) {
			if path == wire.PathPush && !refused {
				refused = true
				return http.StatusUnauthorized, &wire.Failure{Kind: survey.Denied}
			}
			return accept(path, body)
		}
		log := newMemory(t, d.publicKey())
		log.add(t)
		run(t, log, d)
		synctest.Wait()
		if pushes := d.bodies[wire.PathPush]; len(pushes) != 2 || pushes[0] != pushes[1] {
			t.Errorf("%d pushes, or not the same", len(pushes))
		}
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Error("the push was not taken")
		}
	})
}

func TestTooLargePushIsHalved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		accept := d.handle
		d.handle = func(path string, body []byte) (int, wire.Message) {
			if push, err := wire.UnpackPush(body); err == nil && path == wire.PathPush && len(push.Segments[0].Entries) > 60 {
				return http.StatusRequestEntityTooLarge, &wire.Failure{Kind: survey.Invalid}
			}
			return accept(path, body)
		}
		log := newMemory(t, d.publicKey())
		for range 300 {
			log.add(t)
		}
		run(t, log, d)
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Errorf("%d entries still wait", n)
		}
	})
}

func TestSilentConnectionIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.set(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		log := newMemory(t, d.publicKey())
		log.add(t)
		_, progress := run(t, log, d)
		time.Sleep(stallTime + time.Second)
		synctest.Wait()
		last := progress()[len(progress())-1]
		if last.Activity != survey.Backoff || !errors.Is(last.Err, errStalled) {
			t.Errorf("progress = %+v", last)
		}
	})
}

// drip gives one byte at a time.
type drip struct{ r io.Reader }

func (d drip) Read(p []byte) (int, error) {
	time.Sleep(stallTime - time.Second)
	return d.r.Read(p[:1])
}

func TestSlowConnectionIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.set(func(r *http.Request) (*http.Response, error) {
			body, err := bodyOf(r)
			if err != nil {
				return nil, err
			}
			status, message := d.handle(r.URL.Path, body)
			response, err := d.signed(r, status, message)
			if err == nil {
				response.Body = io.NopCloser(drip{response.Body})
			}
			return response, err
		})
		log := newMemory(t, d.publicKey())
		log.add(t)
		run(t, log, d)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Error("a reply that took hours was given up")
		}
	})
}

func TestRefusedDeviceStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.handle = func(string, []byte) (int, wire.Message) {
			return http.StatusForbidden, &wire.Failure{Kind: survey.Denied, Message: "这台设备的授权已被收回。"}
		}
		log := newMemory(t, d.publicKey())
		_, progress := run(t, log, d)
		synctest.Wait()
		last := progress()[len(progress())-1]
		if last.Activity != survey.Stopped || !strings.Contains(survey.MessageOf(last.Err), "收回") {
			t.Errorf("progress = %+v", last)
		}
	})
}

func TestNewLifeOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		log := newMemory(t, d.publicKey())
		log.add(t)
		agent, _ := run(t, log, d)
		synctest.Wait()
		d.mu.Lock()
		d.handle = accepting(survey.Epoch{2})
		d.mu.Unlock()
		agent.Wake()
		time.Sleep(time.Minute) // the round that finds the new life is followed by one after the first wait
		synctest.Wait()
		e, _, _ := log.Enrolment(t.Context())
		if n, _ := log.Unsigned(t.Context()); n != 0 || e.Epoch != (survey.Epoch{2}) || len(d.bodies[wire.PathPush]) != 2 {
			t.Errorf("%d unsigned, epoch %v, %d pushes", n, e.Epoch, len(d.bodies[wire.PathPush]))
		}
	})
}

func TestUnenrolledAgentWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		log := newMemory(t, d.publicKey())
		enrolment := log.enrolment
		log.enrolment = nil
		run(t, log, d)
		time.Sleep(time.Hour)
		synctest.Wait()
		if calls := len(d.calls()); calls != 0 {
			t.Errorf("%d calls without an enrolment", calls)
		}
		log.mu.Lock()
		log.enrolment = enrolment
		log.mu.Unlock()
		log.add(t)
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Error("enrolling did not start it")
		}
	})
}

func TestPaceLearns(t *testing.T) {
	p := newPace()
	for range 20 {
		p.took(p.batch, 0, time.Duration(float64(p.batch)/2500*float64(time.Second))) // 20 kbit/s
	}
	if p.batch < 5*2500 || p.batch > 8*2500 {
		t.Errorf("on a slow link a batch has %d bytes", p.batch)
	}
	for range 20 {
		p.took(p.batch, 0, time.Millisecond)
	}
	if p.batch != largestBatch {
		t.Errorf("on a fast link a batch has %d bytes", p.batch)
	}
	for range 20 {
		p.shrink()
	}
	if p.batch != smallestBatch {
		t.Errorf("after failures a batch has %d bytes", p.batch)
	}
}

// TestPaceGuessesFromTheFirstAnswer starts small where the first answer was slow, large where it was quick, and believes
// bytes once some have gone.
func TestPaceGuessesFromTheFirstAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		answer      time.Duration
		least, most int
	}{
		"2G":       {3 * time.Second, smallestBatch, 32 << 10},
		"4G":       {60 * time.Millisecond, 512 << 10, 2 << 20},
		"loopback": {time.Millisecond, largestBatch, largestBatch},
	} {
		p := newPace()
		p.took(0, 0, c.answer)
		if p.batch < c.least || p.batch > c.most {
			t.Errorf("%s: first batch of %d bytes", name, p.batch)
		}
	}
	p := newPace()
	p.took(8000, 4000, 10*time.Second)
	before := p
	p.took(0, 0, 10*time.Millisecond)
	if p.batch != before.batch || p.chunk != before.chunk {
		t.Errorf("an answer without bytes made batches of %d", p.batch)
	}
}
