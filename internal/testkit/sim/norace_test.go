//go:build !race

package sim

// usual is how many seeds are lived through unless more are asked for.
const usual = 200
