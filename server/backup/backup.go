// Package backup copies a server's database and attachments to another disk, reads the copy back, and only then says
// that devices may rely on it; and it puts a server back from such a copy.
//
// A target holds
//
//	20261126T040000Z/backup.json   what the backup is, written last
//	20261126T040000Z/central.db    the database as of one moment (central.dump for PostgreSQL)
//	20261126T040000Z/keys/         the server's keys, if they were asked for
//	blobs/ab/abcdef…               attachments by hash, shared by all backups
//
// What has a name ending in .part is not finished and counts for nothing.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"zoucun/survey"
)

const (
	manifestFile = "backup.json"
	blobFolder   = "blobs"
	keyFolder    = "keys"
	unfinished   = ".part"
	nameForm     = "20060102T150405Z"
)

// keyFiles are the files of a data folder that make a server the one its devices know.
var keyFiles = []string{"server.key", "tls.key", "tls.crt"}

// Records is the database that is copied.
type Records interface {
	// CopyName is what a copy is called.
	CopyName() string
	// Copy writes the database as of one moment to a file that is not there yet.
	Copy(ctx context.Context, file string) error
	// Inspect looks a copy over whole and returns what it holds.
	Inspect(ctx context.Context, file string) (survey.Copied, error)
	// MarkDurable says that logs are held off this machine as far as the marks go.
	MarkDurable(ctx context.Context, marks map[survey.ReplicaID]uint64) error
}

// Job is a backup to be made.
type Job struct {
	Records  Records
	Data     string // the server's data folder: keys, and room for the copy on its way
	Blobs    string // the folder of attachments
	Target   string // a folder on another disk; it has to be there
	WithKeys bool
	SameDisk bool // the target may lie on the data's own disk: for trying out, it protects from nothing
	Keep     int  // so many backups stay, the latest; 0 keeps all
	Clock    survey.Clock
}

// Made is what a backup came to.
type Made struct {
	Name    string // of its folder in the target
	Bytes   int64  // of the database
	Files   int    // attachments in the target that the database refers to
	Copied  int    // of these, copied just now
	Missing int    // attachments the database refers to that have not arrived at the server yet
	Logs    int    // devices' logs that are durable as far as the copy goes
}

// manifest says what a backup is.
type manifest struct {
	survey.Copied

	Made     survey.Millis `json:"made"`
	Database string        `json:"database"`
	SHA256   survey.Hash   `json:"sha256"` // of the database file
	Size     int64         `json:"size"`
}

// Run makes a backup. Only after every byte of it was read back, and what it holds was read from the copy itself, are the
// logs in it marked durable; whatever goes wrong before, nothing is claimed.
func Run(ctx context.Context, job Job) (Made, error) {
	if err := job.check(); err != nil {
		return Made{}, err
	}
	made, m, err := job.write(ctx)
	if err == nil {
		err = job.Records.MarkDurable(ctx, m.Marks)
	}
	if err != nil {
		return Made{}, fail("backup.Run", "备份没有做成，没有向设备确认任何内容。请检查备份盘是否接好、空间是否够，再做一次。", err)
	}
	made.Logs = len(m.Marks)
	return made, job.thin()
}

// check refuses a target that is not there, or that is no other disk.
func (j Job) check() error {
	info, err := os.Stat(j.Target)
	if err != nil || !info.IsDir() {
		return refuse(survey.NotFound, "没有备份文件夹“"+j.Target+"”。请先接好备份盘，建好文件夹。", err)
	}
	if !j.SameDisk && (sameDisk(j.Target, j.Data) || sameDisk(j.Target, j.Blobs)) {
		return refuse(survey.Invalid, "备份文件夹“"+j.Target+"”与数据在同一块磁盘上，磁盘坏了会一起丢。请换成另一块磁盘或网络盘上的文件夹；备份盘可能没有接上。", nil)
	}
	return nil
}

