package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"zoucun/survey"
	"zoucun/sync/seal"
)

// Names in the folder while a database is being salvaged. The fresh database is built under the first name and gets the
// second once it is whole; from then on the exchange is finished by whoever opens the folder next.
const (
	salvaging = ".salvaging"
	salvaged  = ".salvaged"
	aside     = "damaged-"
)

var placeSalvage = seal.Place{Column: "salvage.report_sealed", Row: []byte{1}}

// salvage makes a fresh database of what can be read of a damaged one, and puts the damaged files aside. Where nothing
// can be read it changes nothing and returns the reason it was given.
func (s *Store) salvage(ctx context.Context, file string, o Options, reason error) error {
	w, err := s.examine(file)
	if err != nil || !w.found() {
		return errors.Join(reason, err)
	}
	report := survey.Salvage{
		At: survey.MillisOf(s.clock()), Aside: aside + strconv.FormatInt(s.clock().UnixMilli(), 10), Lost: w.broken,
		NewIdentity: w.installation == nil, Drafts: len(w.drafts),
	}
	s.log.ErrorContext(ctx, "database damaged, salvaging what can be read", slog.Any("error", reason),
		slog.Int("revisions", len(w.revisions)), slog.Int("drafts", len(w.drafts)), slog.Int("lost", w.broken))
	if err := s.rebuild(ctx, file+salvaging, o, w, &report); err != nil {
		return errors.Join(reason, err, removeDatabase(s.disk, file+salvaging))
	}
	if err := writeDurably(s.disk, file+salvaged+".aside", []byte(report.Aside)); err != nil {
		return errors.Join(reason, err)
	}
	if err := errors.Join(s.disk.Rename(file+salvaging, file+salvaged), s.disk.SyncFolder(filepath.Dir(file))); err != nil {
		return errors.Join(reason, err)
	}
	return finishExchange(s.disk, file)
}

// rebuild writes a fresh database from a wreck.
func (s *Store) rebuild(ctx context.Context, file string, o Options, w *wreck, report *survey.Salvage) error {
	if err := removeDatabase(s.disk, file); err != nil {
		return err
	}
	var err error
	if s.db, err = openDatabase(ctx, file, o); err != nil {
		return err
	}
	err = s.update(ctx, "store.rebuild", "", func(ctx context.Context, t *tx) error {
		return s.refill(ctx, t, w, report)
	})
	err = errors.Join(err, s.db.close())
	s.forgetAll()
	return err
}

// forgetAll empties what is kept in memory, as before the database was opened.
func (s *Store) forgetAll() {
	s.db, s.register, s.self = nil, newRegister(), identity{}
	s.places = map[survey.DraftID]draftPlace{}
	s.broken.clear()
	s.member.Store(nil)
}

func (s *Store) refill(ctx context.Context, t *tx, w *wreck, report *survey.Salvage) error {
	replica, err := s.refillIdentity(ctx, t, w)
	if err != nil {
		return err
	}
	if err := s.refillRecords(ctx, t, w, report); err != nil {
		return err
	}
	if err := s.refillLog(ctx, t, w, replica, report); err != nil {
		return err
	}
	if err := s.refillDrafts(ctx, t, w); err != nil {
		return err
	}
	for _, v := range w.receipts {
		if err := t.exec(ctx, "INSERT INTO receipt (push_id, received, receipt_sealed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", v...); err != nil {
			return err
		}
	}
	report.Message = salvageMessage(*report)
	kept, err := sealed(s.vault, *report, placeSalvage)
	if err != nil {
		return err
	}
	return t.exec(ctx, "INSERT INTO salvage (one, report_sealed) VALUES (1, ?)", kept)
}

// refillIdentity writes who the device is, with a log of its own to go on in: where the old one ended is not certain.
func (s *Store) refillIdentity(ctx context.Context, t *tx, w *wreck) (survey.ReplicaID, error) {
	if w.installation == nil {
		err := s.newIdentity(ctx, t)
		var replica survey.ReplicaID
		return replica, errors.Join(err, t.row(ctx, "SELECT replica_id FROM installation", nil, &replica))
	}
	replica, err := newReplica(ctx, t)
	if err != nil {
		return replica, err
	}
	hlc := intOf(w.installation[3])
	for _, r := range w.revisions {
		hlc = max(hlc, int64(r.hlc))
	}
	check := s.vault.box.Seal([]byte(keyCheck), placeKeyCheck)
	return replica, errors.Join(
		t.exec(ctx, "INSERT INTO keys (key_id, created, check_sealed) VALUES (1, ?, ?)", t.now.UnixMilli(), check),
		t.exec(ctx, `INSERT INTO installation (one, device_id, replica_id, hlc, secrets_sealed, enrolment_sealed)
			VALUES (1, ?, ?, ?, ?, ?)`, w.installation[1], replica[:], hlc, w.installation[4], w.enrolment),
	)
}

// refillRecords writes every revision and works out the records again.
func (s *Store) refillRecords(ctx context.Context, t *tx, w *wreck, report *survey.Salvage) error {
	records := map[survey.RecordID]bool{}
	for _, r := range w.inOrder() {
		if _, err := s.revise(ctx, t, r.Revision, r.hlc); err != nil {
			return err
		}
		records[r.Header.Record] = true
	}
	report.Records = len(records)
	return nil
}

