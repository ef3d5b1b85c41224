// Command bench prints the figures that matter, one a line as "name value unit".
//
// Those within a process come from the Go benchmarks, those of mobile networks from a model in virtual time; the start of the app is measured from outside, in turn with that
// of an empty Fyne window. Machines are noisy: compare figures of one run, by their ratio.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	only := flag.String("bench", ".", "which Go benchmarks, a regular expression")
	starts := flag.Int("starts", 9, "how often the app and the empty window are started; 0 leaves it out")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only, *starts); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, starts int) error {
	if err := benchmarks(ctx, os.Stdout, only); err != nil {
		return err
	}
	if err := links(ctx, os.Stdout); err != nil {
		return err
	}
	if starts == 0 {
		return nil
	}
	return startup(ctx, os.Stdout, starts)
}
