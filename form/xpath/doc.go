// Package xpath reads XPath 1.0 expressions, with the functions ODK forms add, and evaluates them on a tree of nodes.
//
// An expression is parsed once by [Parse] into an [Expr], which any number of goroutines may evaluate. Evaluation sees
// the world only through its [Context]: the tree is whatever implements [Node], the clock, random numbers, secondary
// instances and the launch properties are given. What an expression reads is known before it is evaluated
// ([Expr.References]), so that a caller can tell which expressions a change concerns.
//
// Package xpath stores nothing and knows nothing of forms.
package xpath
