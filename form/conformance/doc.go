// Package conformance holds the form engine to the tests other people wrote: those of pyxform, and those of the XPath
// evaluator and the form engine of ODK Web Forms.
//
// The cases are not part of the project. The tests read xpath.json, scenario.json and pyxform.json from the folder
// CONFORMANCE_DIR, or from ../shared/conformance beside the project, and are skipped where there is none. Each suite
// prints a line, "xpath 1250 of 1252". Every case that does not pass stands in known.txt with the reason; one that
// starts to pass has to be struck.
package conformance
