package day

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"zoucun/app/present"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/spare"
)

// holder is a device and whoever works with it.
type holder struct {
	name    string
	who     survey.Staff
	dir     string
	clock   survey.Clock
	store   *store.Store
	agent   *client.Agent
	forms   present.Definitions
	numbers int
}

// enrol makes a device of the county's for a person.
func (c *county) enrol(ctx context.Context, dir, name string, who survey.Staff, scopes []survey.ScopeID, role survey.Role) (*holder, error) {
	h := &holder{name: name, who: who, clock: c.clock}
	if err := h.open(ctx, c, dir); err != nil {
		return nil, err
	}
	code, err := c.central.NewCode(ctx, who.ID, scopes, []survey.Role{role}, time.Hour)
	if err != nil {
		return nil, err
	}
	if _, err := client.Enrol(ctx, h.store, "https://county.example", code, client.Options{Clock: c.clock, Transport: c}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return h, h.exchange(ctx)
}

func (h *holder) open(ctx context.Context, c *county, dir string) (err error) {
	h.dir = dir
	if h.store, err = store.Open(ctx, dir, store.Options{Clock: c.clock}); err != nil {
		return fmt.Errorf("%s: %w", h.name, err)
	}
	h.agent = client.New(h.store, client.Options{Clock: c.clock, Transport: c})
	return nil
}

// copied returns another device with everything this one holds.
func (h *holder) copied(ctx context.Context, c *county, dir string) (*holder, error) {
	if err := h.store.Close(); err != nil {
		return nil, err
	}
	if err := copyFolder(h.dir, dir); err != nil {
		return nil, err
	}
	other := &holder{name: h.name + " (copy)", who: h.who, clock: h.clock, numbers: h.numbers + 1000}
	return other, errors.Join(other.open(ctx, c, dir), h.open(ctx, c, h.dir))
}

// rounds is how often a device tries: far more than anything here takes.
const rounds = 200

// exchange lets the agent work until there is nothing to hand over and nothing new to fetch.
func (h *holder) exchange(ctx context.Context) error {
	for range rounds {
		before, err := h.state(ctx)
		if err != nil {
			return err
		}
		_, failure := h.agent.Round(ctx)
		after, err := h.state(ctx)
		if err != nil {
			return err
		}
		if failure == nil && after == before {
			return nil
		}
	}
	return fmt.Errorf("%s is not quiet after %d rounds", h.name, rounds)
}

// state is another text as long as an exchange brings anything.
func (h *holder) state(ctx context.Context) (string, error) {
	left, err := h.store.Unsigned(ctx)
	if err != nil {
		return "", err
	}
	cursors, err := h.store.Cursors(ctx)
	return fmt.Sprint(left, cursors), err
}

// desk is what the person fills forms in at.
func (h *holder) desk(ctx context.Context) (present.Desk, error) {
	self, _, err := h.store.Enrolment(ctx)
	return present.Desk{
		Forms: h.store, Keeper: h.store, Sealer: h.store, Definitions: &h.forms, Enrolment: self, Who: h.who, Now: h.clock,
		Later: func(time.Duration, func()) func() { return func() {} },
		NextNumber: func() (int, error) {
			h.numbers++
			return h.numbers, nil
		},
	}, err
}

// copyOut writes what has not reached the county into a folder, as 数据包.
func (h *holder) copyOut(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	out, err := spare.Export(ctx, h.store, folder, spare.ExportOptions{Clock: h.clock})
	if err == nil && out.Entries == 0 {
		err = fmt.Errorf("%s has nothing to copy out", h.name)
	}
	return err
}

// keepCopy runs the second copy on a card until everything is in it.
func (h *holder) keepCopy(ctx context.Context, card string) error {
	if err := os.MkdirAll(card, 0o700); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	kept := false
	keeper := spare.New(h.store, spare.Options{Clock: h.clock, Report: func(s survey.Spare) {
		if s.State == survey.SpareKept {
			kept = true
			stop()
		}
	}})
	keeper.Use(card)
	if err := keeper.Run(ctx); !kept {
		return fmt.Errorf("%s: the second copy on its card: %w", h.name, err)
	}
	return nil
}

// die loses the device with everything in it.
func (h *holder) die() error {
	return errors.Join(h.store.Close(), os.RemoveAll(h.dir))
}

func (w *Week) path(parts ...string) string {
	return filepath.Join(append([]string{w.Dir}, parts...)...)
}
