// Package xform reads the definition of a form: an ODK XForms 1.0 document with the Entities namespace.
//
// [Read] turns the XML into a [Form], in which every expression is parsed, every reference to a question is resolved and
// every text knows its translations. A Form is not changed afterwards; any number of sessions may share it.
//
// Package xform runs nothing and does not write XForms.
package xform
