package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"zoucun/server"
	"zoucun/server/backup"
	"zoucun/server/central"
	"zoucun/survey"
)

// keep begins what goes on beside answering: the fence, and backups where they are wanted. end waits for both.
func keep(ctx context.Context, s settings, folder server.Folder, records *central.Central, log *slog.Logger) (end func(), err error) {
	fence := server.Fence{File: server.FenceFile(s.blobs), Of: records, Log: log}
	if err := fence.Check(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { fence.Keep(ctx) })
	if s.backup != "" {
		job := backup.Job{
			Records: records, Data: folder.Path, Blobs: s.blobs, Target: s.backup, SameDisk: s.backupSameDisk, Keep: 14, Clock: time.Now,
		}
		group.Go(func() { keepBacking(ctx, job, s.backupEvery, log) })
	}
	return func() {
		cancel()
		group.Wait()
	}, nil
}

// keepBacking makes a backup at once and then every so often until ctx ends. One that fails is said in the log, claims
// nothing, and is tried again at the next time.
func keepBacking(ctx context.Context, job backup.Job, every time.Duration, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		made, err := backup.Run(ctx, job)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.ErrorContext(ctx, "backup failed", slog.String("kind", survey.KindOf(err).String()),
				slog.String("message", survey.MessageOf(err)), slog.Any("err", err))
		default:
			log.InfoContext(ctx, "backed up", slog.String("name", made.Name), slog.Int("logs", made.Logs),
				slog.Int("attachments", made.Files), slog.Int("copied", made.Copied), slog.Int("missing", made.Missing))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
