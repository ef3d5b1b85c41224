package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"zoucun/internal/testkit/large"
)

const (
	peerFolder  = "internal/testkit/bench/testdata/peer"
	peerPackage = "@getodk/xforms-engine"
	// peerPatience is how long one part may take: the peer draws choices from 100,000 rows in tens of seconds.
	peerPatience = 4 * time.Minute
)

// peerParts are what peer.mjs measures, by the names of our own benchmarks in package form.
var peerParts = []string{"Load1000", "Answer1000", "Roster200x30", "Filter100k", "Filter100kUnindexed"}

// peer measures the public engine @getodk/xforms-engine on the forms our own was measured on, and writes how many times
// longer it took. Where there is no Node, or its package cannot be fetched, the figures say that they were not measured.
func peer(ctx context.Context, w io.Writer, ours []string) error {
	if why := install(ctx, peerFolder); why != "" {
		return printLines(w, "peer.version not measured: "+why)
	}
	dir, err := os.MkdirTemp("", "zoucun-peer")
	if err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := writeLarge(dir); err != nil {
		return err
	}
	if err := printLines(w, fmt.Sprintf("peer.version %s %s", peerVersion(), peerPackage)); err != nil {
		return err
	}
	for _, part := range peerParts {
		theirs := runPeer(ctx, dir, part)
		if err := printLines(w, append(theirs, ratios(theirs, ours)...)...); err != nil {
			return err
		}
	}
	return nil
}

func printLines(w io.Writer, lines ...string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return fmt.Errorf("write figures: %w", err)
		}
	}
	return nil
}

// install fetches the versions that a folder's lock file names, and returns why it could not.
func install(ctx context.Context, folder string) string {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "no " + program
		}
	}
	npm := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	npm.Dir = folder
	if out, err := npm.CombinedOutput(); err != nil {
		return "npm ci: " + lastLine(out)
	}
	return ""
}

// peerVersion returns the version that was installed.
func peerVersion() string {
	var manifest struct{ Version string }
	data, err := os.ReadFile(filepath.Join(peerFolder, "node_modules", peerPackage, "package.json"))
	if err = errors.Join(err, json.Unmarshal(data, &manifest)); err != nil {
		return "unknown"
	}
	return manifest.Version
}

func writeLarge(dir string) error {
	var register bytes.Buffer
	if err := csv.NewWriter(&register).WriteAll(large.Households(100_000)); err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	for name, text := range map[string]string{
		"wide.xml": large.Wide(), "roster.xml": large.Roster(), "register.xml": large.Register(), "unindexed.xml": large.Unindexed(),
		"household.csv": register.String(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("peer: %w", err)
		}
	}
	return nil
}

// runPeer returns the figures of one part.
func runPeer(ctx context.Context, dir, part string) []string {
	ctx, cancel := context.WithTimeout(ctx, peerPatience)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "peer.mjs", dir, part)
	node.Dir = peerFolder
	var failed bytes.Buffer
	node.Stderr = &failed
	out, err := node.Output()
	lines := strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
	switch {
	case ctx.Err() != nil:
		return append(lines, fmt.Sprintf("peer.%s not measured: longer than %v", part, peerPatience))
	case err != nil:
		return append(lines, fmt.Sprintf("peer.%s not measured: %s", part, lastLine(failed.Bytes())))
	}
	return lines
}

// ratios returns how many times longer the peer took, for each figure that both have.
func ratios(theirs, ours []string) []string {
	var lines []string
	for _, line := range theirs {
		name, their, unit := figure(line)
		for _, line := range ours {
			ourName, our, ourUnit := figure(line)
			if ourUnit == unit && our > 0 && "form."+strings.TrimPrefix(name, "peer.") == ourName {
				lines = append(lines, fmt.Sprintf("peer/%s %.1f times-%s", ourName, their/our, strings.TrimSuffix(unit, "-ns/op")))
			}
		}
	}
	return lines
}

// figure reads a line "name value unit"; of any other it returns no value.
func figure(line string) (name string, value float64, unit string) {
	words := strings.Fields(line)
	if len(words) != 3 {
		return "", 0, ""
	}
	value, err := strconv.ParseFloat(words[1], 64)
	if err != nil {
		return "", 0, ""
	}
	return words[0], value, words[2]
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
