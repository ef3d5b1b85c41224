// Package e2e drives the real programs the whole way: a window under Xvfb worked by pointer and keys, a server process,
// and a network that fails between them. Its tests are built with the tag e2e and read the programs' folder from
// ZOUCUN_BIN; make e2e does both.
package e2e
