package spare

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Source is the store as a second copy needs it.
type Source interface {
	// Changed returns a channel that is closed at the next change of anything.
	Changed() <-chan struct{}
	// Enrolment returns the county this device belongs to, and whether it belongs to one.
	Enrolment(ctx context.Context) (survey.Enrolment, bool, error)
	// Device returns this installation's identifier and keys.
	Device(ctx context.Context) (survey.DeviceID, seal.DeviceKeys, error)

	// LogVersion returns a text that is another one whenever Undurable would hand out something else.
	LogVersion(ctx context.Context) (string, error)
	// Undurable hands out the segments that the server does not hold durably, in the order of each log.
	Undurable(ctx context.Context, do func(wire.Segment) error) error
	// UnheldBlobs returns the attachments of finished records that the server does not hold.
	UnheldBlobs(ctx context.Context) ([]survey.Kept, error)
	// WriteBlob writes an attachment's bytes.
	WriteBlob(ctx context.Context, hash survey.Hash, to io.Writer) error

	// Shelves returns the drafts there are, by the key they are sealed under.
	Shelves(ctx context.Context) ([]survey.Shelf, error)
	// Parcel returns a draft of a shelf that is not locked.
	Parcel(ctx context.Context, id survey.DraftID) (survey.Parcel, error)
}

// Options say what a keeper is given.
type Options struct {
	Clock  survey.Clock
	Disk   disk.Disk          // nil is the system's own
	Report func(survey.Spare) // called from the keeper's goroutine; nil hears nothing
	Log    *slog.Logger       // nil keeps quiet
}

func (o Options) withDefaults() Options {
	if o.Disk == nil {
		o.Disk = disk.System{}
	}
	if o.Report == nil {
		o.Report = func(survey.Spare) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// How long the keeper waits.
const (
	settle      = 3 * time.Second  // so that changes that follow one another come together
	calm        = 30 * time.Second // between two looks at drafts, whose changes nobody announces
	firstRetry  = 10 * time.Second
	longestWait = 10 * time.Minute
	recheck     = time.Hour // how often everything is read back though nothing has changed
)

// Keeper keeps one device's second copy in one folder.
type Keeper struct {
	source Source
	o      Options
	wake   chan struct{}

	mu     sync.Mutex
	folder string

	// What follows belongs to Run's goroutine.
	held     holding
	failures int
	last     survey.Spare
}

// New returns a keeper. It does nothing before Run.
func New(source Source, o Options) *Keeper {
	return &Keeper{source: source, o: o.withDefaults(), wake: make(chan struct{}, 1)}
}

// Use makes a folder the place of the second copy; with an empty one there is none. What lies in another folder stays
// there. The next round begins at once.
func (k *Keeper) Use(folder string) {
	k.mu.Lock()
	k.folder = folder
	k.mu.Unlock()
	k.Wake()
}

// Wake makes the keeper look at once, even while it waits after a failure: the card is back.
func (k *Keeper) Wake() {
	select {
	case k.wake <- struct{}{}:
	default: // it has been told already
	}
}

func (k *Keeper) place() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.folder
}

// Run keeps the copy until the context ends, and returns its error. It may only run once at a time.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		changed := k.source.Changed()
		wait := k.keep(ctx)
		if k.failures > 0 {
			changed = nil // a card that is not there is not asked for at every change
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-k.wake:
		case <-timer.C:
		case <-changed:
			if err := pause(ctx, settle); err != nil {
				return err
			}
		}
		timer.Stop()
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// keep does one round, reports how it ended, and returns how long to wait for the next.
func (k *Keeper) keep(ctx context.Context) time.Duration {
	now, err := k.round(ctx)
	if ctx.Err() != nil {
		return calm
	}
	wait := calm
	if err == nil {
		k.failures = 0
	} else {
		wait = min(firstRetry<<min(k.failures, 10), longestWait)
		k.failures++
		now.State, now.Err = survey.SpareTrouble, trouble(err)
		now.Retry = survey.MillisOf(k.o.Clock().Add(wait))
		k.o.Log.WarnContext(ctx, "second copy", slog.Any("error", err), slog.Duration("wait", wait))
	}
	k.last = now
	k.o.Report(now)
	return wait
}

// round brings the copy up to date, once.
func (k *Keeper) round(ctx context.Context) (survey.Spare, error) {
	now := survey.Spare{Folder: k.place()}
	e, enrolled, err := k.source.Enrolment(ctx)
	if err != nil || !enrolled || now.Folder == "" {
		return now, err
	}
	now.State = survey.SpareNoKey
	to := e.Recipients.For(survey.ForRecovery)
	if len(to) == 0 {
		return now, nil
	}
	if k.held.folder != now.Folder {
		k.held = holding{folder: now.Folder}
	}
	r := &round{keeper: k, held: &k.held, enrolment: e, also: map[string]bool{}}
	for _, recipient := range to {
		r.to = append(r.to, recipient.Key)
	}
	now.State, now.Verified = survey.SpareWriting, k.held.verified
	if err := r.run(ctx); err != nil {
		k.held.checked = 0 // look at everything again when it comes back
		return now, err
	}
	now.State, now.Verified = survey.SpareKept, k.held.verified
	now.Entries, now.Drafts, now.Files, now.Bytes = k.held.amount()
	return now, nil
}

// errNothing says that there is nothing to keep.
var errNothing = errors.New("nothing to keep")

// isFolder returns an error where a folder is not there.
func isFolder(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = os.ErrNotExist
	}
	return err
}
