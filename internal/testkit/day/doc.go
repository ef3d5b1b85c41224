// Package day lives through a township's week and the day after it: ten tablets are out in the villages without network,
// two households in a hundred are written down apart, tablets are copied, lost and carried home on a stick; then the
// township's laptop takes in what came home, and a person at the workbench decides what differs.
//
// Everything is the real thing: stores on files, the form engine with the product's own form, agents, merge, the
// server's records, zouctl for what comes on a stick, and the workbench's presenters. Only the network is a function call
// and the clock a variable. What really happened is known, so it can be counted what is lost, what is there twice, and
// how often a person is asked.
package day
