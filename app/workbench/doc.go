// Package workbench knows what the township's screens (工作台) say and do, without Fyne: what came in, what waits for a
// decision, what may be one household, which visits are reviewed, the registers, papers and numbers.
//
// It asks for what it shows by interfaces of its own, which the store satisfies, and everything it changes is a
// survey.Amendment.
package workbench
