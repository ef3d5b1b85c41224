package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"zoucun/internal/qr"
	"zoucun/server"
	"zoucun/server/point"
	"zoucun/survey"
	"zoucun/sync/seal"
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
	var folder server.Folder
	var where string
	receiving, err := point.Open(ctx, point.Options{
		Path: s.data, Listen: s.listen, Upstream: s.upstream, Code: s.code, Software: software, Clock: time.Now, Log: log,
		Unseal: func(ctx context.Context) (_ server.Folder, box *seal.Box, err error) {
			folder, box, where, err = openSealed(ctx, s)
			return folder, box, err
		},
		HowToEnrol: "接收点还没有登记：请用 -upstream 写县里服务器的地址，用 -code 写登记码（zouctl enrol-code -role relay）。",
	})
	if err != nil {
		return err
	}
	defer receiving.Close()
	if _, err := fmt.Fprintf(stdout, "接收点已就绪：https://%s 证书指纹 %s\n内容加密存放，%s\n", receiving.Address(), folder.Pin, where); err != nil {
		return err
	}
	if err := showInvite(s, folder, receiving, stdout); err != nil {
		return err
	}
	return receiving.Run(ctx)
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

// showInvite prints the QR code by which tablets find a receiving point, and writes it as a picture to print.
func showInvite(s relaySettings, folder server.Folder, receiving *point.Point, stdout io.Writer) error {
	if s.show == "" {
		s.show = receiving.Addresses()[0]
	}
	if s.qr == "" {
		s.qr = filepath.Join(folder.Path, "relay.png")
	}
	invite := receiving.Invite(s.show)
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
