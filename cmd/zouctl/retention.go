package main

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/server/retention"
	"zoucun/survey"
)

// keeper keeps the periods of the server whose folder was named.
func (s *session) keeper(c *central.Central, files retention.Files) retention.Keeper {
	return retention.Keeper{
		Records: c, Files: files, Folder: filepath.Join(s.place.data, "retention"), Clock: s.clock, Log: slog.New(slog.DiscardHandler),
	}
}

// withKeeper opens records and attachments.
func (s *session) withKeeper(ctx context.Context, blobs string, do func(*central.Central, retention.Keeper) error) error {
	return s.withCentral(ctx, func(c *central.Central) error {
		files, err := blob.OpenFolder(cmp.Or(blobs, filepath.Join(s.place.data, "blobs")))
		if err != nil {
			return err
		}
		return do(c, s.keeper(c, files))
	})
}

func declareBlobs(flags *flag.FlagSet) *string {
	return flags.String("blobs", "", "存放附件的文件夹；默认是数据文件夹里的 blobs，与 zoucund 的一致")
}

func erase(flags *flag.FlagSet) action {
	var w wanted
	w.declare(flags)
	blobs := declareBlobs(flags)
	sure := flags.Bool("yes", false, "不再询问")
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withHousehold(ctx, w, survey.ActErase, func(c *central.Central, a asked) error {
			files, err := blob.OpenFolder(cmp.Or(*blobs, filepath.Join(s.place.data, "blobs")))
			if err != nil {
				return err
			}
			mine := slices.DeleteFunc(a.held, func(h survey.Holding) bool { return h.Record.Type == survey.TypeAccess })
			if err := s.tellWhatGoes(mine); err != nil {
				return err
			}
			if !*sure && !s.confirmed() {
				return &hintError{refuse(survey.Invalid, "erase", "没有删除。", nil), "确定要删除就加 -yes，或在询问时输入“删除”"}
			}
			report, err := s.keeper(c, files).EraseNow(ctx, a.person, mine)
			if err != nil {
				return err
			}
			if err := s.printReport(report); err != nil {
				return err
			}
			s.tell("各台平板下次联网时会自动删除。备份里还有这些内容，请看 docs/operations.md 的“Erasure”。\n")
			return nil
		})
	}
}

// tellWhatGoes counts what an erasure takes away, by kind.
func (s *session) tellWhatGoes(held []survey.Holding) error {
	count, files := map[survey.RecordType]int{}, 0
	for _, h := range held {
		count[h.Record.Type]++
		files += len(h.Record.Files)
	}
	return s.printf("将要删除：%d 户，%d 次走访，%d 个问题，%d 个附件；每一份的所有旧版本都在内\n",
		count[survey.TypeHousehold], count[survey.TypeVisit], count[survey.TypeProblem], files)
}

// confirmed asks whoever sits there.
func (s *session) confirmed() bool {
	s.tell("删除以后不能恢复。确定就输入“删除”两个字：")
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	return err == nil && strings.TrimSpace(answer) == "删除"
}

func retentionRun(flags *flag.FlagSet) action {
	blobs := declareBlobs(flags)
	dry := flags.Bool("dry-run", false, "只看会删除什么，不删除")
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withKeeper(ctx, *blobs, func(_ *central.Central, k retention.Keeper) error {
			report, err := k.Run(ctx, *dry)
			if err != nil {
				return err
			}
			if *dry {
				if err := s.printf("试运行，没有删除\n"); err != nil {
					return err
				}
			}
			return s.printReport(report)
		})
	}
}

// printReport prints the counts of a report and the records it names.
func (s *session) printReport(r retention.Report) error {
	if err := s.printf("%s\n", tallyText(r)); err != nil {
		return err
	}
	for _, removed := range r.Records {
		what := "个人信息"
		if removed.Whole {
			what = "整份"
		}
		if err := s.printf("  %s %s %s %s%s\n", removed.Type, removed.Record, retention.Words[removed.Why], what, classText(removed.Fields)); err != nil {
			return err
		}
	}
	if r.Waiting > 0 {
		return s.printf("有 %d 份要人工处理：删除以后又被登记的，或所用的表读不出来的\n", r.Waiting)
	}
	return nil
}

func classText(fields map[retention.Class]int) string {
	var b strings.Builder
	for _, class := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(&b, " %s×%d", class, fields[class])
	}
	return b.String()
}

func tallyText(r retention.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d 份记录，%d 个附件", len(r.Records), r.Files)
	tally := r.Tally()
	for _, why := range slices.Sorted(maps.Keys(tally)) {
		fmt.Fprintf(&b, "；%s %d", retention.Words[why], tally[why])
	}
	return b.String() + classText(r.Fields())
}

func retentionReports(flags *flag.FlagSet) action {
	full := flags.Bool("records", false, "连同记录编号")
	return func(ctx context.Context, s *session, _ []string) error {
		if s.place.data == "" {
			return &hintError{&usageError{"请写明服务器的数据文件夹。"}, "zouctl -data 文件夹 …"}
		}
		reports, err := s.keeper(nil, nil).Reports()
		if err != nil {
			return err
		}
		for _, r := range reports {
			if err := s.printf("%s ", r.At.Time().In(s.clock().Location()).Format("2006-01-02 15:04")); err != nil {
				return err
			}
			if !*full {
				r.Waiting = 0
				if err := s.printf("%s\n", tallyText(r)); err != nil {
					return err
				}
				continue
			}
			if err := s.printReport(r); err != nil {
				return err
			}
		}
		return nil
	}
}

func retentionRules(flags *flag.FlagSet) action {
	identified := flags.Int("identified-years", 0, "走访记录里的个人信息，办结后几年（1 到 2）")
	dispatched := flags.Int("dispatched-years", 0, "交办的问题，办结后几年（1 到 30，按归档范围）")
	photos := flags.Int("photo-days", 0, "照片，办结后几天（1 到 90）")
	looks := flags.Int("access-years", 0, "查看记录，几年（1 到 30）")
	return func(_ context.Context, s *session, _ []string) error {
		if s.place.data == "" {
			return &hintError{&usageError{"请写明服务器的数据文件夹。"}, "zouctl -data 文件夹 …"}
		}
		k := s.keeper(nil, nil)
		rules, err := k.Rules()
		changed := cmp.Or(*identified, *dispatched, *photos, *looks) != 0
		if err != nil && !changed {
			return err
		}
		if changed {
			rules = retention.Rules{
				IdentifiedYears: cmp.Or(*identified, rules.IdentifiedYears), DispatchedYears: cmp.Or(*dispatched, rules.DispatchedYears),
				PhotoDays: cmp.Or(*photos, rules.PhotoDays), AccessYears: cmp.Or(*looks, rules.AccessYears),
			}
			if err := k.SetRules(rules); err != nil {
				return err
			}
		}
		return s.printf("走访记录里的个人信息：办结后 %d 年\n交办的问题：办结后 %d 年\n照片：办结后 %d 天\n查看记录：%d 年\n",
			rules.IdentifiedYears, rules.DispatchedYears, rules.PhotoDays, rules.AccessYears)
	}
}
