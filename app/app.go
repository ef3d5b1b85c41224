package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/app/township"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/assets"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/wire"
)

// Options say what the program is started with.
type Options struct {
	Data         string // the folder everything is kept in
	Server, Code string // for enrolment; with both it is done without asking
	Receive      string // address and port at which a township's laptop receives tablets; empty is the usual one
	Size         fyne.Size
	Clock        survey.Clock
	Log          *slog.Logger
}

// Keys of what is remembered between starts. It is nothing personal: preferences are not encrypted.
const (
	prefText    = "text_size"
	prefVillage = "village"
	prefDraft   = "draft" // the questionnaire that was open last
	prefIdle    = "lock_minutes"
)

// program is the running app. Its fields belong to the screen's goroutine.
type program struct {
	ui       fyne.App
	opt      Options
	shell    *shell
	host     view.Host
	keys     *store.Keys
	device   store.DeviceKey // nil where the platform keeps none
	locks    *present.Lock
	store    *store.Store // nil while locked
	ctx      func() context.Context
	fonts    widgets.Fonts
	self     survey.Enrolment
	village  survey.RecordID // the one being visited
	carry    *carrier        // nil before enrolment, and while locked
	bench    *township.Bench // nil before the workbench was first shown
	receiver *receiving      // nil before tablets were first received here
	finder   *store.Finder   // nil before it was first asked for, and while locked
	// deciding is what waits for decisions; nil before the workbench was first shown, and while locked.
	deciding *deciding
	counts   *reckoning // nil before the workbench has counted, and while locked
	// carrying begins to carry records; a test that has no network leaves it out.
	carrying func()

	forms   present.Definitions
	filling filling // the questionnaire that was opened last
	left    left    // where somebody was when the device was locked
	idle    idle
	closing sync.WaitGroup // of a store
}

// Run shows the window and returns when it is closed.
func Run(ctx context.Context, ui fyne.App, o Options) error {
	defer contain()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &program{ui: ui, opt: o, device: store.SystemDeviceKey(o.Data), ctx: func() context.Context { return ctx }}
	p.carrying = p.carryOn
	if err := p.dress(); err != nil {
		return err
	}
	w := ui.NewWindow("走村")
	p.shell = newShell(w, o.Log)
	p.host = p.shell.host(ctx, o.Clock)
	p.shell.onShow = p.noteOpen
	p.watchIdle()
	w.SetPadded(false)
	w.Resize(o.Size)
	w.SetCloseIntercept(func() {
		p.shell.leaveTop()
		w.Close()
	})
	ui.Lifecycle().SetOnStarted(p.open)
	ui.Lifecycle().SetOnExitedForeground(p.shell.keep)
	ui.Lifecycle().SetOnEnteredForeground(p.wake)
	onWindow(w)
	w.ShowAndRun()
	p.shell.keep()
	cancel()
	return p.close()
}

// dress sets the look and the language.
func (p *program) dress() error {
	p.fonts = widgets.Fonts{Regular: assets.FontRegular(), Bold: assets.FontBold()}
	widgets.UseFonts(p.fonts)
	p.ui.SetIcon(fyne.NewStaticResource("icon.png", assets.Icon()))
	p.ui.Settings().SetTheme(widgets.NewTheme(p.fonts, float32(p.textSize())))
	return speakChinese()
}

// carryOn begins to carry records.
func (p *program) carryOn() {
	p.carry = newCarrier(p)
	p.carry.start(p.ctx())
}

func (p *program) textSize() int {
	return p.ui.Preferences().IntWithFallback(prefText, widgets.TextNormal)
}

func (p *program) close() error {
	p.closing.Wait()
	if p.receiver != nil {
		p.receiver.Stop()
	}
	if p.carry != nil {
		p.carry.end()
	}
	if p.counts != nil {
		p.counts.end()
	}
	if p.store == nil {
		return nil
	}
	return p.store.Close()
}

// quick is how long opening may take without a word about it. Words need fonts, and reading those would hold up the
// window itself.
const quick = 400 * time.Millisecond

// open finds out who may open the data, and asks for a PIN where there is one.
func (p *program) open() {
	stop := p.host.Later(quick, func() { p.shell.Reset(field.NewOpening()) })
	var keys *store.Keys
	p.host.Do(func(context.Context) (err error) {
		keys, err = store.OpenKeys(p.opt.Data, store.KeyOptions{Device: p.device})
		return err
	}, func(err error) {
		stop()
		if err != nil {
			p.fatal(err)
			return
		}
		p.keys, p.locks = keys, present.NewLock(keys)
		if keys.Locked() {
			p.showLock(survey.PersonID{})
			return
		}
		p.openStore(func() {})
	})
}

