package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// links writes the figures of handing over on modelled networks: they pass in virtual time, and so within a test.
func links(ctx context.Context, w io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-tags", "ci", "-count=1", "-run", "^TestFigures$", "-v", "./internal/testkit/link")
	cmd.Env = append(os.Environ(), "ZOUCUN_FIGURES=1")
	return follow("run the modelled networks", cmd, func(out io.Reader) error { return told(w, out) })
}

// told passes on the lines of a test that are figures.
func told(w io.Writer, r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if figure, ok := strings.CutPrefix(lines.Text(), "figure "); ok {
			if _, err := fmt.Fprintln(w, figure); err != nil {
				return fmt.Errorf("write figures: %w", err)
			}
		}
	}
	return lines.Err()
}
