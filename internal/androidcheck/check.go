package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
)

// report is what a check found.
type report struct {
	packages int // all that were checked, the standard library included
	ours     int // those that were named, not only depended on
	findings []string
}

// check type-checks the packages that match the patterns, and everything they depend on.
//
// The bodies of functions are checked only in the packages named: what others do inside theirs is not ours to mend.
// Faults of the standard library are not reported, for it uses cgo in ways that only a C compiler can resolve.
func check(ctx context.Context, on target, patterns []string) (report, error) {
	packages, err := list(ctx, on, patterns)
	if err != nil {
		return report{}, err
	}
	c := checker{
		files: token.NewFileSet(),
		sizes: types.SizesFor("gc", on.arch),
		done:  map[string]*types.Package{"unsafe": types.Unsafe},
	}
	for _, p := range packages {
		c.check(p)
	}
	return c.report, nil
}

// checker remembers the packages already checked, which come before those that import them.
type checker struct {
	files  *token.FileSet
	sizes  types.Sizes
	done   map[string]*types.Package
	report report
}

func (c *checker) check(p listed) {
	if p.ImportPath == "unsafe" {
		return
	}
	c.report.packages++
	if !p.DepOnly {
		c.report.ours++
	}
	if p.Error != nil {
		c.found(p, p.Error.Err)
	}
	config := types.Config{
		FakeImportC:      true,
		GoVersion:        p.goVersion(),
		IgnoreFuncBodies: p.DepOnly,
		Importer:         importer(func(path string) (*types.Package, error) { return c.imported(p, path) }),
		Sizes:            c.sizes,
		Error:            func(err error) { c.found(p, err.Error()) },
	}
	// The error is the first of those already reported; an incomplete package still serves its importers.
	c.done[p.ImportPath], _ = config.Check(p.ImportPath, c.files, c.parse(p), nil)
}

func (c *checker) parse(p listed) []*ast.File {
	var files []*ast.File
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		file, err := parser.ParseFile(c.files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			c.found(p, err.Error())
			continue
		}
		files = append(files, file)
	}
	return files
}

// imported returns the package that p means by path.
func (c *checker) imported(p listed, path string) (*types.Package, error) {
	if vendored, ok := p.ImportMap[path]; ok {
		path = vendored
	}
	if done := c.done[path]; done != nil {
		return done, nil
	}
	return nil, fmt.Errorf("package %s has no files for this target", path)
}

func (c *checker) found(p listed, what string) {
	if !p.Standard {
		c.report.findings = append(c.report.findings, what)
	}
}

// importer lets a function be a types.Importer.
type importer func(path string) (*types.Package, error)

// Import implements types.Importer.
func (f importer) Import(path string) (*types.Package, error) { return f(path) }
