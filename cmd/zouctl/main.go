// Command zouctl is the operator's tool: it imports rosters and forms, makes enrolment codes, and shows and exports what
// the server holds. It works on the server's own database and needs no network.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr}, time.Now)
	stop()
	os.Exit(code)
}
