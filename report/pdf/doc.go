// Package pdf writes PDF files page by page: text in embedded subsets of TrueType fonts, lines, and pictures.
//
// A page is written when it is finished and then forgotten, so a file may have any number of pages; fonts, of which only
// the glyphs used are kept, come last. Every character has a code of its own, and the file says what each code reads:
// what is copied out of it is what was put in, characters beyond U+FFFF included (ISO 32000-1, 9.10.3).
//
// Lengths are in millimetres from the upper left corner of the page, sizes of type in points. Files hold no date and
// no name of a program: the same pages make the same bytes.
package pdf
