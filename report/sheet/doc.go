// Package sheet reads the tables that townships keep in spreadsheets, and writes such tables: .xlsx and .csv files, headers
// of one row or several below a title, cells as the registers keep them.
//
// It knows no record and no register. What cannot be read is said in Chinese, with the cell named.
package sheet
