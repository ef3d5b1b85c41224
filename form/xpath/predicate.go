package xpath

// newPredicate looks at a predicate once, to learn whether rows can be found by an index instead of by visiting them.
func newPredicate(e expr) predicate {
	p := predicate{of: e, positional: positional(e)}
	if !p.positional {
		p.key = keyOf(e)
	}
	return p
}

// keyOf finds a conjunct "column = value" whose value is the same for every node filtered.
func keyOf(e expr) *lookup {
	b, ok := e.(*binary)
	if !ok {
		return nil
	}
	switch b.op {
	case "and":
		if key := keyOf(b.a); key != nil {
			return key
		}
		return keyOf(b.b)
	case "=":
		if column, ok := columnOf(b.a); ok && constant(b.b) {
			return &lookup{column, b.b}
		}
		if column, ok := columnOf(b.b); ok && constant(b.a) {
			return &lookup{column, b.a}
		}
	}
	return nil
}

// columnOf recognises a path that is one child's name.
func columnOf(e expr) (string, bool) {
	p, ok := e.(*path)
	if !ok || p.absolute || p.from != nil || len(p.steps) != 1 {
		return "", false
	}
	s := p.steps[0]
	if s.axis != axisChild || s.test.kind != testName || s.test.prefix != "" || s.filters != nil {
		return "", false
	}
	return s.test.local, true
}

// constant reports whether e has one value for all nodes a predicate is asked about.
func constant(e expr) bool {
	switch e := e.(type) {
	case *literal:
		return true
	case *negation:
		return constant(e.of)
	case *binary:
		return constant(e.a) && constant(e.b)
	case *union:
		return constant(e.a) && constant(e.b)
	case *call:
		return e.fn != nil && !e.fn.local && all(e.args, constant)
	case *path:
		return e.absolute || e.from != nil && constant(e.from)
	}
	return false
}

// positional reports whether e can be a number or asks for the position, so that what earlier predicates left matters.
func positional(e expr) bool {
	switch e := e.(type) {
	case *binary:
		switch e.op {
		case "and", "or", "=", "!=", "<", "<=", ">", ">=":
			return asksPosition(e.a) || asksPosition(e.b)
		}
		return true
	case *union, *path:
		return false
	case *call:
		return e.fn == nil || !e.fn.boolean || !all(e.args, func(a expr) bool { return !asksPosition(a) })
	case *literal:
		_, number := e.value.(float64)
		return number
	}
	return true
}

// asksPosition reports whether e calls position() or last() for the node being filtered.
func asksPosition(e expr) bool {
	switch e := e.(type) {
	case *binary:
		return asksPosition(e.a) || asksPosition(e.b)
	case *negation:
		return asksPosition(e.of)
	case *call:
		if (e.name == "position" || e.name == "last") && len(e.args) == 0 {
			return true
		}
		return !all(e.args, func(a expr) bool { return !asksPosition(a) })
	case *path:
		return e.from != nil && asksPosition(e.from)
	}
	return false
}

func all(list []expr, ok func(expr) bool) bool {
	for _, e := range list {
		if !ok(e) {
			return false
		}
	}
	return true
}
