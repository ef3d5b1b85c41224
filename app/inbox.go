package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"fyne.io/fyne/v2"

	"zoucun/app/township"
	"zoucun/app/view"
	"zoucun/app/workbench"
	"zoucun/server"
	"zoucun/server/point"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/spare"
)

// Folders of the program's data beside the store.
const (
	relayFolder = "relay" // of the receiving point
	heldFolder  = "held"  // bundles kept for the county
)

// receiving runs a receiving point in the program. It goes on while the device is locked: what tablets bring is sealed on
// the disk, and nothing of it is shown.
type receiving struct {
	o      Options
	passed func() // the county has taken in something that tablets brought

	mu     sync.Mutex
	at     *point.Point // nil while it does not receive
	end    func()
	opened bool             // somebody opens it
	data   *store.Store     // the store that was open when the inbox was last shown
	self   survey.Enrolment // whose device this is
}

var _ township.Receiving = (*receiving)(nil)

// State implements township.Receiving.
func (r *receiving) State() (on, enrolled bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := os.Stat(filepath.Join(r.o.Data, relayFolder, "county.cbor"))
	return r.at != nil, err == nil
}

// Start implements township.Receiving.
func (r *receiving) Start(ctx context.Context, code string) error {
	r.mu.Lock()
	data, self, busy := r.data, r.self, r.opened
	r.opened = true
	r.mu.Unlock()
	if busy {
		return nil
	}
	at, err := r.open(ctx, data, self, code)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened = err == nil; r.opened {
		r.run(at) //nolint:contextcheck // until Stop, which may come long after the tap that began it
	}
	return err
}

func (r *receiving) open(ctx context.Context, data *store.Store, self survey.Enrolment, code string) (*point.Point, error) {
	box, err := data.BoxFor("relay")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(r.o.Data, relayFolder)
	return point.Open(ctx, point.Options{
		Path: path, Listen: r.listen(), Upstream: self.Server, Code: code, Software: "zoucun", Clock: r.o.Clock, Log: r.o.Log,
		Unseal: func(context.Context) (server.Folder, *seal.Box, error) {
			folder, err := server.OpenSealedFolder(path, r.o.Clock(), box)
			return folder, box, err
		},
		OnPassed:   r.passed,
		HowToEnrol: "这台电脑还没有登记成接收点。请输入县里给接收点开的登记码（zouctl enrol-code -role relay），联网再试。",
	})
}

func (r *receiving) listen() string {
	if r.o.Receive != "" {
		return r.o.Receive
	}
	return point.DefaultListen
}

// run serves until it is stopped. The caller holds mu.
func (r *receiving) run(at *point.Point) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		defer contain()
		if err := at.Run(ctx); err != nil && ctx.Err() == nil {
			r.o.Log.Error("the receiving point ended", slog.Any("err", err))
		}
	})
	r.at, r.end = at, func() {
		cancel()
		running.Wait()
		at.Close()
	}
}

// Stop implements township.Receiving.
func (r *receiving) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at != nil {
		r.end()
		r.at, r.end, r.opened = nil, nil, false
	}
}

func (r *receiving) point() *point.Point {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

// Addresses implements township.Receiving.
func (r *receiving) Addresses() []string {
	if at := r.point(); at != nil {
		return at.Addresses()
	}
	return []string{""}
}

// Invite implements township.Receiving.
func (r *receiving) Invite(address string) string {
	if at := r.point(); at != nil {
		return at.Invite(address)
	}
	return ""
}

// Progress implements township.Receiving.
func (r *receiving) Progress(ctx context.Context) ([]survey.Brought, survey.Millis) {
	if at := r.point(); at != nil {
		return at.Progress(ctx), at.Seen()
	}
	return nil, 0
}

// bundles are the 数据包 of this laptop.
type bundles struct {
	folder string
	data   *store.Store
	clock  survey.Clock
}

var _ township.Bundles = bundles{}

// TakeIn implements township.Bundles.
func (b bundles) TakeIn(ctx context.Context, file io.Reader) (survey.TakenIn, error) {
	return spare.TakeIn(ctx, b.data, b.folder, file)
}

// Held implements township.Bundles.
func (b bundles) Held(ctx context.Context) ([]survey.HeldBundle, error) {
	e, _, err := b.data.Enrolment(ctx)
	if err != nil {
		return nil, err
	}
	return spare.Held(b.folder, e.Epoch)
}

// CopyOut implements township.Bundles.
func (b bundles) CopyOut(_ context.Context, folder string) ([]string, error) {
	if inside, err := filepath.Rel(b.folder, folder); err == nil && inside == "." {
		return nil, &survey.Error{
			Kind: survey.Invalid, Op: "app.CopyOut", Message: "这就是它们现在存放的地方，请选U盘上的文件夹。", Err: errors.New("the same folder"),
		}
	}
	return spare.CopyOut(b.folder, folder)
}

// Drop implements township.Bundles.
func (b bundles) Drop(_ context.Context, id survey.BundleID) error { return spare.Drop(b.folder, id) }

// Export implements township.Bundles.
func (b bundles) Export(ctx context.Context, folder string) (survey.Exported, error) {
	return spare.Export(ctx, b.data, folder, spare.ExportOptions{Clock: b.clock})
}

// receive returns this laptop as a receiving point.
func (p *program) receive() *receiving {
	if p.receiver == nil {
		p.receiver = &receiving{o: p.opt, passed: func() { fyne.Do(p.wakeAgent) }}
	}
	p.receiver.mu.Lock()
	defer p.receiver.mu.Unlock()
	p.receiver.data, p.receiver.self = p.store, p.self
	return p.receiver
}

// wakeAgent has the agent ask the county at once for what is new.
func (p *program) wakeAgent() {
	if p.carry != nil {
		p.carry.agent.Wake()
	}
}

func (p *program) inboxScreen(words *workbench.Words) *view.Screen {
	return township.NewInbox(p.host, township.InboxSpec{
		Inbox: workbench.NewInbox(p.store, words, p.opt.Clock), Receiving: p.receive(),
		Bundles: bundles{folder: filepath.Join(p.opt.Data, heldFolder), data: p.store, clock: p.opt.Clock},
		Errands: p.errands, PickFolder: p.shell.pickFolder,
	})
}

// errands are the other sections of the workbench and what waits in them.
func (p *program) errands() []township.Errand { return p.bench.Errands("收件") }
