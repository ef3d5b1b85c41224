// Zoucund is the county's server: it takes what devices push, and gives what they may see.
//
// It needs nothing but a folder. docs/operations.md says how to run it, back it up and move it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/server/errand"
	"zoucun/server/point"
	"zoucun/server/retention"
	"zoucun/survey"
)

const (
	software = "zoucund 0.1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		complain(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

// settings are what the command line says.
type settings struct {
	listen, data, database, blobs, township, retention string
	county                                             uint
	backup                                             string
	backupEvery                                        time.Duration
	backupSameDisk                                     bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("zoucund", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8443", "监听的地址和端口")
	flags.StringVar(&s.data, "data", "var/server", "数据文件夹，第一次启动时建立")
	flags.StringVar(&s.database, "db", "", "数据库：postgres://… 或 SQLite 文件；默认是数据文件夹里的 central.db")
	flags.StringVar(&s.blobs, "blobs", "", "存放附件的文件夹；默认是数据文件夹里的 blobs")
	flags.UintVar(&s.county, "county", 0, "六位县级区划代码；第一次启动时设定，以后可省略")
	flags.StringVar(&s.township, "township", "", "乡镇名称；第一次启动时设定，以后可省略")
	flags.StringVar(&s.retention, "retention", "daily", "daily 每天凌晨删除保存期满的个人信息，off 不自动删除")
	flags.StringVar(&s.backup, "backup", "", "定时备份到哪个文件夹（另一块磁盘上，要先建好）；不写就不备份")
	flags.DurationVar(&s.backupEvery, "backup-every", 24*time.Hour, "多久备份一次")
	flags.BoolVar(&s.backupSameDisk, "backup-same-disk", false, "允许备份在同一块磁盘，只供试用")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 || s.county > 999999 || s.backupEvery <= 0 || s.retention != "daily" && s.retention != "off" {
		return s, &survey.Error{Kind: survey.Invalid, Op: "zoucund", Message: "命令行参数不对，用 zoucund -h 查看用法。"}
	}
	return s, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "relay" {
		return runRelay(ctx, args[1:], stdout, stderr)
	}
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	folder, err := server.OpenFolder(s.data, time.Now())
	if err != nil {
		return err
	}
	unlock, err := central.Lock(ctx, filepath.Join(folder.Path, "zoucund.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	listener, err := point.Listen(ctx, s.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	house, err := assemble(ctx, s, folder, log)
	if err != nil {
		return err
	}
	defer house.close()
	if _, err := fmt.Fprintf(stdout, "zoucund 已就绪：https://%s 证书指纹 %s\n", listener.Addr(), folder.Pin); err != nil {
		return err
	}
	if s.retention == "daily" {
		defer house.keepPeriods(ctx)()
	}
	return point.Serve(ctx, listener, house.handler, folder.Certificate, log)
}

// house is what a server is made of.
type house struct {
	handler http.Handler
	keeper  retention.Keeper
	close   func()
}

// keepPeriods takes out what has been kept long enough, day by day, and returns what stops it.
func (h house) keepPeriods(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { h.keeper.Daily(ctx, pause) })
	return func() {
		cancel()
		running.Wait()
	}
}

// pause returns after a time, or when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// assemble opens what the server keeps things in.
func assemble(ctx context.Context, s settings, folder server.Folder, log *slog.Logger) (house, error) {
	if s.database == "" {
		s.database = folder.Database()
	}
	if s.blobs == "" {
		s.blobs = folder.Blobs()
	}
	records, err := central.Open(ctx, s.database, central.Options{
		Key: folder.Key, County: uint32(s.county), Township: s.township, Clock: time.Now, Log: log,
	})
	if err != nil {
		return house{}, err
	}
	closeAll := func() { _ = records.Close() }
	files, err := blob.OpenFolder(s.blobs)
	if err != nil {
		closeAll()
		return house{}, err
	}
	endKeeping, err := keep(ctx, s, folder, records, log)
	if err != nil {
		closeAll()
		return house{}, err
	}
	closeAll = func() {
		endKeeping()
		_ = records.Close()
	}
	errands, err := openErrands(folder, records, files, log)
	if err != nil {
		closeAll()
		return house{}, err
	}
	handler, err := server.New(server.Options{
		Central: records, Blobs: files, Errands: errands, Key: folder.Key, Pin: folder.Pin, Software: software, Clock: time.Now, Log: log,
	})
	if err != nil {
		closeAll()
		return house{}, err
	}
	keeper := retention.Keeper{
		Records: records, Files: files, Folder: filepath.Join(folder.Path, "retention"), Clock: time.Now, Log: log,
	}
	return house{handler, keeper, closeAll}, nil
}

// openErrands makes what takes in what one device brings for another.
func openErrands(folder server.Folder, records *central.Central, files blob.Store, log *slog.Logger) (*errand.Intake, error) {
	waiting, err := blob.OpenFolder(folder.Errands())
	if err != nil {
		return nil, err
	}
	return errand.New(errand.Options{Records: records, Blobs: files, Files: waiting, Key: folder.Key, Clock: time.Now, Log: log})
}

// complain tells the operator in a sentence, and below it the chain for whoever looks closer.
func complain(w io.Writer, err error) {
	message := survey.MessageOf(err)
	if message == "" {
		message = "zoucund 不能启动。"
	}
	_, _ = fmt.Fprintf(w, "%s\n（%s：%v）\n", message, filepath.Base(os.Args[0]), err)
}
