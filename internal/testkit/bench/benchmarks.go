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

// benchmarks runs the Go benchmarks of every package, one package after the other, and writes their figures.
func benchmarks(ctx context.Context, w io.Writer, only string) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-tags", "ci", "-p", "1", "-run", "^$", "-bench", only, "-benchmem", "./...")
	return follow("run benchmarks", cmd, func(out io.Reader) error { return rewrite(w, out) })
}

// follow runs a command and has what it prints read while it prints it.
func follow(what string, cmd *exec.Cmd, read func(out io.Reader) error) error {
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := read(out); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// rewrite turns the output of go test -bench into figures: each line of a benchmark holds several.
func rewrite(w io.Writer, r io.Reader) error {
	pkg := ""
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "pkg: "); ok {
			pkg = strings.TrimPrefix(name, "zoucun/")
			continue
		}
		if strings.HasPrefix(line, "--- FAIL") || strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "panic:") {
			fmt.Fprintln(os.Stderr, line)
			continue
		}
		for _, f := range figures(pkg, line) {
			if _, err := fmt.Fprintln(w, f); err != nil {
				return fmt.Errorf("write figures: %w", err)
			}
		}
	}
	return lines.Err()
}

// figures reads "BenchmarkSave/answer-2  100  123 ns/op  4.5 p99-ms": the name, the number of runs, then pairs.
func figures(pkg, line string) []string {
	words := strings.Fields(line)
	if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
		return nil
	}
	name := strings.TrimPrefix(words[0], "Benchmark")
	if cut := strings.LastIndexByte(name, '-'); cut > 0 {
		name = name[:cut]
	}
	var out []string
	for i := 2; i+1 < len(words); i += 2 {
		out = append(out, fmt.Sprintf("%s.%s %s %s", pkg, name, words[i], words[i+1]))
	}
	return out
}
