// Package sim lives through weeks of a township in a second: tablets and a server, all of them the product's own code
// on real files, a network that loses, cuts, repeats and forges, clocks that jump, power that goes; and it checks that
// nothing was lost, doubled, leaked or stuck.
//
// What happens is a [Script], a list of steps that a seed draws or a file holds. One goroutine moves at a time: a round
// of an agent runs until it sends or receives and then waits for the script to move it on, so the same script has the
// same course, whatever the machine does. What the product draws by itself (identifiers, salts, keys) decides nothing
// in here. Any part of a script is a script, which is how [Shrink] finds the few steps that matter.
//
// The invariants I1 to I14 that are checked have their names in violations. What travels, travels by a [Road]; another
// road is another implementation of it.
package sim
