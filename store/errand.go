package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Limits of what is carried for others.
const (
	maxErrands       = 64
	maxErrandsOfOne  = 16
	maxErrandBytes   = 256 << 20
	errandsCarried   = 30 * 24 * time.Hour // until one that no road has opened for goes
	errandsKnown     = 60 * 24 * time.Hour // until the county's words on one go
	entrustedCounts  = 3 * 24 * time.Hour  // after which what was given away is given again
	errandFolderName = "errands"
)

// errandRow is what is kept sealed of an errand.
type errandRow struct {
	Size    int64            `cbor:"1,keyasint"`
	Device  survey.DeviceID  `cbor:"2,keyasint"`
	State   wire.ErrandState `cbor:"3,keyasint"`
	Message string           `cbor:"4,keyasint"`
	Words   []wire.Carried   `cbor:"5,keyasint"`
}

// carriedErrand is a row of errand.
type carriedErrand struct {
	errandRow
	sum        survey.Hash
	came, done survey.Millis
}

func (s *Store) errandFile(sum survey.Hash) string {
	return filepath.Join(s.dir(), errandFolderName, sum.String())
}

func (s *Store) dir() string { return filepath.Dir(string(s.blobs)) }

func placeErrand(sum survey.Hash) []byte { return sum[:] }

// errands reads what is known of errands, in the order they came.
func (s *Store) errands(ctx context.Context) ([]carriedErrand, error) {
	var all []carriedErrand
	err := s.db.each(ctx, "SELECT sum, came, done, errand_sealed FROM errand ORDER BY turn", nil, func(row rowScan) error {
		var e carriedErrand
		var box []byte
		if err := row(&e.sum, &e.came, &e.done, &box); err != nil {
			return err
		}
		kept, err := open[errandRow](s.vault, box, placeOf("errand.errand_sealed", placeErrand(e.sum)))
		if s.leaveOut(ctx, placeOf("errand.errand_sealed", placeErrand(e.sum)), err) {
			return nil
		}
		e.errandRow = kept
		all = append(all, e)
		return err
	})
	return all, err
}

// TakeErrand keeps a bundle that another device gave, or that somebody copied by hand, and returns when its file would
// survive a power cut. Whoever calls has looked at it as far as can be done without a key. The same again is no other;
// one beyond what may be carried is an error of kind Full.
func (s *Store) TakeErrand(ctx context.Context, sum survey.Hash, device survey.DeviceID, file []byte) error {
	s.errandsInUse.Lock()
	defer s.errandsInUse.Unlock()
	known, err := s.errands(ctx)
	if err != nil {
		return opError("store.TakeErrand", "", err)
	}
	if slices.ContainsFunc(known, func(e carriedErrand) bool { return e.sum == sum }) {
		return nil
	}
	if err := roomFor(known, device, int64(len(file))); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.dir(), errandFolderName), 0o700); err != nil {
		return opError("store.TakeErrand", "", err)
	}
	if err := writeDurably(s.disk, s.errandFile(sum), file); err != nil {
		return opError("store.TakeErrand", "", err)
	}
	return s.update(ctx, "store.TakeErrand", "", func(ctx context.Context, t *tx) error {
		row := errandRow{Size: int64(len(file)), Device: device, State: wire.ErrandComing}
		box, err := sealed(s.vault, row, placeOf("errand.errand_sealed", placeErrand(sum)))
		if err != nil {
			return err
		}
		return t.exec(ctx, `INSERT INTO errand (sum, turn, came, errand_sealed)
			VALUES (?, (SELECT coalesce(max(turn), 0) + 1 FROM errand), ?, ?)`, sum[:], t.now.UnixMilli(), box)
	})
}

