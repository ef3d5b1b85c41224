package present

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"path"
	"slices"
	"strings"
	"sync"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/survey"
)

const (
	sourceBytes  = 64 << 20 // of files that are remembered as read, at most
	fewPictures  = 12
	labelPixels  = 800 // of the longer side of a picture at a question
	closerPixels = 1600
)

// media remembers what was last read of the files that came with forms: the lists, and the pictures as they are shown.
type media struct {
	mu       sync.Mutex
	sources  map[sourceKey]*form.Source
	bytes    int64
	pictures map[pictureKey]image.Image
}

type sourceKey struct {
	file survey.Hash
	kind string // of the file, by its name's end
}

type pictureKey struct {
	file    survey.Hash
	longest int
}

// source returns a list that came with a form. Whoever else wants one meanwhile waits, so that none is read twice.
func (m *media) source(file survey.Attachment, load func() ([]byte, error)) (*form.Source, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := sourceKey{file.SHA256, strings.ToLower(path.Ext(file.Name))}
	if known, ok := m.sources[key]; ok {
		return known, nil
	}
	data, err := load()
	if err != nil {
		return nil, err
	}
	source, err := form.ReadSource(file.Name, data)
	if err != nil {
		return nil, err
	}
	if m.sources == nil || m.bytes+file.Size > sourceBytes {
		m.sources, m.bytes = map[sourceKey]*form.Source{}, 0
	}
	m.sources[key] = source
	m.bytes += file.Size
	return source, nil
}

// picture returns a picture no larger than asked.
func (m *media) picture(file survey.Hash, longest int, load func() ([]byte, error)) (image.Image, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := pictureKey{file, longest}
	if known, ok := m.pictures[key]; ok {
		return known, nil
	}
	data, err := load()
	if err != nil {
		return nil, err
	}
	picture, err := smaller(data, longest)
	if err != nil {
		return nil, err
	}
	if m.pictures == nil || len(m.pictures) >= fewPictures {
		m.pictures = map[pictureKey]image.Image{}
	}
	m.pictures[key] = picture
	return picture, nil
}

// smaller opens a picture, unless it is more than a small device can open, and makes it no larger than asked.
func smaller(data []byte, longest int) (image.Image, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if tooLarge(config, data) {
		return nil, fmt.Errorf("picture of %d×%d", config.Width, config.Height)
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return turned(shrunk(picture, longest), orientation(data)), nil
}

// sources returns the lists that came with the form of a draft, by file name.
func (d Desk) sources(ctx context.Context, draft survey.Draft, definition *xform.Form) (map[string]*form.Source, error) {
	files, err := d.Forms.FormFiles(ctx, draft)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	lists, sources := definition.Files().Instances, map[string]*form.Source{}
	for _, file := range files {
		if !slices.Contains(lists, file.Name) {
			continue
		}
		sources[file.Name], err = d.remembered().source(file, func() ([]byte, error) { return d.Forms.FormFile(ctx, file.SHA256) })
		if err != nil {
			return nil, err
		}
	}
	return sources, nil
}

// remembered is where what is read of files is kept.
func (d Desk) remembered() *media {
	if d.Definitions == nil {
		return &media{}
	}
	return &d.Definitions.media
}

// Illustration is what goes with a label beside its words.
type Illustration struct {
	Words   string      // under the picture: the option it belongs to
	Picture image.Image // nil where there is none, or none that can be shown
	Closer  string      // the name of a larger picture, if there is one
	Lost    bool        // there is a picture, but it cannot be shown
	Unheard bool        // there is sound or film, which is not played here
}

// Illustrations returns what goes with a question's label and with those of its options.
func (v *Visit) Illustrations(ctx context.Context, q form.Question) []Illustration {
	var list []Illustration
	add := func(words string, files map[string]string) {
		if len(files) > 0 {
			list = append(list, v.illustration(ctx, words, files))
		}
	}
	add("", q.Media)
	for _, c := range q.Choices {
		add(c.Label, c.Media)
	}
	return list
}

func (v *Visit) illustration(ctx context.Context, words string, files map[string]string) Illustration {
	i := Illustration{Words: words, Unheard: files["audio"] != "" || files["video"] != ""}
	if name := files["image"]; name != "" {
		i.Picture = v.picture(ctx, name, labelPixels)
		i.Lost, i.Closer = i.Picture == nil, files["big-image"]
	}
	return i
}

// Closer returns a picture that came with the form as large as it is ever shown, nil where it cannot be.
func (v *Visit) Closer(ctx context.Context, name string) image.Image {
	return v.picture(ctx, name, closerPixels)
}

// picture returns a picture that came with the form, nil where there is none that can be shown: a question is asked
// without its picture rather than not at all.
func (v *Visit) picture(ctx context.Context, reference string, longest int) image.Image {
	name := xform.FileName(reference)
	if v.files == nil {
		files, err := v.desk.Forms.FormFiles(ctx, v.draft)
		if err != nil {
			return nil
		}
		v.files = map[string]survey.Hash{}
		for _, file := range files {
			v.files[file.Name] = file.SHA256
		}
	}
	hash, ok := v.files[name]
	if !ok {
		return nil
	}
	picture, err := v.desk.remembered().picture(hash, longest, func() ([]byte, error) { return v.desk.Forms.FormFile(ctx, hash) })
	if err != nil {
		return nil
	}
	return picture
}
