package server

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"zoucun/survey"
)

// fenceEvery is how often the fence is looked at and moved. What is lost in between is noticed by the devices.
const fenceEvery = 10 * time.Second

// Living is a database that may be put back to an earlier state.
type Living interface {
	// Life returns the present epoch and a number that only grows.
	Life(ctx context.Context) (survey.Epoch, uint64, error)
	// Lived reports whether an epoch was an earlier one of this database.
	Lived(ctx context.Context, epoch survey.Epoch) (bool, error)
	// BeginEpoch begins another.
	BeginEpoch(ctx context.Context) (survey.Epoch, error)
}

// Fence is a file outside the database that says how far the database has come. A database behind its fence was put
// back to an earlier state.
type Fence struct {
	File string
	Of   Living
	Log  *slog.Logger
}

// fence is what the file says.
type fence struct {
	Epoch survey.Epoch `json:"epoch"`
	Total uint64       `json:"total"`
}

// FenceFile returns the place of the fence beside a folder's attachments, which are not put back with the database.
func FenceFile(blobs string) string { return filepath.Join(blobs, "fence") }

// Check begins a new epoch if the database is behind the fence, and moves the fence to where the database is. The fence
// is read first: what another process moves meanwhile is no sign of anything.
func (f Fence) Check(ctx context.Context) error {
	seen, known := f.read(ctx)
	epoch, total, err := f.Of.Life(ctx)
	if err != nil {
		return err
	}
	if known && seen.Epoch == epoch && seen.Total == total {
		return nil
	}
	behind := known && seen.Epoch == epoch && seen.Total > total
	if known && seen.Epoch != epoch {
		lived, err := f.Of.Lived(ctx, seen.Epoch)
		if err != nil {
			return err
		}
		behind = !lived
	}
	if behind {
		if epoch, err = f.Of.BeginEpoch(ctx); err != nil {
			return err
		}
		f.Log.WarnContext(ctx, "database was put back to an earlier state: a new epoch has begun, devices hand back what they hold",
			slog.String("noticed", "fence"), slog.Uint64("fence", seen.Total), slog.Uint64("database", total))
	}
	return f.Set(epoch, total)
}

// Set moves the fence. It is whole on the disk or as it was.
func (f Fence) Set(epoch survey.Epoch, total uint64) error {
	text, err := json.Marshal(fence{Epoch: epoch, Total: total})
	if err != nil {
		return err
	}
	part, err := os.OpenFile(f.File+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fenceError(err)
	}
	_, err = part.Write(text)
	if err = errors.Join(err, part.Sync(), part.Close()); err != nil {
		return fenceError(err)
	}
	return fenceError(os.Rename(f.File+".part", f.File))
}

// Keep checks the fence every few seconds until ctx ends, and once more then.
func (f Fence) Keep(ctx context.Context) {
	tick := time.NewTicker(fenceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			f.check(context.WithoutCancel(ctx))
			return
		case <-tick.C:
			f.check(ctx)
		}
	}
}

func (f Fence) check(ctx context.Context) {
	if err := f.Check(ctx); err != nil && ctx.Err() == nil {
		f.Log.ErrorContext(ctx, "fence not moved", slog.Any("error", err))
	}
}

// read returns what the fence says, if there is one. One that does not read is none: it cannot say anything.
func (f Fence) read(ctx context.Context) (seen fence, known bool) {
	text, err := os.ReadFile(f.File)
	if errors.Is(err, fs.ErrNotExist) {
		return seen, false
	}
	if err = errors.Join(err, json.Unmarshal(text, &seen)); err != nil {
		f.Log.WarnContext(ctx, "fence does not read", slog.Any("error", err))
		return seen, false
	}
	return seen, true
}

func fenceError(err error) error {
	if err == nil {
		return nil
	}
	return &survey.Error{Kind: survey.Unavailable, Op: "server.Fence", Message: "附件文件夹里写不进标记文件，请检查权限和空间。", Err: err}
}
