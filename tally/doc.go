// Package tally counts what visits amount to: whom they have reached, what was raised and what became of it, what is
// known of policies.
//
// A Tally takes records as they are now, each as often as it comes, and keeps of a visit only what is counted. What it
// says depends on the records alone, not on the order in which they came. Every number can say which records it was
// counted from.
//
// Nothing here is counted by person: there is no number of a cadre's visits and no order among cadres.
//
// What is shown of a few is hidden: see Line and Branches. Questions are known by the last part of their path, so that
// any form which has them is counted. Package tally reads no clock and no database.
package tally
