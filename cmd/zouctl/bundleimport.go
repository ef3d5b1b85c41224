package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/seal"
	"zoucun/sync/spare"
	"zoucun/sync/wire"
)

func bundleImport(flags *flag.FlagSet) action {
	identity := flags.String("identity", "", "恢复钥匙的私钥文件，由 zouctl key make 生成；只有捎带的数据包时不用写")
	draftsFor := flags.String("drafts-for", "", "把找到的草稿转给谁：工作人员姓名，或新平板的本机编号")
	return func(ctx context.Context, s *session, args []string) error {
		identities, err := readIdentity(*identity)
		if err != nil {
			return err
		}
		files, err := bundleFiles(args)
		if err != nil {
			return err
		}
		if identities == nil && slices.ContainsFunc(files, needsIdentity) {
			return &usageError{"请用 -identity 写明恢复钥匙的私钥文件。"}
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			in, err := s.newIntake(c)
			if err != nil {
				return err
			}
			defer in.close()
			bad := in.open(ctx, files, identities)
			if err := in.take(ctx); err != nil {
				return err
			}
			if *draftsFor != "" {
				if err := in.handOver(ctx, *draftsFor); err != nil {
					return err
				}
			}
			return badBundles(bad, len(files))
		})
	}
}

// needsIdentity reports whether a file is a bundle that only the recovery key opens. Errands the server opens by itself,
// and what it has written for devices it passes over.
func needsIdentity(path string) bool {
	b, err := openBundle(path)
	if err != nil {
		return false // what is wrong with it is told in its turn
	}
	defer b.close()
	return b.bundle.Label.Kind == bundle.Work || b.bundle.Label.Kind == bundle.Copy
}

// intake is bundles on their way into the server's records.
type intake struct {
	s       *session
	central *central.Central
	folder  server.Folder
	blobs   blob.Store
	bundles []*carried
	found   map[*carried]*tally
	logs    map[survey.DeviceID]map[survey.ReplicaID]wire.HeldLog
	rejects map[survey.DeviceID][]wire.Reject
	drafts  map[survey.DraftID]survey.Parcel // the newest of each
}

// tally is what was found in one bundle.
type tally struct {
	fresh, left         uint64 // entries that were new, and those that could not be stored
	gap, fork           bool
	files, filesKnown   int
	loose, forDrafts    int // files no record speaks of, and those of drafts
	drafts, draftsKnown int // drafts, and those that were finished since
}

func (s *session) newIntake(c *central.Central) (*intake, error) {
	folder, err := server.OpenFolder(s.place.data, s.clock())
	if err != nil {
		return nil, err
	}
	blobs, err := blob.OpenFolder(folder.Blobs())
	return &intake{
		s: s, central: c, folder: folder, blobs: blobs, found: map[*carried]*tally{},
		logs: map[survey.DeviceID]map[survey.ReplicaID]wire.HeldLog{}, rejects: map[survey.DeviceID][]wire.Reject{},
		drafts: map[survey.DraftID]survey.Parcel{},
	}, err
}

func (in *intake) close() {
	for _, b := range in.bundles {
		b.close()
	}
}

// open opens the files, says what is wrong with those that cannot be used, and returns how many those are.
func (in *intake) open(ctx context.Context, files []string, identities []string) (bad int) {
	errands, _, err := seal.ErrandKey(in.folder.Key)
	if err != nil {
		in.s.tellOf(in.folder.Path, err)
		return len(files)
	}
	for _, path := range files {
		b, err := openBundle(path)
		if err == nil && b.bundle.Label.Kind.ByServer() {
			in.s.tell("%s：这是%s，请拿到平板上接收，这里不用导入。\n", b.name(), kindWords[b.bundle.Label.Kind])
			b.close()
			continue
		}
		if err == nil {
			with := identities
			if b.bundle.Label.Kind == bundle.Errand {
				with = []string{errands}
			}
			if err = b.unlock(ctx, in.central, with); err != nil {
				b.close()
			}
		}
		if err != nil {
			bad++
			in.s.tellOf(path, err)
			continue
		}
		in.bundles, in.found[b] = append(in.bundles, b), &tally{}
	}
	return bad
}

