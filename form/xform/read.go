package xform

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"zoucun/form/xpath"
	"zoucun/survey"
)

// Namespaces of the attributes and elements a form is made of.
const (
	nsJavaRosa = "http://openrosa.org/javarosa"
	nsEntities = "http://www.opendatakit.org/xforms/entities"
	nsODK      = "http://www.opendatakit.org/xforms"
	nsOpenRosa = "http://openrosa.org/xforms"
)

// reader holds a form while it is read.
type reader struct {
	form *Form
}

// Read reads a form. The error is a [*survey.Error] of kind Invalid whose message names the node or expression at fault.
func Read(src io.Reader) (*Form, error) {
	doc, err := xpath.ReadTree(src)
	if err != nil {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "xform.Read", Message: "表的文件不是正确的 XML：" + err.Error(), Err: err}
	}
	r := &reader{form: &Form{Instances: map[string]*Instance{}, texts: map[string]map[string]map[string]*Text{}}}
	if err := r.read(doc.First()); err != nil {
		return nil, err
	}
	return r.form, nil
}

func invalid(subject, format string, args ...any) error {
	return &survey.Error{Kind: survey.Invalid, Op: "xform.Read", Subject: subject, Message: fmt.Sprintf(format, args...)}
}

// expression parses an expression that stands at a node, and refuses functions nobody knows.
func (r *reader) expression(source, at string) (*xpath.Expr, error) {
	e, err := xpath.Parse(source)
	if err != nil {
		return nil, &survey.Error{
			Kind: survey.Invalid, Op: "xform.Read", Subject: at, Message: fmt.Sprintf("%s 处的%s", at, err), Err: err,
		}
	}
	for _, name := range e.Functions() {
		if !xpath.Known(name) {
			return nil, invalid(at, "%s 处的表达式“%s”用了不认识的函数 %s()", at, source, name)
		}
	}
	return e, nil
}

