package form

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"zoucun/form/xform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

// Session is one filling of a form. It is not safe for concurrent use.
type Session struct {
	form *xform.Form
	plan *plan
	env  Env

	doc   *node // above the root
	root  *node
	lists map[string]xpath.Node // secondary instances that were asked for, by id

	language string
	seed     string // identifiers and random numbers derive from it, so that a replay draws the same
	drawn    uint64
	now      time.Time // of the operation under way

	revises    bool                        // the filling is a revision of an earlier one
	removed    []survey.FieldPath          // repeat instances of the earlier one that were taken away
	editing    bool                        // the instance comes from a submission, where what is absent is blank
	deprecated string                      // the instanceID of the submission this one replaces
	accepted   map[survey.FieldPath]string // answers of the earlier one that time or another version has made wrong

	run     run
	pending map[*node]Aspect // what the operation under way has changed
	touched []*node          // the keys of pending in order
	paths   map[string]*xpath.Expr
	offered map[*node][]xpath.Node // what itemsets last led to
}

// newSession returns a session without an instance.
func newSession(f *xform.Form, env Env) (*Session, error) {
	p, err := newPlan(f)
	if err != nil {
		return nil, err
	}
	s := &Session{
		form: f, plan: p, env: env, lists: map[string]xpath.Node{}, language: env.Language,
		pending: map[*node]Aspect{}, paths: map[string]*xpath.Expr{}, offered: map[*node][]xpath.Node{},
	}
	if s.language == "" {
		s.language = f.DefaultLanguage
	}
	s.doc = &node{allowed: true, present: true}
	s.run = newRun(p.ranks)
	return s, nil
}

// Begin starts a filling: default values, preloads, calculations, then the actions of the first load.
func Begin(f *xform.Form, env Env) (*Session, error) {
	s, err := newSession(f, env)
	if err != nil {
		return nil, err
	}
	s.seed, s.now = env.NewID(), env.Now()
	s.plant(f.Initial)
	if err := s.start(true); err != nil {
		return nil, err
	}
	return s, nil
}

// plant makes the instance from an element.
func (s *Session) plant(el *xpath.Tree) {
	s.root = s.grow(s.form.Root, el, s.doc)
	s.doc.children = []xpath.Node{s.root}
}

// start computes everything for the first time. A fresh filling gets its preloads and first-load actions.
func (s *Session) start(fresh bool) error {
	s.revises = !fresh
	s.keepSealedEmpty()
	if fresh {
		s.preload()
	}
	s.enqueueAll(s.root)
	s.settle()
	s.run.watching = true
	if fresh {
		s.fireForm(xform.FirstLoad)
	}
	s.fireForm(xform.Load)
	s.settle()
	return s.finishOperation().err
}

// Form returns the definition the session runs.
func (s *Session) Form() *xform.Form { return s.form }

// Language returns the language labels are in.
func (s *Session) Language() string { return s.language }

// SetLanguage changes the language of labels. Every label may differ afterwards.
func (s *Session) SetLanguage(language string) {
	s.language = language
	clear(s.offered)
}

// deriveID returns the next identifier of the session's own sequence. A replay draws the same. Identifiers sort by the
// moment of the operation and then by the order they were drawn in, as those of repeat instances must (RFC 9562 UUIDv8).
func (s *Session) deriveID() string {
	hash := s.draw()
	var id uuid.UUID
	copy(id[:], hash[:])
	binary.BigEndian.PutUint64(id[:8], uint64(s.now.UnixMilli())<<16|s.drawn&0xfff|0x8000)
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// random returns the next number of the session's own sequence, at least 0 and below 1.
func (s *Session) random() float64 {
	b := s.draw()
	return float64(binary.BigEndian.Uint64(b[:8])>>11) / (1 << 53)
}

func (s *Session) draw() [32]byte {
	s.drawn++
	return sha256.Sum256([]byte(s.seed + "/" + strconv.FormatUint(s.drawn, 10)))
}

// context returns the world for expressions that belong to n.
func (s *Session) context(n *node) *xpath.Context {
	return &xpath.Context{
		Node: n, Root: s.doc, Language: s.language, FormVersion: s.form.Version,
		Now: func() time.Time { return s.now }, NewID: s.deriveID, Random: s.random,
		Instance:   s.instance,
		Itext:      func(id string) string { return s.itext(id, "", n) },
		Property:   func(name string) string { return s.env.Properties[name] },
		Steps:      &s.run.steps,
		ChoiceName: func(value, path string) string { return s.choiceName(n, value, path) },
	}
}

// instance returns the node instance(id) selects: an inline list, a register, or the primary instance by its form id.
func (s *Session) instance(id string) (xpath.Node, bool) {
	if n := s.lists[id]; n != nil {
		return n, true
	}
	n := s.openInstance(id)
	if n == nil {
		return nil, false
	}
	s.lists[id] = n
	return n, true
}

func (s *Session) openInstance(id string) xpath.Node {
	file := id + ".csv"
	def := s.form.Instances[id]
	if def != nil {
		if def.Tree != nil {
			return def.Tree
		}
		file = def.File
	}
	if s.env.Sources != nil {
		if source, ok := s.env.Sources(file); ok {
			return source.node()
		}
	}
	if s.env.Instances != nil {
		if table, ok := s.env.Instances(file); ok {
			return newList(table).top
		}
	}
	if n := s.openFile(file); n != nil {
		return n
	}
	if def != nil && strings.HasPrefix(def.Src, "jr://instance/") {
		return xpath.NewTree(xpath.Name{Local: "instance"}) // the last filling, of which nothing is kept
	}
	return nil
}

func (s *Session) openFile(file string) xpath.Node {
	if s.env.Files == nil {
		return nil
	}
	data, ok := s.env.Files(file)
	if !ok {
		return nil
	}
	n, err := ReadInstance(file, data)
	if err != nil {
		s.fault(s.root, err)
		return nil
	}
	return n
}

// eval evaluates an expression that belongs to n. A failure is kept for the operation's end and the value is empty.
func (s *Session) eval(e *xpath.Expr, n *node) (xpath.Result, bool) {
	result, err := e.Eval(s.context(n))
	if err != nil {
		s.fault(n, err)
		return xpath.Result{}, false
	}
	return result, true
}

func (s *Session) fault(n *node, err error) {
	if s.run.err != nil {
		return
	}
	if known, ok := errors.AsType[*survey.Error](err); ok {
		s.run.err = known
		return
	}
	s.run.err = &survey.Error{
		Kind: survey.Invalid, Op: "form.eval", Subject: string(n.path()),
		Message: fmt.Sprintf("%s 处的%s", n.def.Path(), err), Err: err,
	}
}

func (s *Session) evalText(e *xpath.Expr, n *node) string {
	result, ok := s.eval(e, n)
	if !ok {
		return ""
	}
	return result.Text()
}

func (s *Session) evalBool(e *xpath.Expr, n *node, otherwise bool) bool {
	result, ok := s.eval(e, n)
	if !ok {
		return otherwise
	}
	return result.Bool()
}
