package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"zoucun/survey"
)

// slices16 is in how many backups every attachment that was copied before is read back once.
const slices16 = 16

// copyBlobs brings every attachment that is whole into the target, and reads back those it copied and a sixteenth of the
// others: by the sixteenth backup all have been.
func (j Job) copyBlobs(ctx context.Context, m manifest, made *Made) error {
	day := int(m.Made.Time().Unix() / (24 * 60 * 60))
	for sum, size := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		from, to := blobName(j.Blobs, sum), blobName(filepath.Join(j.Target, blobFolder), sum)
		held, err := heldBlob(to, sum, size, int(sum[0]>>4) == day%slices16)
		if err != nil {
			return err
		}
		if !held {
			copied, err := copyBlob(from, to, sum)
			if err != nil {
				return err
			}
			if !copied {
				made.Missing++
				continue
			}
			made.Copied++
		}
		made.Files++
	}
	return nil
}

func blobName(folder string, sum survey.Hash) string {
	text := sum.String()
	return filepath.Join(folder, text[:2], text)
}

// heldBlob reports whether an attachment is in the target: by its size, and where it is read too by its bytes.
func heldBlob(name string, sum survey.Hash, size int64, read bool) (bool, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() != size {
		return false, nil
	}
	if err != nil || !read {
		return err == nil, err
	}
	found, err := hashFile(name)
	return found == sum, err
}

// copyBlob copies an attachment and reads it back. It reports false where the server does not have it whole.
func copyBlob(from, to string, sum survey.Hash) (bool, error) {
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return false, err
	}
	found, _, err := copyFile(from, to+unfinished)
	if err == nil && found != sum {
		err = refuse(survey.Damaged, "服务器上有一个附件已损坏，备份没有做成。", fmt.Errorf("blob %s is %s", sum, found))
	}
	if err != nil {
		return false, errors.Join(err, os.Remove(to+unfinished))
	}
	return true, errors.Join(os.Rename(to+unfinished, to), syncFolder(filepath.Dir(to)))
}

// copyFile copies a file, waits until it is on the disk, reads it back, and returns its hash and size.
func copyFile(from, to string) (sum survey.Hash, size int64, err error) {
	in, err := os.Open(from)
	if err != nil {
		return sum, 0, err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return sum, 0, err
	}
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(out, h), in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return sum, size, err
	}
	sum = survey.Hash(h.Sum(nil))
	again, err := hashFile(to)
	if err == nil && again != sum {
		err = refuse(survey.Damaged, "写到备份盘上的内容读回来不一样，请换一块备份盘。", fmt.Errorf("sha256 %s, written %s", again, sum))
	}
	return sum, size, err
}

func hashFile(name string) (sum survey.Hash, err error) {
	f, err := os.Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	return survey.Hash(h.Sum(nil)), nil
}

// writeFile writes a small file and waits until it is on the disk.
func writeFile(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncFolder returns when the names in a folder are on the disk. Where a system cannot, it has no need to.
func syncFolder(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}

// blobsIn calls use for every whole attachment in a folder.
func blobsIn(folder string, use func(sum survey.Hash) error) error {
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, unfinished) {
			return err
		}
		sum, err := survey.ParseHash(entry.Name())
		if err != nil {
			return nil //nolint:nilerr // a stranger's file
		}
		return use(sum)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