// roomFor returns an error of kind Full where one more of a device's errands is too many.
func roomFor(known []carriedErrand, device survey.DeviceID, size int64) error {
	files, ofOne, bytes := errandLoad(known, device)
	message := ""
	switch {
	case ofOne >= maxErrandsOfOne:
		message = "本机替这台平板带的数据包已经够多，没有再收。请等它们送到县里，或请别的平板带。"
	case files >= maxErrands || bytes+size > maxErrandBytes:
		message = "本机替别人带的数据包已经满了，没有再收。请先连一次网交出去，或请别的平板带。"
	default:
		return nil
	}
	return &survey.Error{Kind: survey.Full, Op: "store.TakeErrand", Message: message, Err: fmt.Errorf("%d errands of %d bytes", files, bytes)}
}

func errandLoad(known []carriedErrand, device survey.DeviceID) (files, ofOne int, bytes int64) {
	for _, e := range known {
		if e.done != 0 {
			continue
		}
		files, bytes = files+1, bytes+e.Size
		if e.Device == device {
			ofOne++
		}
	}
	return files, ofOne, bytes
}

// ErrandRoom returns how many errands of a device, and how many bytes, there is room for.
func (s *Store) ErrandRoom(ctx context.Context, device survey.DeviceID) (errands int, bytes int64, err error) {
	known, err := s.errands(ctx)
	files, ofOne, used := errandLoad(known, device)
	return max(0, min(maxErrands-files, maxErrandsOfOne-ofOne)), max(0, maxErrandBytes-used), opError("store.ErrandRoom", "", err)
}

// Carrying returns the errands that the county has not judged, in the order they came: text before attachments. Those that no road has opened for in 30
// days go: their senders have them still.
func (s *Store) Carrying(ctx context.Context) ([]survey.Errand, error) {
	if err := s.tidyErrands(ctx); err != nil {
		return nil, opError("store.Carrying", "", err)
	}
	known, err := s.errands(ctx)
	var carrying []survey.Errand
	for _, e := range known {
		if e.done == 0 {
			carrying = append(carrying, survey.Errand{
				Sum: e.sum, Size: e.Size, Device: e.Device, Came: e.came, Relayed: e.State == wire.ErrandKept, Trouble: e.Message,
			})
		}
	}
	return carrying, opError("store.Carrying", "", err)
}

