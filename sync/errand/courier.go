package errand

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Keeper is the store of a courier.
type Keeper interface {
	Enrolment(ctx context.Context) (survey.Enrolment, bool, error)
	// ErrandRoom returns how many errands of a device, and how many bytes, there is room for.
	ErrandRoom(ctx context.Context, device survey.DeviceID) (errands int, bytes int64, err error)
	// TakeErrand keeps an errand's file, and returns when it would survive a power cut.
	TakeErrand(ctx context.Context, sum survey.Hash, device survey.DeviceID, file []byte) error
	// WordsFor returns what the county has said on a device's logs.
	WordsFor(ctx context.Context, device survey.DeviceID) ([]wire.Carried, error)
}

// Take keeps a bundle that somebody copied by hand or gave on the network. It looks at it as far as anybody can without a
// key: it is whole, an errand, and of this county.
func Take(ctx context.Context, keeper Keeper, file []byte) error {
	if len(file) > wire.MaxErrand {
		return refuse(survey.Invalid, "这个文件太大，不是可以捎带的数据包，没有收。", fmt.Errorf("%d bytes", len(file)))
	}
	b, err := bundle.Inspect(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	e, enrolled, err := keeper.Enrolment(ctx)
	switch {
	case err != nil:
		return err
	case !enrolled:
		return refuse(survey.NotFound, "本机还没有登记，不能替别人带。", nil)
	case b.Label.Kind.ByServer():
		return refuse(survey.Invalid, "这是县里写给一台平板的文件，请在那台平板的“第二份”里接收，不用带。", nil)
	case b.Label.Kind != bundle.Errand:
		return refuse(survey.Invalid, "这个数据包要拿到乡镇导入，不能由平板带走。请改用文件名里有“捎带”的。", nil)
	case b.Label.County != e.Grant.County:
		return refuse(survey.Denied, "这个数据包是别的县的，本机交不上去，没有收。", bundle.ErrForeign)
	case b.Label.Device == e.Grant.Device:
		return refuse(survey.Invalid, "这是本机自己写的数据包，内容在本机是全的，不用再带。", nil)
	}
	return keeper.TakeErrand(ctx, sha256.Sum256(file), b.Label.Device, file)
}

// wrongCodes is after how many wrong proofs a meeting ends.
const wrongCodes = 5

// Courier is one meeting: it takes errands from whoever knows its code, until it is closed.
type Courier struct {
	keeper      Keeper
	key         wire.CodeKey
	pin         survey.Hash
	certificate tls.Certificate
	log         *slog.Logger

	mu     sync.Mutex
	wrong  int
	tokens map[string]survey.DeviceID
	taken  func(files int) // called when something has come, with how much in this meeting
	files  int
}

// NewCourier begins a meeting with a code. taken, which may be nil, is called after each errand, from any goroutine.
func NewCourier(keeper Keeper, code wire.Code, clock survey.Clock, taken func(files int), log *slog.Logger) (*Courier, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	certificate, err := newCertificate(clock())
	if err != nil {
		return nil, err
	}
	return &Courier{
		keeper: keeper, key: code.Key(), certificate: certificate, pin: seal.Pin(certificate.Leaf), log: log,
		tokens: map[string]survey.DeviceID{}, taken: taken,
	}, nil
}

// newCertificate makes a certificate for one meeting, which is known by its pin alone.
func newCertificate(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "zoucun"}, NotBefore: now.AddDate(-50, 0, 0), NotAfter: now.AddDate(50, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// Pin returns the pin of the meeting's certificate.
func (c *Courier) Pin() survey.Hash { return c.pin }

// Serve answers on a listener until ctx ends.
func (c *Courier) Serve(ctx context.Context, listener net.Listener) error {
	web := &http.Server{
		Handler: c, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog:  slog.NewLogLogger(c.log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{c.certificate}, MinVersion: tls.VersionTLS12},
	}
	ended := context.AfterFunc(ctx, func() { _ = web.Close() })
	defer ended()
	err := web.ServeTLS(listener, "", "")
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// ServeHTTP implements [http.Handler].
func (c *Courier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := c.answer(r)
	status := http.StatusOK
	if err != nil {
		c.log.InfoContext(r.Context(), "meeting refused", slog.String("kind", survey.KindOf(err).String()), slog.Any("err", err))
		status, answer = wire.StatusOf(survey.KindOf(err)), &wire.Failure{Kind: survey.KindOf(err), Message: survey.MessageOf(err)}
	}
	body, err := wire.Pack(answer)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", wire.MediaType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked has gone, or reads it
}

func (c *Courier) answer(r *http.Request) (wire.Message, error) {
	sum, isErrand := strings.CutPrefix(r.URL.Path, wire.PathErrand+"/")
	switch {
	case r.Method == http.MethodPost && r.URL.Path == wire.PathMeet:
		return c.meet(r)
	case r.Method == http.MethodPut && isErrand:
		return c.take(r, sum)
	}
	return nil, refuse(survey.NotFound, "这里只收捎带的数据包。", nil)
}

// meet lets a sender in that knows the code and sees this meeting's certificate.
func (c *Courier) meet(r *http.Request) (wire.Message, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxPacked))
	if err != nil {
		return nil, refuse(survey.Damaged, "没有收全，请再试一次。", err)
	}
	meet, err := wire.Unpack[wire.Meet](body)
	if err != nil {
		return nil, err
	}
	if err := c.prove(meet); err != nil {
		return nil, err
	}
	e, enrolled, err := c.keeper.Enrolment(r.Context())
	switch {
	case err != nil:
		return nil, err
	case !enrolled || meet.County != e.Grant.County:
		return nil, refuse(survey.Denied, "那台平板是别的县的，带不走本县的内容。内容仍在本机。", bundle.ErrForeign)
	case meet.Device == e.Grant.Device:
		return nil, refuse(survey.Invalid, "不能请本机自己带。", nil)
	}
	return c.met(r.Context(), e.Grant.Device, meet)
}

func (c *Courier) prove(meet wire.Meet) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wrong < wrongCodes && wire.Proves(meet.Proof, meet.Proves(c.key, c.pin)) {
		return nil
	}
	c.wrong++
	return refuse(survey.Denied, "捎带码不对，什么也没有交出去。请照对方屏幕上的再输一次；输错五次要请对方重新打开。", errors.New("wrong proof"))
}

