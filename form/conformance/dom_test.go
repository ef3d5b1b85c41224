package conformance

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"zoucun/form/xpath"
)

// domView is a document as the recordings count its nodes: as the DOM does, where the document type is a child of the
// document and a text that XPath takes for one node may consist of several, some of them CDATA sections.
type domView struct {
	doc     *xpath.Tree
	doctype bool
	pieces  map[xpath.Node][]string // the labels of the nodes a text consists of, where they are not one "#text"
}

func readView(source string) (*domView, error) {
	doc, err := xpath.ReadTree(strings.NewReader(source))
	if err != nil {
		return nil, err
	}
	v := &domView{doc: doc, doctype: strings.Contains(source, "<!DOCTYPE"), pieces: map[xpath.Node][]string{}}
	v.findPieces(source)
	return v, nil
}

// findPieces reads the document a second time, beside the tree, for the sections its texts consist of.
func (v *domView) findPieces(source string) {
	decoder := xml.NewDecoder(strings.NewReader(source))
	decoder.Entity = xml.HTMLEntity
	at, next := xpath.Node(v.doc), []int{0} // the open element, and which of its children comes next
	for {
		start := decoder.InputOffset()
		token, err := decoder.RawToken()
		if err != nil {
			return
		}
		switch token.(type) {
		case xml.StartElement:
			at = at.Children()[next[len(next)-1]]
			next[len(next)-1]++
			next = append(next, 0)
		case xml.EndElement:
			at, next = at.Parent(), next[:len(next)-1]
		case xml.CharData:
			if at != xpath.Node(v.doc) {
				v.addPiece(at, &next[len(next)-1], strings.HasPrefix(source[start:], "<![CDATA["))
			}
		case xml.Comment:
			next[len(next)-1]++
		case xml.ProcInst:
			if at != xpath.Node(v.doc) || len(v.doc.Children()) > next[0] && v.doc.Children()[next[0]].Kind() == xpath.Instruction {
				next[len(next)-1]++
			}
		}
	}
}

func (v *domView) addPiece(at xpath.Node, next *int, section bool) {
	label := "#text"
	if section {
		label = "#cdata-section"
	}
	if *next > 0 && at.Children()[*next-1].Kind() == xpath.Text {
		text := at.Children()[*next-1]
		v.pieces[text] = append(v.pieces[text], label)
		return
	}
	text := at.Children()[*next]
	v.pieces[text] = []string{label}
	*next++
}

// labels returns the names of the nodes that the DOM has in the place of n.
func (v *domView) labels(n xpath.Node) []string {
	switch n.Kind() {
	case xpath.Text:
		if pieces := v.pieces[n]; pieces != nil {
			return pieces
		}
		return []string{"#text"}
	case xpath.Comment:
		return []string{"#comment"}
	case xpath.Attribute:
		return []string{"@" + qualified(n.Name())}
	case xpath.Namespace:
		return []string{"@xmlns:" + n.Name().Local}
	case xpath.Document, xpath.Element, xpath.Instruction:
	}
	return []string{qualified(n.Name())}
}

func qualified(n xpath.Name) string {
	if n.Prefix == "" {
		return n.Local
	}
	return n.Prefix + ":" + n.Local
}

// paths returns the paths of the nodes that the DOM has in the place of n.
func (v *domView) paths(n xpath.Node) []string {
	if n.Kind() == xpath.Document {
		return []string{"/"}
	}
	above := ""
	if n.Parent() != nil && n.Parent().Kind() != xpath.Document {
		above = v.paths(n.Parent())[0]
	}
	if n.Kind() == xpath.Attribute || n.Kind() == xpath.Namespace {
		return []string{above + "/" + v.labels(n)[0]}
	}
	var found []string
	for i, label := range v.labels(n) {
		found = append(found, fmt.Sprintf("%s/%s#%d", above, label, v.place(n)+i))
	}
	return found
}

// place returns where the DOM counts n among its siblings.
func (v *domView) place(n xpath.Node) int {
	place := 0
	if n.Parent() == nil {
		return place
	}
	if n.Parent().Kind() == xpath.Document && v.doctype {
		place++
	}
	for _, sibling := range n.Parent().Children()[:n.Index()] {
		place += len(v.labels(sibling))
	}
	return place
}

var (
	pathStep    = regexp.MustCompile(`/(#?[^#@/]+)#(\d+)|/@([^/#]+)`)
	doctypePath = regexp.MustCompile(`^/[^/]+#0$`)
)

// isDoctype reports whether a path leads to the document type, which is no node to XPath.
func (v *domView) isDoctype(path string) bool { return v.doctype && doctypePath.MatchString(path) }

// locate returns the node at a path, or the document where a step leads nowhere.
func (v *domView) locate(path string) xpath.Node {
	at := xpath.Node(v.doc)
	for _, m := range pathStep.FindAllStringSubmatch(path, -1) {
		among, place := at.Children(), 0
		if m[3] != "" {
			among = at.Attributes()
		} else {
			place, _ = strconv.Atoi(m[2])
		}
		found := xpath.Node(nil)
		for _, n := range among {
			if m[3] != "" && qualified(n.Name()) == m[3] || m[3] == "" && v.place(n) <= place && place < v.place(n)+len(v.labels(n)) {
				found = n
			}
		}
		if found == nil {
			return v.doc
		}
		at = found
	}
	return at
}
