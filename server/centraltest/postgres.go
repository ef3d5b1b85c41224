package centraltest

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// Cluster is a PostgreSQL server of a test's own, in a folder of its own, that is gone afterwards.
type Cluster struct {
	bin, dir, port string
	databases      atomic.Int64
}

// StartPostgres starts a cluster with the newest installed PostgreSQL, or skips the test where there is none. A test run
// by root starts it as user postgres, since the server refuses root.
func StartPostgres(tb testing.TB) *Cluster {
	tb.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		tb.Skip("no PostgreSQL below /usr/lib/postgresql: install Debian's package postgresql to run this test")
	}
	dir, err := os.MkdirTemp("", "zoucun-pg") //nolint:usetesting // the way to tb.TempDir is closed to user postgres
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &Cluster{bin: filepath.Dir(found[len(found)-1]), dir: dir, port: freePort(tb)}
	if os.Geteuid() == 0 {
		p.giveAway(tb)
	}
	p.run(tb, "initdb", "-D", filepath.Join(dir, "data"), "-U", "zoucun", "-A", "trust", "-E", "UTF8", "--locale=C")
	p.run(tb, "pg_ctl", "-D", filepath.Join(dir, "data"), "-w", "-l", filepath.Join(dir, "log"),
		"-o", fmt.Sprintf("-p %s -k %s -c listen_addresses=127.0.0.1", p.port, dir), "start")
	tb.Cleanup(func() { p.run(tb, "pg_ctl", "-D", filepath.Join(dir, "data"), "-m", "immediate", "stop") })
	return p
}

// Database makes an empty database and returns its address.
func (p *Cluster) Database(tb testing.TB) string {
	tb.Helper()
	name := "test" + strconv.FormatInt(p.databases.Add(1), 10)
	p.run(tb, "createdb", "-h", p.dir, "-p", p.port, "-U", "zoucun", name)
	return fmt.Sprintf("postgres://zoucun@127.0.0.1:%s/%s?sslmode=disable", p.port, name)
}

// giveAway makes the folder the one of user postgres.
func (p *Cluster) giveAway(tb testing.TB) {
	tb.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		tb.Skip("run by root and no user postgres to run the server as")
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(p.dir, uid, gid); err != nil {
		tb.Fatal(err)
	}
}

func (p *Cluster) run(tb testing.TB, name string, args ...string) {
	tb.Helper()
	args = append([]string{filepath.Join(p.bin, name)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // the server outlives the test's context: it is stopped in Cleanup
	cmd.Dir = p.dir
	var said bytes.Buffer
	if name != "pg_ctl" { // a server that was started keeps what it inherits open
		cmd.Stdout, cmd.Stderr = &said, &said
	}
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s: %v\n%s", name, err, said.String())
	}
}

func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// Copy makes a copy of a database that nobody has open, and returns its address.
func (p *Cluster) Copy(tb testing.TB, dsn string) string {
	tb.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	name := "test" + strconv.FormatInt(p.databases.Add(1), 10)
	p.run(tb, "createdb", "-h", p.dir, "-p", p.port, "-U", "zoucun", "-T", strings.TrimPrefix(u.Path, "/"), name)
	u.Path = "/" + name
	return u.String()
}