// take stores what the bundles hold: logs first, for attachments are asked for by records.
func (in *intake) take(ctx context.Context) error {
	if err := in.takeLogs(ctx); err != nil {
		return err
	}
	for _, b := range in.bundles {
		if err := in.takeDrafts(ctx, b); err != nil {
			return err
		}
	}
	for _, b := range in.bundles {
		if err := in.takeFiles(ctx, b); err != nil {
			return err
		}
	}
	for _, b := range in.bundles {
		if err := in.report(b); err != nil {
			return err
		}
	}
	in.tellMissing()
	return in.reply(ctx)
}

// takeLogs goes through the bundles as often as one of them fills a gap before another.
func (in *intake) takeLogs(ctx context.Context) error {
	for again := true; again; {
		again = false
		for _, b := range in.bundles {
			t, before := in.found[b], in.found[b].fresh
			t.gap, t.fork, t.left = false, false, 0
			err := b.content.Each(bundle.Takers{Segment: func(s wire.Segment) error { return in.segment(ctx, b, t, s) }})
			if err != nil {
				return err
			}
			again = again || t.fresh > before && in.gaps()
		}
	}
	return nil
}

func (in *intake) gaps() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(in.found)), func(t *tally) bool { return t.gap })
}

func (in *intake) segment(ctx context.Context, b *carried, t *tally, s wire.Segment) error {
	came, err := in.central.Carry(ctx, s)
	switch {
	case err != nil:
		return err
	case came.Gap, came.State.Fork:
		t.gap, t.fork = t.gap || came.Gap, t.fork || came.State.Fork
		t.left += s.Header.Count
		return nil
	}
	t.fresh += came.New
	device := b.bundle.Label.Device
	in.rejects[device] = append(in.rejects[device], came.Rejects...)
	if s.Header.Device != device {
		return nil // another tablet's log, carried along: its own bundle brings its receipt
	}
	hash, err := s.Hash()
	if err != nil {
		return err
	}
	if in.logs[device] == nil {
		in.logs[device] = map[survey.ReplicaID]wire.HeldLog{}
	}
	if held := in.logs[device][s.Header.Replica]; s.Last() > held.Last {
		in.logs[device][s.Header.Replica] = wire.HeldLog{
			Replica: s.Header.Replica, Last: s.Last(), Durable: min(came.State.Durable, s.Last()), Hash: hash,
		}
	}
	return nil
}

// takeDrafts notes the drafts in a bundle. One that was finished since is a visit already.
func (in *intake) takeDrafts(ctx context.Context, b *carried) error {
	t := in.found[b]
	return b.content.Each(bundle.Takers{Draft: func(p survey.Parcel) error {
		t.drafts++
		_, err := in.central.Record(ctx, survey.RecordID(p.Draft))
		if err == nil {
			t.draftsKnown++
			return nil
		}
		if survey.KindOf(err) != survey.NotFound {
			return err
		}
		if known, there := in.drafts[p.Draft]; !there || len(p.Lines) > len(known.Lines) || p.Changed > known.Changed {
			in.drafts[p.Draft] = p
		}
		return nil
	}})
}

// ofDraft reports whether a draft that was found has this file.
func (in *intake) ofDraft(sum survey.Hash) bool {
	for _, p := range in.drafts {
		if slices.ContainsFunc(p.Files, func(f survey.Attachment) bool { return f.SHA256 == sum }) {
			return true
		}
	}
	return false
}

// takeFiles stores the attachments of records. Those of drafts are nobody's business here; what a set of volumes brings
// before its records is kept until they come.
func (in *intake) takeFiles(ctx context.Context, b *carried) error {
	t, label := in.found[b], b.bundle.Label
	return b.content.Each(bundle.Takers{Attachment: func(a survey.Kept, r io.Reader) error {
		size, err := in.central.Attachment(ctx, label.Device, a.SHA256)
		switch {
		case err == nil && size == a.Size, survey.KindOf(err) == survey.NotFound && label.Kind == bundle.Work:
		case in.ofDraft(a.SHA256):
			t.forDrafts++
			return nil
		case err == nil || survey.KindOf(err) == survey.NotFound:
			t.loose++
			return nil
		default:
			return err
		}
		fresh, err := in.store(ctx, a, r)
		if fresh {
			t.files++
		} else {
			t.filesKnown++
		}
		return err
	}})
}

