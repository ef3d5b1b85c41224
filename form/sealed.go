package form

import "zoucun/survey"

// Envelopes returns the questions asked now whose answers are to be sealed, in the form's order. None of them ever has a
// value: what is typed for one is sealed where it is typed.
func (s *Session) Envelopes() []survey.FieldPath {
	var open []survey.FieldPath
	s.root.walk(func(n *node) {
		if n.present && typeOf(n.def) == Sealed {
			open = append(open, n.path())
		}
	})
	return open
}

// keepSealedEmpty takes the value from what is to be sealed, wherever it came from: a default, another program's record.
func (s *Session) keepSealedEmpty() {
	s.root.walk(func(n *node) {
		if typeOf(n.def) == Sealed {
			n.value = ""
		}
	})
}

// StateWith returns what there would be to remember after some changes, and leaves the session as it is. That an
// expression of the form fails on a change is no error here: the change takes effect all the same.
func (s *Session) StateWith(changes []Change) (State, error) {
	twin, err := Restore(s.form, s.env, s.State())
	if err != nil {
		return State{}, err
	}
	for _, change := range changes {
		if done, err := twin.Apply(change); err != nil && done.Change.Op == "" {
			return State{}, err
		}
	}
	return twin.State(), nil
}
