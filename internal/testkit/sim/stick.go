package sim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/seal"
	"zoucun/sync/spare"
	"zoucun/sync/wire"
)

// stick is the road by a USB stick (数据包): a tablet copies its work out, somebody carries the stick to the office, where
// it is imported, and carries the reply home. A step is one of these ways.
type stick struct {
	w     *World
	t     *tablet
	dir   string
	out   bool // bundles lie on it that are to be imported
	home  bool // a reply lies on it
	again bool // the bundles stay on it and are imported once more some day
}

var _ Road = (*stick)(nil)

func newStick(w *World, t *tablet, n int) *stick {
	return &stick{w: w, t: t, dir: filepath.Join(w.dir, "stick-"+strconv.Itoa(n))}
}

// Step implements [Road].
func (s *stick) Step(ctx context.Context) bool {
	var err error
	switch {
	case s.home:
		err = s.bring(ctx)
	case s.out:
		err = s.hand(ctx)
	default:
		err = s.copyOut(ctx)
	}
	s.w.note("%s stick: %s", s.t.name, outcome(err))
	return true
}

// Break implements [Road]: the stick is lost, or pulled in the act.
func (s *stick) Break() {
	s.out, s.home = false, false
	if err := os.RemoveAll(s.dir); err != nil {
		s.w.violated("audit", "stick: %v", err)
	}
}

// copyOut is what the app does when somebody asks for 拷出数据包.
func (s *stick) copyOut(ctx context.Context) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	done, err := spare.Export(ctx, s.t.store, s.dir, spare.ExportOptions{Clock: s.t.clock})
	s.out = err == nil && (len(done.Files) > 0 || s.again)
	return err
}

// hand is what zouctl bundle import does at the office.
func (s *stick) hand(ctx context.Context) error {
	files, err := s.files("*数据包*.zcb")
	if err != nil {
		return err
	}
	in := &imported{o: s.w.office, logs: map[survey.ReplicaID]wire.HeldLog{}}
	var contents []*bundle.Content
	for _, data := range files {
		content, sender, err := in.open(ctx, data)
		if err != nil {
			s.w.violated("F16", "a bundle of %s cannot be opened: %v", s.t.name, err)
			return err
		}
		in.sender = sender
		contents = append(contents, content)
	}
	done := s.w.office.doing()
	for _, content := range contents {
		err = errors.Join(err, content.Each(bundle.Takers{Segment: func(seg wire.Segment) error { return in.segment(ctx, seg) }}))
	}
	for _, content := range contents {
		err = errors.Join(err, content.Each(bundle.Takers{Attachment: func(a survey.Kept, r io.Reader) error { return in.attachment(ctx, a, r) }}))
	}
	done()
	if err != nil {
		return err
	}
	s.w.office.heard()
	s.out = false
	if len(in.logs) > 0 {
		s.home, err = true, in.reply(ctx, filepath.Join(s.dir, "回执.zcb"))
	}
	return err
}

// bring is what the app does with the file somebody brings back.
func (s *stick) bring(ctx context.Context) error {
	data, err := os.ReadFile(filepath.Join(s.dir, "回执.zcb"))
	if err != nil {
		return err
	}
	_, err = spare.Receive(ctx, s.t.store, bytes.NewReader(data), int64(len(data)))
	s.home = false
	return err
}

// files reads what lies on the stick, in the order of sizes: names are drawn by chance.
func (s *stick) files(pattern string) ([][]byte, error) {
	names, err := filepath.Glob(filepath.Join(s.dir, pattern))
	var files [][]byte
	for _, name := range names {
		data, readErr := os.ReadFile(name)
		err = errors.Join(err, readErr)
		if strings.HasSuffix(name, ".zcb") {
			files = append(files, data)
		}
	}
	slices.SortFunc(files, func(a, b []byte) int { return cmp.Compare(len(a), len(b)) })
	return files, err
}

// imported is bundles on their way into the office's records.
type imported struct {
	o      *office
	sender survey.DeviceID
	logs   map[survey.ReplicaID]wire.HeldLog
}

func (in *imported) open(ctx context.Context, data []byte) (*bundle.Content, survey.DeviceID, error) {
	b, err := bundle.Inspect(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, survey.DeviceID{}, err
	}
	key, err := in.o.central.DeviceKey(ctx, b.Label.Device)
	if err != nil {
		return nil, b.Label.Device, err
	}
	content, err := b.Open([]string{in.o.recovery}, key)
	return content, b.Label.Device, err
}

func (in *imported) segment(ctx context.Context, s wire.Segment) error {
	var came central.Arrived
	var err error
	if !in.o.w.broken.Import {
		came, err = in.o.central.Carry(ctx, s)
	}
	if err != nil || came.Gap || came.State.Fork {
		return err
	}
	hash, err := s.Hash()
	id := s.Header.Replica
	if s.Last() > in.logs[id].Last {
		in.logs[id] = wire.HeldLog{Replica: id, Last: s.Last(), Durable: min(came.State.Durable, s.Last()), Hash: hash}
	}
	return err
}

func (in *imported) attachment(ctx context.Context, a survey.Kept, r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, err = in.o.blobs.Append(ctx, a.SHA256, a.Size, 0, data)
	return err
}

// reply writes the office's word on the sender's logs, for the sender alone to open.
func (in *imported) reply(ctx context.Context, path string) error {
	devices, err := in.o.central.Devices(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(devices, func(d central.Installation) bool { return d.Grant.Device == in.sender })
	if i < 0 {
		return fmt.Errorf("device %s is not known", in.sender)
	}
	recipient, err := seal.RecipientOf(devices[i].SealKey)
	if err != nil {
		return err
	}
	var logs []wire.HeldLog
	for _, log := range in.logs {
		logs = append(logs, log)
	}
	word, err := in.o.central.Vouch(in.sender, logs, nil)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	w, err := bundle.NewWriter(&file, bundle.Spec{To: []string{recipient}, Key: in.o.key, Label: bundle.Label{
		Bundle: survey.NewID[survey.BundleID](), Kind: bundle.Reply, County: county, Device: in.sender, Epoch: in.o.central.Epoch(), Volume: 1, Volumes: 1,
	}})
	if err == nil {
		err = errors.Join(w.Receipt(word), w.Close())
	}
	return errors.Join(err, os.WriteFile(path, file.Bytes(), 0o600))
}

// keyed has the county name a recovery key, for copies and sticks are encrypted to it.
func (o *office) keyed(ctx context.Context) (err error) {
	var recipient string
	if o.recovery, recipient, err = seal.NewIdentity(); err != nil {
		return err
	}
	return o.central.SetRecipients(ctx, []survey.Recipient{{Use: survey.ForRecovery, Name: "县民政局", Key: recipient}})
}
