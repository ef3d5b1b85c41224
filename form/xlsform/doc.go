// Package xlsform turns a form written in spreadsheet sheets into an ODK XForms 1.0 document.
//
// The sheets are those of XLSForm: survey, choices, settings and entities, read from a folder of CSV files, an .xlsx
// workbook or Markdown tables. What comes out is what Collect, Enketo and form/xform read. What is wrong with a form
// comes back as findings, each naming sheet, row, column and remedy; a form with an error yields no document.
//
// Package xlsform neither runs a form nor checks answers, and it reads no file it was not given.
package xlsform
