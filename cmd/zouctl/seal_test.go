package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// writeEnvelope puts an envelope on the server as a tablet would have: envelope FOLDER VILLAGE OFFICE KEY-FILE TEXT. What
// begins with raw: is sealed as it is, and is no letter.
func writeEnvelope(ts *testscript.TestScript, _ bool, args []string) {
	to := survey.Recipient{Use: survey.ForEnvelope, Name: args[2], Key: strings.TrimSpace(ts.ReadFile(args[3]))}
	raw, isRaw := strings.CutPrefix(args[4], "raw:")
	content, err := seal.WrapFor(to.Key, []byte(raw))
	if !isRaw {
		content, err = seal.Letter(to.Key, survey.Letter{Village: args[1], Day: "2026-11-22", Text: args[4], Reply: "写信"})
	}
	ts.Check(err)
	ts.Check(putEnvelope(context.Background(), ts.MkAbs(args[0]), args[1], to, content))
}

func putEnvelope(ctx context.Context, folder, village string, to survey.Recipient, content []byte) error {
	s := &session{streams: streams{out: &bytes.Buffer{}, err: &bytes.Buffer{}}, clock: time.Now, place: place{data: folder}}
	return s.withCentral(ctx, func(c *central.Central) error {
		_, err := c.Write(ctx, operator, []central.Write{{
			Record: survey.RandomID[survey.RecordID](), Type: survey.TypeSealed,
			Scope: survey.VillageScope(report.VillageID(c.County(), village)),
			Fields: survey.Fields{
				survey.EnvelopeOffice: to.Name, survey.EnvelopeKey: to.Key,
				survey.EnvelopeContent: base64.StdEncoding.EncodeToString(content),
			},
		}})
		return err
	})
}

// TestNothingOnTheServerOpensAnEnvelope looks into everything the server keeps, its keys included, for what was said and
// for a key that opens it.
func TestNothingOnTheServerOpensAnEnvelope(t *testing.T) {
	folder := t.TempDir()
	identity, recipient, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	content, err := seal.Letter(recipient, survey.Letter{Village: "大坪村", Text: "低保名单里有他小舅子"})
	if err != nil {
		t.Fatal(err)
	}
	to := survey.Recipient{Use: survey.ForEnvelope, Name: "县纪委监委", Key: recipient}
	if err := putEnvelope(t.Context(), folder, "大坪村", to, content); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		for _, secret := range []string{"小舅子", base64.StdEncoding.EncodeToString([]byte("小舅子")), identity, "AGE-SECRET-KEY"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %s", filepath.Base(path), secret)
			}
		}
		if _, notKey := seal.ParseLetterKey(data); notKey == nil {
			t.Errorf("%s is a key that opens envelopes", filepath.Base(path))
		}
		return err
	})
	if err != nil || files < 3 {
		t.Fatalf("%d files, %v", files, err)
	}
}

func TestReadEnvelopeLines(t *testing.T) {
	good := `{"village":"大坪村","office":"县纪委监委","key":"age1x","content":"AAAA"}` + "\n"
	if found, err := readEnvelopeLines(strings.NewReader(good + "\n" + good)); err != nil || len(found) != 2 {
		t.Errorf("%v, %v", found, err)
	}
	for name, bad := range map[string]string{
		"no JSON": good + "他收了钱\n", "no envelope": good + "{}\n", "a list": good + "[]\n", "a number": good + `{"content":1}` + "\n",
		"an endless line": good + `{"content":"` + strings.Repeat("A", maxEnvelopeLine) + `"}`,
	} {
		_, err := readEnvelopeLines(strings.NewReader(bad))
		if message := survey.MessageOf(err); !strings.Contains(message, "第 2 行读不出来") || strings.Contains(message, "收了钱") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSealOpen(f *testing.F) {
	identity, recipient, err := seal.NewIdentity()
	if err != nil {
		f.Fatal(err)
	}
	key, err := seal.ParseLetterKey([]byte(identity))
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"他收了钱", "\x1b[2J\r\n== 2 ==\n别的", "\u202e反过来"} {
		content, err := seal.Letter(recipient, survey.Letter{Village: "村\n", Text: text})
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(`{"office":"县\u001b","key":"` + recipient + `","content":"` + base64.StdEncoding.EncodeToString(content) + `"}`))
	}
	f.Add([]byte(`{"key":"` + recipient + `","content":"!"}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		all, err := readEnvelopeLines(bytes.NewReader(file))
		if err != nil {
			if survey.MessageOf(err) == "" {
				t.Errorf("no sentence: %v", err)
			}
			return
		}
		var out, told bytes.Buffer
		s := &session{streams: streams{out: &out, err: &told}}
		if err := s.reveal(key, all); err != nil && survey.MessageOf(err) == "" {
			t.Errorf("no sentence: %v", err)
		}
		if strings.ContainsAny(out.String()+told.String(), "\x1b\r\x00\u202e") {
			t.Errorf("the terminal would obey %q", out.String())
		}
	})
}
