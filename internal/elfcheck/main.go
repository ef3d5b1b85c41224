// Command elfcheck tells whether a shared library will load on Android: the linker that made it did not ask.
//
// It looks for undefined symbols that no library of the oldest supported Android exports, for libraries that are not
// there, for pages smaller than 16 KB, for relocations in code, and for the entry points through which Android calls a
// Fyne app. Any of them would show only on a tablet, as an app that closes at once.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	exports := flag.String("exports", "scripts/android-api21-exports.txt", "what the platform exports, as lines of \"library symbol\"")
	entries := flag.String("entries", "ANativeActivity_onCreate,JNI_OnLoad", "symbols the library must define, separated by commas")
	flag.Parse()
	findings, err := checkAll(flag.Args(), *exports, strings.Split(*entries, ","))
	if err != nil {
		fmt.Fprintln(os.Stderr, "elfcheck:", err)
		os.Exit(1)
	}
	for _, finding := range findings {
		fmt.Println(finding)
	}
	fmt.Printf("%d libraries, %d findings\n", flag.NArg(), len(findings))
	if len(findings) > 0 {
		os.Exit(1)
	}
}

// checkAll checks the library files named and says which file each finding belongs to.
func checkAll(names []string, exports string, entries []string) ([]string, error) {
	if len(names) == 0 {
		return nil, fmt.Errorf("name at least one shared library")
	}
	list, err := os.Open(exports)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	known, err := readPlatform(list)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", exports, err)
	}
	var all []string
	for _, name := range names {
		findings, err := check(name, known, entries)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, finding := range findings {
			all = append(all, name+": "+finding)
		}
	}
	return all, nil
}
