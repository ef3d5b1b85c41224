package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

const moduleFile = "-- go.mod --\nmodule example\n\ngo 1.26.0\n"

func TestCheck(t *testing.T) {
	tests := []struct {
		fact  string
		files string
		want  []string // a part of each finding, in order
	}{
		{
			fact: "cgo is believed",
			files: `
-- jni_android.go --
package main

// #include <jni.h>
import "C"

func main() { C.attach(C.int(1)) }
`,
		},
		{
			fact: "what only Android compiles is checked",
			files: `
-- main.go --
package main

func main() {}
-- back_android.go --
package main

func back() int { return "left" }
`,
			want: []string{"back_android.go:3:26: cannot use \"left\""},
		},
		{
			fact: "cgo files are checked around C",
			files: `
-- main.go --
package main

// int one();
import "C"

func main() { missing(C.one()) }
`,
			want: []string{"main.go:6:15: undefined: missing"},
		},
		{
			fact: "a file for Linux is a file for Android, as Go has it",
			files: `
-- main.go --
package main

func main() { openWindow() }
-- window_linux.go --
package main

func openWindow() {}
`,
		},
		{
			fact: "a build constraint takes a file away",
			files: `
-- main.go --
package main

func main() { openWindow() }
-- window.go --
//go:build !android

package main

func openWindow() {}
`,
			want: []string{"main.go:3:15: undefined: openWindow"},
		},
		{
			fact: "a package for desktops alone is left out",
			files: `
-- main.go --
package main

func main() {}
-- tray/tray.go --
//go:build !android

package tray
`,
		},
		{
			fact: "a missing package is named",
			files: `
-- main.go --
package main

import _ "example/nowhere"

func main() {}
`,
			want: []string{"package example/nowhere", "could not import example/nowhere"},
		},
		{
			fact: "files that do not parse are named",
			files: `
-- main.go --
package main

func main() {
`,
			want: []string{"main.go:3:15: expected '}'"},
		},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			found, err := check(t.Context(), target{dir: moduleOf(t, test.files), arch: "arm64"}, []string{"./..."})
			if err != nil {
				t.Fatal(err)
			}
			if !eachContains(found.findings, test.want) {
				t.Errorf("findings:\n%s\nwant, in order:\n%s", strings.Join(found.findings, "\n"), strings.Join(test.want, "\n"))
			}
			if found.ours == 0 {
				t.Error("no package was checked")
			}
		})
	}
}

func TestCheckSaysWhenGoListCannotAnswer(t *testing.T) {
	if _, err := check(t.Context(), target{dir: t.TempDir(), arch: "arm64"}, []string{"-nonsense"}); err == nil {
		t.Error("got no error, want what go list said")
	}
}

// moduleOf writes the files of a txtar archive as a module and returns its folder.
func moduleOf(t *testing.T, files string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range txtar.Parse([]byte(moduleFile + strings.TrimPrefix(files, "\n"))).Files {
		name := filepath.Join(dir, file.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func eachContains(got, parts []string) bool {
	if len(got) != len(parts) {
		return false
	}
	for i := range got {
		if !strings.Contains(got[i], parts[i]) {
			return false
		}
	}
	return true
}
