// Package floors tests the law of the floors: who may import whom.
package floors

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "zoucun"

// law lists our packages floor by floor, the highest first. A package imports floors below its own and no neighbour;
// "dir/..." stands for dir and every package under it.
//
// Do not change it to make a build pass. A new line is a design decision: say why in docs/decisions.
const law = `
5  .
4  app
3  app/field app/township cmd/zoucund cmd/zouctl internal/testkit/... server/centraltest
2  store sync/client sync/bundle sync/spare sync/errand server server/central server/blob server/backup server/retention server/relay server/errand server/point app/present app/workbench app/view app/widgets report report/paper
1  check tally form form/xlsform form/xform form/xpath form/words form/scenario form/lint form/diff form/conformance sync/wire sync/merge sync/seal internal/migrate internal/spell internal/alike internal/qr internal/grams report/pdf report/docx report/sheet
0  survey assets internal/township internal/disk internal/columns internal/androidcheck internal/elfcheck internal/drawicon internal/floors
`

// families are the neighbours that may know each other, and in which order: the package before the colon may import
// those after it.
const families = `
form:                 form/xform form/xpath
form/xlsform:         form/xform form/xpath
form/xform:           form/xpath
form/words:           form/xform form/xpath
form/scenario:        form form/words form/xform form/xpath
form/lint:            form/xlsform form/words form/xform form/xpath
form/diff:            form/words form/xform form/xpath
form/conformance:     form form/xlsform form/xform form/xpath
sync/wire:            sync/seal
sync/spare:           sync/bundle
sync/errand:          sync/bundle sync/spare
server/relay:         sync/client sync/bundle
server/errand:        sync/bundle server/central server/blob
report/paper:         report
app/workbench:        report report/paper
server/point:         server server/central server/relay sync/client
app/view:             app/widgets
internal/alike:       internal/spell
internal/testkit/...: internal/testkit/...
`

// foreign lists packages of others, by prefix, that only some of ours may reach. All prefixes that fit an import apply.
const foreign = `
fyne.io/:               . app app/field app/township app/view app/widgets internal/testkit/...
fyne.io/fyne/v2/app:    .
database/sql:           store server/central internal/migrate internal/testkit/...
modernc.org/sqlite:     store server/central internal/migrate internal/testkit/...
github.com/jackc/pgx/:  server/central
github.com/minio/:      server/blob
net/http:               sync/wire sync/client sync/errand server server/relay server/point cmd/zoucund cmd/zouctl internal/testkit/...
`

// pure packages take values and return values: no disk, no network, no log.
const (
	pure   = `survey check tally form form/xlsform form/xform form/xpath form/words form/scenario form/lint form/diff sync/merge`
	impure = `os os/exec net net/http database/sql log log/slog`
)

func TestOurPackagesKeepTheLaw(t *testing.T) {
	imports, err := importsIn(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range violations(imports) {
		t.Error(violation)
	}
}

func TestWireTakesFromHTTPOnlyItsWords(t *testing.T) {
	names, err := selectorsOf(os.DirFS("../.."), "sync/wire", "net/http")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "Status") && name != "Header" {
			t.Errorf("package sync/wire may not use http.%s", name)
		}
	}
}

func TestTheLawHasTeeth(t *testing.T) {
	tests := []struct {
		fact string
		pkg  string
		dep  string
		want string // empty where the import is allowed
	}{
		{"a higher floor uses a lower one", "store", "zoucun/form", ""},
		{"floors may be skipped", ".", "zoucun/survey", ""},
		{"a lower floor does not look up", "form", "zoucun/store", "package form (floor 1) may not import store (floor 2)"},
		{"neighbours do not know each other", "server", "zoucun/store", "package server (floor 2) may not import store (floor 2)"},
		{"presenters do not know the store", "app/present", "zoucun/store", "package app/present (floor 2) may not import store (floor 2)"},
		{"a family has its order", "form", "zoucun/form/xpath", ""},
		{"a family's order has one direction", "form/xpath", "zoucun/form", "package form/xpath (floor 1) may not import form (floor 1)"},
		{"the form stands beside the spreadsheet", "form", "zoucun/form/xlsform", "package form (floor 1) may not import form/xlsform (floor 1)"},
		{"the test kit is one family", "internal/testkit/demo", "zoucun/internal/testkit", ""},
		{"an unknown package is refused", "util", "strings", "package util is on no floor"},
		{"an unknown package is not imported", "store", "zoucun/util", "package store may not import util, which is on no floor"},
		{"the driver belongs to the root", ".", "fyne.io/fyne/v2/app", ""},
		{"nobody else opens the driver", "app", "fyne.io/fyne/v2/app", "package app may not import fyne.io/fyne/v2/app"},
		{"presenters know no screen", "app/present", "fyne.io/fyne/v2", "package app/present may not import fyne.io/fyne/v2"},
		{"the agent knows no database", "sync/client", "database/sql", "package sync/client may not import database/sql"},
		{"the store knows no network", "store", "net/http", "package store may not import net/http"},
		{"the form knows no disk", "form/xlsform", "os", "package form/xlsform is pure and may not import os"},
		{"a prefix ends where a name ends", "survey", "net/netip", ""},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			got := strings.Join(violations(map[string][]string{test.pkg: {test.dep}}), "\n")
			if got != test.want {
				t.Errorf("%s imports %s:\n got %q\nwant %q", test.pkg, test.dep, got, test.want)
			}
		})
	}
}

