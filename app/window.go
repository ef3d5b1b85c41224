package app

import "fyne.io/fyne/v2"

// onWindow is called with the window once it is made. Only a build for tests of the whole program sets it.
var onWindow = func(fyne.Window) {}
