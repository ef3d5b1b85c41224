// Package present knows what every screen says and does, and nothing of how it looks.
//
// Each presenter takes the small interfaces it declares here, works on one goroutine (the screen's), and hands out
// plain values for a screen to lay out. It imports neither the toolkit nor the store, so its tests need no window
// and no disk.
package present
