package store

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// Options say what a store is given.
type Options struct {
	Clock   survey.Clock
	Log     *slog.Logger // nil keeps quiet
	Keyring Keyring      // nil takes OpenKeys of the folder as they are
	// Algorithm seals what is written; 0 is AES-256-GCM. What another one has sealed opens all the same.
	Algorithm seal.Algorithm
	// MaxPages bounds the database to so many pages of 4 KiB; 0 leaves it to the disk.
	MaxPages int
	// VFS names the SQLite VFS the database lies on, and Disk is where the files beside it lie; empty and nil are the
	// system's own.
	VFS  string
	Disk Disk
	// Install says what tells a database file from a copy of it; nil leaves that to the server. See Installed.
	Install func(file string) string
}

// Store is the device's database and the register of households it keeps in memory. Its methods may be called from
// several goroutines.
type Store struct {
	clock    survey.Clock
	log      *slog.Logger
	disk     Disk
	db       *database
	vault    *vault
	owner    owner
	blobs    blobFolder
	lock     *os.File
	register *register
	finder   atomic.Pointer[Finder] // nil where nobody looks for visits and problems
	changed  announcer

	followersMu sync.Mutex
	followers   map[int]func([]survey.Record) // told of every record a transaction has changed
	following   int
	member      atomic.Pointer[membership] // nil before enrolment
	saved       atomic.Pointer[survey.Salvage]
	places      map[survey.DraftID]draftPlace // of drafts in use; guarded by db.mu
	self        identity                      // guarded by db.mu
	told        survey.Millis                 // when the last word on holdings was said; guarded by db.mu
	damage      atomic.Pointer[survey.Error]
	broken      quarantine

	checking  sync.WaitGroup // of what looks the database over
	stopCheck context.CancelFunc

	blobsInUse   sync.Mutex   // held while files under blobs/ come and go; taken before db.mu
	errandsInUse sync.Mutex   // held while files under errands/ come and go; taken before db.mu
	incoming     atomic.Int64 // attachments received so far, to tell them apart
}

// Open opens the store in the app's own folder, which it creates if need be, and reads the register into memory.
//
// An error has a sentence for the person and one of these kinds: Conflicting when another copy of the app has the
// folder open, Newer when a newer version wrote the database, Full, Damaged, or Denied when the folder is read-only. In
// each case the database is as it was.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "blobs"), 0o700); err != nil {
		return nil, fileError("store.Open", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{
		clock: o.Clock, log: o.Log, disk: o.Disk, lock: lock, blobs: blobFolder(filepath.Join(dir, "blobs")),
		register: newRegister(), places: map[survey.DraftID]draftPlace{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.disk == nil {
		s.disk = disk.System{}
	}
	if o.Keyring == nil {
		keys, err := OpenKeys(dir, KeyOptions{Disk: s.disk})
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		o.Keyring = keys
	}
	if err := s.open(ctx, filepath.Join(dir, "zoucun.db"), o); err != nil {
		return nil, errors.Join(openError(err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, file string, o Options) error {
	if err := finishExchange(s.disk, file); err != nil {
		return err
	}
	_, err := os.Stat(file)
	key, err := o.Keyring.DataKey(ctx, errors.Is(err, os.ErrNotExist))
	if err != nil {
		return err
	}
	if s.vault, err = newVault(key, o.Algorithm); err != nil {
		return err
	}
	if err := s.useOwner(o); err != nil {
		return err
	}
	err = s.openChecked(ctx, file, o)
	if !suspect(err) {
		return err
	}
	if s.db != nil {
		s.log.WarnContext(ctx, "closing a damaged database", slog.Any("error", s.db.close()))
		s.forgetAll()
	}
	if err := s.salvage(ctx, file, o, err); err != nil {
		return err
	}
	return s.openChecked(ctx, file, o)
}

// suspect reports whether an error may come from a damaged database: from SQLite's word, from a sealed value that does
// not open, or from statements that are wrong for the schema that was found.
func suspect(err error) bool {
	return err != nil && survey.KindOf(openError(err)) == survey.Damaged
}

// openChecked opens the database, has SQLite look it over, and reads what is kept in memory.
func (s *Store) openChecked(ctx context.Context, file string, o Options) (err error) {
	if s.db, err = openDatabase(ctx, file, o); err != nil {
		return err
	}
	if err := s.checkAtStart(ctx, file); err != nil {
		return err
	}
	if err := s.identify(ctx); err != nil {
		return err
	}
	if err := s.settleInstall(ctx, file, o); err != nil {
		return err
	}
	if err := s.readRegister(ctx); err != nil {
		return err
	}
	if err := s.readSalvage(ctx); err != nil {
		return err
	}
	return s.sweepBlobs(ctx)
}

// Close closes the database and lets another copy of the app open the folder.
func (s *Store) Close() error {
	if s.stopCheck != nil {
		s.stopCheck()
		s.checking.Wait()
	}
	var err error
	if s.db != nil {
		err = s.db.close()
	}
	return errors.Join(err, s.lock.Close())
}

// Changed returns a channel that is closed when something has been finished, received or applied. Whoever waits asks
// for the next channel before looking at what there is, so that no change is missed.
func (s *Store) Changed() <-chan struct{} { return s.changed.next() }

// announcer tells any number of waiters that something has changed.
type announcer struct {
	mu sync.Mutex
	ch chan struct{}
}

func (a *announcer) next() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ch == nil {
		a.ch = make(chan struct{})
	}
	return a.ch
}

func (a *announcer) announce() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ch != nil {
		close(a.ch)
		a.ch = nil
	}
}