func (r *reader) read(html *xpath.Tree) error {
	head, body := html.Child("head"), html.Child("body")
	if head == nil || head.Child("model") == nil {
		return invalid("", "这不是一张表：缺少 model")
	}
	if title := head.Child("title"); title != nil {
		r.form.Title = strings.TrimSpace(title.Value())
	}
	model := head.Child("model")
	r.form.EntitiesVersion, _ = model.Attr(nsEntities, "entities-version")
	steps := []func() error{
		func() error { return r.readInstances(model) },
		func() error { return r.readItext(model) },
		func() error { return r.readBinds(model) },
		func() error { return r.readSubmission(model) },
		func() error { return r.readBody(body) },
		func() error { return r.readActions(model, nil) },
		r.readEntities,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// readSubmission reads where and how the form asks to be sent.
func (r *reader) readSubmission(model *xpath.Tree) error {
	r.form.Submission.Method = "post"
	el := model.Child("submission")
	if el == nil {
		return nil
	}
	method, ok := el.Attr("", "method")
	if ok && method != "post" && method != "form-data-post" {
		return invalid("", "提交方式（submission 的 method）“%s”不认识，只能是 post", method)
	}
	r.form.Submission.Action, _ = el.Attr("", "action")
	r.form.Submission.EncryptionKey, _ = el.Attr("", "base64RsaPublicKey")
	return nil
}

// readInstances reads the primary instance, which comes first, and the lists.
func (r *reader) readInstances(model *xpath.Tree) error {
	for _, el := range model.Elements() {
		if el.Name().Local != "instance" {
			continue
		}
		if r.form.Root == nil {
			if err := r.readPrimary(el); err != nil {
				return err
			}
			continue
		}
		if err := r.readSecondary(el); err != nil {
			return err
		}
	}
	if r.form.Root == nil {
		return invalid("", "这张表没有数据结构（instance）")
	}
	return nil
}

func (r *reader) readPrimary(el *xpath.Tree) error {
	root := el.First()
	if root == nil {
		return invalid("", "这张表的数据结构（instance）是空的")
	}
	id, ok := root.Attr("", "id")
	if !ok {
		id = root.Name().Space
	}
	r.form.ID = survey.FormID(id)
	r.form.Version, ok = root.Attr("", "version")
	if !ok {
		r.form.Version, _ = root.Attr(nsOpenRosa, "version")
	}
	r.form.Initial = root
	r.form.Root = r.define(root, nil)
	return nil
}

// define makes the definition of an element and everything below it.
func (r *reader) define(el *xpath.Tree, parent *Node) *Node {
	n := &Node{Name: el.Name(), Parent: parent, Index: len(r.form.Nodes), template: el}
	r.form.Nodes = append(r.form.Nodes, n)
	for _, a := range el.Attributes() {
		if name := a.Name(); name.Space != nsJavaRosa {
			attr := &Node{Name: name, Attribute: true, Parent: n, Index: len(r.form.Nodes), Default: a.Value()}
			r.form.Nodes = append(r.form.Nodes, attr)
			n.Attrs = append(n.Attrs, attr)
		}
	}
	for _, c := range templates(el.Elements()) {
		n.Children = append(n.Children, r.define(c, n))
	}
	if len(n.Children) == 0 {
		n.Default = el.Value()
	}
	n.indexChildren()
	return n
}

// indexChildren makes finding a child quick in a wide form. Of two children with one local name the first is found.
func (n *Node) indexChildren() {
	if len(n.Children) <= 8 {
		return
	}
	n.byName = make(map[string]*Node, len(n.Children))
	for _, c := range slices.Backward(n.Children) {
		n.byName[c.Name.Local] = c
	}
}

// templates returns one element for each name: the one marked as template, otherwise the first.
func templates(elements []*xpath.Tree) []*xpath.Tree {
	var chosen []*xpath.Tree
	place := make(map[xpath.Name]int, len(elements))
	for _, el := range elements {
		i, seen := place[el.Name()]
		switch {
		case !seen:
			place[el.Name()] = len(chosen)
			chosen = append(chosen, el)
		case IsTemplate(el) && !IsTemplate(chosen[i]):
			chosen[i] = el
		}
	}
	return chosen
}

// IsTemplate reports whether an element is a repeat's template rather than an instance of it.
func IsTemplate(el *xpath.Tree) bool {
	_, ok := el.Attr(nsJavaRosa, "template")
	return ok
}

func (r *reader) readSecondary(el *xpath.Tree) error {
	id, ok := el.Attr("", "id")
	if !ok {
		return nil
	}
	if r.form.Instances[id] != nil {
		return invalid(id, "名单“%s”出现了两次", id)
	}
	src, _ := el.Attr("", "src")
	in := &Instance{ID: id, Src: src}
	if src != "" {
		in.File = path.Base(src)
	} else {
		in.Tree = el
	}
	r.form.Instances[id] = in
	return nil
}

// find returns the node a path in the form names, taken from a node when it is relative, or nil.
func (r *reader) find(ref string, from *Node) *Node {
	at := from
	steps := strings.Split(strings.TrimSpace(ref), "/")
	if steps[0] == "" {
		if len(steps) < 2 || localName(steps[1]) != r.form.Root.Name.Local {
			return nil
		}
		at, steps = r.form.Root, steps[2:]
	}
	for _, s := range steps {
		if at == nil {
			return nil
		}
		at = at.step(s)
	}
	return at
}

func (n *Node) step(s string) *Node {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "[")
	switch {
	case s == "." || s == "current()":
		return n
	case s == "..":
		return n.Parent
	case strings.HasPrefix(s, "@"):
		return n.Attr(localName(s[1:]))
	}
	return n.Child(localName(s))
}

func localName(s string) string {
	if _, local, ok := strings.Cut(s, ":"); ok {
		return local
	}
	return s
}
