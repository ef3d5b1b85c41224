package point_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoucun/server"
	"zoucun/server/point"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// options are those of a point in a folder of its own that nobody has enrolled.
func options(t *testing.T) point.Options {
	t.Helper()
	box, err := seal.NewBox(seal.Key{1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "relay")
	return point.Options{
		Path: path, Listen: "127.0.0.1:0", Clock: time.Now, Log: slog.New(slog.DiscardHandler), HowToEnrol: "请输入登记码。",
		Unseal: func(context.Context) (server.Folder, *seal.Box, error) {
			folder, err := server.OpenSealedFolder(path, time.Now(), box)
			return folder, box, err
		},
	}
}

// What keeps a point from starting is said, and leaves the folder to the next try.
func TestPointThatCannotStart(t *testing.T) {
	o := options(t)
	for range 2 { // the folder is free again
		if _, err := point.Open(t.Context(), o); survey.KindOf(err) != survey.Denied || survey.MessageOf(err) != "请输入登记码。" {
			t.Fatalf("not enrolled: %v", err)
		}
	}
	o.Upstream, o.Code = "https://127.0.0.1:1", "ABCD-EFGH-JKMN"
	if _, err := point.Open(t.Context(), o); survey.KindOf(err) != survey.Unavailable {
		t.Errorf("without the county: %v", err)
	}
	broken := errors.New("no key")
	o.Unseal = func(context.Context) (server.Folder, *seal.Box, error) { return server.Folder{}, nil, broken }
	if _, err := point.Open(t.Context(), o); !errors.Is(err, broken) {
		t.Errorf("without the key: %v", err)
	}
}

func TestListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := point.Listen(t.Context(), taken.Addr().String()); survey.KindOf(err) != survey.Conflicting || !strings.Contains(survey.MessageOf(err), "占用") {
		t.Errorf("an address in use: %v", err)
	}
	if _, err := point.Listen(t.Context(), "nowhere"); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
		t.Errorf("no address: %v", err)
	}
}
