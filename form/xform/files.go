package xform

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// Files are the names of the files that have to come with a form, sorted.
type Files struct {
	Instances []string // lists the form draws on: .csv, .xml, .geojson
	Pictures  []string // that labels show
	Sounds    []string // that labels play: sound and film
}

// Files returns the files that a form names. Names that an expression makes up while the form is filled in are not among
// them.
func (f *Form) Files() Files {
	lists, pictures, sounds := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, in := range f.Instances {
		if in.Tree == nil && !strings.HasPrefix(in.Src, "jr://instance/") {
			lists[in.File] = true
		}
	}
	for _, ids := range f.texts {
		for _, forms := range ids {
			noteFile(pictures, forms["image"])
			noteFile(pictures, forms["big-image"])
			noteFile(sounds, forms["audio"])
			noteFile(sounds, forms["video"])
		}
	}
	sorted := func(names map[string]bool) []string { return slices.Sorted(maps.Keys(names)) }
	return Files{Instances: sorted(lists), Pictures: sorted(pictures), Sounds: sorted(sounds)}
}

func noteFile(names map[string]bool, t *Text) {
	if t == nil || len(t.Parts) != 1 || t.Parts[0].Output != nil {
		return
	}
	if name := FileName(t.Parts[0].Literal); name != "" {
		names[name] = true
	}
}

// FileName returns the name of the file that a form refers to, as "house.png" or "jr://images/house.png".
func FileName(reference string) string {
	reference = strings.TrimSpace(reference)
	if strings.HasPrefix(reference, "jr://") {
		return path.Base(reference)
	}
	return reference
}
