package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"zoucun/server"
	"zoucun/server/backup"
	"zoucun/server/central"
	"zoucun/survey"
)

func backUp(flags *flag.FlagSet) action {
	to := flags.String("to", "", "另一块磁盘上的文件夹，要先建好")
	blobs := flags.String("blobs", "", "附件文件夹，默认是数据文件夹里的 blobs")
	withKeys := flags.Bool("with-keys", false, "连同服务器的密钥一起备份；拿到备份的人就能冒充服务器")
	same := flags.Bool("same-disk", false, "允许与数据在同一块磁盘，只供试用")
	keep := flags.Int("keep", 14, "保留最近几次备份，0 为全部")
	return func(ctx context.Context, s *session, _ []string) error {
		if *to == "" {
			return &usageError{"请用 -to 写明备份到哪个文件夹。"}
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			made, err := backup.Run(ctx, backup.Job{
				Records: c, Data: s.place.data, Blobs: cmp.Or(*blobs, filepath.Join(s.place.data, "blobs")), Target: *to,
				WithKeys: *withKeys, SameDisk: *same, Keep: *keep, Clock: s.clock,
			})
			if err != nil {
				return err
			}
			if !*withKeys {
				s.tell("备份里没有服务器的密钥，请另外保管 server.key、tls.key、tls.crt。\n")
			}
			if made.Missing > 0 {
				s.tell("有 %d 个附件还没有传到服务器，下次备份时再收。\n", made.Missing)
			}
			return s.printf("%s：数据库 %d 字节，附件 %d 个（新增 %d 个），已读回核对；%d 份设备日志已确认备份。\n",
				made.Name, made.Bytes, made.Files, made.Copied, made.Logs)
		})
	}
}

// backupMarks prints how far every log is held now. A copy that begins afterwards holds at least that.
func backupMarks(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withCentral(ctx, func(c *central.Central) error {
			marks, err := c.Watermarks(ctx)
			if err != nil {
				return err
			}
			text, err := json.Marshal(survey.Copied{County: c.County(), Epoch: c.Epoch(), Marks: marks})
			if err != nil {
				return err
			}
			s.tell("请把下面这一行存成文件，然后再开始备份数据库和附件；备份读回核对无误后，用 zouctl backup confirm -marks 文件 确认。\n")
			return s.printf("%s\n", text)
		})
	}
}

func backupConfirm(flags *flag.FlagSet) action {
	from := flags.String("marks", "", "zouctl backup marks 写下的文件")
	return func(ctx context.Context, s *session, _ []string) error {
		if *from == "" {
			return &usageError{"请用 -marks 写明备份前记下的文件。"}
		}
		text, err := os.ReadFile(*from)
		if err != nil {
			return refuse(survey.NotFound, "backup confirm", "读不到文件“"+*from+"”。", err)
		}
		var held survey.Copied
		if err := json.Unmarshal(text, &held); err != nil {
			return refuse(survey.Invalid, "backup confirm", "“"+*from+"”不是 zouctl backup marks 写下的文件。", err)
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			if held.County != c.County() || held.Epoch != c.Epoch() {
				return refuse(survey.Conflicting, "backup confirm", "这个文件不是这个数据库现在的，没有确认。数据库恢复过的话，请重新备份。", nil)
			}
			if err := c.MarkDurable(ctx, held.Marks); err != nil {
				return err
			}
			return s.printf("%d 份设备日志已确认备份。\n", len(held.Marks))
		})
	}
}

func restore(flags *flag.FlagSet) action {
	from := flags.String("from", "", "备份文件夹，或其中的某一次备份")
	blobs := flags.String("blobs", "", "附件文件夹，默认是数据文件夹里的 blobs")
	newKeys := flags.Bool("new-keys", false, "密钥丢了，用新的；所有设备要重新登记")
	return func(ctx context.Context, s *session, _ []string) error {
		if *from == "" || s.place.data == "" {
			return &hintError{&usageError{"请用 -from 写明备份文件夹，用 -data 写明恢复到哪个数据文件夹。"}, "zouctl -data 新文件夹 restore -from 备份文件夹"}
		}
		r := backup.Restoring{From: *from, Data: s.place.data, Blobs: cmp.Or(*blobs, filepath.Join(s.place.data, "blobs")), NewKeys: *newKeys}
		if s.isPostgres() {
			r.Load = func(ctx context.Context, file string) error { return central.RestoreDump(ctx, file, s.place.dsn) }
		}
		done, err := backup.Restore(ctx, r)
		if err != nil {
			return err
		}
		if done.Damaged > 0 {
			s.tell("备份里有 %d 个附件损坏，没有恢复；还存着它们的设备会再传。\n", done.Damaged)
		}
		if err := s.printf("已恢复 %s 的备份，附件 %d 个。\n", done.Made.Time().In(s.clock().Location()).Format("2006-01-02 15:04"), done.Files); err != nil {
			return err
		}
		return s.beginEpoch(ctx, r.Blobs)
	}
}

func (s *session) isPostgres() bool {
	return strings.HasPrefix(s.place.dsn, "postgres://") || strings.HasPrefix(s.place.dsn, "postgresql://")
}

func epochBegin(flags *flag.FlagSet) action {
	blobs := flags.String("blobs", "", "附件文件夹，默认是数据文件夹里的 blobs")
	return func(ctx context.Context, s *session, _ []string) error {
		return s.beginEpoch(ctx, cmp.Or(*blobs, filepath.Join(s.place.data, "blobs")))
	}
}

// beginEpoch begins a new life of a database that was put back, and moves the fence there.
func (s *session) beginEpoch(ctx context.Context, blobs string) error {
	return s.withCentral(ctx, func(c *central.Central) error {
		if _, err := c.BeginEpoch(ctx); err != nil {
			return err
		}
		epoch, total, err := c.Life(ctx)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(blobs, 0o700); err != nil {
			return err
		}
		fence := server.Fence{File: server.FenceFile(blobs), Of: c, Log: slog.New(slog.DiscardHandler)}
		if err := fence.Set(epoch, total); err != nil {
			return err
		}
		s.tell("备份以后收回过授权的设备，请再收回一次；备份以后登记的设备要重新登记。\n")
		return s.printf("新的世代已开始：各设备下次联网时会重新核对，把这里缺的补交上来。\n")
	})
}
