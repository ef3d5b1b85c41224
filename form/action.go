package form

import (
	"cmp"
	"time"

	"zoucun/form/xform"
	"zoucun/form/xpath"
)

// fireForm runs the actions that answer to an event of the form as a whole, in every instance of their target.
func (s *Session) fireForm(event xform.Event) {
	for _, a := range s.form.Actions {
		if a.On(event) {
			s.perform(a, s.root)
		}
	}
}

// fireRepeat runs the actions that answer to a new instance of a repeat.
func (s *Session) fireRepeat(instance *node) {
	for _, a := range s.form.Actions {
		if a.On(xform.NewRepeat) && nearestRepeat(cmp.Or(a.Trigger, a.Target)) == instance.def {
			s.perform(a, instance)
		}
	}
}

// fireChanged runs the actions that a change of n starts.
func (s *Session) fireChanged(n *node) {
	for _, a := range n.def.Changed {
		s.perform(a, n)
	}
	s.settleCount(n)
}

// settleCount stops actions that start one another for ever.
func (s *Session) settleCount(n *node) {
	j := job{node: n}
	if s.run.done[j]++; s.run.done[j] > maxRounds {
		s.run.fired = nil
		s.circular(job{rule: &rule{def: n.def}, node: n})
	}
}

// perform sets the action's target where it shares the repeat instances around origin.
func (s *Session) perform(a *xform.Action, origin *node) {
	if a.Location {
		return
	}
	for _, target := range s.targets(a, origin) {
		s.assign(target, s.actionValue(a, target))
	}
	s.settleJobs()
}

func (s *Session) targets(a *xform.Action, origin *node) []*node {
	if a.Where == nil {
		top := origin
		for !a.Target.Below(top.def) {
			top = top.parent
		}
		return descendants(top, a.Target)
	}
	result, ok := s.eval(a.Where, origin)
	if !ok {
		return nil
	}
	nodes, _ := result.Nodes()
	var found []*node
	for _, n := range nodes {
		if own := asNode(n); own != nil && own.def == a.Target {
			found = append(found, own)
		}
	}
	return found
}

// descendants returns the nodes of a definition at or below top.
func descendants(top *node, def *xform.Node) []*node {
	found := []*node{top}
	for _, d := range chainTo(def, top.depth()) {
		var next []*node
		for _, n := range found {
			next = append(next, n.instances(d)...)
		}
		found = next
	}
	return found
}

func (s *Session) actionValue(a *xform.Action, target *node) string {
	if a.Value == nil {
		return a.Literal
	}
	result, ok := s.eval(a.Value, target)
	if !ok {
		return target.value
	}
	return cast(target.def.Bind.Type, result)
}

// preload fills in what the device and the moment know.
func (s *Session) preload() {
	s.root.walk(func(n *node) {
		if value := s.preloaded(n); value != "" && n.value == "" {
			n.value = value
		}
	})
	if id := s.metaNode("instanceID"); id != nil && id.value == "" && id.def.Bind.Calculate == nil {
		id.value = "uuid:" + s.deriveID()
	}
}

func (s *Session) preloaded(n *node) string {
	params := n.def.Bind.PreloadParams
	switch n.def.Bind.Preload {
	case "uid":
		return "uuid:" + s.deriveID()
	case "timestamp":
		if params == "start" {
			return s.timestamp()
		}
	case "date":
		if params == "today" {
			return s.now.Format(time.DateOnly)
		}
	case "property":
		return s.env.Properties[params]
	}
	return ""
}

func (s *Session) timestamp() string {
	return xpath.Moment{Time: s.now}.String()
}

// metaNode returns a child of the form's meta group, or nil.
func (s *Session) metaNode(name string) *node {
	meta := s.root.def.Child("meta")
	if meta == nil || meta.Child(name) == nil {
		return nil
	}
	found := descendants(s.root, meta.Child(name))
	if len(found) == 0 {
		return nil
	}
	return found[0]
}
