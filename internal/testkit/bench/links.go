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
	cmd.Env, cmd.Stderr = append(os.Environ(), "ZOUCUN_FIGURES=1"), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run the modelled networks: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run the modelled networks: %w", err)
	}
	if err := told(w, out); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("run the modelled networks: %w", err)
	}
	return nil
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
