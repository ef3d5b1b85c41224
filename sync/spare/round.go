package spare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/seal"
)

// Names of files: what they begin with, their parts, and what they end with.
const (
	product   = "走村-"
	logPart   = "记录"
	draftPart = "草稿-"
	filePart  = "附件-"
	extension = ".zcb"
)

// Short returns how a device is called in the names of files: enough to tell the tablets of a county apart.
func Short(device survey.DeviceID) string {
	sum := sha256.Sum256(device[:])
	return hex.EncodeToString(sum[:4])
}

// holding is what is known to lie in the folder.
type holding struct {
	folder   string
	parts    map[string]part // by what they are a part of
	checked  survey.Millis   // when all of them were read through
	verified survey.Millis   // when everything that is to be there was there and whole
	drafts   survey.Millis   // when drafts were written last
}

// part is one file that was found whole.
type part struct {
	name    string
	turn    int // a later file of the same part has a higher one
	size    int64
	list    uint64 // serial of the recipients it is encrypted to
	version string // of what it was written from; empty where that was before this run
	counts  bundle.Counts
}

func (h *holding) amount() (entries, drafts, files int, bytes int64) {
	for key, p := range h.parts {
		entries += int(p.counts.Entries)
		drafts += int(p.counts.Drafts)
		if strings.HasPrefix(key, filePart) {
			files++
		}
		bytes += p.size
	}
	return entries, drafts, files, bytes
}

// round is one look at everything.
type round struct {
	keeper    *Keeper
	held      *holding
	enrolment survey.Enrolment
	to        []string
	device    survey.DeviceID
	keys      seal.DeviceKeys
	prefix    string
	wrote     bool
	also      map[string]bool // names of superseded files that hold a draft which is damaged on the device
}

func (r *round) now() survey.Millis { return survey.MillisOf(r.keeper.o.Clock()) }

func (r *round) run(ctx context.Context) (err error) {
	if r.device, r.keys, err = r.keeper.source.Device(ctx); err != nil {
		return err
	}
	r.prefix = product + Short(r.device) + "-"
	read, err := r.look(ctx)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	if err := r.keepLog(ctx, wanted); err != nil {
		return err
	}
	files, err := r.keepDrafts(ctx, wanted)
	if err != nil {
		return err
	}
	unheld, err := r.keeper.source.UnheldBlobs(ctx)
	if err != nil {
		return err
	}
	if err := r.keepFiles(ctx, append(unheld, files...), wanted); err != nil {
		return err
	}
	if err := r.drop(wanted); err != nil {
		return err
	}
	if read || r.wrote {
		r.held.verified = r.now()
	}
	return nil
}

// look finds out what lies in the folder. Files that were found whole before are read again once in a while only; a
// file of another size, and one that is not whole, does not count. What was left unfinished goes.
func (r *round) look(ctx context.Context) (read bool, err error) {
	if err := isFolder(r.held.folder); err != nil {
		return false, err
	}
	entries, err := os.ReadDir(r.held.folder)
	if err != nil {
		return false, err
	}
	read = r.held.checked == 0 || r.now().Time().Sub(r.held.checked.Time()).Abs() > recheck
	before := r.held.parts
	r.held.parts = map[string]part{}
	for _, entry := range entries {
		name := entry.Name()
		if stem, unfinished := strings.CutSuffix(name, disk.Unfinished); unfinished {
			if _, _, ours := r.parse(stem); ours {
				err = r.keeper.o.Disk.Remove(filepath.Join(r.held.folder, name))
			}
			if err != nil {
				return read, err
			}
			continue
		}
		key, turn, ours := r.parse(name)
		if !ours || turn < r.held.parts[key].turn {
			continue
		}
		known := before[key]
		if info, err := entry.Info(); read || err != nil || known.name != name || known.size != info.Size() {
			label, size, err := inspect(filepath.Join(r.held.folder, name))
			if err != nil {
				r.keeper.o.Log.WarnContext(ctx, "a file of the second copy is not whole", slog.Any("error", err))
				continue
			}
			if known.name != name {
				known = part{name: name, turn: turn}
			}
			known.size, known.list = size, label.Label.List
		}
		r.held.parts[key] = known
	}
	if read {
		r.held.checked = r.now()
	}
	return read, nil
}

