// Package report is where records meet spreadsheets: it reads the roster a township keeps, and lays records out as
// tables.
//
// Reading a roster yields rows a register can take and, for every row it cannot, a fault with its place and its reason
// in Chinese; one bad row never costs the others. Roster.Changes says what the rows change in the records held. Tables
// are values; Write puts them into a workbook where every answer is text, so that nothing a person said is computed,
// rounded or run.
//
// Package report opens no file and talks to no database.
package report
