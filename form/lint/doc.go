// Package lint refuses forms that the law or decency forbids: labels that brand a person, forced photos, location,
// religion, identity numbers without a stated basis, and what watches the visitor instead of the household.
//
// It reads a form as its author wrote it ([Rules.Workbook]), so that a finding names the cell, or a definition that
// came from elsewhere ([Rules.Definition]). A county may add words ([Rules.With]); nobody can take one away.
//
// The linter knows words, not intentions. What it finds is surely wrong; that it finds nothing is no leave.
package lint