// store puts an attachment among the server's, from where it was left off.
func (in *intake) store(ctx context.Context, a survey.Kept, r io.Reader) (fresh bool, err error) {
	held, err := in.blobs.Held(ctx, a.SHA256, a.Size)
	if err != nil || held == a.Size && a.Size > 0 {
		return false, err
	}
	chunk := make([]byte, wire.MaxChunk)
	for at := int64(0); at < a.Size || a.Size == 0; {
		n, err := io.ReadFull(r, chunk[:min(int64(len(chunk)), a.Size-at)])
		if err != nil {
			return true, err
		}
		if _, err := in.blobs.Append(ctx, a.SHA256, a.Size, at, chunk[:n]); err != nil {
			return true, err
		}
		if at += int64(n); a.Size == 0 {
			break
		}
	}
	return true, nil
}

// report says what came of one bundle.
func (in *intake) report(b *carried) error {
	t := in.found[b]
	words := fmt.Sprintf("新收 %d 条，已有 %d 条", t.fresh, b.content.Counts.Entries-t.fresh-t.left)
	if t.files+t.filesKnown > 0 {
		words += fmt.Sprintf("，附件新收 %d 个、已有 %d 个", t.files, t.filesKnown)
	}
	if t.forDrafts > 0 {
		words += fmt.Sprintf("，草稿的附件 %d 个", t.forDrafts)
	}
	if t.drafts > 0 {
		words += fmt.Sprintf("，草稿 %d 份", t.drafts)
	}
	if t.draftsKnown > 0 {
		words += fmt.Sprintf("（其中 %d 份已经完成）", t.draftsKnown)
	}
	if t.fresh == 0 && t.files == 0 && t.drafts == t.draftsKnown && t.forDrafts+t.loose == 0 && !t.gap && !t.fork {
		words += "。没有新内容，都已经收过"
	}
	if err := in.s.printf("%s：%s。\n", b.name(), words); err != nil {
		return err
	}
	if t.loose > 0 {
		in.s.tell("%s：%d 个附件没有对应的记录，没有存。请把同一台平板的其他数据包一起再导入一次。\n", b.name(), t.loose)
	}
	if t.gap {
		in.s.tell("%s：前面还缺这台平板的一段记录，后面的没有存。请找到它较早的数据包，一起再导入一次。\n", b.name())
	}
	if t.fork {
		in.s.tell("%s：有一段记录与服务器上已有的对不上（平板的数据可能被复制或恢复过），没有存。请让这台平板联网同步，它会自动理清。\n", b.name())
	}
	return nil
}

// tellMissing names the volumes that belong to a set and were not among the files.
func (in *intake) tellMissing() {
	sets := map[survey.BundleID][]bundle.Label{}
	for _, b := range in.bundles {
		sets[b.bundle.Label.Bundle] = append(sets[b.bundle.Label.Bundle], b.bundle.Label)
	}
	for _, seen := range sets {
		for _, volume := range bundle.Missing(seen) {
			in.s.tell("设备 %s 的数据包共 %d 卷，缺第 %d 卷。已有的各卷已经收下，找到缺的那卷后再导入它就行。\n",
				spare.Short(seen[0].Device), seen[0].Volumes, volume)
		}
	}
}

// reply writes, for each device, a bundle with the server's word on its log beside the first of its files.
func (in *intake) reply(ctx context.Context) error {
	if len(in.logs) == 0 {
		return nil
	}
	devices, err := in.central.Devices(ctx)
	if err != nil {
		return err
	}
	for _, device := range devices {
		logs := in.logs[device.Grant.Device]
		if len(logs) == 0 {
			continue
		}
		sorted := slices.SortedFunc(maps.Values(logs), func(a, b wire.HeldLog) int { return a.Replica.Compare(b.Replica) })
		word, err := in.central.Vouch(device.Grant.Device, sorted, in.rejects[device.Grant.Device])
		if err != nil {
			return err
		}
		path := in.beside(device.Grant.Device, "回执")
		err = in.write(path, device, bundle.Reply, func(w *bundle.Writer) error { return w.Receipt(word) })
		if err != nil {
			return err
		}
		in.s.tell("回执已写入 %s。带到那台平板上，在“设置—第二份”里接收；平板丢了就不用了。\n", path)
	}
	return nil
}

