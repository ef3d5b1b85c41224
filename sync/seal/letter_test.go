package seal

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zoucun/survey"
)

// newLetterKey draws a key and returns it with its public half.
func newLetterKey(tb testing.TB) (LetterKey, string) {
	tb.Helper()
	identity, recipient, err := NewIdentity()
	if err != nil {
		tb.Fatal(err)
	}
	key, err := ParseLetterKey([]byte("# 县纪委监委\n\n" + identity + "\r\n"))
	if err != nil {
		tb.Fatal(err)
	}
	if key.Recipient() != recipient {
		tb.Fatalf("Recipient = %s, want %s", key.Recipient(), recipient)
	}
	return key, recipient
}

func TestLetterComesOutAsItWentIn(t *testing.T) {
	key, recipient := newLetterKey(t)
	rapid.Check(t, func(t *rapid.T) {
		want := survey.Letter{
			Village: "青塘村", Day: "2026-11-22",
			Text:  "他" + rapid.StringN(0, 2000, 8000).Draw(t, "text"),
			Reply: rapid.StringN(0, survey.MaxLetterReply, 600).Draw(t, "reply"),
		}
		envelope, err := Letter(recipient, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := key.Open(envelope)
		if err != nil || got != want {
			t.Fatalf("Open = %+v, %v", got, err)
		}
	})
}

func TestLongestLetterFits(t *testing.T) {
	key, recipient := newLetterKey(t)
	longest := survey.Letter{
		Village: strings.Repeat("村", survey.MaxLetterName), Day: "2026-11-22",
		Text: strings.Repeat("𬱖", survey.MaxLetterText), Reply: strings.Repeat("复", survey.MaxLetterReply),
	}
	envelope, err := Letter(recipient, longest)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.Open(envelope); err != nil || got != longest {
		t.Errorf("Open = %v", err)
	}
	longest.Text += "字"
	if _, err := Letter(recipient, longest); survey.KindOf(err) != survey.Invalid || !strings.Contains(survey.MessageOf(err), "字还在框里") {
		t.Errorf("one character more: %v", err)
	}
}

func TestLengthOfAnEnvelopeTellsNothing(t *testing.T) {
	_, recipient := newLetterKey(t)
	size := func(text string) int {
		envelope, err := Letter(recipient, survey.Letter{Village: "青塘村", Day: "2026-11-22", Text: text})
		if err != nil {
			t.Fatal(err)
		}
		return len(envelope)
	}
	short := size("是")
	if long := size(strings.Repeat("字", 1200)); long != short {
		t.Errorf("%d bytes for one character, %d for 1200", short, long)
	}
	if longer := size(strings.Repeat("字", 1500)); longer-short != letterStep {
		t.Errorf("the next size is %d bytes larger", longer-short)
	}
}

func TestSealingALetterTwiceLooksDifferent(t *testing.T) {
	_, recipient := newLetterKey(t)
	letter := survey.Letter{Text: "同样的话"}
	a, errA := Letter(recipient, letter)
	b, errB := Letter(recipient, letter)
	if errA != nil || errB != nil || bytes.Equal(a, b) {
		t.Errorf("the same envelope twice: %v, %v", errA, errB)
	}
}

func TestOpenRefuses(t *testing.T) {
	key, recipient := newLetterKey(t)
	stranger, _ := newLetterKey(t)
	envelope, err := Letter(recipient, survey.Letter{Text: "只给你看"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Open(envelope); survey.KindOf(err) != survey.Denied || survey.MessageOf(err) == "" {
		t.Errorf("another key: %v", err)
	}
	for at := 0; at < len(envelope); at += 37 {
		bent := bytes.Clone(envelope)
		bent[at] ^= 1
		if _, err := key.Open(bent); err == nil || survey.MessageOf(err) == "" {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
	wrap := func(plain string) []byte {
		sealed, err := WrapFor(recipient, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	for name, hostile := range map[string][]byte{
		"nothing":          nil,
		"no envelope":      []byte("age-encryption.org/v1\n"),
		"no JSON":          wrap("他收了钱"),
		"no words":         wrap(`{"village":"青塘村"}`),
		"no UTF-8":         wrap("{\"text\":\"\xff\xfe\"}"),
		"a list":           wrap(`["text"]`),
		"too long a name":  wrap(`{"text":"x","village":"` + strings.Repeat("村", survey.MaxLetterName+1) + `"}`),
		"too long a text":  wrap(`{"text":"` + strings.Repeat("a", survey.MaxLetterText+1) + `"}`),
		"a bomb":           wrap(`{"text":"x"}` + strings.Repeat(" ", maxLetter)),
		"deeper than deep": wrap(strings.Repeat("[", maxLetter-1)),
	} {
		if _, err := key.Open(hostile); survey.KindOf(err) != survey.Damaged || survey.MessageOf(err) == "" || strings.Contains(err.Error(), "收了钱") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSealLetterRefuses(t *testing.T) {
	_, recipient := newLetterKey(t)
	for name, letter := range map[string]survey.Letter{
		"no words": {Text: " \n　"}, "a long reply": {Text: "x", Reply: strings.Repeat("复", survey.MaxLetterReply+1)},
	} {
		if _, err := Letter(recipient, letter); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Letter("age1nonsense", survey.Letter{Text: "x"}); survey.KindOf(err) != survey.Invalid {
		t.Errorf("no key: %v", err)
	}
}

func TestParseLetterKeyRefuses(t *testing.T) {
	_, recipient := newLetterKey(t)
	for _, file := range []string{"", "# nothing\n", recipient, "AGE-SECRET-KEY-1ABC", "hello", "a\nb"} {
		if _, err := ParseLetterKey([]byte(file)); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("ParseLetterKey(%q) = %v", file, err)
		}
	}
}

func FuzzReadLetter(f *testing.F) {
	f.Add([]byte(`{"village":"青塘村","day":"2026-11-22","text":"他收了钱","reply":"打电话"}   `))
	f.Add([]byte(`{"text":1}`))
	f.Add([]byte("{\"text\":\"\\u0000\\ud800\"}"))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		letter, err := readLetter(plain)
		if err != nil {
			if survey.KindOf(err) != survey.Damaged {
				t.Errorf("readLetter = %v", err)
			}
			return
		}
		if err := checkLetter(letter); err != nil {
			t.Errorf("a letter was read that could not be sealed: %v", err)
		}
		again, err := json.Marshal(letter)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := readLetter(again); len(again) <= maxLetter && (err != nil || back != letter) {
			t.Errorf("%+v came back as %+v, %v", letter, back, err)
		}
	})
}

func FuzzParseLetterKey(f *testing.F) {
	f.Add([]byte("# x\nAGE-SECRET-KEY-1"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if key, err := ParseLetterKey(file); err == nil && key.Recipient() == "" {
			t.Error("a key without a public half")
		}
	})
}
