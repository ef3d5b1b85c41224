package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"database/sql"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// begun is a server that a test has started.
type begun struct {
	address, pin string
	stop         func() error
}

func start(t *testing.T, args ...string) begun {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	var logged bytes.Buffer
	go func() {
		err := run(ctx, append([]string{"-listen", "127.0.0.1:0"}, args...), write, &logged)
		_ = write.CloseWithError(err)
		ended <- err
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("no line: %v", err)
	}
	parts := regexp.MustCompile(`https://(\S+) 证书指纹 ([0-9a-f]{64})`).FindStringSubmatch(line)
	if parts == nil {
		cancel()
		t.Fatalf("line %q", line)
	}
	stop := func() error { cancel(); return <-ended }
	return begun{address: parts[1], pin: parts[2], stop: stop}
}

func TestServesUntilAskedToStop(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first := start(t, "-data", data, "-county", "990001", "-township", "青田乡")

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // the pin is compared below
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+first.address+wire.PathStatus, nil)
	wire.Request{Method: http.MethodGet, Path: wire.PathStatus, Version: 1, Body: emptyDigest}.Write(request.Header, nil)
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if status, err := wire.Unpack[wire.Status](body); err != nil || status.Version != wire.Version || answer.StatusCode != http.StatusOK {
		t.Errorf("status %d: %+v, %v", answer.StatusCode, status, err)
	}
	if pin := seal.Pin(answer.TLS.PeerCertificates[0]); pin.String() != first.pin {
		t.Errorf("certificate %s, announced %s", pin, first.pin)
	}
	client.CloseIdleConnections()

	for name, mode := range map[string]os.FileMode{"": 0o700, "server.key": 0o600, "tls.key": 0o600} {
		if info, err := os.Stat(filepath.Join(data, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%q has mode %v, %v; want %v", name, info.Mode(), err, mode)
		}
	}

	t.Run("a second server on the same data is refused", func(t *testing.T) {
		err := run(t.Context(), []string{"-listen", "127.0.0.1:0", "-data", data}, io.Discard, io.Discard)
		wantSentence(t, err, survey.Conflicting, "正被另一个 zoucund 使用")
	})
	t.Run("a port in use is refused", func(t *testing.T) {
		err := run(t.Context(), []string{"-listen", first.address, "-data", t.TempDir()}, io.Discard, io.Discard)
		wantSentence(t, err, survey.Conflicting, "已被别的程序占用")
	})
	if err := first.stop(); err != nil {
		t.Errorf("stopped with %v", err)
	}

	t.Run("the next start is the same server", func(t *testing.T) {
		again := start(t, "-data", data)
		if again.pin != first.pin {
			t.Error("another certificate")
		}
		if err := again.stop(); err != nil {
			t.Error(err)
		}
	})
	t.Run("a newer database is refused and left alone", func(t *testing.T) {
		db, err := sql.Open("sqlite", filepath.Join(data, "central.db"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), "INSERT INTO schema_version (version_id, is_applied) VALUES (9999, true)")
		if err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
		wantSentence(t, run(t.Context(), []string{"-listen", "127.0.0.1:0", "-data", data}, io.Discard, io.Discard), survey.Newer, "较新版本")
	})
}

var emptyDigest = mustDigest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

func mustDigest(text string) survey.Hash {
	h, err := survey.ParseHash(text)
	if err != nil {
		panic(err)
	}
	return h
}

func TestRefusesWithASentence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "server.key"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "central.db"), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		args     []string
		kind     survey.Kind
		sentence string
	}{
		{"data is a file", []string{"-data", file}, survey.Damaged, "数据文件夹打不开"},
		{"the key is none", []string{"-data", broken}, survey.Damaged, "密钥"},
		{"the database is none", []string{"-data", damaged}, survey.Damaged, "已损坏"},
		{"an address is none", []string{"-data", t.TempDir(), "-listen", "nowhere:99999"}, survey.Invalid, "-listen"},
		{"a word too many", []string{"start"}, survey.Invalid, "zoucund -h"},
		{"no PostgreSQL there", []string{"-data", t.TempDir(), "-listen", "127.0.0.1:0", "-db", "postgres://127.0.0.1:1/x?connect_timeout=2"}, survey.Unavailable, "数据库"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			args := tt.args
			if tt.name == "the database is none" {
				args = append(args, "-listen", "127.0.0.1:0")
			}
			wantSentence(t, run(ctx, args, io.Discard, io.Discard), tt.kind, tt.sentence)
		})
	}
}

func wantSentence(t *testing.T, err error, kind survey.Kind, part string) {
	t.Helper()
	var said bytes.Buffer
	if err == nil {
		t.Fatal("started")
	}
	complain(&said, err)
	if survey.KindOf(err) != kind || !strings.Contains(said.String(), part) {
		t.Errorf("kind %v: %s\nwant kind %v and %q", survey.KindOf(err), said.String(), kind, part)
	}
}

func TestPeriodsAreKept(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	reports := func() int {
		found, err := filepath.Glob(filepath.Join(data, "retention", "2*.json"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	off := start(t, "-data", data, "-retention", "off")
	if err := off.stop(); err != nil {
		t.Fatal(err)
	}
	if n := reports(); n > 0 {
		t.Errorf("%d runs, though it was to be off", n)
	}
	daily := start(t, "-data", data)
	for range 3000 {
		if reports() > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := daily.stop(); err != nil {
		t.Fatal(err)
	}
	again := start(t, "-data", data)
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}
	if n := reports(); n != 1 {
		t.Errorf("%d runs; want one at the first start and none so soon after", n)
	}
	if _, err := parse([]string{"-retention", "weekly"}, io.Discard); survey.KindOf(err) != survey.Invalid {
		t.Errorf("-retention weekly: %v", err)
	}
}

// The server backs itself up at its start, moves its fence, and notices at its next start that it was put back.
func TestBacksUpAndNoticesThatItWasPutBack(t *testing.T) {
	data, target := filepath.Join(t.TempDir(), "data"), t.TempDir()
	first := start(t, "-data", data, "-county", "990001", "-backup", target, "-backup-same-disk")
	deadline := time.Now().Add(time.Minute)
	for made, _ := filepath.Glob(filepath.Join(target, "*Z", "backup.json")); len(made) == 0; made, _ = filepath.Glob(filepath.Join(target, "*Z", "backup.json")) {
		if time.Now().After(deadline) {
			t.Fatal("no backup")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	epoch := func() string {
		text, err := os.ReadFile(filepath.Join(data, "blobs", "fence"))
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`"epoch":"([^"]+)"`).FindString(string(text))
	}
	was := epoch()
	// The fence says that the database had come further.
	ahead := strings.Replace(strings.TrimSuffix(string(must(os.ReadFile(filepath.Join(data, "blobs", "fence")))), "}"), `"total":`, `"total":9`, 1) + "}"
	if err := os.WriteFile(filepath.Join(data, "blobs", "fence"), []byte(ahead), 0o600); err != nil {
		t.Fatal(err)
	}
	second := start(t, "-data", data)
	if err := second.stop(); err != nil {
		t.Fatal(err)
	}
	if epoch() == was {
		t.Error("no new epoch")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
