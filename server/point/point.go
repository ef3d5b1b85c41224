// Package point runs a receiving point (乡镇接收点): it opens its folder, enrols it with the county where it is not, listens
// for tablets, and carries what they bring until it is told to stop. The program of its own and the township's workbench
// start the same one.
package point

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"zoucun/server"
	"zoucun/server/central"
	"zoucun/server/relay"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// DefaultListen is where a receiving point listens if nobody says otherwise.
const DefaultListen = ":8444"

// patience is how long requests under way may take when the point is asked to stop.
const patience = 20 * time.Second

// Options say what a receiving point is started with.
type Options struct {
	Path string // of its folder
	// Unseal opens the folder and what seals the files in it. It is called with the folder locked against other programs.
	Unseal         func(ctx context.Context) (server.Folder, *seal.Box, error)
	Listen         string // address and port
	Upstream, Code string // for enrolment
	Software       string
	Clock          survey.Clock
	Log            *slog.Logger
	OnPassed       func() // the county has taken in something that tablets brought
	HowToEnrol     string // what to do where it is not enrolled and no code is given, a sentence
	Transport      http.RoundTripper
}

// Point is a receiving point that listens.
type Point struct {
	*relay.Relay
	o        Options
	folder   server.Folder
	listener net.Listener
	handler  http.Handler
	unlock   func()
}

// Open opens a receiving point, enrols it where it is not, and begins to listen. Another program that has the folder
// open, an address in use and a code that is not for a receiving point are errors with a sentence for the person. Run
// serves; Close gives the folder and the address back.
func Open(ctx context.Context, o Options) (*Point, error) {
	if err := os.MkdirAll(o.Path, 0o700); err != nil {
		return nil, &survey.Error{Kind: survey.Unavailable, Op: "point.Open", Err: err, Message: "接收点的数据文件夹建不了：" + o.Path + "。请换一个位置。"}
	}
	unlock, err := central.Lock(ctx, filepath.Join(o.Path, "zoucund.lock"))
	if err != nil {
		return nil, err //nolint:wrapcheck // central has named it
	}
	p := &Point{o: o, unlock: unlock}
	if err := p.open(ctx); err != nil {
		unlock()
		return nil, err
	}
	return p, nil
}

func (p *Point) open(ctx context.Context) error {
	folder, box, err := p.o.Unseal(ctx)
	if err != nil {
		return err
	}
	p.folder = folder
	files, err := relay.OpenFiles(folder.Blobs(), box)
	if err != nil {
		return err //nolint:wrapcheck // relay has named it
	}
	p.Relay, err = relay.Open(relay.Options{
		Folder: folder.Path, Key: folder.Key, Pin: folder.Pin, Box: box, Blobs: files, Clock: p.o.Clock, Log: p.o.Log, Transport: p.o.Transport,
		OnPassed: p.o.OnPassed,
	})
	if err != nil {
		return err //nolint:wrapcheck // relay has named it
	}
	waiting, err := relay.OpenFiles(filepath.Join(folder.Errands(), "files"), box)
	if err != nil {
		return err //nolint:wrapcheck // relay has named it
	}
	errands, err := p.OpenErrands(waiting)
	if err != nil {
		return err //nolint:wrapcheck // relay has named it
	}
	if err := p.enrol(ctx); err != nil {
		return err
	}
	p.handler, err = server.New(server.Options{
		Central: relay.Front{Relay: p.Relay}, Blobs: files, Errands: errands, Key: folder.Key, Pin: folder.Pin, Software: p.o.Software,
		Clock: p.o.Clock, Log: p.o.Log, Pass: p.Pass, Upstream: p.Relay,
	})
	if err != nil {
		return err //nolint:wrapcheck // server has named it
	}
	p.listener, err = Listen(ctx, p.o.Listen)
	return err
}

// enrol has the county let the point in, where it has not yet.
func (p *Point) enrol(ctx context.Context) error {
	if _, enrolled := p.Enrolment(); enrolled {
		return nil
	}
	if p.o.Upstream == "" || p.o.Code == "" {
		return &survey.Error{Kind: survey.Denied, Op: "point.Open", Err: errors.New("not enrolled"), Message: p.o.HowToEnrol}
	}
	_, err := client.Enrol(ctx, p.Relay, p.o.Upstream, p.o.Code, client.Options{Clock: p.o.Clock, Transport: p.o.Transport})
	return err //nolint:wrapcheck // client has named it
}

// Listen listens at an address, or says in a sentence why it cannot.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &survey.Error{
			Kind: survey.Conflicting, Op: "point.Listen", Err: err,
			Message: "地址 " + address + " 已被别的程序占用，请换一个端口（-listen），或先停掉那个程序。",
		}
	case err != nil:
		return nil, &survey.Error{Kind: survey.Invalid, Op: "point.Listen", Err: err, Message: "不能在地址 " + address + " 上监听，请检查 -listen。"}
	}
	return listener, nil
}

// Address returns where the point listens.
func (p *Point) Address() net.Addr { return p.listener.Addr() }

// Run serves devices and carries to the county until ctx ends, and lets requests under way come to their end.
func (p *Point) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var carrying sync.WaitGroup
	carrying.Go(func() { p.Relay.Run(ctx) })
	defer carrying.Wait()
	defer cancel()
	return Serve(ctx, p.listener, p.handler, p.folder.Certificate, p.o.Log)
}

// Close stops listening and gives the folder back.
func (p *Point) Close() {
	_ = p.listener.Close() // Run has closed it already, or nobody was served
	p.unlock()
}

// Serve serves requests over TLS until ctx ends, and lets those under way come to their end.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, certificate tls.Certificate, log *slog.Logger) error {
	web := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog:  slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	ended := make(chan error, 1)
	go func() { ended <- web.ServeTLS(listener, "", "") }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		return errors.Join(err, web.Close())
	}
	return nil
}

// Invite returns what a QR code says for tablets that reach the point at an address.
func (p *Point) Invite(address string) string {
	e, _ := p.Enrolment()
	return wire.Invite{Relay: true, Address: address, Pin: p.folder.Pin, Township: e.Grant.Township}.String()
}

// Addresses returns under which addresses devices on the same network may reach the point: where it listens on all, the
// private addresses of this machine, in the order of its interfaces.
func (p *Point) Addresses() []string {
	at, ok := p.Address().(*net.TCPAddr)
	if !ok || !at.IP.IsUnspecified() {
		return []string{p.Address().String()}
	}
	var found []string
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return []string{p.Address().String()}
	}
	for _, a := range addresses {
		if own, ok := a.(*net.IPNet); ok && own.IP.To4() != nil && own.IP.IsPrivate() {
			found = append(found, net.JoinHostPort(own.IP.String(), strconv.Itoa(at.Port)))
		}
	}
	if len(found) == 0 {
		return []string{net.JoinHostPort("127.0.0.1", strconv.Itoa(at.Port))}
	}
	return slices.Compact(found)
}