func (p *program) fatal(err error) {
	p.opt.Log.Error("cannot start", slog.Any("err", err))
	p.shell.Reset(field.NewFatal(err, p.shell.window.Close))
}

// openStore opens the data, however long that takes, goes on and then does what is left to do, or says why it cannot.
func (p *program) openStore(then func()) {
	stop := p.host.Later(quick, func() { p.shell.Reset(field.NewOpening()) })
	var s *store.Store
	p.host.Do(func(ctx context.Context) (err error) {
		s, err = store.Open(ctx, p.opt.Data, store.Options{
			Clock: p.opt.Clock, Log: p.opt.Log, Keyring: p.keys, Install: store.Installed,
		})
		debug.FreeOSMemory() // reading a large register leaves as much garbage as it has rows
		return err
	}, func(err error) {
		stop()
		if err != nil {
			p.fatal(err)
			return
		}
		p.store = s
		p.enter()
		then()
		p.tellOfSalvage()
	})
}

// tellOfSalvage says what was saved out of a damaged database, at every start until the person has read it.
func (p *program) tellOfSalvage() {
	saved, ok := p.store.Salvaged()
	if !ok {
		return
	}
	p.shell.announce(widgets.NewWarning(saved.Message), func() {
		if err := p.store.SalvageSeen(p.ctx()); err != nil {
			p.shell.Complain(err)
		}
	})
}

// enter shows the first screen: enrolment on a device that belongs to nobody yet, the work otherwise.
func (p *program) enter() {
	self, enrolled, err := p.store.Enrolment(p.ctx())
	if err != nil {
		p.fatal(err)
		return
	}
	if enrolled {
		p.work(self)
		return
	}
	p.shell.setStatus(present.Status{Words: "本机还没有登记", Tone: present.Busy})
	p.shell.Reset(field.NewEnrol(p.host, field.EnrolSpec{
		Presenter: present.NewEnrol(p), Server: p.opt.Server, Code: p.opt.Code, OnDone: p.offerPIN,
		AtOnce: p.opt.Server != "" && p.opt.Code != "",
	}))
}

// Enrol implements present.Enroller.
func (p *program) Enrol(ctx context.Context, invite wire.Invite) (survey.Enrolment, error) {
	return client.Accept(ctx, p.store, invite, client.Options{Clock: p.opt.Clock, Log: p.opt.Log})
}

// work begins what an enrolled device does: carrying records, and visits.
func (p *program) work(self survey.Enrolment) {
	p.self = self
	p.carrying()
	p.goWhereItWas()
	if words := present.ClockTrouble(p.opt.Clock()); words != "" {
		p.shell.Tell(words)
	}
}

// wake is called when the program comes back into sight.
func (p *program) wake() {
	if p.lockIfIdle() {
		return
	}
	if p.carry != nil {
		p.carry.agent.Wake()
	}
}

func (p *program) chooseVillage() {
	p.shell.Reset(field.NewVillages(p.store, func(village survey.RecordID) {
		p.ui.Preferences().SetString(prefVillage, village.String())
		p.goHome(village)
	}))
}

func (p *program) goHome(village survey.RecordID) {
	p.village = village
	home := field.NewHome(p.host, field.HomeSpec{
		Households: present.NewHouseholds(p.store, village),
		Facts:      p.store,
		Who:        p.self.Grant.Township + " " + p.who().Name,
		OnVisit:    func(household survey.RecordID) { p.beginVisit(village, household) },
		OnResume:   p.resumeVisit,
		OnRights:   p.openRights,
		OnCompare:  p.compare,
		Actions:    p.homeActions(),
	})
	p.shell.Reset(home)
	p.watchTasks(home)
}

func (p *program) homeActions() []widgets.ButtonSpec {
	actions := []widgets.ButtonSpec{
		{Text: "我的记录", OnTap: func() { p.shell.Push(p.lists()) }},
		{Text: "设置", OnTap: p.openSettings},
	}
	if p.atTownship() {
		actions = append(actions, widgets.ButtonSpec{Text: "工作台", OnTap: p.goWorkbench})
	}
	return actions
}

// lists is the screen of a person's own records.
func (p *program) lists() *view.Screen {
	return field.NewLists(p.host, field.ListsSpec{Keeper: p.store, OnResume: p.resumeVisit, OnAmend: p.amendVisit})
}

