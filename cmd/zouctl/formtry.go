package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/txtar"

	"zoucun/form/scenario"
	"zoucun/survey"
)

// shared is the file of a folder of scripts that holds the registers all of them use.
const shared = "registers.txtar"

func formTry(*flag.FlagSet) action {
	return func(_ context.Context, s *session, args []string) error {
		d, err := s.readForm(args[0])
		if err != nil {
			return err
		}
		if err := s.tellFindings(d.whole()); err != nil {
			return err
		}
		scripts, err := scriptsAt(args[1])
		if err != nil {
			return err
		}
		failed := 0
		for _, script := range scripts {
			held, err := s.try(d, script)
			if err != nil {
				return err
			}
			if !held {
				failed++
			}
		}
		if failed > 0 {
			return refuse(survey.Invalid, "form", fmt.Sprintf("%d 个脚本没有全部通过。", failed), nil)
		}
		return nil
	}
}

// scriptsAt returns the script at a path, or all scripts of a folder.
func scriptsAt(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, notReadable(path, err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	all, err := filepath.Glob(filepath.Join(path, "*.txtar"))
	if err != nil {
		return nil, notReadable(path, err)
	}
	var scripts []string
	for _, one := range all {
		if filepath.Base(one) != shared {
			scripts = append(scripts, one)
		}
	}
	if len(scripts) == 0 {
		return nil, refuse(survey.NotFound, "form", "“"+path+"”里没有 .txtar 脚本。", nil)
	}
	return scripts, nil
}

// try plays one script and tells every line that does not hold.
func (s *session) try(d definition, script string) (held bool, err error) {
	var archives []*txtar.Archive
	for _, path := range []string{filepath.Join(filepath.Dir(script), shared), script} {
		archive, err := readScript(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != script:
		case err != nil:
			return false, err
		default:
			archives = append(archives, archive)
		}
	}
	played, err := scenario.PlayWith(d.form, d.files.sources, archives...)
	if err != nil {
		return false, err
	}
	name := filepath.Base(script)
	if len(played.Failures) == 0 {
		return true, s.printf("通过 %s（%d 句）\n", name, played.Lines)
	}
	if err := s.printf("没过 %s（%d 句里 %d 句不对）\n", name, played.Lines, len(played.Failures)); err != nil {
		return false, err
	}
	for _, failure := range played.Failures {
		if err := s.printf("  %s\n", failure); err != nil {
			return false, err
		}
	}
	return false, nil
}

func readScript(path string) (*txtar.Archive, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, notReadable(path, err)
	}
	return scenario.Read(data)
}
