package lint

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"zoucun/survey"
)

// Limits of a county's list.
const (
	maxWords = 10_000
	maxList  = 4 << 20 // bytes
)

// With returns the rules with a county's own words: CSV with a word and the reason on each line. Words can only be
// added; a line that would take one away is an error, and so is one the list cannot mean.
func (r Rules) With(list io.Reader) (Rules, error) {
	text, err := io.ReadAll(io.LimitReader(list, maxList+1))
	if err != nil || len(text) > maxList {
		return r, refused(0, "读不出来，或大于 4 MB", err)
	}
	lines := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff")))
	lines.FieldsPerRecord = -1
	for number := 1; ; number++ {
		cells, err := lines.Read()
		switch {
		case errors.Is(err, io.EOF):
			return r, nil
		case err != nil:
			return r, refused(number, "引号不成对", err)
		case number > maxWords:
			return r, refused(number, fmt.Sprintf("最多 %d 个词", maxWords), nil)
		}
		word := strings.TrimSpace(cells[0])
		if number == 1 && (word == "词" || word == "word") || word == "" && len(cells) == 1 {
			continue
		}
		added, err := countyRule(number, word, cells[1:])
		if err != nil {
			return r, err
		}
		r.added = append(slices.Clip(r.added), added)
	}
}

func countyRule(number int, word string, more []string) (rule, error) {
	if strings.HasPrefix(word, "-") || strings.HasPrefix(word, "!") || strings.HasPrefix(word, "不查") {
		return rule{}, refused(number, "只能加词，不能减词", nil)
	}
	if len([]rune(squeezed(word))) < 2 {
		return rule{}, refused(number, "“"+word+"”太短，至少要两个字", nil)
	}
	reason := "本县规定不收集这一项。"
	if len(more) > 0 && strings.TrimSpace(more[0]) != "" {
		reason = strings.TrimSpace(more[0])
	}
	return rule{
		code: County, where: asked | hints | choices | notes, words: []string{word}, keys: []string{strings.ToLower(word)},
		message: "“{0}”里有本县不许用的词“{1}”。", remedy: reason,
	}.ready(), nil
}

func refused(line int, why string, err error) error {
	where := "补充词表"
	if line > 0 {
		where = fmt.Sprintf("补充词表第 %d 行", line)
	}
	return &survey.Error{Kind: survey.Invalid, Op: "lint.With", Message: where + "：" + why + "。", Err: err}
}
