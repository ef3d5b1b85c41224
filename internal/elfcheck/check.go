package main

import (
	"bufio"
	"debug/elf"
	"fmt"
	"io"
	"slices"
	"strings"
)

// pageSize is what Android 15 demands of a library's alignment; older ones take it too.
const pageSize = 16 << 10

// platform is what one version of Android offers to a native library.
type platform struct {
	libraries map[string]bool
	symbols   map[string]bool
}

// readPlatform reads lines of "library symbol".
func readPlatform(from io.Reader) (platform, error) {
	p := platform{libraries: map[string]bool{}, symbols: map[string]bool{}}
	lines := bufio.NewScanner(from)
	for number := 1; lines.Scan(); number++ {
		library, symbol, ok := strings.Cut(lines.Text(), " ")
		if !ok {
			return platform{}, fmt.Errorf("line %d is not \"library symbol\": %q", number, lines.Text())
		}
		p.libraries[library] = true
		p.symbols[symbol] = true
	}
	return p, lines.Err()
}

// check returns what keeps the shared library from loading on the platform, or from being started there.
func check(name string, on platform, entries []string) ([]string, error) {
	file, err := elf.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return nil, fmt.Errorf("read dynamic symbols: %w", err)
	}
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("read needed libraries: %w", err)
	}
	relocatesCode, err := hasTextRelocations(file)
	if err != nil {
		return nil, fmt.Errorf("read dynamic section: %w", err)
	}

	findings := slices.Concat(
		missingLibraries(libraries, on),
		missingSymbols(symbols, on),
		missingEntries(symbols, entries),
		smallPages(file.Progs),
	)
	if relocatesCode {
		findings = append(findings, "relocates code (TEXTREL), which Android refuses")
	}
	return findings, nil
}

func missingLibraries(needed []string, on platform) []string {
	var findings []string
	for _, library := range needed {
		if !on.libraries[library] {
			findings = append(findings, "needs "+library+", which is not on the platform's list")
		}
	}
	return findings
}

// missingSymbols leaves weak symbols alone: a library that has them asks before it calls.
func missingSymbols(symbols []elf.Symbol, on platform) []string {
	var findings []string
	for _, symbol := range symbols {
		strong := elf.ST_BIND(symbol.Info) == elf.STB_GLOBAL
		if symbol.Section == elf.SHN_UNDEF && strong && !on.symbols[symbol.Name] {
			findings = append(findings, "undefined symbol "+symbol.Name)
		}
	}
	return findings
}

func missingEntries(symbols []elf.Symbol, entries []string) []string {
	var findings []string
	for _, entry := range entries {
		if !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == entry && s.Section != elf.SHN_UNDEF }) {
			findings = append(findings, "does not define "+entry)
		}
	}
	return findings
}

func smallPages(segments []*elf.Prog) []string {
	for _, segment := range segments {
		if segment.Type == elf.PT_LOAD && segment.Align < pageSize {
			return []string{fmt.Sprintf("has a segment aligned to %d bytes, want %d", segment.Align, pageSize)}
		}
	}
	return nil
}

func hasTextRelocations(file *elf.File) (bool, error) {
	tags, err := file.DynValue(elf.DT_TEXTREL)
	if err != nil {
		return false, err
	}
	flags, err := file.DynValue(elf.DT_FLAGS)
	if err != nil {
		return false, err
	}
	marked := slices.ContainsFunc(flags, func(f uint64) bool { return elf.DynFlag(f)&elf.DF_TEXTREL != 0 })
	return len(tags) > 0 || marked, nil
}
