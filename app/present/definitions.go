package present

import (
	"bytes"
	"crypto/sha256"
	"sync"

	"zoucun/form/xform"
)

// Definitions remembers the forms read last, so that a draft opens, and an answer is undone, without reading the whole
// form again. A nil one remembers nothing.
type Definitions struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*xform.Form
	media media
}

// fewForms is how many are remembered: a township uses one or two, each in a version or two.
const fewForms = 4

// read returns the form that a definition describes.
func (d *Definitions) read(xml []byte) (*xform.Form, error) {
	if d == nil {
		return xform.Read(bytes.NewReader(xml))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	sum := sha256.Sum256(xml)
	if f, ok := d.known[sum]; ok {
		return f, nil
	}
	f, err := xform.Read(bytes.NewReader(xml))
	if err != nil {
		return nil, err
	}
	if d.known == nil || len(d.known) >= fewForms {
		d.known = map[[sha256.Size]byte]*xform.Form{}
	}
	d.known[sum] = f
	return f, nil
}
