//go:build race

package sim

// usual is how many seeds are lived through unless more are asked for. The race detector sees in a few what it can see:
// one goroutine moves at a time.
const usual = 6
