package form

import (
	"fmt"

	"zoucun/form/xform"
	"zoucun/survey"
)

// maxRounds bounds how often one rule may be computed for one node in one operation before the form counts as circular.
const maxRounds = 500

// maxInstances bounds jr:count, so that a slip of the finger does not make a million instances. A count beyond it is an
// error of the operation and changes nothing.
const maxInstances = 1000

// maxValue bounds how long a computed value may be, in bytes, and maxSteps how many nodes the expressions of one operation
// may visit, so that no form can exhaust the device.
const (
	maxValue = 1 << 20
	maxSteps = 20_000_000
	maxAdded = 10 * maxInstances // instances in one operation, those of nested repeats together
)

// job is a rule to compute for a node.
type job struct {
	rule *rule
	node *node
}

// run is the work of one operation: jobs by rank, and nodes whose change starts actions.
type run struct {
	ranks    [][]job
	queued   map[job]bool
	done     map[job]int
	fired    []*node
	repeats  []repeatAt // that gained or lost instances
	watching bool       // changes start actions, which they do not while a form is computed for the first time
	resuming bool       // values are back already, nothing is calculated
	added    int        // instances that counts have added in this operation
	steps    int        // that expressions may still take in this operation
	err      error
}

func newRun(ranks int) run {
	return run{ranks: make([][]job, ranks), queued: map[job]bool{}, done: map[job]int{}, steps: maxSteps}
}

func (s *Session) enqueue(r *rule, n *node) {
	j := job{r, n}
	if s.run.queued[j] {
		return
	}
	s.run.queued[j] = true
	s.run.ranks[r.rank] = append(s.run.ranks[r.rank], j)
}

// enqueueAll asks for every rule of n and all below it.
func (s *Session) enqueueAll(n *node) {
	n.walk(func(m *node) {
		for _, r := range s.plan.rules[m.def.Index] {
			s.enqueue(r, m)
		}
	})
}

// enqueueReaders asks for the rules that read n, in the instances that see it.
func (s *Session) enqueueReaders(n *node) {
	for _, reads := range s.plan.readers[n.def.Index] {
		s.enqueueReader(reads.rule, n.above(reads.bound))
	}
}

// enqueueStructure asks for the rules that read any instance of a repeat or anything in one, after an instance came or
// went below parent.
func (s *Session) enqueueStructure(def *xform.Node, parent *node) {
	depth := parent.depth()
	var each func(d *xform.Node)
	each = func(d *xform.Node) {
		for _, reads := range s.plan.readers[d.Index] {
			s.enqueueReader(reads.rule, parent.above(min(reads.bound, depth)))
		}
		for _, c := range d.Children {
			each(c)
		}
		for _, a := range d.Attrs {
			each(a)
		}
	}
	each(def)
}

// enqueueReader asks for a rule in all instances of its node below top.
func (s *Session) enqueueReader(r *rule, top *node) {
	chain := chainTo(r.def, top.depth())
	var descend func(n *node, i int)
	descend = func(n *node, i int) {
		if i == len(chain) {
			s.enqueue(r, n)
			return
		}
		for _, c := range n.instances(chain[i]) {
			descend(c, i+1)
		}
	}
	descend(top, 0)
}

// chainTo returns the definitions that lead from a depth down to def.
func chainTo(def *xform.Node, depth int) []*xform.Node {
	chain := make([]*xform.Node, def.Depth()-depth)
	for i := len(chain) - 1; i >= 0; i-- {
		chain[i], def = def, def.Parent
	}
	return chain
}

// settle computes what was asked for and runs the actions that changes start, until nothing is left.
func (s *Session) settle() {
	s.settleJobs()
	for len(s.run.fired) > 0 {
		n := s.run.fired[0]
		s.run.fired = s.run.fired[1:]
		s.fireChanged(n)
		s.settleJobs()
	}
}

// settleJobs computes what was asked for, in order of rank.
func (s *Session) settleJobs() {
	for j, ok := s.nextJob(); ok; j, ok = s.nextJob() {
		if s.run.done[j]++; s.run.done[j] > maxRounds {
			s.circular(j)
			continue
		}
		s.compute(j)
	}
}

func (s *Session) nextJob() (job, bool) {
	for rank, jobs := range s.run.ranks {
		if len(jobs) > 0 {
			s.run.ranks[rank] = jobs[1:]
			delete(s.run.queued, jobs[0])
			return jobs[0], true
		}
	}
	return job{}, false
}

func (s *Session) circular(j job) {
	path := j.rule.def.Path()
	if s.run.err == nil {
		s.run.err = &survey.Error{
			Kind: survey.Invalid, Op: "form.settle", Subject: path,
			Message: fmt.Sprintf("表里的计算循环引用了自己：%s", path),
		}
	}
}

