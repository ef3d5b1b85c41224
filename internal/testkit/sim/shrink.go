package sim

import "slices"

// Shrink returns the shortest script it finds for which fails is still true, in at most so many attempts: with fewer
// steps, then with fewer tablets, then with smaller numbers.
func Shrink(s Script, attempts int, fails func(Script) bool) Script {
	try := func(smaller Script) bool {
		if attempts <= 0 {
			return false
		}
		attempts--
		if !fails(smaller) {
			return false
		}
		s = smaller
		return true
	}
	for size := len(s.Steps) / 2; size > 0; {
		if shorter := without(s, size, try); !shorter {
			size /= 2
		}
		size = min(size, len(s.Steps))
	}
	for s.Tablets > 1 && try(Script{Seed: s.Seed, Tablets: s.Tablets - 1, Steps: s.Steps}) {
	}
	for i := range s.Steps {
		for _, simpler := range []Step{{s.Steps[i].Kind, 0, 0, 0}, {s.Steps[i].Kind, s.Steps[i].Node, 0, 0}, {s.Steps[i].Kind, s.Steps[i].Node, s.Steps[i].A, 0}} {
			if simpler == s.Steps[i] {
				break
			}
			steps := slices.Clone(s.Steps)
			steps[i] = simpler
			if try(Script{Seed: s.Seed, Tablets: s.Tablets, Steps: steps}) {
				break
			}
		}
	}
	return s
}

// without leaves out each run of so many steps that is not needed, and reports whether any was.
func without(s Script, size int, try func(Script) bool) bool {
	shorter := false
	for at := 0; at < len(s.Steps); {
		end := min(at+size, len(s.Steps))
		left := Script{Seed: s.Seed, Tablets: s.Tablets, Steps: slices.Concat(s.Steps[:at], s.Steps[end:])}
		if try(left) {
			s, shorter = left, true
			continue
		}
		at = end
	}
	return shorter
}
