// Package cuts tests real programs over a real connection that is cut after every byte, and programs that are killed
// meanwhile. It has no code of its own.
package cuts