// parse takes a file's name apart: what it is a part of, and its turn.
func (r *round) parse(name string) (key string, turn int, ours bool) {
	rest, begins := strings.CutPrefix(name, r.prefix)
	rest, ends := strings.CutSuffix(rest, extension)
	at := strings.LastIndexByte(rest, '-')
	if !begins || !ends || at < 0 {
		return "", 0, false
	}
	turn, err := strconv.Atoi(rest[at+1:])
	key = rest[:at]
	known := key == logPart || strings.HasPrefix(key, draftPart) || strings.HasPrefix(key, filePart)
	return key, turn, err == nil && turn > 0 && known
}

// inspect reads a file through, from the medium where the system lets us.
func inspect(path string) (*bundle.Bundle, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	if err := disk.Uncache(file); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	b, err := bundle.Inspect(file, info.Size())
	return b, info.Size(), err
}

// keepLog writes the log where it has changed.
func (r *round) keepLog(ctx context.Context, wanted map[string]bool) error {
	version, err := r.keeper.source.LogVersion(ctx)
	if err != nil {
		return err
	}
	return r.keep(logPart, version, wanted, func(w *bundle.Writer) error {
		if err := r.keeper.source.Undurable(ctx, w.Segment); err != nil {
			return err
		}
		if w.Counts().Segments == 0 {
			return errNothing
		}
		return nil
	})
}

// keepDrafts writes the drafts of whoever has unlocked the device, and lets those of others lie. It returns the files of
// all drafts.
func (r *round) keepDrafts(ctx context.Context, wanted map[string]bool) ([]survey.Kept, error) {
	shelves, err := r.keeper.source.Shelves(ctx)
	if err != nil {
		return nil, err
	}
	var files []survey.Kept
	soon := r.held.drafts != 0 && r.now().Time().Sub(r.held.drafts.Time()).Abs() < calm-time.Second
	for _, shelf := range shelves {
		key := draftPart + shelf.Tag
		files = append(files, shelf.Files...)
		if _, there := r.held.parts[key]; shelf.Locked || soon && there {
			wanted[key] = true
			continue
		}
		err := r.keep(key, shelf.Version, wanted, func(w *bundle.Writer) error { return r.writeDrafts(ctx, w, shelf) })
		if err != nil {
			return nil, err
		}
		r.held.drafts = r.now()
	}
	return files, nil
}

// writeDrafts writes the drafts of a shelf. One that is damaged, or was finished meanwhile, keeps back none of the
// others.
func (r *round) writeDrafts(ctx context.Context, w *bundle.Writer, shelf survey.Shelf) error {
	for _, id := range shelf.Drafts {
		p, err := r.keeper.source.Parcel(ctx, id)
		if kind := survey.KindOf(err); kind == survey.Damaged || kind == survey.NotFound {
			r.keeper.o.Log.WarnContext(ctx, "a draft is left out of the second copy", slog.Any("error", err))
			r.also[r.held.parts[draftPart+shelf.Tag].name] = kind == survey.Damaged
			continue
		}
		if err == nil {
			err = w.Draft(p)
		}
		if err != nil {
			return err
		}
	}
	if w.Counts().Drafts == 0 {
		return errNothing
	}
	return nil
}