// write makes the backup under an unfinished name, gives it its own, and reads it back.
func (j Job) write(ctx context.Context) (made Made, m manifest, err error) {
	now := j.Clock()
	made.Name = now.UTC().Format(nameForm)
	final := filepath.Join(j.Target, made.Name)
	part := final + unfinished
	if err := errors.Join(os.RemoveAll(part), os.Mkdir(part, 0o700)); err != nil {
		return made, m, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	m = manifest{Made: survey.MillisOf(now), Database: j.Records.CopyName()}
	if m.SHA256, m.Size, err = j.copyDatabase(ctx, filepath.Join(part, m.Database)); err != nil {
		return made, m, err
	}
	if m.Copied, err = j.Records.Inspect(ctx, filepath.Join(part, m.Database)); err != nil {
		return made, m, err
	}
	if err := j.copyBlobs(ctx, m, &made); err != nil {
		return made, m, err
	}
	if err := j.copyKeys(part); err != nil {
		return made, m, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return made, m, err
	}
	if err := errors.Join(writeFile(filepath.Join(part, manifestFile), text), syncFolder(part), os.Rename(part, final), syncFolder(j.Target)); err != nil {
		return made, m, err
	}
	made.Bytes = m.Size
	_, err = readBack(final)
	return made, m, err
}

// copyDatabase has the database copied beside the data and takes that to the target, so that its hash is known before
// the target's disk has touched it.
func (j Job) copyDatabase(ctx context.Context, to string) (sum survey.Hash, size int64, err error) {
	local := filepath.Join(j.Data, "backup"+unfinished)
	if err := os.RemoveAll(local); err != nil {
		return sum, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(local)) }()
	if err := j.Records.Copy(ctx, local); err != nil {
		return sum, 0, err
	}
	return copyFile(local, to)
}

func (j Job) copyKeys(part string) error {
	if !j.WithKeys {
		return nil
	}
	folder := filepath.Join(part, keyFolder)
	err := os.Mkdir(folder, 0o700)
	for _, name := range keyFiles {
		_, _, copyErr := copyFile(filepath.Join(j.Data, name), filepath.Join(folder, name))
		err = errors.Join(err, copyErr)
	}
	return errors.Join(err, syncFolder(folder))
}

// thin removes the oldest backups beyond those to keep. Attachments stay.
func (j Job) thin() error {
	names, err := backupsIn(j.Target)
	if err != nil || j.Keep <= 0 || len(names) <= j.Keep {
		return err
	}
	for _, name := range names[:len(names)-j.Keep] {
		if err := os.RemoveAll(filepath.Join(j.Target, name)); err != nil {
			return fail("backup.thin", "备份已做好，但旧的备份没有删掉，请检查备份盘。", err)
		}
	}
	return nil
}

// backupsIn returns the finished backups of a target, the oldest first.
func backupsIn(target string) ([]string, error) {
	entries, err := os.ReadDir(target)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if _, err := os.Stat(filepath.Join(target, entry.Name(), manifestFile)); err == nil && !strings.HasSuffix(entry.Name(), unfinished) {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// readBack reads a finished backup's manifest and holds its database to it.
func readBack(folder string) (manifest, error) {
	var m manifest
	text, err := os.ReadFile(filepath.Join(folder, manifestFile))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, refuse(survey.Damaged, "备份的说明文件读不出来，请用另一次备份。", err)
	}
	if m.Database == "" || m.Database != filepath.Base(m.Database) {
		return m, refuse(survey.Damaged, "备份的说明文件不对，请用另一次备份。", nil)
	}
	sum, err := hashFile(filepath.Join(folder, m.Database))
	if err == nil && sum != m.SHA256 {
		err = refuse(survey.Damaged, "备份里的数据库与写下的不一样，请换一块备份盘，或用另一次备份。", fmt.Errorf("sha256 %s, written %s", sum, m.SHA256))
	}
	return m, err
}

func isPathError(err error) bool {
	_, ok := errors.AsType[*fs.PathError](err)
	return ok
}

func refuse(kind survey.Kind, message string, err error) error {
	return &survey.Error{Kind: kind, Op: "backup", Message: message, Err: err}
}

// fail wraps what went wrong, with the sentence of whoever knows better.
func fail(op, message string, err error) error {
	if err == nil {
		return nil
	}
	kind := survey.KindOf(err)
	switch {
	case errors.Is(err, syscall.ENOSPC):
		kind, message = survey.Full, "磁盘空间不够，备份没有做成，没有向设备确认任何内容。"
	case kind == survey.Internal && isPathError(err):
		kind = survey.Unavailable
	}
	if said := survey.MessageOf(err); said != "" {
		message = said
	}
	return &survey.Error{Kind: kind, Op: op, Message: message, Err: err}
}
