// Package check says what in a visit is worth a second look: parts that are missing, answers that contradict one
// another, texts taken over from an earlier form, numbers that are hardly meant, and problems that were noted before.
//
// A finding is a question, never a fault: it holds nothing up and is not recorded. The author sees findings before
// finishing, the township beside the visit, both from here, so that they see the same. That a visit was noted down
// afterwards (补记) is no finding.
//
// Questions are known by the last part of their path ("visit_result"), so that any form which has them is checked and
// one that has not is not. Package check reads no clock and no database.
package check
