// Command zoucun is the app a cadre takes from house to house: households, visits and what becomes of them, with or
// without network.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/app"

	"zoucun/app"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "zoucun:", err)
		os.Exit(1)
	}
}

func run() error {
	data := flag.String("data", "", "`folder` for the app's data (default: the app's own storage)")
	server := flag.String("server", "", "`address` of the server, filled in at enrolment")
	code := flag.String("code", "", "one-time `code`; with -server the device is enrolled without asking")
	receive := flag.String("receive", "", "`address:port` at which a township's laptop receives tablets (default: port 8444 of all its networks)")
	size := flag.String("size", "1100x780", "`WIDTHxHEIGHT` of the window on a desktop")
	flag.Parse()
	var width, height float32
	if _, err := fmt.Sscanf(*size, "%fx%f", &width, &height); err != nil {
		return fmt.Errorf("-size %q: want WIDTHxHEIGHT, as 1280x800", *size)
	}
	debug.SetGCPercent(50) // old tablets have little memory, and the app little to do between two taps
	ui := toolkit.NewWithID("cn.zoucun.app")
	if *data == "" {
		*data = ui.Storage().RootURI().Path()
	}
	return app.Run(context.Background(), ui, app.Options{
		Data: *data, Server: *server, Code: *code, Receive: *receive, Size: fyne.NewSize(width, height),
		Clock: time.Now, Log: app.NewLog(os.Stderr),
	})
}
