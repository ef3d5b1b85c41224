package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"filippo.io/age"

	"zoucun/survey"
)

// letterStep is what the length of a letter is a multiple of before it is sealed: some 1,300 characters, so that nearly
// all envelopes are of one size.
const letterStep = 4 << 10

// maxLetter bounds a letter in bytes before it is sealed, and maxEnvelope after.
const (
	maxLetter   = 64 << 10
	maxEnvelope = maxLetter + 4<<10
)

// Letter seals a letter for a recipient in age's notation. Nobody else can open it, whoever sealed it included. The
// letter is JSON followed by blanks, so that any program that reads age's format will do. A letter without words, or
// beyond its limits, is an error of kind Invalid with a sentence.
func Letter(recipient string, letter survey.Letter) ([]byte, error) {
	if err := checkLetter(letter); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(letter)
	if err != nil {
		return nil, fmt.Errorf("letter: %w", err)
	}
	blanks := letterStep - len(plain)%letterStep
	return WrapFor(recipient, append(plain, bytes.Repeat([]byte{' '}, blanks)...))
}

// checkLetter returns an error of kind Invalid for what Letter does not take.
func checkLetter(l survey.Letter) error {
	refuse := func(message string) error {
		return &survey.Error{Kind: survey.Invalid, Op: "seal.Letter", Message: message}
	}
	switch {
	case strings.TrimSpace(l.Text) == "":
		return refuse("还没有写内容，没有封存。")
	case utf8.RuneCountInString(l.Text) > survey.MaxLetterText:
		return refuse(fmt.Sprintf("内容最多 %d 个字，现在有 %d 个，没有封存。请分成几份，或写短一些；字还在框里。",
			survey.MaxLetterText, utf8.RuneCountInString(l.Text)))
	case utf8.RuneCountInString(l.Reply) > survey.MaxLetterReply:
		return refuse(fmt.Sprintf("“希望怎样得到回复”最多 %d 个字，没有封存。请写短一些；字还在框里。", survey.MaxLetterReply))
	}
	return nil
}

// LetterKey opens the letters that are sealed for one recipient.
type LetterKey struct{ identity *age.X25519Identity }

// ParseLetterKey reads a private key as zouctl key make and age-keygen write it: lines that begin with # are passed
// over. What is none is an error of kind Invalid with a sentence.
func ParseLetterKey(file []byte) (LetterKey, error) {
	var lines []string
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	refuse := func(message string) (LetterKey, error) {
		return LetterKey{}, &survey.Error{Kind: survey.Invalid, Op: "seal.ParseLetterKey", Message: message}
	}
	if len(lines) != 1 {
		return refuse("这个文件里不是一把私钥。私钥文件由 zouctl key make 写成，里面有一行以 AGE-SECRET-KEY-1 开头。")
	}
	if strings.HasPrefix(lines[0], "age1") {
		return refuse("这个文件里是公钥，只能封存，不能打开。请用私钥文件，里面有一行以 AGE-SECRET-KEY-1 开头。")
	}
	identity, err := age.ParseX25519Identity(lines[0])
	if err != nil {
		return refuse("私钥读不出来，可能少了几个字。请用 zouctl key make 写成的原来那个文件。")
	}
	return LetterKey{identity}, nil
}

// Recipient returns the public half: what letters were sealed to that this key opens.
func (k LetterKey) Recipient() string { return k.identity.Recipient().String() }

// Open returns the letter in an envelope. It is an error of kind Denied where the envelope is sealed for another key,
// and Damaged where what is in it is no letter: anybody who has the public key can seal anything.
func (k LetterKey) Open(envelope []byte) (survey.Letter, error) {
	if len(envelope) > maxEnvelope {
		return survey.Letter{}, noLetter(fmt.Errorf("%d bytes", len(envelope)))
	}
	r, err := age.Decrypt(bytes.NewReader(envelope), k.identity)
	if other := (*age.NoIdentityMatchError)(nil); errors.As(err, &other) {
		return survey.Letter{}, &survey.Error{Kind: survey.Denied, Op: "seal.Open", Message: "这份封存件不是封给这把钥匙的。", Err: err}
	}
	if err != nil {
		return survey.Letter{}, noLetter(err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxLetter+1))
	if err != nil {
		return survey.Letter{}, noLetter(err)
	}
	return readLetter(plain)
}

// readLetter reads what was in an envelope.
func readLetter(plain []byte) (survey.Letter, error) {
	if len(plain) > maxLetter || !utf8.Valid(plain) {
		return survey.Letter{}, noLetter(fmt.Errorf("%d bytes", len(plain)))
	}
	var l survey.Letter
	if err := json.Unmarshal(plain, &l); err != nil {
		return survey.Letter{}, noLetter(errors.New("not JSON")) // the decoder's own words would repeat the letter
	}
	short := utf8.RuneCountInString(l.Village) <= survey.MaxLetterName && utf8.RuneCountInString(l.Day) <= survey.MaxLetterName
	if err := checkLetter(l); err != nil || !short {
		return survey.Letter{}, noLetter(errors.New("empty or beyond its limits"))
	}
	return l, nil
}

func noLetter(err error) error {
	return &survey.Error{Kind: survey.Damaged, Op: "seal.Open", Message: "这份封存件已经损坏，或不是本系统封存的，打不开。", Err: err}
}
