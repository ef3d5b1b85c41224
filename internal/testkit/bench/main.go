// Command bench prints the figures that matter, one a line as "name value unit".
//
// Those within a process come from the Go benchmarks, those of mobile networks from a model in virtual time; the start of the app is measured from outside, in turn with that
// of an empty Fyne window. Machines are noisy: compare figures of one run, by their ratio.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

func main() {
	only := flag.String("bench", ".", "which Go benchmarks, a regular expression")
	withPeer := flag.Bool("peer", true, "measure the public form engine too, where Node is")
	starts := flag.Int("starts", 9, "how often the app and the empty window are started; 0 leaves it out")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only, *starts, *withPeer); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, starts int, withPeer bool) error {
	var ours bytes.Buffer
	if err := benchmarks(ctx, io.MultiWriter(os.Stdout, &ours), only); err != nil {
		return err
	}
	if withPeer {
		if err := peer(ctx, os.Stdout, strings.Split(ours.String(), "\n")); err != nil {
			return err
		}
	}
	if err := links(ctx, os.Stdout); err != nil {
		return err
	}
	if starts == 0 {
		return nil
	}
	return startup(ctx, os.Stdout, starts)
}
