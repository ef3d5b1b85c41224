package store

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoucun/survey"
)

// crashFolder names the folder in which a child of a test is to work until it is killed.
const crashFolder = "ZOUCUN_TEST_CRASH_FOLDER"

// TestMain lets a test start this binary again as a program that works on a store and says what is done.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashFolder); dir != "" {
		if err := workUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if raceDetector {
		if err := flag.Set("rapid.checks", "20"); err != nil { // a hundred are tried without it
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// workUntilKilled fills in and finishes one visit after the other, and writes a line to standard output whenever the
// store has acknowledged something.
func workUntilKilled(dir string) error {
	ctx := context.Background()
	s, err := Open(ctx, dir, Options{Clock: time.Now})
	if err != nil {
		return err
	}
	for {
		d := survey.Draft{ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.ScopeID{1}}
		if err := s.BeginDraft(ctx, d, []byte("开始")); err != nil {
			return err
		}
		fmt.Println("draft", d.ID)
		if err := s.AttachFile(ctx, d.ID, "门口.jpg", "image/jpeg", d.ID[:]); err != nil {
			return err
		}
		for n := range 20 {
			if err := s.SaveChange(ctx, d.ID, answer("question", strconv.Itoa(n))); err != nil {
				return err
			}
			fmt.Println("change", n)
			if n == 9 {
				if err := s.SaveState(ctx, d, []byte("到9")); err != nil {
					return err
				}
				fmt.Println("state 9")
			}
		}
		if err := s.FinishVisit(ctx, d, submission()); err != nil {
			return err
		}
		fmt.Println("finished", d.ID)
	}
}

// acknowledged is what a killed child had been told was done.
type acknowledged struct {
	finished []string
	draft    string
	last     int // the last change of the draft, -1 before the first
}

func (a *acknowledged) read(line string) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "draft":
		a.draft, a.last = rest, -1
	case "change":
		a.last, _ = strconv.Atoi(rest)
	case "finished":
		a.finished, a.draft = append(a.finished, rest), ""
	}
}

// TestKilledProcessLosesNothing kills a working program again and again, at a moment it does not choose, and looks for
// everything it had been told was on disk.
func TestKilledProcessLosesNothing(t *testing.T) {
	var dir string
	var all []string
	for round := range killRounds() {
		if round%50 == 0 { // a folder that grows for ever makes every round slower
			dir, all = t.TempDir(), nil
			if err := openStore(t, dir, Options{}).Close(); err != nil {
				t.Fatal(err)
			}
		}
		got := killAfter(t, dir, rand.IntN(80), time.Duration(rand.IntN(3000))*time.Microsecond)
		all = append(all, got.finished...)
		s := openStore(t, dir, Options{Clock: time.Now})
		check(t, s, got, all)
		for _, d := range lists(t, s).Drafts {
			if err := s.DiscardDraft(t.Context(), d.ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killRounds is how often a process is killed.
func killRounds() int {
	switch {
	case soak() > 0:
		return soak()
	case testing.Short(), raceDetector:
		return 20
	}
	return 200
}

// killAfter starts a child, kills it a moment after it has acknowledged so many things, and returns what it had
// acknowledged.
func killAfter(t *testing.T, dir string, lines int, moment time.Duration) acknowledged {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashFolder+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var got acknowledged
	scanner := bufio.NewScanner(out)
	for n := 0; scanner.Scan(); n++ {
		got.read(scanner.Text())
		if n == lines {
			time.Sleep(moment)
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || got.draft == "" && got.finished == nil {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return got
}

func check(t *testing.T, s *Store, got acknowledged, finished []string) {
	t.Helper()
	waiting, err := s.Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, visit := range waiting {
		there[visit.ID.String()] = true
	}
	for _, id := range finished {
		if !there[id] {
			t.Errorf("visit %s was acknowledged and is gone", id)
		}
	}
	if got.draft == "" || there[got.draft] {
		return // finished just before it was killed
	}
	id, err := survey.ParseID[survey.DraftID](got.draft)
	if err != nil {
		t.Fatal(err)
	}
	_, state, journal, err := s.LoadDraft(t.Context(), id)
	if err != nil {
		t.Fatal("the draft in work:", err)
	}
	next := 0
	if string(state) == "到9" {
		next = 10
	}
	for _, change := range journal {
		if change.Value != strconv.Itoa(next) {
			t.Errorf("journal has %s where %d is due", change.Value, next)
		}
		next++
	}
	if next <= got.last {
		t.Errorf("change %d was acknowledged, the draft ends before %d", got.last, next)
	}
}
