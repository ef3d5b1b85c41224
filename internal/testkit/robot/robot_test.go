//go:build e2e

package robot_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zoucun/assets"
	"zoucun/internal/testkit/device"
	"zoucun/internal/testkit/robot"
	"zoucun/store"
)

// TestARobotVisitsAHousehold works the real window of the app on a device that has been enrolled: it finds a household,
// types Chinese, ends the app without warning, and finds what it typed. ZOUCUN_BIN names the folder of a zoucun built
// with the tag e2e; ZOUCUN_SHOTS, if set, the folder for pictures.
func TestARobotVisitsAHousehold(t *testing.T) {
	bin := os.Getenv("ZOUCUN_BIN")
	if bin == "" {
		t.Skip("ZOUCUN_BIN does not name the folder of a zoucun built with -tags x11,e2e")
	}
	data := prepared(t)
	d, err := robot.NewDesktop(t.Context(), robot.DesktopSpec{Dir: t.TempDir(), Width: 1280, Height: 800})
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = d.Close() }()
	w, err := d.Open(t.Context(), t.Output(), filepath.Join(bin, "zoucun"), "-data", data)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			_ = d.Screenshot(t.Context(), picture("failed.png"))
			t.Fatal(err)
		}
	}
	must(w.Tap(t.Context(), "village", robot.Kind("row", "青塘村")))
	must(w.See(t.Context(), "共 10 户"))
	must(d.Screenshot(t.Context(), picture("1-households.png")))
	must(w.Tap(t.Context(), "household", robot.Kind("row", "唐森")))
	must(w.Tap(t.Context(), "begin", robot.Kind("button", "开始走访")))
	must(w.Tap(t.Context(), "last section", robot.Kind("row", "9 结束")))
	must(w.TapBelow(t.Context(), "走访人体会", "field", ""))
	must(w.Type(t.Context(), "门锁着，邻居说去赶集了"))
	must(d.Screenshot(t.Context(), picture("2-typed.png")))
	time.Sleep(time.Second) // the promise: what was typed a second ago is there
	w.Kill()
	w, err = d.Open(t.Context(), t.Output(), filepath.Join(bin, "zoucun"), "-data", data)
	must(err)
	if o, _ := w.Find(t.Context(), "list or villages", robot.Says("青塘村")); o.Kind == "row" {
		must(w.Click(t.Context(), o)) // the village was chosen too shortly before the end to be remembered
	}
	must(w.Tap(t.Context(), "household", robot.Kind("row", "唐森")))
	must(w.Tap(t.Context(), "resume", robot.Kind("button", "接着填")))
	must(w.Tap(t.Context(), "last section", robot.Kind("row", "9 结束")))
	must(w.See(t.Context(), "门锁着，邻居说去赶集了"))
	must(d.Screenshot(t.Context(), picture("3-resumed.png")))
	w.Close()
}

// prepared returns a data folder of a device that has a township and the village visit's form.
func prepared(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	sheets, err := assets.Form("QZ-01")
	if err != nil {
		t.Fatal(err)
	}
	spec := device.Spec{Seed: 1, Households: 30, Forms: map[string]fs.FS{"QZ-01": sheets}}
	if err := device.Prepare(t.Context(), s, spec); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func picture(name string) string {
	if dir := os.Getenv("ZOUCUN_SHOTS"); dir != "" {
		return filepath.Join(dir, name)
	}
	return filepath.Join(os.TempDir(), name)
}
