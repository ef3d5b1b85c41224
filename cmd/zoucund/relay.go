package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/server/relay"
	"zoucun/survey"
	"zoucun/sync/client"
)

// relaySettings are what the command line of a receiving point says.
type relaySettings struct{ listen, data, upstream, code string }

func parseRelay(args []string, stderr io.Writer) (relaySettings, error) {
	var s relaySettings
	flags := flag.NewFlagSet("zoucund relay", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", ":8444", "监听的地址和端口，平板要能连上")
	flags.StringVar(&s.data, "data", "var/relay", "数据文件夹，第一次启动时建立")
	flags.StringVar(&s.upstream, "upstream", "", "县里服务器的地址；登记过以后可省略")
	flags.StringVar(&s.code, "code", "", "登记码，用 zouctl enrol-code -role relay 开；只在第一次要")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, &survey.Error{Kind: survey.Invalid, Op: "zoucund relay", Message: "命令行参数不对，用 zoucund relay -h 查看用法。"}
	}
	return s, nil
}

// runRelay is a receiving point: it takes what tablets nearby bring, and carries it to the county when that is in reach.
func runRelay(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parseRelay(args, stderr)
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
	point, handler, err := openRelay(ctx, s, folder, log)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, s.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	if _, err := fmt.Fprintf(stdout, "接收点已就绪：https://%s 证书指纹 %s\n", listener.Addr(), folder.Pin); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var carrying sync.WaitGroup
	carrying.Go(func() { point.Run(ctx) })
	defer carrying.Wait()
	defer cancel()
	return serve(ctx, listener, handler, folder.Certificate, log)
}

// openRelay opens a receiving point's folder, and enrols it where it is not.
func openRelay(ctx context.Context, s relaySettings, folder server.Folder, log *slog.Logger) (*relay.Relay, *server.Server, error) {
	files, err := blob.OpenFolder(folder.Blobs())
	if err != nil {
		return nil, nil, err
	}
	point, err := relay.Open(relay.Options{
		Folder: folder.Path, Key: folder.Key, Pin: folder.Pin, Blobs: files, Clock: time.Now, Log: log,
	})
	if err != nil {
		return nil, nil, err
	}
	if _, enrolled := point.Enrolment(); !enrolled {
		if s.upstream == "" || s.code == "" {
			return nil, nil, &survey.Error{
				Kind: survey.Invalid, Op: "zoucund relay", Err: errors.New("not enrolled"),
				Message: "接收点还没有登记：请用 -upstream 写县里服务器的地址，用 -code 写登记码（zouctl enrol-code -role relay）。",
			}
		}
		if _, err := client.Enrol(ctx, point, s.upstream, s.code, client.Options{Clock: time.Now}); err != nil {
			return nil, nil, err
		}
	}
	handler, err := server.New(server.Options{
		Central: relay.Front{Relay: point}, Blobs: files, Key: folder.Key, Pin: folder.Pin, Software: software, Clock: time.Now,
		Log: log, Pass: point.Pass,
	})
	return point, handler, err
}
