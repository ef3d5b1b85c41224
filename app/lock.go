package app

import (
	"cmp"
	"context"
	"log/slog"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// filling is a questionnaire and its screen.
type filling struct {
	visit  *present.Visit
	screen *view.Screen
}

// left is where somebody was when the device was locked. It is kept in memory only, and for that person only.
type left struct {
	person  survey.PersonID
	village survey.RecordID
	draft   survey.DraftID // zero where none was open
}

// who returns in whose name this device is used now: whoever unlocked it, or the person it was given to.
func (p *program) who() survey.Staff {
	grant := p.self.Grant
	person, _, unlocked := p.keys.Person()
	if !unlocked || person == grant.Person {
		return survey.Staff{ID: grant.Person, Name: grant.Name}
	}
	if name := p.store.StaffName(person); name != "" {
		return survey.Staff{ID: person, Name: name}
	}
	user, _ := p.locks.Person(person)
	return survey.Staff{ID: person, Name: user.Label}
}

// How often the app looks whether anybody is there, and after how many minutes without anybody it locks itself.
const (
	idleLook    = 10 * time.Second
	idleMinutes = 5
)

// watchIdle begins to look whether anybody is there.
func (p *program) watchIdle() {
	p.idle.limit = time.Duration(p.idleMinutes()) * time.Minute
	touch := func() { p.idle.touch(p.opt.Clock()) }
	touch()
	widgets.OnActivity(touch)
	p.shell.onKey = touch
	p.lookAgain()
}

func (p *program) lookAgain() {
	later(idleLook, func() {
		p.lockIfIdle()
		p.lookAgain()
	})
}

func (p *program) idleMinutes() int {
	return p.ui.Preferences().IntWithFallback(prefIdle, idleMinutes)
}

func (p *program) setIdle(minutes int) {
	p.ui.Preferences().SetInt(prefIdle, minutes)
	p.idle.limit = time.Duration(minutes) * time.Minute
}

// lockIfIdle locks the device when nobody has touched it for long, and reports whether it did.
func (p *program) lockIfIdle() bool {
	if !p.canLock() || !p.idle.due(p.opt.Clock()) {
		return false
	}
	p.lock(p.who().ID)
	return true
}

func (p *program) canLock() bool {
	return p.store != nil && p.keys != nil && len(p.keys.People()) > 0 && !p.keys.Locked()
}

// handOn locks the device for whoever uses it next.
func (p *program) handOn() { p.lock(survey.PersonID{}) }

// lock keeps what was typed, drops everything from the window, ends the agent, closes the store and forgets the keys. The lock
// screen asks next for the PIN of the person named, or who it is.
func (p *program) lock(next survey.PersonID) {
	if !p.canLock() {
		return
	}
	p.leave(func() {
		p.keys.Lock()
		debug.FreeOSMemory()
	}, func() { p.showLock(next) })
}

// leave keeps everything, drops it from the window and closes the store; then it does what is to be done after, away
// from the screen's goroutine, and shows what comes next.
func (p *program) leave(after, next func()) {
	p.shell.keep()
	p.left = p.whereabouts()
	carry, counts, data := p.carry, p.counts, p.store
	p.carry, p.counts, p.store, p.finder, p.deciding, p.bench = nil, nil, nil, nil, nil, nil
	p.filling, p.village = filling{}, survey.RecordID{}
	p.shell.forget()
	p.shell.setStatus(present.Status{Words: "写过的都存在本机", Tone: present.Safe})
	p.shell.Reset(field.NewLocking())
	p.closing.Add(1)
	p.host.Do(func(context.Context) error {
		defer p.closing.Done()
		if carry != nil {
			carry.end()
		}
		if counts != nil {
			counts.end()
		}
		err := data.Close()
		after()
		return err
	}, func(err error) {
		if err != nil {
			p.opt.Log.Error("closing", slog.Any("err", err))
		}
		next()
	})
}

func (p *program) whereabouts() left {
	l := left{person: p.who().ID, village: p.village}
	if p.filling.visit != nil && slices.Contains(p.shell.stack, p.filling.screen) {
		l.draft = p.filling.visit.Draft().ID
	}
	return l
}

// showLock asks for a PIN.
func (p *program) showLock(next survey.PersonID) {
	p.shell.setStatus(present.Status{Words: "已锁屏，写过的都存在本机，打开后再收发", Tone: present.Safe})
	p.shell.Reset(field.NewLock(p.host, field.LockSpec{
		Presenter: p.locks, Last: next, Words: present.ClockTrouble(p.opt.Clock()),
		OnOpen: func(survey.PersonID) {
			p.idle.touch(p.opt.Clock())
			p.openStore(func() {})
		},
	}))
}

// goWhereItWas shows the village visited last, and to whoever had a questionnaire open that page of it; to the township
// without one, its workbench.
func (p *program) goWhereItWas() {
	was := p.left
	p.left = left{}
	if was.person != p.who().ID {
		was = left{}
	}
	draft := cmp.Or(was.draft, p.interrupted())
	if draft.IsZero() && p.atTownship() {
		p.goWorkbench()
		return
	}
	p.goVisiting(was.village, draft)
}

// goVisiting shows a village, or the one visited last for a zero one, and the page of a questionnaire that was open.
func (p *program) goVisiting(village survey.RecordID, draft survey.DraftID) {
	if village.IsZero() {
		if remembered, err := survey.ParseID[survey.RecordID](p.ui.Preferences().String(prefVillage)); err == nil {
			village = remembered
		}
	}
	if !slices.ContainsFunc(p.store.Villages(), func(v survey.Place) bool { return v.ID == village }) {
		p.chooseVillage()
		return
	}
	p.goHome(village)
	if !draft.IsZero() {
		p.resumeVisit(draft)
	}
}

// noteOpen remembers which questionnaire is open, in case the program ends in the middle of it. A draft's identifier
// tells nothing about anybody.
func (p *program) noteOpen() {
	if p.store == nil {
		return
	}
	draft := ""
	if id := p.whereabouts().draft; !id.IsZero() {
		draft = id.String()
	}
	if draft != p.ui.Preferences().String(prefDraft) {
		p.ui.Preferences().SetString(prefDraft, draft)
	}
}

// interrupted returns the draft that was open when the program last ended, if whoever uses the device now has it.
func (p *program) interrupted() survey.DraftID {
	id, err := survey.ParseID[survey.DraftID](p.ui.Preferences().String(prefDraft))
	if err != nil {
		return survey.DraftID{}
	}
	drafts, err := p.store.Drafts(p.ctx())
	if err != nil || !slices.ContainsFunc(drafts, func(d survey.Draft) bool { return d.ID == id }) {
		return survey.DraftID{}
	}
	return id
}

// offerPIN asks whoever has just enrolled the device for a PIN, which may be put off.
func (p *program) offerPIN() {
	self, enrolled, err := p.store.Enrolment(p.ctx())
	if err != nil || !enrolled || len(p.keys.People()) > 0 {
		p.enter()
		return
	}
	p.self = self
	p.shell.Reset(field.NewPIN(p.host, field.PINSpec{
		Presenter: p.locks, Person: p.who(), OnDone: p.reopen, OnLater: p.enter,
	}))
}

// setPIN gives whoever uses the device a PIN, or another one.
func (p *program) setPIN() {
	if len(p.keys.People()) > 0 {
		p.shell.Push(field.NewChangePIN(p.host, p.locks, p.who().ID, func() {
			p.shell.pop()
			p.shell.Tell("密码换好了。下次解锁用新密码。")
		}))
		return
	}
	p.shell.Push(field.NewPIN(p.host, field.PINSpec{Presenter: p.locks, Person: p.who(), OnDone: p.reopen}))
}

// reopen opens the data anew with the keys of whoever has just set the first PIN, so that what they write from now on
// lies under their own.
func (p *program) reopen() {
	p.leave(func() {}, func() {
		p.openStore(func() {
			p.shell.Tell("密码设好了。" + strconv.Itoa(p.idleMinutes()) + " 分钟不用会自动锁上；也可以在“设置”里随时锁屏。")
		})
	})
}

// addUser lets somebody else of the register use the device too, with a PIN of their own.
func (p *program) addUser() {
	p.shell.Push(field.NewNewcomer(p.locks, p.store.Staff(), func(chosen survey.Staff) {
		data := p.store
		p.shell.Push(field.NewPIN(p.host, field.PINSpec{
			Presenter: p.locks, Person: chosen, Newcomer: true,
			Admit: func(ctx context.Context) error { return data.AdmitUser(ctx, chosen.ID) },
			OnDone: func() {
				p.shell.Home()
				p.shell.Tell(chosen.Name + "的密码设好了。交给他用时，在“设置”里点“现在锁屏”，再选名字、输密码。")
			},
		}))
	}))
}
