package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// target says for what, and from where, packages are listed.
type target struct {
	dir  string
	arch string
	tags string
}

// listed is one package as go list describes it.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	CgoFiles   []string
	ImportMap  map[string]string
	DepOnly    bool
	Standard   bool
	Error      *struct{ Err string }
	Module     *struct{ GoVersion string }
}

// goVersion returns the language version the package is written in, or nothing for the newest.
func (p listed) goVersion() string {
	if p.Module == nil || p.Module.GoVersion == "" {
		return ""
	}
	return "go" + p.Module.GoVersion
}

// list returns the packages that match the patterns and all they depend on, dependencies first.
func list(ctx context.Context, on target, patterns []string) ([]listed, error) {
	args := []string{
		"list", "-e", "-deps", "-tags", on.tags,
		"-json=ImportPath,Dir,GoFiles,CgoFiles,ImportMap,DepOnly,Standard,Error,Module",
	}
	cmd := exec.CommandContext(ctx, "go", append(args, patterns...)...)
	cmd.Dir = on.dir
	cmd.Env = append(os.Environ(), "GOOS=android", "GOARCH="+on.arch, "CGO_ENABLED=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return decode(bytes.NewReader(output))
}

// decode reads the objects go list writes one after the other.
func decode(from io.Reader) ([]listed, error) {
	var packages []listed
	for decoder := json.NewDecoder(from); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		packages = append(packages, p)
	}
}
