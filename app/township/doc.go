// Package township lays out the township's workbench (工作台): a list of sections at the left and the section that is
// open beside it. What a screen says and does is package workbench's.
package township