// beside names a file in the folder of the first of a device's bundles, or of the first of all.
func (in *intake) beside(device survey.DeviceID, what string) string {
	dir := filepath.Dir(in.bundles[0].path)
	if i := slices.IndexFunc(in.bundles, func(b *carried) bool { return b.bundle.Label.Device == device }); i >= 0 {
		dir = filepath.Dir(in.bundles[i].path)
	}
	return filepath.Join(dir, fmt.Sprintf("走村-%s-%s%s", spare.Short(device), what, bundleExtension))
}

// write writes a bundle that the server signs for one device to open.
func (in *intake) write(path string, to central.Installation, kind bundle.Kind, fill func(*bundle.Writer) error) error {
	recipient, err := seal.RecipientOf(to.SealKey)
	if err != nil {
		return err
	}
	spec := bundle.Spec{
		Label: bundle.Label{
			Bundle: survey.NewID[survey.BundleID](), Kind: kind, County: in.central.County(), Device: to.Grant.Device, Epoch: in.central.Epoch(),
			Created: survey.MillisOf(in.s.clock()), Volume: 1, Volumes: 1,
		},
		To: []string{recipient}, Key: in.folder.Key,
	}
	return writeFile(path, func(f io.Writer) error {
		w, err := bundle.NewWriter(f, spec)
		if err == nil {
			err = fill(w)
		}
		if err != nil {
			return err
		}
		return w.Close()
	})
}

// handOver writes the drafts that were found of a person into a bundle for their device.
func (in *intake) handOver(ctx context.Context, whom string) error {
	to, err := in.receiver(ctx, whom)
	if err != nil {
		return err
	}
	wanted := map[survey.Hash]bool{}
	var drafts []survey.Parcel
	for _, p := range in.drafts {
		if p.Author == to.Grant.Person || p.Author.IsZero() {
			drafts = append(drafts, p)
			for _, file := range p.Files {
				wanted[file.SHA256] = true
			}
		}
	}
	if len(drafts) == 0 {
		in.s.tell("没有找到%s的草稿，没有写文件。\n", to.Grant.Name)
		return nil
	}
	slices.SortFunc(drafts, func(a, b survey.Parcel) int { return a.Draft.Compare(b.Draft) })
	path := in.beside(to.Grant.Device, "转交草稿")
	err = in.write(path, to, bundle.Desk, func(w *bundle.Writer) error { return in.fillDesk(w, drafts, wanted) })
	if err != nil {
		return err
	}
	in.s.tell("%s的 %d 份草稿已写入 %s。带到他的平板上，在“设置—第二份”里接收，就能接着填。\n", to.Grant.Name, len(drafts), path)
	return nil
}

func (in *intake) fillDesk(w *bundle.Writer, drafts []survey.Parcel, wanted map[survey.Hash]bool) error {
	for _, b := range in.bundles {
		err := b.content.Each(bundle.Takers{Attachment: func(a survey.Kept, r io.Reader) error {
			if !wanted[a.SHA256] {
				return nil
			}
			delete(wanted, a.SHA256)
			return w.Attachment(a, r)
		}})
		if err != nil {
			return err
		}
	}
	if len(wanted) > 0 {
		in.s.tell("草稿里有 %d 个附件在这些数据包里没有找到，接收后要重新拍。\n", len(wanted))
	}
	var err error
	for _, p := range drafts {
		err = errors.Join(err, w.Draft(p))
	}
	return err
}

// receiver finds the device drafts are handed to: the one with that identifier, or the one the person enrolled last.
func (in *intake) receiver(ctx context.Context, whom string) (central.Installation, error) {
	devices, err := in.central.Devices(ctx)
	if err != nil {
		return central.Installation{}, err
	}
	belongs := func(d central.Installation) bool { return d.Grant.Device.String() == whom }
	if _, err := survey.ParseID[survey.DeviceID](whom); err != nil {
		who, err := staffNamed(ctx, in.central, whom)
		if err != nil {
			return central.Installation{}, err
		}
		belongs = func(d central.Installation) bool { return d.Grant.Person == who.ID }
	}
	slices.Reverse(devices) // the one enrolled last first
	i := slices.IndexFunc(devices, func(d central.Installation) bool { return belongs(d) && d.Revoked == 0 })
	if i < 0 {
		return central.Installation{}, refuse(survey.NotFound, "bundle import", "“"+whom+"”名下还没有登记的平板。请先用 zouctl enrol-code 登记新平板，再转草稿。", nil)
	}
	return devices[i], nil
}
