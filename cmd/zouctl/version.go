package main

import (
	"cmp"
	"context"
	"flag"
	"runtime"
	"runtime/debug"
)

func version(*flag.FlagSet) action {
	return func(_ context.Context, s *session, _ []string) error {
		built := "未知"
		if info, ok := debug.ReadBuildInfo(); ok {
			built = cmp.Or(info.Main.Version, built)
		}
		return s.printf("zouctl %s %s/%s %s\n", built, runtime.GOOS, runtime.GOARCH, runtime.Version())
	}
}