// compute does one job. A node that has been removed meanwhile has nothing to compute.
func (s *Session) compute(j job) {
	n := j.node
	if n.above(1) != s.root {
		return
	}
	switch j.rule.task {
	case taskRelevant:
		s.allow(n, s.evalBool(j.rule.exprs[0], n, true))
	case taskCalculate:
		if n.present && !s.run.resuming {
			s.calculate(n)
		}
	case taskCount:
		s.adjustCount(n, j.rule)
	case taskRequired:
		s.flag(n, &n.required, s.evalBool(j.rule.exprs[0], n, false), Requiredness)
	case taskReadOnly:
		s.flag(n, &n.readOnly, s.evalBool(j.rule.exprs[0], n, false), ReadOnly)
	case taskConstraint:
		s.constrain(n)
	case taskLabel:
		s.mark(n, Label)
	case taskChoices:
		delete(s.offered, n)
		s.mark(n, Choices)
		s.siftAgain(n)
	case taskRange:
		s.markRepeat(j.rule.repeat, n)
	}
}

func (s *Session) flag(n *node, have *bool, want bool, aspect Aspect) {
	if *have != want {
		*have = want
		s.mark(n, aspect)
	}
}

func (s *Session) constrain(n *node) {
	holds := n.answer() == "" || !n.present || s.evalBool(n.def.Bind.Constraint, n, true)
	s.flag(n, &n.violates, !holds, Validity)
}

func (s *Session) calculate(n *node) {
	result, ok := s.eval(n.def.Bind.Calculate, n)
	if !ok {
		return
	}
	value := cast(n.def.Bind.Type, result)
	if len(value) > maxValue {
		s.circular(job{rule: &rule{def: n.def}, node: n})
		return
	}
	s.assign(n, value)
}

// assign gives n a value and asks for what depends on it.
func (s *Session) assign(n *node, value string) {
	if n.value == value || typeOf(n.def) == Sealed {
		return
	}
	n.value = value
	n.left, n.sifted = s.sift(n)
	s.changed(n)
}

// changed asks for what depends on the value of n, and for the actions that its change starts.
func (s *Session) changed(n *node) {
	s.mark(n, Value)
	s.valueChanged(n)
	if s.run.watching && len(n.def.Changed) > 0 {
		s.run.fired = append(s.run.fired, n)
	}
}

func (s *Session) valueChanged(n *node) {
	s.enqueueReaders(n)
	if c := n.def.Bind.Constraint; c != nil {
		s.enqueueTask(n, taskConstraint)
	}
}

func (s *Session) enqueueTask(n *node, t task) {
	for _, r := range s.plan.rules[n.def.Index] {
		if r.task == t {
			s.enqueue(r, n)
		}
	}
}

// allow takes the result of n's own relevant expression.
func (s *Session) allow(n *node, allowed bool) {
	n.allowed = allowed
	s.present(n)
}

// present works out whether n and everything below it are part of the form, and asks for what depends on that.
func (s *Session) present(n *node) {
	now := n.allowed && !n.surplus && n.parent.present
	if n.present == now {
		return
	}
	n.present = now
	s.mark(n, Relevance)
	s.valueChanged(n)
	if now {
		s.enqueueTask(n, taskCalculate) // it rested while nobody could read it
	}
	for _, c := range n.attrs {
		s.present(asNode(c))
	}
	for _, c := range n.children {
		s.present(asNode(c))
	}
}

func tooMany(def *xform.Node) error {
	return &survey.Error{
		Kind: survey.Invalid, Op: "form.count", Subject: def.Path(),
		Message: fmt.Sprintf("%s 的份数超过了 %d，请核对。", def.Path(), maxInstances),
	}
}

// standIn returns the first instance of a repeat, or while there is none a node in its place.
func standIn(def *xform.Node, parent *node) *node {
	if have := parent.instances(def); len(have) > 0 {
		return have[0]
	}
	return &node{def: def, parent: parent, allowed: true, present: parent.present}
}

// adjustCount makes as many instances of a repeat as jr:count says. Those beyond it are kept out of the form but not
// forgotten: a count that is typed as 1 and then 12 loses nothing.
func (s *Session) adjustCount(parent *node, r *rule) {
	def := r.repeat
	have := parent.instances(def)
	result, ok := s.eval(r.exprs[0], standIn(def, parent))
	if !ok {
		return
	}
	count := result.Number()
	if count > maxInstances {
		s.fault(parent, tooMany(def))
		return
	}
	want := 0
	if count > 0 {
		want = int(count)
	}
	for i, instance := range have {
		if surplus := i >= want; instance.surplus != surplus {
			instance.surplus = surplus
			s.present(instance)
			s.structureChanged(def, parent)
		}
	}
	for range want - len(have) {
		if s.run.added++; s.run.added > maxAdded {
			s.fault(parent, tooMany(def))
			return
		}
		s.addInstance(def, parent, s.deriveID())
	}
}
