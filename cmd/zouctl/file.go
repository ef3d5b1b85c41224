package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"zoucun/survey"
)

// writeFile writes a file whole or not at all: whoever opens it never finds half of it. Only the owner may read it,
// for what zouctl writes speaks of people.
func writeFile(path string, write func(io.Writer) error) error {
	if err := replaceFile(path, write); err != nil {
		return refuse(survey.Unavailable, "write", "文件“"+path+"”写不成，请检查文件夹是否存在、有没有空间。原来的文件没有改动。", err)
	}
	return nil
}

func replaceFile(path string, write func(io.Writer) error) (err error) {
	part, err := os.CreateTemp(filepath.Dir(path), ".zouctl-*.part") // made with mode 0600
	if err != nil {
		return fmt.Errorf("make part: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part.Name()) // the first error is the one to tell
		}
	}()
	if err := fill(part, write); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return fmt.Errorf("rename part: %w", err)
	}
	return nil
}

// fill writes a file to the disk and closes it.
func fill(file *os.File, write func(io.Writer) error) error {
	if err := write(file); err != nil {
		_ = file.Close() // the first error is the one to tell
		return err
	}
	if err := file.Sync(); err != nil {
		_ = file.Close() // the first error is the one to tell
		return fmt.Errorf("sync part: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("close part: %w", err)
	}
	return nil
}
