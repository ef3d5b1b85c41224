package spare

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/wire"
)

// ExportOptions say how work is copied out by hand.
type ExportOptions struct {
	Clock       survey.Clock
	Disk        disk.Disk // nil is the system's own
	VolumeBytes int64     // of a volume; 0 is the most there may be
}

// Export copies everything that is finished and not held durably by the server into a folder, in as many volumes as it
// takes, and returns when all of them were read back whole. With nothing to copy it writes nothing. Drafts stay: they
// are nobody's business before they are finished.
func Export(ctx context.Context, source Source, folder string, o ExportOptions) (survey.Exported, error) {
	if o.Disk == nil {
		o.Disk = disk.System{}
	}
	x := &export{source: source, folder: folder, o: o}
	done, err := x.run(ctx)
	if err != nil {
		return survey.Exported{}, exportTrouble(err)
	}
	return done, nil
}

// exportTrouble says to a person why nothing was copied.
func exportTrouble(err error) error {
	told := trouble(err)
	message := "没有拷成，内容在本机是全的。" + survey.MessageOf(told)[len(intact):]
	if errors.Is(err, errNoKey) {
		message = survey.MessageOf(err)
	}
	return &survey.Error{Kind: survey.KindOf(told), Op: "spare.Export", Message: message, Err: err}
}

// errNoKey says that there is nobody to encrypt to.
var errNoKey = &survey.Error{
	Kind: survey.NotFound, Op: "spare", Message: "县里还没有登记恢复钥匙，现在拷不了数据包。请联系乡镇管理员；内容在本机是全的。",
}

// perSegment is what a frame adds to what it holds, rather more than less.
const perSegment = 64

type export struct {
	source Source
	folder string
	o      ExportOptions
	done   survey.Exported
}

func (x *export) run(ctx context.Context) (survey.Exported, error) {
	spec, err := x.spec(ctx)
	if err != nil {
		return x.done, err
	}
	if err := isFolder(x.folder); err != nil {
		return x.done, err
	}
	items, err := x.items(ctx)
	if err != nil || len(items) == 0 {
		return x.done, err
	}
	volumes, err := bundle.Volumes(items, x.o.VolumeBytes)
	if err != nil {
		return x.done, err
	}
	spec.Label.Volumes = uint32(len(volumes))
	for i, volume := range volumes {
		spec.Label.Volume = uint32(i + 1)
		if err := x.write(spec, volume); err != nil {
			return x.done, err
		}
	}
	return x.done, x.readBack()
}

func (x *export) spec(ctx context.Context) (bundle.Spec, error) {
	e, _, err := x.source.Enrolment(ctx)
	if err != nil {
		return bundle.Spec{}, err
	}
	device, keys, err := x.source.Device(ctx)
	if err != nil {
		return bundle.Spec{}, err
	}
	spec := bundle.Spec{Key: keys.Signer(), Label: bundle.Label{
		Bundle: survey.NewID[survey.BundleID](), Kind: bundle.Work, County: e.Grant.County, Device: device, Epoch: e.Epoch,
		Created: survey.MillisOf(x.o.Clock()), List: e.Recipients.Serial,
	}}
	for _, recipient := range e.Recipients.For(survey.ForRecovery) {
		spec.To = append(spec.To, recipient.Key)
	}
	if len(spec.To) == 0 {
		return spec, errNoKey
	}
	return spec, nil
}

// items returns what is to be copied: the log, which is read twice rather than held, then attachments.
func (x *export) items(ctx context.Context) ([]bundle.Item, error) {
	var size int64
	err := x.source.Undurable(ctx, func(s wire.Segment) error {
		raw, err := wire.Encode(s)
		size += int64(len(raw)) + perSegment
		x.done.Entries += len(s.Entries)
		return err
	})
	if err != nil {
		return nil, err
	}
	var items []bundle.Item
	if x.done.Entries > 0 {
		items = append(items, bundle.Item{Size: size, Write: func(w *bundle.Writer) error { return x.source.Undurable(ctx, w.Segment) }})
	}
	blobs, err := x.source.UnheldBlobs(ctx)
	for _, blob := range blobs {
		items = append(items, bundle.Item{Size: blob.Size, Write: func(w *bundle.Writer) error { return attach(ctx, x.source, w, blob) }})
	}
	x.done.Attachments = len(blobs)
	return items, err
}

func (x *export) write(spec bundle.Spec, volume []bundle.Item) error {
	l := spec.Label
	name := fmt.Sprintf("%s%s-数据包-%s-%d.zcb", product, Short(l.Device), l.Bundle.String()[24:], l.Volume)
	w, err := writeBundle(x.o.Disk, filepath.Join(x.folder, name), spec, func(w *bundle.Writer) error {
		for _, item := range volume {
			if err := item.Write(w); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	x.done.Files, x.done.Bytes = append(x.done.Files, name), x.done.Bytes+w.Size()
	return nil
}

// readBack reads all volumes once more, under the names they will be carried by.
func (x *export) readBack() error {
	for _, name := range x.done.Files {
		if _, _, err := inspect(filepath.Join(x.folder, name)); err != nil {
			return readBack(err)
		}
	}
	return nil
}