// keepFiles writes each attachment once, the smallest first.
func (r *round) keepFiles(ctx context.Context, files []survey.Kept, wanted map[string]bool) error {
	slices.SortFunc(files, func(a, b survey.Kept) int { return int(a.Size - b.Size) })
	for _, file := range files {
		key := filePart + file.Tag
		if wanted[key] {
			continue
		}
		err := r.keep(key, file.Tag, wanted, func(w *bundle.Writer) error { return attach(ctx, r.keeper.source, w, file) })
		if kind := survey.KindOf(err); kind == survey.Damaged || kind == survey.NotFound {
			r.keeper.o.Log.WarnContext(ctx, "an attachment is left out of the second copy", slog.Any("error", err))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attach writes an attachment into a bundle.
func attach(ctx context.Context, source Source, w *bundle.Writer, file survey.Kept) error {
	out, in := io.Pipe()
	go func() { in.CloseWithError(source.WriteBlob(ctx, file.SHA256, in)) }()
	err := w.Attachment(file, out)
	out.CloseWithError(err)
	return err
}

// keep writes a part anew unless it is there as it is to be, and notes that it is wanted.
func (r *round) keep(key, version string, wanted map[string]bool, fill func(*bundle.Writer) error) error {
	present, there := r.held.parts[key]
	fixed := strings.HasPrefix(key, filePart) // never written from anything else
	if there && present.list == r.enrolment.Recipients.Serial && (fixed || present.version == version) {
		wanted[key] = true
		return nil
	}
	turn := r.nextTurn()
	next := part{name: fmt.Sprintf("%s%s-%06d%s", r.prefix, key, turn, extension), turn: turn, version: version, list: r.enrolment.Recipients.Serial}
	w, err := writeBundle(r.keeper.o.Disk, filepath.Join(r.held.folder, next.name), r.spec(), fill)
	if errors.Is(err, errNothing) {
		return nil
	}
	if err != nil {
		return err
	}
	next.size, next.counts = w.Size(), w.Counts()
	r.held.parts[key] = next
	wanted[key], r.wrote = true, true
	return nil
}

// nextTurn is higher than that of any file there is.
func (r *round) nextTurn() int {
	turn := 0
	for p := range maps.Values(r.held.parts) {
		turn = max(turn, p.turn)
	}
	return turn + 1
}

func (r *round) spec() bundle.Spec {
	return bundle.Spec{
		Label: bundle.Label{
			Bundle: survey.NewID[survey.BundleID](), Kind: bundle.Copy, County: r.enrolment.Grant.County, Device: r.device,
			Epoch: r.enrolment.Epoch, Created: r.now(), Volume: 1, Volumes: 1, List: r.enrolment.Recipients.Serial,
		},
		To: r.to, Key: r.keys.Signer(),
	}
}

// writeBundle puts a bundle in place: whole, and read back from the medium before it gets its name.
func writeBundle(d disk.Disk, path string, spec bundle.Spec, fill func(*bundle.Writer) error) (*bundle.Writer, error) {
	var w *bundle.Writer
	err := disk.Fill(d, path, func(f disk.File) (err error) {
		if w, err = bundle.NewWriter(f, spec); err != nil {
			return err
		}
		if err := fill(w); err != nil {
			return err
		}
		return w.Close()
	}, func(unfinished string) error {
		found, _, err := inspect(unfinished)
		if err == nil && found.Sum != w.Sum() {
			err = &survey.Error{Kind: survey.Damaged, Op: "spare.readBack", Err: errors.New("another bundle is there than was written")}
		}
		return readBack(err)
	})
	return w, err
}

// readBack marks an error that says something about what lies on the medium, not about reaching it.
func readBack(err error) error {
	if err == nil || survey.KindOf(err) == survey.Internal {
		return err
	}
	return fmt.Errorf("%w: %w", errReadBack, err)
}

// drop removes the files that are superseded or that nobody needs any more: what the server holds durably.
func (r *round) drop(wanted map[string]bool) error {
	entries, err := os.ReadDir(r.held.folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		key, _, ours := r.parse(entry.Name())
		if !ours || r.also[entry.Name()] || wanted[key] && r.held.parts[key].name == entry.Name() {
			continue
		}
		if wanted[key] && r.held.parts[key].name == "" {
			continue // somebody else's drafts whose file could not be read: better than nothing
		}
		if err := r.keeper.o.Disk.Remove(filepath.Join(r.held.folder, entry.Name())); err != nil {
			return err
		}
	}
	for key := range r.held.parts {
		if !wanted[key] {
			delete(r.held.parts, key)
		}
	}
	return nil
}
