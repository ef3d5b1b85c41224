package backup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"zoucun/survey"
)

// Restoring is a server to be put back.
type Restoring struct {
	From    string // a target, or one backup in it
	Data    string // an empty data folder, or one that holds only keys
	Blobs   string // the folder of attachments; what is there stays
	NewKeys bool   // a new server, which every device has to enrol with again
	// Load takes a database that is no file into its place; nil where the backup's database is SQLite's.
	Load func(ctx context.Context, file string) error
}

// Restored is what a restore came to.
type Restored struct {
	Name    string // of the backup
	Made    survey.Millis
	Files   int // attachments put back
	Damaged int // attachments that are not what their names say, left out
}

// Restore puts a server back from a backup. It writes over nothing: a data folder with a database is refused. The
// database is there only once everything else is, so that one that was broken off may be begun again.
func Restore(ctx context.Context, r Restoring) (Restored, error) {
	folder, err := newest(r.From)
	if err != nil {
		return Restored{}, err
	}
	done, err := r.run(ctx, folder)
	return done, fail("backup.Restore", "恢复没有做完，可以原样再做一次；备份没有改动。", err)
}

// newest returns the latest finished backup of a target, or the one that was named.
func newest(from string) (string, error) {
	if _, err := os.Stat(filepath.Join(from, manifestFile)); err == nil {
		return filepath.Clean(from), nil
	}
	names, err := backupsIn(from)
	if err != nil || len(names) == 0 {
		return "", refuse(survey.NotFound, "“"+from+"”里没有做完的备份。", err)
	}
	return filepath.Join(from, names[len(names)-1]), nil
}

func (r Restoring) run(ctx context.Context, folder string) (done Restored, err error) {
	m, err := readBack(folder)
	if err != nil {
		return done, err
	}
	done.Name, done.Made = filepath.Base(folder), m.Made
	database := filepath.Join(r.Data, m.Database)
	if err := r.check(folder, m, database); err != nil {
		return done, err
	}
	if err := os.MkdirAll(r.Data, 0o700); err != nil {
		return done, err
	}
	if err := r.putBlobs(ctx, filepath.Join(filepath.Dir(folder), blobFolder), &done); err != nil {
		return done, err
	}
	if err := r.putKeys(filepath.Join(folder, keyFolder)); err != nil {
		return done, err
	}
	if r.Load != nil {
		return done, r.Load(ctx, filepath.Join(folder, m.Database))
	}
	if _, _, err := copyFile(filepath.Join(folder, m.Database), database+unfinished); err != nil {
		return done, err
	}
	return done, errors.Join(os.Rename(database+unfinished, database), syncFolder(r.Data))
}

// check refuses whatever would write over something, or make a server that no device knows.
func (r Restoring) check(folder string, m manifest, database string) error {
	dump := m.Database != "central.db"
	switch {
	case dump && r.Load == nil:
		return refuse(survey.Invalid, "这是 PostgreSQL 的备份，请用 -db 写明一个空的数据库。", nil)
	case !dump && r.Load != nil:
		return refuse(survey.Invalid, "这是 SQLite 的备份，不能恢复到 PostgreSQL，请去掉 -db。", nil)
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if _, err := os.Stat(database + end); !errors.Is(err, fs.ErrNotExist) {
			return refuse(survey.Conflicting, "数据文件夹“"+r.Data+"”里已有数据库，没有覆盖。请先停掉 zoucund，把这个文件夹改名留着，再恢复到新的文件夹。", err)
		}
	}
	if r.NewKeys || exists(filepath.Join(r.Data, keyFiles[0])) || exists(filepath.Join(folder, keyFolder, keyFiles[0])) {
		return nil
	}
	return refuse(survey.NotFound, "备份里没有服务器的密钥。请把另外保管的 server.key、tls.key、tls.crt 放进“"+r.Data+
		"”再恢复；密钥真的丢了，加 -new-keys，所有设备要重新登记。", nil)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// putBlobs puts attachments back that are what their names say.
func (r Restoring) putBlobs(ctx context.Context, from string, done *Restored) error {
	return blobsIn(from, func(sum survey.Hash) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := blobName(r.Blobs, sum)
		if here, err := hashFile(to); err == nil && here == sum {
			done.Files++
			return nil
		}
		_, err := copyBlob(blobName(from, sum), to, sum)
		if survey.KindOf(err) == survey.Damaged {
			done.Damaged++
			return nil
		}
		done.Files++
		return err
	})
}

// putKeys puts the keys back where the backup has them and the data folder has none.
func (r Restoring) putKeys(from string) error {
	if r.NewKeys || !exists(filepath.Join(from, keyFiles[0])) || exists(filepath.Join(r.Data, keyFiles[0])) {
		return nil
	}
	var err error
	for _, name := range keyFiles {
		to := filepath.Join(r.Data, name)
		_, _, copyErr := copyFile(filepath.Join(from, name), to+unfinished)
		err = errors.Join(err, copyErr)
		if copyErr == nil {
			err = errors.Join(err, os.Rename(to+unfinished, to))
		}
	}
	return errors.Join(err, syncFolder(r.Data))
}
