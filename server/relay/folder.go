package relay

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/fxamacker/cbor/v2"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// What lies in a relay's folder besides keys and attachments.
const (
	countyFile    = "county.cbor"
	segmentFolder = "segments"
	wordFolder    = "words"
	feedFolder    = "feeds"    // one folder for each scope, one file for each page
	apartEnd      = ".apart"   // beside a segment the county will never take
	damagedEnd    = ".damaged" // what a damaged file is renamed to
)

// county is what the relay knows of the county, kept so that it can be handed down while the county is out of reach.
type county struct {
	Enrolment   survey.Enrolment
	Grant       wire.SignedGrant
	Recipients  *wire.SignedRecipients
	Revocations *wire.SignedRevocations
	Devices     []wire.RelayedDevice
	Seen        survey.Millis // when the county was last in reach, by this clock
	// Floors are how far feeds that have grown too large are no longer kept from their start.
	Floors map[survey.ScopeID]uint64
	// Forms are the files of forms that lie among the attachments, whole or in part.
	Forms []survey.Attachment
}

// device returns a device that the county has told the relay of.
func (c county) device(id survey.DeviceID) (wire.RelayedDevice, bool) {
	for _, d := range c.Devices {
		if d.Device == id {
			return d, true
		}
	}
	return wire.RelayedDevice{}, false
}

func (r *Relay) path(parts ...string) string {
	return filepath.Join(append([]string{r.o.Folder}, parts...)...)
}

// put writes a file that is whole and on the disk, or not there.
func (r *Relay) put(path string, value any) error {
	raw, err := wire.Encode(value)
	if err != nil {
		return err
	}
	return r.fill(path, raw)
}

// fill writes a file sealed for its place.
func (r *Relay) fill(path string, raw []byte) error {
	sealed := r.o.Box.Seal(raw, r.place(path))
	return disk.Fill(disk.System{}, path, func(f disk.File) error {
		_, err := f.Write(sealed)
		return err
	}, nil)
}

// read opens a file that was filled.
func (r *Relay) read(path string) ([]byte, error) {
	sealed, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return r.o.Box.Open(sealed, r.place(path))
}

// place is where a file belongs: under its name in the folder, wherever that lies.
func (r *Relay) place(path string) seal.Place {
	name, err := filepath.Rel(r.o.Folder, path)
	if err != nil {
		name = filepath.Base(path)
	}
	return seal.Place{Column: "relay.file", Row: []byte(filepath.ToSlash(name))}
}

// keepCounty puts what is known of the county in place of what was.
func (r *Relay) keepCounty(c county) error {
	if err := r.put(r.path(countyFile), c); err != nil {
		return err
	}
	r.county = c
	return nil
}

// load reads the folder.
func (r *Relay) load() error {
	for _, name := range []string{segmentFolder, wordFolder, feedFolder} {
		if err := os.MkdirAll(r.path(name), 0o700); err != nil {
			return err
		}
	}
	raw, err := r.read(r.path(countyFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := cbor.Unmarshal(raw, &r.county); err != nil {
			return &survey.Error{Kind: survey.Damaged, Op: "relay.load", Subject: countyFile, Err: err}
		}
	}
	return errors.Join(r.each(wordFolder, r.loadWord), r.each(segmentFolder, r.loadSegment), r.loadApart(), r.loadFeeds())
}

// each reads the files of a folder. Unfinished ones go; one that cannot be taken over is put aside under another name.
func (r *Relay) each(folder string, take func(raw []byte) error) error {
	entries, err := os.ReadDir(r.path(folder))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := r.path(folder, entry.Name())
		switch filepath.Ext(entry.Name()) {
		case disk.Unfinished:
			if err := os.Remove(path); err != nil {
				return err
			}
		case ".cbor":
			raw, err := r.read(path)
			if err != nil && survey.KindOf(err) != survey.Damaged {
				return err
			}
			if err == nil {
				err = take(raw)
			}
			if err != nil {
				r.o.Log.Warn("a damaged file was put aside", slog.String("folder", folder), slog.Any("err", err))
				if err := os.Rename(path, path+damagedEnd); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *Relay) loadWord(raw []byte) error {
	word, err := wire.Decode[wire.Carried](raw)
	if err == nil && len(word.Logs) != 1 {
		err = errors.New("not a word on one log")
	}
	if err == nil {
		err = word.Verify(r.county.Enrolment.ServerKey)
	}
	if err == nil {
		r.words[word.Logs[0].Replica] = word
	}
	return err
}

// loadSegment takes over a segment whose device the county has told of, if it is still what the device signed.
func (r *Relay) loadSegment(raw []byte) error {
	s, err := wire.Decode[wire.Segment](raw)
	if err != nil {
		return err
	}
	hash, err := r.verified(s)
	if err == nil {
		r.enter(s, hash)
	}
	return err
}

func (r *Relay) loadApart() error {
	for hash, h := range r.segments {
		_, err := os.Stat(r.segmentPath(hash) + apartEnd)
		if h.apart = err == nil; err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// verified returns the hash of a segment that a device of the relay's villages has signed.
func (r *Relay) verified(s wire.Segment) (survey.Hash, error) {
	known, ok := r.county.device(s.Header.Device)
	if !ok {
		return survey.Hash{}, &survey.Error{
			Kind: survey.Denied, Op: "relay.verified", Subject: "device " + s.Header.Device.String(),
			Message: "接收点还不认识这台设备，没有收下，内容仍在本机。请让接收点联一次网再试。", Err: errors.New("unknown device"),
		}
	}
	if err := s.Verify(known.SignKey); err != nil {
		return survey.Hash{}, &survey.Error{Kind: survey.Damaged, Op: "relay.verified", Subject: "replica " + s.Header.Replica.String(), Err: err}
	}
	return s.Hash()
}

func (r *Relay) segmentPath(hash survey.Hash) string {
	return r.path(segmentFolder, hex.EncodeToString(hash[:])+".cbor")
}

// segment reads a segment back as its device signed it.
func (r *Relay) segment(hash survey.Hash) (wire.Segment, error) {
	raw, err := r.read(r.segmentPath(hash))
	if err != nil {
		return wire.Segment{}, err
	}
	return wire.Decode[wire.Segment](raw)
}

// forget takes a segment off the disk. What it alone referred to goes before it.
func (r *Relay) forget(hash survey.Hash) error {
	if err := os.Remove(r.segmentPath(hash)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(r.segments, hash)
	return nil
}

// keepWord keeps the county's word on a log, unless a better one is known of the same life.
func (r *Relay) keepWord(word wire.Carried) error {
	log := word.Logs[0]
	known, ok := r.words[log.Replica]
	if ok && known.Epoch == word.Epoch && (known.Logs[0].Last > log.Last || known.Time > word.Time) {
		return nil
	}
	if err := r.put(r.path(wordFolder, strings.ToLower(log.Replica.String())+".cbor"), word); err != nil {
		return err
	}
	r.words[log.Replica] = word
	return nil
}

func fail(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &survey.Error{Kind: survey.KindOf(err), Op: op, Message: survey.MessageOf(err), Err: err}
	if errors.Is(err, syscall.ENOSPC) {
		e.Kind, e.Message = survey.Full, "接收点的存储空间已满，没有收下，内容仍在本机。请联系乡镇。"
	}
	return e
}
