//go:build !race

package link

// raceDetector is whether the race detector watches, under which Go picks who goes next by chance.
const raceDetector = false
