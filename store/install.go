package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
)

// settleInstall goes on as a new replica if the database lies elsewhere than where it was written: whoever copied or
// restored it may go on with the original too.
func (s *Store) settleInstall(ctx context.Context, file string, o Options) error {
	if o.Install == nil {
		return nil
	}
	text := o.Install(file)
	if text == "" {
		return nil
	}
	print := s.vault.tag("install", text)
	var kept []byte
	err := s.db.reader.QueryRowContext(ctx, "SELECT print FROM install").Scan(&kept)
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) || bytes.Equal(kept, print) {
		return err
	}
	return s.update(ctx, "store.settleInstall", "", func(ctx context.Context, t *tx) error {
		if known {
			s.log.WarnContext(ctx, "database was copied or restored", slog.Bool("known", known))
			if _, err := s.goOn(ctx, t); err != nil {
				return err
			}
		}
		return t.exec(ctx, "INSERT INTO install (one, print) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET print = excluded.print", print)
	})
}
