package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"zoucun/internal/qr"
	"zoucun/server"
	"zoucun/server/central"
	"zoucun/server/relay"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// relaySettings are what the command line of a receiving point says.
type relaySettings struct{ listen, data, upstream, code, show, qr, key string }

func parseRelay(args []string, stderr io.Writer) (relaySettings, error) {
	var s relaySettings
	flags := flag.NewFlagSet("zoucund relay", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", ":8444", "监听的地址和端口，平板要能连上")
	flags.StringVar(&s.data, "data", "var/relay", "数据文件夹，第一次启动时建立")
	flags.StringVar(&s.upstream, "upstream", "", "县里服务器的地址；登记过以后可省略")
	flags.StringVar(&s.code, "code", "", "登记码，用 zouctl enrol-code -role relay 开；只在第一次要")
	flags.StringVar(&s.show, "address", "", "平板用来连接的地址，写进二维码，例如 192.168.43.1:8444；不写就找本机的")
	flags.StringVar(&s.key, "key", "", "内容加密存放，钥匙放在哪个文件（例如U盘上）；不写就放进本机的系统钥匙串")
	flags.StringVar(&s.qr, "qr", "", "二维码图片写到哪个文件；默认是数据文件夹里的 relay.png")
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
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return &survey.Error{Kind: survey.Unavailable, Op: "zoucund relay", Err: err, Message: "数据文件夹建不了：" + s.data + "。请用 -data 换一个位置。"}
	}
	unlock, err := central.Lock(ctx, filepath.Join(s.data, "zoucund.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	folder, box, where, err := openSealed(ctx, s)
	if err != nil {
		return err
	}
	point, handler, err := openRelay(ctx, s, folder, box, log)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, s.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	if _, err := fmt.Fprintf(stdout, "接收点已就绪：https://%s 证书指纹 %s\n内容加密存放，%s\n", listener.Addr(), folder.Pin, where); err != nil {
		return err
	}
	if err := showInvite(s, folder, point, listener.Addr(), stdout); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var carrying sync.WaitGroup
	carrying.Go(func() { point.Run(ctx) })
	defer carrying.Wait()
	defer cancel()
	return serve(ctx, listener, handler, folder.Certificate, log)
}

// openSealed opens a receiving point's folder, and says where the key to it is.
func openSealed(ctx context.Context, s relaySettings) (folder server.Folder, box *seal.Box, where string, err error) {
	ring, err := systemKeyring(s.data)
	if err != nil {
		return folder, nil, "", err
	}
	if box, where, err = openBox(ctx, s.data, s.key, ring); err != nil {
		return folder, nil, "", err
	}
	if folder, err = server.OpenSealedFolder(s.data, time.Now(), box); survey.KindOf(err) == survey.Damaged {
		err = noSecret(err)
	}
	return folder, box, where, err
}

// openRelay opens a receiving point, and enrols it where it is not.
func openRelay(ctx context.Context, s relaySettings, folder server.Folder, box *seal.Box, log *slog.Logger) (*relay.Relay, *server.Server, error) {
	files, err := relay.OpenFiles(folder.Blobs(), box)
	if err != nil {
		return nil, nil, err
	}
	point, err := relay.Open(relay.Options{
		Folder: folder.Path, Key: folder.Key, Pin: folder.Pin, Box: box, Blobs: files, Clock: time.Now, Log: log,
	})
	if err != nil {
		return nil, nil, err
	}
	waiting, err := relay.OpenFiles(filepath.Join(folder.Errands(), "files"), box)
	if err != nil {
		return nil, nil, err
	}
	errands, err := point.OpenErrands(waiting)
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
		Central: relay.Front{Relay: point}, Blobs: files, Errands: errands, Key: folder.Key, Pin: folder.Pin, Software: software, Clock: time.Now,
		Log: log, Pass: point.Pass, Upstream: point,
	})
	return point, handler, err
}

// showInvite prints the QR code by which tablets find a receiving point, and writes it as a picture to print.
func showInvite(s relaySettings, folder server.Folder, point *relay.Relay, at net.Addr, stdout io.Writer) error {
	if s.show == "" {
		s.show = nearbyAddress(at)
	}
	if s.qr == "" {
		s.qr = filepath.Join(folder.Path, "relay.png")
	}
	e, _ := point.Enrolment()
	invite := wire.Invite{Relay: true, Address: s.show, Pin: folder.Pin, Township: e.Grant.Township}.String()
	lines, err := qr.Text(invite)
	if err != nil {
		return err
	}
	picture, err := qr.PNG(invite)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.qr, picture, 0o600); err != nil {
		return &survey.Error{Kind: survey.Unavailable, Op: "zoucund relay", Err: err, Message: "二维码图片写不了：" + s.qr + "。请用 -qr 换一个位置。"}
	}
	_, err = fmt.Fprintf(stdout, "%s平板：设置 → 乡镇接收点，输入 %s，或拍下二维码从照片识别（图片 %s）\n", lines, s.show, s.qr)
	return err
}

// nearbyAddress returns the address under which tablets on the same network reach what listens: where it listens on all,
// the first private address of this machine.
func nearbyAddress(at net.Addr) string {
	tcp, ok := at.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return at.String()
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return at.String()
	}
	for _, a := range addresses {
		if own, ok := a.(*net.IPNet); ok && own.IP.To4() != nil && own.IP.IsPrivate() {
			return net.JoinHostPort(own.IP.String(), strconv.Itoa(tcp.Port))
		}
	}
	return at.String()
}
