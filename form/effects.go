package form

import (
	"strings"

	"zoucun/form/xform"
	"zoucun/survey"
)

// mark notes that an aspect of n has changed.
func (s *Session) mark(n *node, what Aspect) {
	if s.pending[n] == 0 {
		s.touched = append(s.touched, n)
	}
	s.pending[n] |= what
}

// markRepeat notes that a repeat below parent has gained or lost instances. The parent stands for it until the paths
// are written down.
func (s *Session) markRepeat(def *xform.Node, parent *node) {
	for _, path := range s.run.repeats {
		if path.def == def && path.parent == parent {
			return
		}
	}
	s.run.repeats = append(s.run.repeats, repeatAt{def, parent})
}

// repeatAt is a repeat in one instance of what is around it.
type repeatAt struct {
	def    *xform.Node
	parent *node
}

func (r repeatAt) path() survey.FieldPath { return join(r.parent.path(), r.def.Name.Local) }

// outcome is what an operation amounted to.
type outcome struct {
	changed []Changed
	err     error
}

// finishOperation writes down what has changed, repeats first, and makes ready for the next operation.
func (s *Session) finishOperation() outcome {
	var done outcome
	for _, r := range s.run.repeats {
		done.changed = append(done.changed, Changed{r.path(), Instances})
	}
	for _, n := range s.touched {
		if !n.def.Attribute && n.above(1) == s.root {
			done.changed = append(done.changed, Changed{n.path(), s.pending[n]})
		}
	}
	done.err = s.run.err
	s.run.err, s.run.repeats, s.touched = nil, nil, nil
	clear(s.pending)
	clear(s.run.done)
	s.run.steps, s.run.added = maxSteps, 0
	return done
}

func cutLast(path survey.FieldPath) (above survey.FieldPath, name string) {
	i := strings.LastIndexByte(string(path), '/')
	if i < 0 {
		return "", string(path)
	}
	return path[:i], string(path[i+1:])
}
