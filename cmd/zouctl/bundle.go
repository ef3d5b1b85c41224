package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/bundle"
)

// bundleExtension ends the names of bundles.
const bundleExtension = ".zcb"

// bundleFiles returns the bundles that arguments name: files, and what lies in folders.
func bundleFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, refuse(survey.NotFound, "bundle", "没有“"+arg+"”这个文件或文件夹，请检查路径。", err)
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		found, err := filepath.Glob(filepath.Join(escapeGlob(arg), "*"+bundleExtension))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	if files = slices.Compact(files); len(files) == 0 {
		return nil, refuse(survey.NotFound, "bundle", "文件夹里没有数据包（"+bundleExtension+" 文件），请检查是不是选对了文件夹。", nil)
	}
	return files, nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(path)
}

// readIdentity reads a private key as zouctl key make wrote it.
func readIdentity(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, refuse(survey.NotFound, "bundle", "读不了私钥文件“"+path+"”，请检查路径。", err)
	}
	var identities []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			identities = append(identities, line)
		}
	}
	return identities, nil
}

// carried is a bundle file that was opened.
type carried struct {
	path    string
	file    *os.File
	bundle  *bundle.Bundle
	content *bundle.Content // nil without a key
}

// openBundle reads a file through as far as can be done without a key.
func openBundle(path string) (*carried, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, refuse(survey.NotFound, "bundle", "读不了这个文件，请检查权限。", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	b, err := bundle.Inspect(file, info.Size())
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &carried{path: path, file: file, bundle: b}, nil
}

func (b *carried) name() string { return filepath.Base(b.path) }

func (b *carried) close() { _ = b.file.Close() } // only reading

// unlock opens what is in a bundle of a device of this county.
func (b *carried) unlock(ctx context.Context, c *central.Central, identities []string) error {
	label := b.bundle.Label
	if label.County != c.County() {
		return refuse(survey.Denied, "bundle", fmt.Sprintf("这个数据包是县 %06d 的，本服务器是县 %06d，没有采用。请交给它所属的县。", label.County, c.County()), bundle.ErrForeign)
	}
	key := c.Key()
	if !label.Kind.ByServer() {
		var err error
		if key, err = c.DeviceKey(ctx, label.Device); err != nil {
			return err
		}
	}
	var err error
	b.content, err = b.bundle.Open(identities, key)
	return err
}

var kindWords = map[bundle.Kind]string{
	bundle.Work: "手工拷出的走访记录", bundle.Copy: "平板的第二份", bundle.Reply: "给平板的回执", bundle.Desk: "转给平板的草稿",
	bundle.Errand: "请别的平板捎带的走访记录",
}

func bundleShow(flags *flag.FlagSet) action {
	identity := flags.String("identity", "", "私钥文件；同时写明 -data 才能核对签名、看里面有多少")
	return func(ctx context.Context, s *session, args []string) error {
		files, err := bundleFiles(args)
		if err != nil {
			return err
		}
		identities, err := readIdentity(*identity)
		if err != nil {
			return err
		}
		if identities == nil {
			return s.eachBundle(files, func(b *carried) error { return s.showLabel(b) })
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			return s.eachBundle(files, func(b *carried) error {
				if err := s.showLabel(b); err != nil {
					return err
				}
				if err := b.unlock(ctx, c, identities); err != nil {
					return err
				}
				n := b.content.Counts
				return s.printf("  签名正确：记录 %d 条，附件 %d 个（%s），草稿 %d 份，回执 %d 份\n",
					n.Entries, n.Attachments, sizeWords(int64(n.Bytes)), n.Drafts, n.Receipts)
			})
		})
	}
}

// eachBundle goes through files. What is wrong with one is told and keeps from none of the others.
func (s *session) eachBundle(files []string, do func(*carried) error) error {
	bad := 0
	for _, path := range files {
		b, err := openBundle(path)
		if err == nil {
			err = do(b)
			b.close()
		}
		if err != nil {
			bad++
			s.tellOf(path, err)
		}
	}
	return badBundles(bad, len(files))
}

// tellOf says what is wrong with one file.
func (s *session) tellOf(path string, err error) {
	message := survey.MessageOf(err)
	if message == "" {
		message = err.Error()
	}
	s.tell("%s：%s\n", filepath.Base(path), message)
}

func badBundles(bad, of int) error {
	if bad == 0 {
		return nil
	}
	return refuse(survey.Invalid, "bundle", fmt.Sprintf("%d 个文件中有 %d 个不能用，原因见上；其余的不受影响。", of, bad), nil)
}

func (s *session) showLabel(b *carried) error {
	l := b.bundle.Label
	return s.printf("%s：%s，县 %06d，设备 %s，第 %d 卷（共 %d 卷），写于 %s，文件完整\n", b.name(), kindWords[l.Kind], l.County, l.Device,
		l.Volume, l.Volumes, l.Created.Time().In(s.clock().Location()).Format(time.DateTime))
}

func sizeWords(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
