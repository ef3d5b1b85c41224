//go:build race

package store

// raceDetector is whether the race detector watches, under which everything takes ten times as long.
const raceDetector = true
