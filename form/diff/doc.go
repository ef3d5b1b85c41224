// Package diff tells what a new version of a form changes: for its author, for drafts begun with the old version, and
// for the records that are there.
//
// Records of all versions are shown and exported together by the paths of their fields. So a field may be added, left
// out or worded better, but never used again with another meaning: that would mix answers to two questions.
package diff
