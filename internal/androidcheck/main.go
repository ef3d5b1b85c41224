// Command androidcheck type-checks packages as an Android build sees them, cgo files included, with no C compiler and
// no NDK.
//
// It sees every file for android/arm64 that a build would, so a name that exists only on a desktop, or a file that
// only Android compiles, cannot go unnoticed until release. It does not check C code, and it does not link.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	tags := flag.String("tags", "", "build tags, separated by commas")
	arch := flag.String("arch", "arm64", "the processor: arm64 or arm")
	dir := flag.String("dir", ".", "the module's folder")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	target := target{dir: *dir, arch: *arch, tags: *tags}
	report, err := check(ctx, target, patterns(flag.Args()))
	if err != nil {
		fmt.Fprintln(os.Stderr, "androidcheck:", err)
		os.Exit(1)
	}
	for _, finding := range report.findings {
		fmt.Println(finding)
	}
	fmt.Printf("android/%s: %d packages (%d of ours), %d findings\n", *arch, report.packages, report.ours, len(report.findings))
	if len(report.findings) > 0 {
		os.Exit(1)
	}
}

func patterns(args []string) []string {
	if len(args) == 0 {
		return []string{"./..."}
	}
	return args
}
