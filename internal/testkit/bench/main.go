// Command bench prints the figures that matter, one a line as "name value unit".
//
// Those within a process come from the Go benchmarks, those of handing over by the loopback from real processes, those of
// mobile networks from a model in virtual time; the start of the app is measured from outside, in turn with that
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
	"slices"
	"strings"
)

// parts are what is measured, in this order.
const parts = "benchmarks,peer,sizes,handover,links,startup"

func main() {
	asked := flag.String("parts", parts, "what to measure")
	only := flag.String("bench", ".", "which Go benchmarks, a regular expression")
	withPeer := flag.Bool("peer", true, "measure the public form engine and the public replication too, where Node is")
	starts := flag.Int("starts", 9, "how often the app and the empty window are started")
	child := flag.String("tablet", "", "be a tablet in this folder, for the program itself")
	server, code, records := flag.String("server", "", "for -tablet"), flag.String("code", "", "for -tablet"), flag.String("records", "", "for -tablet")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if *child != "" {
		err = tablet(ctx, *child, *server, *code, *records)
	} else {
		err = run(ctx, strings.Split(*asked, ","), *only, *starts, *withPeer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, asked []string, only string, starts int, withPeer bool) error {
	var ours bytes.Buffer
	measure := map[string]func() error{
		"benchmarks": func() error { return benchmarks(ctx, io.MultiWriter(os.Stdout, &ours), only) },
		"peer": func() error {
			if !withPeer {
				return nil
			}
			return peer(ctx, os.Stdout, strings.Split(ours.String(), "\n"))
		},
		"sizes":    func() error { return sizes(ctx, os.Stdout) },
		"handover": func() error { return handOver(ctx, os.Stdout, withPeer) },
		"links":    func() error { return links(ctx, os.Stdout) },
		"startup":  func() error { return startup(ctx, os.Stdout, starts) },
	}
	for part := range strings.SplitSeq(parts, ",") {
		if !slices.Contains(asked, part) {
			continue
		}
		if err := measure[part](); err != nil {
			return err
		}
	}
	return nil
}