// refillLog writes what the server has signed for as it was, and everything else of this device into the new log: that
// is handed over again, and what the server has after all it takes as known.
func (s *Store) refillLog(ctx context.Context, t *tx, w *wreck, replica survey.ReplicaID, report *survey.Salvage) error {
	for _, v := range w.replicas {
		err := t.exec(ctx, `INSERT INTO replica (replica_id, last_n, acked_n, durable_n, nonce) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, v...)
		if err != nil {
			return err
		}
	}
	signed := w.signed()
	for _, line := range signed {
		err := t.exec(ctx, "INSERT INTO rlog (replica_id, n, rev_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			line.replica[:], line.n, line.id[:])
		if err != nil {
			return err
		}
	}
	for _, r := range w.own() {
		if err := s.refillFiles(ctx, t, r); err != nil {
			return err
		}
		if _, ok := signed[r.ID]; ok {
			continue
		}
		report.Unsigned++
		if err := appendLog(ctx, t, replica, r.ID); err != nil {
			return err
		}
	}
	for _, r := range w.inOrder() {
		if err := s.settle(ctx, t, r.Header.Record); err != nil {
			return err
		}
	}
	return nil
}

// refillFiles notes the attachments of a revision that are still in the folder, to be offered to the server again.
func (s *Store) refillFiles(ctx context.Context, t *tx, r looseRevision) error {
	edit, err := editOf(r.Revision, r.hlc)
	if err != nil {
		return err
	}
	for _, file := range edit.Body.Attachments {
		if _, err := os.Stat(s.blobs.path(file.SHA256)); err != nil {
			continue
		}
		err := t.exec(ctx, "INSERT INTO blob (sha256, size) VALUES (?, ?) ON CONFLICT DO NOTHING", file.SHA256[:], file.Size)
		if err != nil {
			return err
		}
	}
	return nil
}

// refillDrafts writes the drafts as they were, but for those that have been finished since.
func (s *Store) refillDrafts(ctx context.Context, t *tx, w *wreck) error {
	for _, v := range w.drafts {
		err := t.exec(ctx, `INSERT INTO draft (draft_id, scope_id, changed, state_step, facts_sealed, state_sealed, owner)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM record WHERE record_id = ?1)`, v...)
		if err != nil {
			return err
		}
	}
	insert := map[string]string{
		"draft_step":  "INSERT INTO draft_step (draft_id, step, at, change_sealed, follows) SELECT ?1, ?2, ?3, ?4, ?5",
		"draft_place": "INSERT INTO draft_place (draft_id, head, moved) SELECT ?1, ?2, ?3",
		"draft_state": "INSERT INTO draft_state (draft_id, step, state_sealed, at) SELECT ?1, ?2, ?3, ?4",
		"draft_file":  "INSERT INTO draft_file (draft_id, name_tag, sha256, facts_sealed) SELECT ?1, ?2, ?3, ?4",
	}
	for table, rows := range w.ofDrafts {
		for _, v := range rows {
			err := t.exec(ctx, insert[table]+" WHERE EXISTS (SELECT 1 FROM draft WHERE draft_id = ?1) ON CONFLICT DO NOTHING", v...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func salvageMessage(r survey.Salvage) string {
	text := fmt.Sprintf("本机的数据文件有损坏，已经自动抢救：找回 %d 份资料、%d 份没写完的表；还没送达的 %d 条会重新上报。",
		r.Records, r.Drafts, r.Unsigned)
	if r.Lost > 0 {
		text += fmt.Sprintf("有 %d 处读不出来，其中从上级收到的会自动重新下载。", r.Lost)
	}
	if r.NewIdentity {
		text += "本机的登记信息已经损坏，请联系乡镇管理员重新登记。"
	}
	return text + "损坏的旧文件留在本机，请告诉乡镇管理员。"
}

// finishExchange puts a damaged database aside and a salvaged one in its place, from wherever that was left off.
func finishExchange(disk Disk, file string) error {
	if _, err := os.Stat(file + salvaged); errors.Is(err, fs.ErrNotExist) {
		if err := disk.Remove(file + salvaged + ".aside"); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	name, err := os.ReadFile(file + salvaged + ".aside")
	if err != nil {
		return err
	}
	folder := filepath.Dir(file)
	kept := filepath.Join(folder, filepath.Base(string(name)))
	if err := os.MkdirAll(kept, 0o700); err != nil {
		return err
	}
	for _, end := range []string{"-shm", "-wal", ""} {
		err := disk.Rename(file+end, filepath.Join(kept, filepath.Base(file)+end))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := errors.Join(disk.SyncFolder(kept), disk.SyncFolder(folder)); err != nil {
		return err
	}
	return errors.Join(
		disk.Rename(file+salvaged, file), disk.SyncFolder(folder), disk.Remove(file+salvaged+".aside"),
	)
}

// removeDatabase removes what a salvage that was broken off has left.
func removeDatabase(disk Disk, file string) error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := disk.Remove(file + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Salvaged returns what was saved out of a damaged database, until SalvageSeen.
func (s *Store) Salvaged() (survey.Salvage, bool) {
	report := s.saved.Load()
	if report == nil {
		return survey.Salvage{}, false
	}
	return *report, true
}

// SalvageSeen notes that the person has been told.
func (s *Store) SalvageSeen(ctx context.Context) error {
	return s.update(ctx, "store.SalvageSeen", "", func(ctx context.Context, t *tx) error {
		t.after = append(t.after, func() { s.saved.Store(nil) })
		return t.exec(ctx, "DELETE FROM salvage")
	})
}

func (s *Store) readSalvage(ctx context.Context) error {
	return s.db.each(ctx, "SELECT report_sealed FROM salvage", nil, func(row rowScan) error {
		var kept []byte
		if err := row(&kept); err != nil {
			return err
		}
		report, err := open[survey.Salvage](s.vault, kept, placeSalvage)
		if err != nil {
			s.log.WarnContext(ctx, "report of a salvage does not open", slog.Any("error", err))
			return nil
		}
		s.saved.Store(&report)
		return nil
	})
}