// ReadErrand fills p from an errand's file, from offset at.
func (s *Store) ReadErrand(_ context.Context, sum survey.Hash, at int64, p []byte) (int, error) {
	file, err := os.Open(s.errandFile(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, notFound("store.ReadErrand", "errand")
	}
	if err != nil {
		return 0, opError("store.ReadErrand", "", err)
	}
	defer file.Close()
	n, err := file.ReadAt(p, at)
	if errors.Is(err, io.EOF) && n == len(p) {
		err = nil
	}
	return n, opError("store.ReadErrand", "", err)
}

// JudgeErrand notes how far an errand has come. A word that is not the pinned server's, or not for the device whose work
// it is, counts for nothing. Once the county has taken or refused an errand its file goes.
func (s *Store) JudgeErrand(ctx context.Context, news wire.ErrandNews) error {
	s.errandsInUse.Lock()
	defer s.errandsInUse.Unlock()
	known, err := s.errands(ctx)
	i := slices.IndexFunc(known, func(e carriedErrand) bool { return e.sum == news.Sum && e.done == 0 })
	if err != nil || i < 0 {
		return opError("store.JudgeErrand", "", err)
	}
	e := known[i]
	if err := s.checkWords(news.Words, e.Device); err != nil {
		return damaged("store.JudgeErrand", "", err)
	}
	judged := news.State == wire.ErrandTaken || news.State == wire.ErrandRefused
	if !judged && news.State == e.State && news.Message == e.Message {
		return nil
	}
	e.State, e.Message, e.Words = news.State, news.Message, news.Words
	err = s.update(ctx, "store.JudgeErrand", "", func(ctx context.Context, t *tx) error {
		if judged {
			e.done = survey.MillisOf(t.now)
		}
		box, err := sealed(s.vault, e.errandRow, placeOf("errand.errand_sealed", placeErrand(e.sum)))
		if err != nil {
			return err
		}
		return t.exec(ctx, "UPDATE errand SET done = ?, errand_sealed = ? WHERE sum = ?", int64(e.done), box, e.sum[:])
	})
	if err == nil && judged {
		err = opError("store.JudgeErrand", "", s.dropErrandFile(e.sum))
	}
	return err
}

func (s *Store) checkWords(words []wire.Carried, device survey.DeviceID) error {
	m := s.member.Load()
	if m == nil {
		return errors.New("not enrolled")
	}
	for _, word := range words {
		if err := word.Verify(m.enrolment.ServerKey); err != nil {
			return err
		}
		if word.Device != device || word.County != m.enrolment.Grant.County {
			return errors.New("a word on another device's log")
		}
	}
	return nil
}

func (s *Store) dropErrandFile(sum survey.Hash) error {
	if err := s.disk.Remove(s.errandFile(sum)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// tidyErrands takes away what has been carried or known for too long, and files that no row speaks of.
func (s *Store) tidyErrands(ctx context.Context) error {
	s.errandsInUse.Lock()
	defer s.errandsInUse.Unlock()
	known, err := s.errands(ctx)
	if err != nil {
		return err
	}
	now, files := s.clock(), map[string]bool{}
	for _, e := range known {
		old := e.done == 0 && now.Sub(e.came.Time()) > errandsCarried || e.done != 0 && now.Sub(e.done.Time()) > errandsKnown
		if files[e.sum.String()] = e.done == 0 && !old; !old {
			continue
		}
		err := s.update(ctx, "store.tidyErrands", "", func(ctx context.Context, t *tx) error {
			return t.exec(ctx, "DELETE FROM errand WHERE sum = ?", e.sum[:])
		})
		if err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(filepath.Join(s.dir(), errandFolderName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if !files[entry.Name()] {
			err = errors.Join(err, s.disk.Remove(filepath.Join(s.dir(), errandFolderName, entry.Name())))
		}
	}
	return err
}

// WordsFor returns what the county has said on a device's logs to this one, which carried them.
func (s *Store) WordsFor(ctx context.Context, device survey.DeviceID) ([]wire.Carried, error) {
	known, err := s.errands(ctx)
	latest := map[survey.ReplicaID]wire.Carried{}
	for _, e := range known {
		if e.Device != device {
			continue
		}
		for _, word := range e.Words {
			log := word.Logs[0]
			if have, there := latest[log.Replica]; !there || have.Epoch != word.Epoch && have.Time < word.Time || have.Logs[0].Last < log.Last {
				latest[log.Replica] = word
			}
		}
	}
	var words []wire.Carried
	for _, word := range latest {
		words = append(words, word)
	}
	slices.SortFunc(words, func(a, b wire.Carried) int { return a.Logs[0].Replica.Compare(b.Logs[0].Replica) })
	return words[:min(len(words), wire.MaxHoldings)], opError("store.WordsFor", "", err)
}

// KeepErrandKey takes over whom the server has errands encrypted to. One that is not the pinned server's changes nothing.
func (s *Store) KeepErrandKey(ctx context.Context, signed wire.SignedErrandKey) error {
	return s.update(ctx, "store.KeepErrandKey", "", func(ctx context.Context, t *tx) error {
		m := s.member.Load()
		if m == nil {
			return notFound("store.KeepErrandKey", "enrolment")
		}
		key, err := signed.Open(m.enrolment.ServerKey)
		if err == nil && key.County != m.enrolment.Grant.County {
			err = errors.New("errand key of another county")
		}
		if err != nil {
			return damaged("store.KeepErrandKey", "", err)
		}
		if key.Recipient == m.enrolment.ErrandKey {
			return nil
		}
		kept := *s.self.enrolment
		kept.ErrandKey = &signed
		return s.keepEnrolment(ctx, t, kept)
	})
}
