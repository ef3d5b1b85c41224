package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exports is a platform with two libraries and three functions.
const exports = "libc.so.6 malloc\nlibc.so.6 puts\nliblog.so __android_log_print\n"

const start = "void start(void) {}\n"

var wide = []string{"-Wl,-z,max-page-size=16384"}

func TestCheck(t *testing.T) {
	tests := []struct {
		fact   string
		source string
		flags  []string
		want   []string
	}{
		{"a sound library passes", start, wide, nil},
		{"what the platform exports may be undefined", "int puts(const char *);\n" + start + "int f(void) { return puts(\"\"); }\n", wide, nil},
		{
			"what it does not export is named", "int getrandom(void);\n" + start + "int f(void) { return getrandom(); }\n", wide,
			[]string{"undefined symbol getrandom"},
		},
		{"a weak symbol may be missing", "int later(void) __attribute__((weak));\n" + start + "int f(void) { return later ? later() : 0; }\n", wide, nil},
		{"a library without the entry point is refused", "void other(void) {}\n", wide, []string{"does not define start"}},
		{
			"small pages are refused", start,
			[]string{"-Wl,-z,max-page-size=4096"},
			[]string{"has a segment aligned to 4096 bytes, want 16384"},
		},
		{
			"a library of somewhere else is refused", start, slices.Concat(wide, []string{"-Wl,--no-as-needed", "-lm"}),
			[]string{"needs libm.so.6, which is not on the platform's list"},
		},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			library := compiled(t, test.source, test.flags)
			got, err := checkAll([]string{library}, stored(t, "exports.txt", exports), []string{"start"})
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, finding := range test.want {
				want = append(want, library+": "+finding)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestCheckRefusesWhatItCannotRead(t *testing.T) {
	list := stored(t, "exports.txt", exports)
	tests := []struct {
		fact    string
		names   []string
		exports string
	}{
		{"no library", nil, list},
		{"a file that is no library", []string{stored(t, "notes.so", "not ELF")}, list},
		{"a list that is no list", []string{list}, stored(t, "broken.txt", "malloc\n")},
		{"a list that is not there", []string{list}, filepath.Join(t.TempDir(), "none.txt")},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			if _, err := checkAll(test.names, test.exports, nil); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestTheListOfAndroid21IsWhole(t *testing.T) {
	list, err := os.Open("../../scripts/android-api21-exports.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	android, err := readPlatform(list)
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq("malloc dlopen __android_log_print ANativeWindow_setBuffersGeometry eglCreateContext glDrawArrays") {
		if !android.symbols[name] {
			t.Errorf("%s is missing from the list", name)
		}
	}
	for name := range strings.FieldsSeq("getrandom pthread_getname_np __fread_chk") { // added in Android 26, 28, 24
		if android.symbols[name] {
			t.Errorf("%s came after Android 21", name)
		}
	}
}

// compiled builds the C source as a shared library for this machine: the format is the same for every processor.
func compiled(t *testing.T, source string, flags []string) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed: scripts/need.sh gcc")
	}
	library := filepath.Join(t.TempDir(), "lib.so")
	args := []string{"-shared", "-fPIC", "-nostdlib", "-O1", "-o", library, stored(t, "lib.c", source)}
	if out, err := exec.CommandContext(t.Context(), gcc, append(args, flags...)...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return library
}

// stored writes a file with the content given and returns its name.
func stored(t *testing.T, name, content string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