func (p *program) openSettings() {
	grant, people := p.self.Grant, p.locks.People()
	me, _ := p.locks.Person(p.who().ID)
	p.shell.Push(field.NewSettings(field.SettingsSpec{
		TextSize: p.textSize(), OnSize: p.setTextSize, OnVillage: p.chooseVillage, Cards: slices.Concat(p.relayCards(), p.errandCards(), p.spareCards()),
		Locked: len(people) > 0, Who: me.Label, Others: len(people) - 1, Idle: p.idleMinutes(),
		OnPIN: p.setPIN, OnLock: p.handOn, OnAdd: p.addUser, OnIdle: p.setIdle,
		Facts: [][2]string{
			{"使用人", p.who().Name},
			{"登记人", grant.Name},
			{"乡镇", grant.Township},
			{"服务器", p.self.Server},
			{"本机编号", grant.Device.String()},
			{"加密", p.store.Algorithm().String()},
		},
	}))
}

func (p *program) setTextSize(size int) {
	p.ui.Preferences().SetInt(prefText, size)
	p.ui.Settings().SetTheme(widgets.NewTheme(p.fonts, float32(size)))
	if p.village.IsZero() { // from the workbench
		p.goWorkbench()
	} else {
		p.goHome(p.village) // screens out of sight are not redrawn with another size
	}
	p.openSettings()
}

func (p *program) desk() present.Desk {
	if self, enrolled, err := p.store.Enrolment(p.ctx()); err == nil && enrolled {
		p.self = self // grant, recipients and numbers may have been renewed
	}
	return present.Desk{
		Forms: p.store, Keeper: p.store, Sealer: p.store, Records: p.store, Definitions: &p.forms, Enrolment: p.self, Who: p.who(),
		Now: p.opt.Clock, Later: p.host.Later,
		NextNumber: numbers{filepath.Join(p.opt.Data, "form_number")}.next,
	}
}

// beginVisit begins a filling: of the only form, or of the one chosen.
func (p *program) beginVisit(village, household survey.RecordID) {
	var forms []survey.FormInfo
	p.host.Do(func(ctx context.Context) (err error) {
		forms, err = p.store.Forms(ctx)
		return err
	}, func(err error) {
		switch {
		case err != nil:
			p.shell.Complain(err)
		case len(forms) == 0:
			p.shell.Tell("调查表还没有收到。连上网络后会自动接收，请稍后再试。")
		case len(forms) == 1:
			p.begin(forms[0], village, household)
		default:
			p.shell.Push(field.NewForms(forms, func(info survey.FormInfo) {
				p.shell.pop()
				p.begin(info, village, household)
			}))
		}
	})
}

func (p *program) begin(info survey.FormInfo, village, household survey.RecordID) {
	desk := p.desk()
	p.openVisit(func(ctx context.Context) (*present.Visit, error) { return desk.Begin(ctx, info, village, household) })
}

func (p *program) resumeVisit(id survey.DraftID) {
	desk := p.desk()
	p.openVisit(func(ctx context.Context) (*present.Visit, error) { return desk.Resume(ctx, id) })
}

func (p *program) amendVisit(visit survey.RecordID) {
	desk := p.desk()
	p.openVisit(func(ctx context.Context) (*present.Visit, error) { return desk.Amend(ctx, visit) })
}

func (p *program) compare(household survey.RecordID) {
	p.shell.Push(field.NewCompare(p.host, field.CompareSpec{
		Desk: p.desk(), Household: household,
		OnResume: func(id survey.DraftID) {
			p.shell.pop()
			p.resumeVisit(id)
		},
		OnOne: func() { p.shell.pop() },
	}))
}

func (p *program) openVisit(open func(context.Context) (*present.Visit, error)) {
	var v *present.Visit
	p.host.Do(func(ctx context.Context) (err error) {
		v, err = open(ctx)
		return err
	}, func(err error) {
		if err != nil {
			p.shell.Complain(err)
			return
		}
		p.showVisit(v)
	})
}

func (p *program) showVisit(v *present.Visit) {
	screen := field.NewVisit(p.host, field.VisitSpec{
		Presenter: v, OnDiscard: p.shell.Home,
		OnFinished: func() {
			p.shell.Home()
			p.shell.Tell("这次走访已经完成，存在本机。有网络时会自动发送。")
			p.wake()
		},
	})
	p.filling = filling{visit: v, screen: screen}
	p.shell.Push(screen)
}
