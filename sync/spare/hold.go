package spare

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/bundle"
)

// heldEnd ends the name of a bundle that is kept.
const heldEnd = ".zcb"

// TakeIn takes a bundle that somebody brought. One that the server wrote for this device is taken over (Receive); one of
// the county's devices is kept in a folder as it came, until somebody carries it on, for only the county can open it.
// Of anything else nothing stays, and the error says what it is and what to do with it.
func TakeIn(ctx context.Context, to Taker, folder string, file io.Reader) (survey.TakenIn, error) {
	var taken survey.TakenIn
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return taken, holdTrouble(err)
	}
	if err := sweep(folder); err != nil {
		return taken, holdTrouble(err)
	}
	part, err := os.CreateTemp(folder, "*"+disk.Unfinished)
	if err != nil {
		return taken, holdTrouble(err)
	}
	size, err := io.Copy(part, io.LimitReader(file, bundle.MaxVolume+1))
	if err = errors.Join(err, part.Sync()); err == nil {
		taken, err = takeIn(ctx, to, folder, part, size)
	} else {
		err = holdTrouble(err)
	}
	return taken, errors.Join(err, part.Close(), os.RemoveAll(part.Name()))
}

// sweep takes away what a program that was killed has left unfinished.
func sweep(folder string) error {
	left, err := filepath.Glob(filepath.Join(folder, "*"+disk.Unfinished))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

func takeIn(ctx context.Context, to Taker, folder string, part *os.File, size int64) (taken survey.TakenIn, err error) {
	b, err := bundle.Inspect(part, size)
	if err != nil {
		return taken, err
	}
	if b.Label.Kind.ByServer() {
		home, err := Receive(ctx, to, part, size)
		if err == nil {
			taken.Home = &home
		}
		return taken, err
	}
	e, enrolled, err := to.Enrolment(ctx)
	switch {
	case err != nil:
		return taken, err
	case !enrolled || b.Label.County != e.Grant.County:
		return taken, refuse(survey.Denied, "这个数据包不是本县的，没有收下。请交给它所属的县。")
	}
	name := filepath.Join(folder, heldName(b.Label))
	if _, err := os.Stat(name); err == nil {
		taken.Known = true
	} else if err := os.Rename(part.Name(), name); err != nil {
		return taken, holdTrouble(err)
	}
	if err := (disk.System{}).SyncFolder(folder); err != nil {
		return taken, holdTrouble(err)
	}
	all, err := Held(folder, e.Epoch)
	for _, held := range all {
		if held.Bundle == b.Label.Bundle {
			taken.Held = &held
		}
	}
	return taken, err
}

// heldName is under which name a bundle is kept. It tells no more than the label, which is in clear.
func heldName(l bundle.Label) string {
	return fmt.Sprintf("%s%s-数据包-%s-%d%s", product, Short(l.Device), l.Bundle.String()[24:], l.Volume, heldEnd)
}

// holdTrouble says why a bundle could not be kept.
func holdTrouble(err error) error {
	told := trouble(err)
	return &survey.Error{
		Kind: survey.KindOf(told), Op: "spare.TakeIn", Err: err,
		Message: "这个数据包没有收下，原来的文件没有动。" + survey.MessageOf(told)[len(intact):],
	}
}

// Held lists the bundles that are kept in a folder, set by set, the latest first. Files that are none are passed over.
func Held(folder string, epoch survey.Epoch) ([]survey.HeldBundle, error) {
	names, err := heldFiles(folder)
	if err != nil {
		return nil, err
	}
	sets := map[survey.BundleID]*survey.HeldBundle{}
	labels := map[survey.BundleID][]bundle.Label{}
	for _, name := range names {
		l, size, err := inspectLabel(filepath.Join(folder, name))
		if err != nil {
			continue // a stranger's file, or one that has rotted: copying it out names it
		}
		set := sets[l.Bundle]
		if set == nil {
			set = &survey.HeldBundle{
				Bundle: l.Bundle, Device: l.Device, Created: l.Created, Volumes: int(l.Volumes), Stale: l.Epoch != epoch,
			}
			sets[l.Bundle] = set
		}
		set.Bytes += size
		labels[l.Bundle] = append(labels[l.Bundle], l)
	}
	var all []survey.HeldBundle
	for id, set := range sets {
		set.Missing = bundle.Missing(labels[id])
		all = append(all, *set)
	}
	slices.SortFunc(all, func(a, b survey.HeldBundle) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), a.Bundle.Compare(b.Bundle))
	})
	return all, nil
}

// heldFiles returns the names of what is kept.
func heldFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, holdTrouble(err)
	}
	var names []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == heldEnd {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

func inspectLabel(path string) (bundle.Label, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return bundle.Label{}, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return bundle.Label{}, 0, err
	}
	b, err := bundle.Inspect(f, info.Size())
	if err != nil {
		return bundle.Label{}, 0, err
	}
	return b.Label, info.Size(), nil
}

// CopyOut copies everything that is kept in a folder into another, for somebody to carry to the county, and returns the
// names once all of it was read back whole. What is kept stays.
func CopyOut(folder, to string) ([]string, error) {
	names, err := heldFiles(folder)
	if err != nil {
		return nil, err
	}
	if err := isFolder(to); err != nil {
		return nil, exportTrouble(err)
	}
	for _, name := range names {
		if err := copyFile(filepath.Join(folder, name), filepath.Join(to, name)); err != nil {
			return nil, exportTrouble(err)
		}
	}
	return names, nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	return disk.Fill(disk.System{}, to, func(f disk.File) error {
		_, err := io.Copy(f, source)
		return err
	}, func(part string) error {
		_, _, err := inspectLabel(part)
		return err
	})
}

// Drop takes away a set of bundles that is kept, once the county has it.
func Drop(folder string, id survey.BundleID) error {
	names, err := heldFiles(folder)
	for _, name := range names {
		if l, _, inspectErr := inspectLabel(filepath.Join(folder, name)); inspectErr == nil && l.Bundle == id {
			err = errors.Join(err, os.Remove(filepath.Join(folder, name)))
		}
	}
	return err
}
