package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"zoucun/survey"
)

// numbers gives running numbers for paper copies. The last one given is in a file that is on disk before the number
// is: one that was given and not used is lost, none is given twice.
type numbers struct{ file string }

// next returns the next number.
func (n numbers) next() (int, error) {
	last, err := n.last()
	if err != nil {
		return 0, err
	}
	if err := n.write(last + 1); err != nil {
		return 0, &survey.Error{
			Kind: survey.Full, Op: "app.numbers", Err: err,
			Message: "编号存不下来，可能是存储空间已满。请清理空间后再试。",
		}
	}
	return last + 1, nil
}

func (n numbers) last() (int, error) {
	data, err := os.ReadFile(n.file)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("app.numbers: %w", err)
	}
	last, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0, &survey.Error{Kind: survey.Damaged, Op: "app.numbers", Err: err}
	}
	return last, nil
}

// write replaces the file in one step.
func (n numbers) write(number int) error {
	f, err := os.CreateTemp(filepath.Dir(n.file), "number-*")
	if err != nil {
		return fmt.Errorf("app.numbers: %w", err)
	}
	_, err = fmt.Fprintln(f, number)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), n.file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("app.numbers: %w", err), os.Remove(f.Name()))
	}
	return nil
}
