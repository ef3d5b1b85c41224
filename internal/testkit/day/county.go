package day

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"zoucun/internal/testkit/device"
	"zoucun/internal/township"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/survey"
)

// county is the server, in a folder as zoucund lays it out, so that zouctl works on it.
type county struct {
	dir     string
	ctl     string // the program
	clock   survey.Clock
	central *central.Central
	handler http.Handler
}

// found makes a county with a township, its staff, the form and a recovery key.
func found(ctx context.Context, dir, ctl string, clock survey.Clock, t township.Township, form fs.FS) (*county, error) {
	c := &county{dir: filepath.Join(dir, "server"), ctl: ctl, clock: clock}
	folder, err := server.OpenFolder(c.dir, clock())
	if err != nil {
		return nil, err
	}
	c.central, err = central.Open(ctx, folder.Database(), central.Options{Key: folder.Key, County: device.County, Township: t.Name, Clock: clock})
	if err != nil {
		return nil, err
	}
	files, err := blob.OpenFolder(folder.Blobs())
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.handler, err = server.New(server.Options{Central: c.central, Blobs: files, Key: folder.Key, Software: "day", Clock: clock})
	if err == nil {
		err = c.register(ctx, t, form)
	}
	if err == nil {
		err = c.recovery(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *county) close() error { return c.central.Close() }

// register enters the township in the name of its first member of staff.
func (c *county) register(ctx context.Context, t township.Township, form fs.FS) error {
	var writes []central.Write
	err := device.Register(t, map[string]fs.FS{"QZ-01": form}, func(h survey.Header, f survey.Fields) error {
		writes = append(writes, central.Write{Record: h.Record, Type: h.Type, Scope: h.Scope, Fields: f, Form: h.Form, FormVersion: h.FormVersion})
		return nil
	})
	if err != nil {
		return err
	}
	_, err = c.central.Write(ctx, device.StaffOf(t)[0].ID, writes)
	return err
}

// recovery lists whoever opens what comes home on a stick.
func (c *county) recovery(ctx context.Context) error {
	public, err := c.run(ctx, "key", "make", c.key())
	if err != nil {
		return err
	}
	_, err = c.run(ctx, "key", "add", "-use", "recovery", "-name", "县民政局", strings.TrimSpace(public))
	return err
}

func (c *county) key() string { return filepath.Join(filepath.Dir(c.dir), "recovery.key") }

// take imports what lies in a folder, as somebody at the county does.
func (c *county) take(ctx context.Context, folder string) error {
	_, err := c.run(ctx, "bundle", "import", "-identity", c.key(), folder)
	return err
}

// run runs zouctl on the server's folder and returns what it prints.
func (c *county) run(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.ctl, append([]string{"-data", c.dir}, args...)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("zouctl %s: %w: %s", strings.Join(args, " "), err, complaint.String())
	}
	return string(out), nil
}

// RoundTrip implements [http.RoundTripper]: the road from a device straight into the server.
func (c *county) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := r.Clone(r.Context())
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	c.handler.ServeHTTP(recorder, inner)
	return recorder.Result(), nil
}

// copyFolder copies a device's folder as moving to another device does.
func copyFolder(from, to string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return fmt.Errorf("copy a device: %w", err)
	}
	return nil
}
