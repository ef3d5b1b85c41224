package store

import (
	"errors"
	"os"
	"path/filepath"

	"zoucun/survey"
)

// errLocked is what lockFile returns when another process, or this one, holds the lock.
var errLocked = errors.New("folder is in use")

// lockFolder makes this store the only one on dir until the file it returns is closed.
func lockFolder(dir string) (*os.File, error) {
	file, err := lockFile(filepath.Join(dir, "lock"))
	switch {
	case errors.Is(err, errLocked):
		return nil, &survey.Error{
			Kind: survey.Conflicting, Op: "store.lock",
			Message: "走村已经打开了，请回到已打开的那个窗口。数据没有变动。", Err: err,
		}
	case err != nil:
		return nil, fileError("store.lock", err)
	}
	return file, nil
}
