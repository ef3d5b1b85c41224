// Package app wires the program a cadre holds: the store on the device, the agent that carries records to the server,
// the presenters, and the window with its stack of screens.
//
// Everything a screen touches happens on the toolkit's own goroutine. Work that may take long is done on another and
// comes back by one fyne.Do.
package app