func TestACircleIsFound(t *testing.T) {
	circle := map[string][]string{
		"internal/testkit":      {"zoucun/internal/testkit/demo"},
		"internal/testkit/demo": {"zoucun/internal/testkit"},
	}
	want := []string{"packages import each other in a circle: internal/testkit, internal/testkit/demo"}
	if got := violations(circle); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReadingSkipsTestsAndWhatIsNotOurs(t *testing.T) {
	tree := fstest.MapFS{
		"main.go":                {Data: []byte("package main\n\nimport \"zoucun/app\"\n")},
		"form/form.go":           {Data: []byte("package form\n\nimport \"strings\"\n")},
		"form/form_android.go":   {Data: []byte("package form\n\nimport \"zoucun/store\"\n")},
		"form/form_test.go":      {Data: []byte("package form\n\nimport \"os\"\n")},
		"form/testdata/x.go":     {Data: []byte("not Go at all")},
		"var/copy/store/s.go":    {Data: []byte("package store\n")},
		".git/hooks/sample.go":   {Data: []byte("package sample\n")},
		"docs/architecture.md":   {Data: []byte("# A page\n")},
		"sync/wire/status.go":    {Data: []byte("package wire\n\nimport web \"net/http\"\n\nvar s = web.StatusOK\n")},
		"sync/wire/wire_test.go": {Data: []byte("package wire\n\nimport \"net/http\"\n\nvar c http.Client\n")},
	}
	got, err := importsIn(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{".": {"zoucun/app"}, "form": {"strings", "zoucun/store"}, "sync/wire": {"net/http"}}
	if !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("got %v, want %v", got, want)
	}
	if names, err := selectorsOf(tree, "sync/wire", "net/http"); err != nil || !slices.Equal(names, []string{"StatusOK"}) {
		t.Errorf("names used of net/http: got %v, %v, want StatusOK", names, err)
	}
}

// violations returns one sentence for each import that breaks the law, in a stable order.
func violations(imports map[string][]string) []string {
	var found []string
	for _, pkg := range slices.Sorted(maps.Keys(imports)) {
		if _, known := floorOf(pkg); !known {
			found = append(found, fmt.Sprintf("package %s is on no floor", pkg))
			continue
		}
		for _, dep := range imports[pkg] {
			if why := objection(pkg, dep); why != "" {
				found = append(found, why)
			}
		}
	}
	if circle := inCircle(imports); len(circle) > 0 {
		found = append(found, "packages import each other in a circle: "+strings.Join(circle, ", "))
	}
	return found
}

// objection says why pkg may not import dep, or nothing if it may.
func objection(pkg, dep string) string {
	if name, ours := strings.CutPrefix(dep, module+"/"); ours {
		return objectionAmongOurs(pkg, name)
	}
	if contains(pure, pkg) && slices.Contains(strings.Fields(impure), dep) {
		return fmt.Sprintf("package %s is pure and may not import %s", pkg, dep)
	}
	for prefix, importers := range table(foreign) {
		if (dep == prefix || strings.HasPrefix(dep, strings.TrimSuffix(prefix, "/")+"/")) && !contains(importers, pkg) {
			return fmt.Sprintf("package %s may not import %s", pkg, dep)
		}
	}
	return ""
}

func objectionAmongOurs(pkg, dep string) string {
	from, _ := floorOf(pkg)
	to, known := floorOf(dep)
	switch {
	case !known:
		return fmt.Sprintf("package %s may not import %s, which is on no floor", pkg, dep)
	case to < from || to == from && inFamily(pkg, dep):
		return ""
	default:
		return fmt.Sprintf("package %s (floor %d) may not import %s (floor %d)", pkg, from, dep, to)
	}
}

// floorOf returns the floor on which pkg stands.
func floorOf(pkg string) (floor int, known bool) {
	for line := range strings.Lines(law) {
		number, packages, _ := strings.Cut(line, " ")
		if contains(packages, pkg) {
			floor, err := strconv.Atoi(number)
			return floor, err == nil
		}
	}
	return 0, false
}

func inFamily(pkg, dep string) bool {
	for elder, younger := range table(families) {
		if contains(elder, pkg) && contains(younger, dep) {
			return true
		}
	}
	return false
}

// table splits lines of "key: words" into key and words.
func table(text string) map[string]string {
	rows := map[string]string{}
	for line := range strings.Lines(text) {
		if key, words, ok := strings.Cut(line, ": "); ok {
			rows[key] = words
		}
	}
	return rows
}

// contains reports whether one of the words names pkg.
func contains(words, pkg string) bool {
	return slices.ContainsFunc(strings.Fields(words), func(word string) bool {
		root, tree := strings.CutSuffix(word, "/...")
		return pkg == root || tree && strings.HasPrefix(pkg, root+"/")
	})
}

// inCircle returns the packages of ours that remain when all those are taken away, again and again, that import none
// of the remaining: they are in a circle or above one.
func inCircle(imports map[string][]string) []string {
	remaining := maps.Clone(imports)
	for {
		before := len(remaining)
		maps.DeleteFunc(remaining, func(_ string, deps []string) bool {
			return !slices.ContainsFunc(deps, func(dep string) bool {
				_, waits := remaining[strings.TrimPrefix(dep, module+"/")]
				return waits && strings.HasPrefix(dep, module+"/")
			})
		})
		if len(remaining) == before {
			return slices.Sorted(maps.Keys(remaining))
		}
	}
}

// importsIn returns what each package in the tree imports, tests aside, on every platform.
//
// It reads the files itself rather than asking go list, so that go test sees which files the answer came from and does
// not return a stale one.
func importsIn(tree fs.FS) (map[string][]string, error) {
	imports := map[string][]string{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skip(name)
		}
		if !isSource(name) {
			return nil
		}
		file, err := parse(tree, name, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(name)
		imports[pkg] = append(imports[pkg], importsOf(file)...)
		return nil
	})
	for pkg, list := range imports {
		slices.Sort(list)
		imports[pkg] = slices.Compact(list)
	}
	return imports, err
}

