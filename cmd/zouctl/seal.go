package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// envelope is a line of a file of envelopes: everything an envelope says to whoever cannot open it.
type envelope struct {
	Village string `json:"village"`
	Office  string `json:"office"`
	Key     string `json:"key"`
	Content string `json:"content"` // base64
}

// Limits of what is read from files.
const (
	maxEnvelopeLine = 256 << 10
	maxKeyFile      = 64 << 10
)

// sealExport writes envelopes as they are into a file, for a recipient who has no access to the server.
func sealExport(flags *flag.FlagSet) action {
	out := flags.String("out", "", "写到哪个文件")
	recipient := flags.String("recipient", "", "只要封给一个单位的：单位名称或公钥")
	return func(ctx context.Context, s *session, _ []string) error {
		if *out == "" {
			return &usageError{"请用 -out 写明写到哪个文件。"}
		}
		all, err := s.envelopes(ctx)
		if err != nil {
			return err
		}
		if *recipient != "" {
			all = slices.DeleteFunc(all, func(e envelope) bool { return e.Office != *recipient && e.Key != *recipient })
		}
		if len(all) == 0 {
			return refuse(survey.NotFound, "seal export", "没有这样的封存件，没有写文件。", nil)
		}
		err = writeFile(*out, func(w io.Writer) error {
			lines := json.NewEncoder(w)
			for _, e := range all {
				if err := lines.Encode(e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		s.tell("已写入 %d 件。内容仍是封着的，只有收件单位的私钥打得开。\n", len(all))
		return nil
	}
}

// sealOpen prints what lies in the envelopes that a key opens. Nothing is noted anywhere that it was done.
func sealOpen(flags *flag.FlagSet) action {
	identity := flags.String("identity", "", "收件单位的私钥文件（zouctl key make 写成的）")
	return func(ctx context.Context, s *session, args []string) error {
		if *identity == "" {
			return &usageError{"请用 -identity 写明私钥文件。"}
		}
		key, err := readLetterKey(*identity)
		if err != nil {
			return err
		}
		var all []envelope
		if len(args) == 0 {
			all, err = s.envelopes(ctx)
		} else {
			all, err = readEnvelopes(args)
		}
		if err != nil {
			return err
		}
		return s.reveal(key, all)
	}
}

func readLetterKey(path string) (seal.LetterKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return seal.LetterKey{}, notReadable(path, err)
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return seal.LetterKey{}, notReadable(path, err)
	}
	return seal.ParseLetterKey(data)
}

// envelopes returns the envelopes on the server.
func (s *session) envelopes(ctx context.Context) ([]envelope, error) {
	var found []envelope
	err := s.withCentral(ctx, func(c *central.Central) error {
		places, err := registered(ctx, c, survey.TypePlace)
		if err != nil {
			return err
		}
		names := map[survey.ScopeID]string{}
		for _, place := range places {
			names[survey.VillageScope(place.ID)] = place.Fields[survey.PlaceName]
		}
		return c.Records(ctx, central.Query{Type: survey.TypeSealed}, func(r survey.Record) error {
			found = append(found, envelope{
				Village: names[r.Scope], Office: r.Fields[survey.EnvelopeOffice], Key: r.Fields[survey.EnvelopeKey],
				Content: r.Fields[survey.EnvelopeContent],
			})
			return nil
		})
	})
	return found, err
}

// readEnvelopes reads files that seal export wrote.
func readEnvelopes(paths []string) ([]envelope, error) {
	var all []envelope
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, notReadable(path, err)
		}
		found, err := readEnvelopeLines(f)
		_ = f.Close() // read only: nothing is lost
		if err != nil {
			return nil, refuse(survey.Damaged, "seal open", "“"+path+"”"+survey.MessageOf(err), err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// readEnvelopeLines reads a line of JSON for each envelope.
func readEnvelopeLines(r io.Reader) ([]envelope, error) {
	var found []envelope
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEnvelopeLine)
	n := 0
	bad := func(err error) error {
		return refuse(survey.Damaged, "seal open", fmt.Sprintf("第 %d 行读不出来：不是 zouctl seal export 写成的文件，或已经损坏。", n+1), err)
	}
	for ; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var e envelope
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Content == "" {
			return nil, bad(cmp.Or(err, errors.New("no content")))
		}
		found = append(found, e)
	}
	if err := lines.Err(); err != nil {
		return nil, bad(err)
	}
	return found, nil
}

// opened is what came of trying a key on envelopes.
type opened struct {
	letters []survey.Letter
	broken  int             // addressed to the key, and not to be opened by it
	others  []survey.Record // for other keys, as far as they may be counted
}

// reveal prints the letters that a key opens, and says how many envelopes are for others.
func (s *session) reveal(key seal.LetterKey, all []envelope) error {
	result := tryKey(key, all)
	for n, letter := range result.letters {
		if err := s.printLetter(n+1, letter); err != nil {
			return err
		}
	}
	others := ""
	for _, count := range report.CountEnvelopes(result.others) {
		others += fmt.Sprintf("，%s %d 件", count.Office, count.Count)
	}
	if others != "" {
		others = fmt.Sprintf("另有 %d 件是封给别的钥匙的，这把打不开%s。", len(result.others), others)
	}
	switch {
	case result.broken > 0:
		return refuse(survey.Damaged, "seal open", fmt.Sprintf("打开了 %d 件。有 %d 件写明封给这把钥匙，却已损坏或不是本系统封的，打不开。%s",
			len(result.letters), result.broken, others), nil)
	case len(all) == 0:
		s.tell("没有封存件。\n")
	case len(result.letters) == 0:
		return refuse(survey.Denied, "seal open", "这把钥匙在这里一件也打不开。"+others+"请换用收件单位自己的私钥文件。", nil)
	default:
		s.tell("打开了 %d 件，请当面保管。%s\n", len(result.letters), others)
	}
	return nil
}

// tryKey tries a key on envelopes.
func tryKey(key seal.LetterKey, all []envelope) opened {
	var result opened
	for _, e := range all {
		if e.Key != key.Recipient() {
			result.others = append(result.others, survey.Record{Type: survey.TypeSealed, Fields: survey.Fields{survey.EnvelopeOffice: e.Office}})
			continue
		}
		content, err := base64.StdEncoding.DecodeString(e.Content)
		if err != nil {
			result.broken++
			continue
		}
		letter, err := key.Open(content)
		if err != nil {
			result.broken++
			continue
		}
		result.letters = append(result.letters, letter)
	}
	slices.SortStableFunc(result.letters, func(a, b survey.Letter) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Village, b.Village))
	})
	return result
}

func (s *session) printLetter(n int, letter survey.Letter) error {
	var text strings.Builder
	fmt.Fprintf(&text, "== %d ==\n%s　%s\n", n, oneLine(letter.Village), oneLine(letter.Day))
	if letter.Reply != "" {
		fmt.Fprintf(&text, "希望怎样得到回复：%s\n", oneLine(letter.Reply))
	}
	for line := range strings.Lines(letter.Text) {
		fmt.Fprintf(&text, "  %s\n", oneLine(line)) // set in, so that no letter looks like two
	}
	return s.printf("%s\n", text.String())
}

// oneLine leaves what a terminal shows on one line and takes out what it would obey: anybody may have sealed a letter.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}
