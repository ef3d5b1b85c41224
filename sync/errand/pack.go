package errand

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/seal"
	"zoucun/sync/spare"
	"zoucun/sync/wire"
)

// Source is the store of a sender.
type Source interface {
	Enrolment(ctx context.Context) (survey.Enrolment, bool, error)
	Device(ctx context.Context) (survey.DeviceID, seal.DeviceKeys, error)
	// Unentrusted returns the segments that the server has not signed for and a courier was not given lately.
	Unentrusted(ctx context.Context, courier survey.DeviceID) ([]wire.Segment, error)
	// UnentrustedBlobs returns the attachments that the server does not hold and a courier was not given lately.
	UnentrustedBlobs(ctx context.Context, courier survey.DeviceID) ([]survey.Kept, error)
	// WriteBlob writes an attachment's bytes.
	WriteBlob(ctx context.Context, hash survey.Hash, to io.Writer) error
	// Entrust notes what a courier says it has on its disk.
	Entrust(ctx context.Context, courier survey.DeviceID, segments []wire.Segment, blobs []survey.Hash) error
	// ReceiveCarried takes over the server's word on this device's logs, and returns how many entries it newly covers.
	ReceiveCarried(ctx context.Context, word wire.Carried) (int64, error)
}

// How large errands are made.
const (
	usual   = 4 << 20                // bytes that are put together
	largest = wire.MaxErrand * 7 / 8 // bytes of one attachment that is put into one alone
)

// load is what goes into one errand.
type load struct {
	segments []wire.Segment
	blobs    []survey.Kept
	size     int64
}

// loads cuts what is to be given into errands, text before attachments. It counts the attachments that fit into none.
func loads(segments []wire.Segment, blobs []survey.Kept) (all []load, larger int, err error) {
	add := func(size int64) *load {
		if n := len(all); n == 0 || all[n-1].size+size > usual {
			all = append(all, load{})
		}
		last := &all[len(all)-1]
		last.size += size
		return last
	}
	for _, s := range segments {
		raw, err := wire.Encode(s)
		if err != nil {
			return nil, 0, err
		}
		l := add(int64(len(raw)))
		l.segments = append(l.segments, s)
	}
	for _, b := range blobs {
		if b.Size > largest {
			larger++
			continue
		}
		l := add(b.Size)
		l.blobs = append(l.blobs, b)
	}
	return all, larger, nil
}

// packer makes errands of one device.
type packer struct {
	source Source
	spec   bundle.Spec
}

// newPacker returns an error with a sentence where nothing can be made: the device is not enrolled, or the county has not
// said to whom errands are encrypted.
func newPacker(ctx context.Context, source Source, clock survey.Clock) (*packer, error) {
	e, enrolled, err := source.Enrolment(ctx)
	if err != nil {
		return nil, err
	}
	if !enrolled {
		return nil, refuse(survey.NotFound, "本机还没有登记，还没有可以请人带走的内容。", nil)
	}
	if e.ErrandKey == "" {
		return nil, refuse(survey.NotFound, "本机还不知道县里收件的钥匙，要先连一次县里的服务器，以后才能请别的平板带。内容在本机是全的。", nil)
	}
	device, keys, err := source.Device(ctx)
	if err != nil {
		return nil, err
	}
	return &packer{source: source, spec: bundle.Spec{To: []string{e.ErrandKey}, Key: keys.Signer(), Label: bundle.Label{
		Kind: bundle.Errand, County: e.Grant.County, Device: device, Epoch: e.Epoch, Created: survey.MillisOf(clock()), Volume: 1, Volumes: 1,
	}}}, nil
}

// write makes one errand.
func (p *packer) write(ctx context.Context, l load, to io.Writer) error {
	p.spec.Label.Bundle = survey.NewID[survey.BundleID]()
	w, err := bundle.NewWriter(to, p.spec)
	if err != nil {
		return err
	}
	for _, s := range l.segments {
		if err := w.Segment(s); err != nil {
			return err
		}
	}
	for _, b := range l.blobs {
		if err := p.attach(ctx, w, b); err != nil {
			return err
		}
	}
	return w.Close()
}

func (p *packer) attach(ctx context.Context, w *bundle.Writer, file survey.Kept) error {
	out, in := io.Pipe()
	go func() { in.CloseWithError(p.source.WriteBlob(ctx, file.SHA256, in)) }()
	err := w.Attachment(file, out)
	out.CloseWithError(err)
	return err
}

// pack makes one errand in memory; it is no larger than [wire.MaxErrand].
func (p *packer) pack(ctx context.Context, l load) ([]byte, survey.Hash, error) {
	var file bytes.Buffer
	if err := p.write(ctx, l, &file); err != nil {
		return nil, survey.Hash{}, err
	}
	if file.Len() > wire.MaxErrand {
		return nil, survey.Hash{}, fmt.Errorf("errand of %d bytes", file.Len())
	}
	return file.Bytes(), sha256.Sum256(file.Bytes()), nil
}

func (l load) hashes() []survey.Hash {
	sums := make([]survey.Hash, len(l.blobs))
	for i, b := range l.blobs {
		sums[i] = b.SHA256
	}
	return sums
}

// count adds what has been given away.
func (l load) count(given *survey.Given) {
	given.Errands++
	given.Files += len(l.blobs)
	for _, s := range l.segments {
		given.Entries += len(s.Entries)
	}
}

// Copy writes errands for a courier who is not known into a folder, and returns when each was read back whole. With
// nothing to give it writes nothing.
func Copy(ctx context.Context, source Source, folder string, d disk.Disk, clock survey.Clock) (given survey.Given, err error) {
	p, err := newPacker(ctx, source, clock)
	if err != nil {
		return given, err
	}
	all, larger, err := toGive(ctx, source, survey.NewID[survey.DeviceID]()) // a stick may be lost: all of it each time
	given.Larger = larger
	if err != nil {
		return given, err
	}
	for i, l := range all {
		if err := p.file(ctx, d, folder, i+1, l); err != nil {
			return given, &survey.Error{
				Kind: survey.KindOf(err), Op: "errand.Copy", Message: "没有拷成，内容在本机是全的。请检查U盘或存储卡后再试。", Err: err,
			}
		}
		if err := source.Entrust(ctx, survey.DeviceID{}, l.segments, l.hashes()); err != nil {
			return given, err
		}
		l.count(&given)
	}
	return given, nil
}

// file writes one errand under the name people carry it by.
func (p *packer) file(ctx context.Context, d disk.Disk, folder string, turn int, l load) error {
	if d == nil {
		d = disk.System{}
	}
	name := fmt.Sprintf("走村-%s-捎带-%s-%d.zcb", spare.Short(p.spec.Label.Device), survey.NewID[survey.BundleID]().String()[24:], turn)
	return disk.Fill(d, filepath.Join(folder, name), func(f disk.File) error { return p.write(ctx, l, f) }, func(part string) error {
		file, err := os.Open(part)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := disk.Uncache(file); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
		info, err := file.Stat()
		if err != nil {
			return err
		}
		_, err = bundle.Inspect(file, info.Size())
		return err
	})
}

func toGive(ctx context.Context, source Source, courier survey.DeviceID) ([]load, int, error) {
	segments, err := source.Unentrusted(ctx, courier)
	if err != nil {
		return nil, 0, err
	}
	blobs, err := source.UnentrustedBlobs(ctx, courier)
	if err != nil {
		return nil, 0, err
	}
	return loads(segments, blobs)
}

func refuse(kind survey.Kind, message string, err error) error {
	return &survey.Error{Kind: kind, Op: "errand", Message: message, Err: err}
}
