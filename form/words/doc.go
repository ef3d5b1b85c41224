// Package words says in Chinese what a form's logic means: when a question is asked, what an answer must be, and how a
// value comes about.
//
// It is for people who read a form, in an outline or in a list of changes. What it cannot put into words it quotes.
package words
