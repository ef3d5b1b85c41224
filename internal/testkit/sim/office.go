package sim

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/server/errand"
	"zoucun/survey"
)

// county is the division code of a county that does not exist.
const county = 349999

// mark begins every text that is written here, so that it can be looked for where it must not be.
const mark = "明文标记"

// office is the township: the server, and the people who write there.
type office struct {
	w        *World
	key      ed25519.PrivateKey
	dir      string
	disk     disk
	life     int // which start of the server this is
	central  *central.Central
	blobs    *blob.Folder
	errands  *blob.Folder
	handler  http.Handler
	left     map[survey.Epoch]bool // the lives of databases that were put back
	copied   string                // the last backup
	recovery string                // opens what is encrypted to the county's recovery key
	audit    *sql.DB
	author   survey.PersonID
	village  []survey.RecordID
	home     []survey.RecordID
	at       []int // the village each home is in now
	last     act
	pending  bool // the last thing done is a reply that has not been heard
}

// act is the last thing done on a disk, between which events a power cut may fall into it.
type act struct{ from int }

func (o *office) clock() time.Time { return o.w.now }

func newOffice(ctx context.Context, w *World) (*office, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	o := &office{w: w, key: key, author: survey.DerivedID[survey.PersonID](space, "office"), left: map[survey.Epoch]bool{}}
	if o.disk, err = takeDisk(); err != nil {
		return nil, err
	}
	if err := o.open(ctx, filepath.Join(w.dir, "server-0")); err != nil {
		return nil, err
	}
	return o, o.found(ctx)
}

// space is what identifiers that are made here are derived in.
var space = survey.ScopeID{0x5a}

func (o *office) open(ctx context.Context, dir string) (err error) {
	o.dir, o.life = dir, o.life+1
	if err := o.w.record(o.disk, dir); err != nil {
		return err
	}
	file := filepath.Join(dir, "central.db")
	if o.central, err = central.Open(ctx, file, central.Options{Key: o.key, County: county, Township: "青田乡", Clock: o.clock, VFS: o.disk.VFS()}); err != nil {
		return err
	}
	if o.blobs, err = blob.OpenFolder(filepath.Join(o.w.dir, "server-blobs")); err != nil {
		return err
	}
	if o.errands, err = blob.OpenFolder(filepath.Join(o.w.dir, "server-errands")); err != nil {
		return err
	}
	if o.audit, err = auditor(file, o.disk); err != nil {
		return err
	}
	if err := o.fence().Check(ctx); err != nil {
		return err
	}
	intake, err := errand.New(errand.Options{Records: o.central, Blobs: o.blobs, Files: o.errands, Key: o.key, Clock: o.clock})
	if err != nil {
		return err
	}
	o.handler, err = server.New(server.Options{
		Central: o.w.broken.central(o.w, o.central), Blobs: o.w.broken.blobs(o.w, o.blobs), Errands: o.w.broken.errands(o.w, intake), Key: o.key,
		Software: "sim", Clock: o.clock,
	})
	return err
}

// fence is what zoucund looks at when it starts and every few seconds.
func (o *office) fence() server.Fence {
	return server.Fence{File: server.FenceFile(o.w.dir), Of: o.central, Log: slog.New(slog.DiscardHandler)}
}

// start implements [host].
func (o *office) start() int { return o.life }

// auditor opens a database to look into it.
func auditor(file string, d disk) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?vfs="+d.VFS()+"&_pragma=query_only(1)&_pragma=busy_timeout(5000)")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

func (o *office) close() error {
	return errors.Join(o.audit.Close(), o.central.Close())
}

// found enters the township as it is at the beginning.
func (o *office) found(ctx context.Context) error {
	shared := survey.RegisterScope(county)
	writes := []central.Write{{Record: survey.RecordID(o.author), Type: survey.TypeStaff, Scope: shared, Fields: survey.Fields{survey.StaffName: mark + "主任"}}}
	for v := range villages {
		id := survey.DerivedID[survey.RecordID](space, "village/"+strconv.Itoa(v))
		o.village = append(o.village, id)
		writes = append(writes, central.Write{Record: id, Type: survey.TypePlace, Scope: shared, Fields: survey.Place{Name: mark + strconv.Itoa(v), Order: v}.Fields()})
	}
	for v := range villages {
		for range homes {
			writes = append(writes, o.enter(v))
		}
	}
	_, err := o.central.Write(ctx, o.author, writes)
	return err
}

// enter returns what enters another household in a village.
func (o *office) enter(v int) central.Write {
	n := len(o.home)
	id := survey.DerivedID[survey.RecordID](space, "home/"+strconv.Itoa(n))
	o.home, o.at = append(o.home, id), append(o.at, v)
	return central.Write{Record: id, Type: survey.TypeHousehold, Scope: o.scope(v), Fields: survey.Household{
		Head: mark + "张" + strconv.Itoa(n), Code: fmt.Sprintf("%03d", n), Village: o.village[v], Resident: -1, Away: -1,
	}.Fields()}
}

func (o *office) scope(v int) survey.ScopeID { return survey.VillageScope(o.village[v]) }

// scopes returns the villages in the bits of a mask, at least one.
func (o *office) scopes(mask int) []survey.ScopeID {
	var scopes []survey.ScopeID
	for v := range o.village {
		if mask>>v&1 == 1 {
			scopes = append(scopes, o.scope(v))
		}
	}
	if scopes == nil {
		scopes = append(scopes, o.scope(0))
	}
	return scopes
}

// doing notes that something is being done on the server's disk, and returns what to call when it is done.
func (o *office) doing() func() {
	o.last = act{from: o.disk.Events()}
	return func() { o.pending = true }
}

// heard says that somebody has had an answer: what was answered must never be lost.
func (o *office) heard() { o.pending = false }

// write makes a change in the township's name.
func (o *office) write(ctx context.Context, change central.Write) {
	if len(o.left) > 0 && change.Fields[survey.HouseholdCode] == "" {
		r, err := o.central.Record(ctx, change.Record)
		if err != nil {
			return // lost when the database was put back, and not handed back yet
		}
		if change.Kind != survey.Move {
			change.Scope = r.Scope
		}
	}
	_, err := o.central.Write(ctx, o.author, []central.Write{change})
	o.w.note("office %d: %s", change.Kind, outcome(err))
	o.pending = false
	if err != nil && survey.KindOf(err) != survey.Full && !o.disk.failing() && len(o.left) == 0 {
		o.w.violated("office", "write: %v", err)
	}
}

// restart gives the server's files over to another life of it.
func (o *office) restart(ctx context.Context, leave func(to string) error) {
	to := filepath.Join(o.w.dir, "server-"+strconv.Itoa(o.life))
	err := leave(to)
	err = errors.Join(err, o.close())
	o.disk.Stop()
	o.pending = false
	if err = errors.Join(err, o.open(ctx, to)); err != nil {
		o.w.violated("F2", "the server does not come up again: %v", err)
	}
}

func (o *office) kill(ctx context.Context) {
	o.restart(ctx, func(to string) error { return copyFolder(o.dir, to) })
}

// power cuts the server's power: now, or within what it did last if nobody has heard of that.
func (o *office) power(ctx context.Context, within int) {
	n := o.disk.Events()
	if o.pending {
		n = o.last.from + (n-o.last.from)*within/1000
	}
	tape, random := o.disk.Stop(), rand.New(rand.NewPCG(o.w.script.Seed, uint64(n))) //nolint:gosec // has to be repeatable
	o.restart(ctx, func(to string) error { return tape.Image(random, n, to) })
}
