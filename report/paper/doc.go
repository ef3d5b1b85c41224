// Package paper lays out what an office prints: the sheet QZ-01 blank, prefilled and filled, lists, a household's file, a
// day's diary, cards, and tables.
//
// A Document is what stands on a paper, before any file is written; PDF, Word and Workbook write documents. Lengths are
// in millimetres, sizes of type in points. A paper in which a character has no glyph says so and calls itself 非正式件.
//
// Package paper opens no file and talks to no database.
package paper
