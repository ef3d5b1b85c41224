package server_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zoucun/server"
	"zoucun/server/central"
	"zoucun/server/centraltest"
	"zoucun/survey"
)

func TestFenceNoticesADatabaseThatWasPutBack(t *testing.T) {
	dir, scope := t.TempDir(), survey.NewID[survey.ScopeID]()
	clock := centraltest.NewClock()
	var logged bytes.Buffer
	at := func(file string) (*central.Central, server.Fence) {
		c := centraltest.Open(t, filepath.Join(dir, file), clock.Now)
		return c, server.Fence{File: server.FenceFile(dir), Of: c, Log: slog.New(slog.NewTextHandler(&logged, nil))}
	}
	check := func(what string, c *central.Central, f server.Fence, begins bool) {
		t.Helper()
		before := c.Epoch()
		if err := f.Check(t.Context()); err != nil {
			t.Fatal(what, err)
		}
		if begun := c.Epoch() != before; begun != begins {
			t.Errorf("%s: new epoch %v, want %v", what, begun, begins)
		}
	}
	c, fence := at("central.db")
	check("the first start", c, fence, false)
	d := centraltest.Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	d.Visit(t, scope, "a")
	d.Send(t, c, 1)
	check("after a push", c, fence, false)
	if err := c.Copy(t.Context(), filepath.Join(dir, "copy.db")); err != nil {
		t.Fatal(err)
	}
	older, olderFence := at("copy.db")
	check("a copy that lacks nothing", older, olderFence, false)
	d.Visit(t, scope, "b")
	d.Send(t, c, 2)
	check("after another push", c, fence, false)
	check("the copy in its place", older, olderFence, true)
	if !strings.Contains(logged.String(), "noticed=fence") {
		t.Errorf("the operator is not told: %s", logged.String())
	}
	check("the copy again", older, olderFence, false)
	if _, err := older.BeginEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("an epoch begun for another reason", older, olderFence, false)
	check("a database from before that epoch", c, fence, true)
	if err := os.WriteFile(server.FenceFile(dir), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	check("a fence that does not read", c, fence, false)
}
