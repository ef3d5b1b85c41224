// Package field lays out the screens a cadre works with in the field: enrolment, the households of a village, the
// card of one, the questionnaire, and what is safe where.
//
// A screen is one column, or from 840 pixels of width a list beside what is chosen in it. What to do next stands in the
// bar at the top, because a keyboard covers the bottom. Nothing is asked in a dialog that lies over another screen.
package field
