// Package survey holds the nouns of a village visit: places, households, visits,
// problems, and the revisions, log entries and grants in which they travel.
//
// It is the ground floor. It imports nothing of ours, knows no screen, disk or
// network, and every word in it has one meaning, the one docs/architecture.md gives.
package survey
