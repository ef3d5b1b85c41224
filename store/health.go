package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"zoucun/survey"
)

// checkedAtOnce is how large a database may be to be looked over before the store opens: so much takes SQLite about
// a tenth of a second. A larger one is looked over in the background, and what is found there is mended at the next start.
const checkedAtOnce = 16 << 20

// suspected ends the name of the file that says that damage has been found.
const suspected = ".suspect"

// checkAtStart has SQLite look the database over: at once where it is small or damage has been found before, and
// otherwise beside the work.
func (s *Store) checkAtStart(ctx context.Context, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	_, err = os.Stat(file + suspected)
	known := err == nil
	if !known && info.Size() > checkedAtOnce {
		s.checkInBackground(context.WithoutCancel(ctx), file)
		return nil
	}
	if err := s.db.check(ctx); err != nil || !known {
		return err
	}
	return s.disk.Remove(file + suspected)
}

// check has SQLite look at every page, and returns an error of kind Damaged where one is not right.
func (db *database) check(ctx context.Context) error {
	return db.each(ctx, "PRAGMA quick_check(1)", nil, func(row rowScan) error {
		var found string
		if err := row(&found); err != nil || found == "ok" {
			return err
		}
		return damaged("store.check", "", errors.New(found))
	})
}

// checkInBackground looks the database over beside the work, until it is closed.
func (s *Store) checkInBackground(ctx context.Context, file string) {
	ctx, stop := context.WithCancel(ctx)
	s.stopCheck = stop
	s.checking.Go(func() {
		err := s.db.check(ctx)
		if err == nil || ctx.Err() != nil || survey.KindOf(opError("", "", err)) != survey.Damaged {
			return
		}
		s.log.ErrorContext(ctx, "database damaged, to be salvaged at the next start", slog.Any("error", err))
		if err := writeDurably(s.disk, file+suspected, nil); err != nil {
			s.log.ErrorContext(ctx, "note damage", slog.Any("error", err))
		}
		s.damage.Store(&survey.Error{
			Kind: survey.Damaged, Op: "store.check",
			Message: "本机的数据文件有损坏。请现在退出走村再打开，程序会自动抢救；请不要卸载或清除数据。", Err: err,
		})
		s.changed.announce()
	})
}

// Health returns nil, or what has been found wrong with the database since it was opened, with a sentence for the
// person. It closes the channel of Changed when it changes.
func (s *Store) Health() error {
	if found := s.damage.Load(); found != nil {
		return fmt.Errorf("store.Health: %w", found)
	}
	return nil
}
