// Package spell knows how Chinese names are said and typed: the readings of characters and words, how a text that was
// typed finds a name, and how alike two names are.
//
// It decides nothing about households; it is the one matcher of the register's search and of the lists in forms.
package spell
