//go:build e2e

package app

import (
	"context"
	"log/slog"
	"os"

	"fyne.io/fyne/v2"

	"zoucun/internal/testkit/screen"
)

func init() {
	onWindow = func(w fyne.Window) {
		if err := screen.Serve(context.Background(), w, os.Getenv("ZOUCUN_SCREEN")); err != nil {
			slog.Error("the test cannot see the window", slog.Any("err", err))
		}
	}
}
