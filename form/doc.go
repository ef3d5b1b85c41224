// Package form runs a questionnaire: one filling of one form.
//
// A [Session] holds the answers and knows, after every change, which questions are shown, required, read-only or
// answered wrongly, what is calculated, and which choices there are. It recomputes only what depends on the change. It
// begins anew ([Begin]), from a draft ([Restore]) or from an earlier record ([Edit]), and ends in a [Submission].
//
// Package form stores nothing and shows nothing. The clock, fresh identifiers, registers and launch properties are
// given to it in [Env]; the definition it runs is read by package xform.
package form