func (c *Courier) met(ctx context.Context, self survey.DeviceID, meet wire.Meet) (wire.Message, error) {
	met := wire.Met{Device: self, Token: make([]byte, 16)}
	_, _ = rand.Read(met.Token) // never fails
	var err error
	if met.Errands, met.Room, err = c.keeper.ErrandRoom(ctx, meet.Device); err != nil {
		return nil, err
	}
	if met.Words, err = c.keeper.WordsFor(ctx, meet.Device); err != nil {
		return nil, err
	}
	met.Proof = met.Proves(c.key, meet.Nonce, c.pin)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens[hex.EncodeToString(met.Token)] = meet.Device
	return &met, nil
}

// take keeps one errand of a sender that was let in.
func (c *Courier) take(r *http.Request, sum string) (wire.Message, error) {
	c.mu.Lock()
	sender, known := c.tokens[r.Header.Get(wire.HeaderErrand)]
	c.mu.Unlock()
	if !known {
		return nil, refuse(survey.Denied, "对方已经收起，请对方重新打开再试。内容仍在本机。", errors.New("unknown token"))
	}
	file, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxErrand+1))
	if err != nil {
		return nil, refuse(survey.Damaged, "没有收全，请再试一次。内容仍在本机。", err)
	}
	if got := survey.Hash(sha256.Sum256(file)); got.String() != sum {
		return nil, refuse(survey.Damaged, "传的时候损坏了，请再试一次。内容仍在本机。", errors.New("hash differs"))
	}
	b, err := bundle.Inspect(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	if b.Label.Device != sender {
		return nil, refuse(survey.Denied, "这不是本机写的数据包。", errors.New("another device's label"))
	}
	if err := Take(r.Context(), c.keeper, file); err != nil {
		return nil, err
	}
	c.came()
	return &wire.ErrandReply{Errands: []wire.ErrandNews{{Sum: survey.Hash(sha256.Sum256(file)), State: wire.ErrandKept}}}, nil
}

func (c *Courier) came() {
	c.mu.Lock()
	c.files++
	n := c.files
	c.mu.Unlock()
	if c.taken != nil {
		c.taken(n)
	}
}
