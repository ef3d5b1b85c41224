package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a case may take. All but a few take less than a thousandth of it.
const patience = 20 * time.Second

// folder is where the cases are, and whether they are those known.txt was written for.
func folder() (dir string, given bool) {
	if dir := os.Getenv("CONFORMANCE_DIR"); dir != "" {
		return dir, false
	}
	return filepath.Join("..", "..", "..", "shared", "conformance"), true
}

// run checks all cases of a suite and prints how many pass.
func run[C any](t *testing.T, suite string, id func(C) string, check func(C) error) {
	t.Helper()
	dir, given := folder()
	cases := read[C](t, filepath.Join(dir, suite+".json"))
	known := readKnown(t)[suite]
	seen, passed := map[string]int{}, 0
	for _, one := range cases {
		name := id(one)
		if seen[name]++; seen[name] > 1 {
			name += "#" + strconv.Itoa(seen[name])
		}
		err := attempt(func() error { return check(one) })
		reason, listed := known[name]
		delete(known, name)
		switch {
		case err == nil && listed:
			t.Errorf("%s\npasses: strike it from known.txt (%s)", name, reason)
		case err != nil && !listed:
			t.Errorf("%s\n  %v", name, err)
		}
		if err == nil {
			passed++
		}
	}
	for name := range known {
		if given {
			t.Errorf("known.txt names a case that is not in %s.json: %s", suite, name)
		}
	}
	_, _ = fmt.Fprintf(os.Stdout, "%s %d of %d\n", suite, passed, len(cases)) // which go test passes on
}

// attempt checks a case. One that panics or does not come to an end has not passed.
func attempt(check func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v", r)
			}
		}()
		done <- check()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return fmt.Errorf("no answer within %s", patience)
	}
}

// read reads the cases of a file, each by itself: one that is not of the shape counts as the zero case.
func read[C any](t *testing.T, file string) []C {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("the cases are not here (set CONFORMANCE_DIR): %v", err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	cases := make([]C, len(raw))
	for i, text := range raw {
		if err := json.Unmarshal(text, &cases[i]); err != nil {
			t.Errorf("case %d: %v", i, err)
		}
	}
	return cases
}

// readKnown reads known.txt, lines of a suite, an id and a reason with tabs between: by suite and id.
func readKnown(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile("known.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, "\t")
		if len(parts) != 3 || strings.TrimSpace(parts[2]) == "" {
			t.Errorf("known.txt: not a suite, an id and a reason: %s", line)
			continue
		}
		if known[parts[0]] == nil {
			known[parts[0]] = map[string]string{}
		}
		known[parts[0]][parts[1]] = parts[2]
	}
	return known
}

// oneLine writes an id without line breaks or tabs.
func oneLine(id string) string { return strings.Join(strings.Fields(id), " ") }
