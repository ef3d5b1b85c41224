//go:build unix

package disk

import (
	"errors"
	"os"
)

// syncFolder makes a renamed or new name in a folder survive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