// skip leaves out folders that Go leaves out, and those the Makefile fills.
func skip(dir string) error {
	base := path.Base(dir)
	hidden := base != "." && strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
	if hidden || base == "testdata" || slices.Contains([]string{"var", "bin", "dist"}, dir) {
		return fs.SkipDir
	}
	return nil
}

func isSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

func parse(tree fs.FS, name string, mode parser.Mode) (*ast.File, error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	return parser.ParseFile(token.NewFileSet(), name, source, mode)
}

func importsOf(file *ast.File) []string {
	var paths []string
	for _, spec := range file.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

// selectorsOf returns which names of the imported package the package in dir uses, tests aside.
func selectorsOf(tree fs.FS, dir, imported string) ([]string, error) {
	files, err := fs.Glob(tree, dir+"/*.go")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range files {
		if !isSource(name) {
			continue
		}
		file, err := parse(tree, name, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		names = append(names, selectorsIn(file, imported)...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func selectorsIn(file *ast.File, imported string) []string {
	var names []string
	local := localName(file, imported)
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if base, ok := selector.X.(*ast.Ident); ok && base.Name == local {
				names = append(names, selector.Sel.Name)
			}
		}
		return true
	})
	return names
}

// localName returns the name by which the file calls the imported package, or nothing if it does not import it.
func localName(file *ast.File, imported string) string {
	for _, spec := range file.Imports {
		if strings.Trim(spec.Path.Value, `"`) != imported {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(imported)
	}
	return ""
}
