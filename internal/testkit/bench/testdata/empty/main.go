// Command empty shows an empty Fyne window: what an app's start is compared with.
package main

import "fyne.io/fyne/v2/app"

func main() {
	app.NewWithID("cn.zoucun.empty").NewWindow("empty").ShowAndRun()
}
