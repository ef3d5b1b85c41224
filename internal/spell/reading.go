package spell

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
)

// missingReadings are characters of surnames, given names and places that the dictionary lacks, or knows without a
// reading that people use.
var missingReadings = map[rune]string{
	'𠮷': "jí", '黑': "hēi,hè", '𠅤': "huán", '𫍯': "xiǎo", '种': "zhǒng,chóng,zhòng", '乐': "lè,yuè,lào,yào",
}

// readings returns every way to say a character, without tones. Which one a surname takes (单 shàn, 仇 qiú, 尉迟 yù
// chí) need not be decided: a search accepts them all.
func readings(char rune) []string {
	said, ok := missingReadings[char]
	if !ok {
		said = pinyin.PinyinDict[int(char)]
	}
	var all []string
	for reading := range strings.SplitSeq(said, ",") {
		reading = toneless(reading)
		if reading != "" && !slices.Contains(all, reading) {
			all = append(all, reading)
		}
	}
	return all
}

// toneless returns a syllable in the letters a keyboard has.
func toneless(syllable string) string {
	return strings.Map(func(r rune) rune {
		if plain, ok := plainLetters[r]; ok {
			return plain
		}
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, syllable)
}

var plainLetters = lettersOf("aāáǎà", "eēéěèếềê", "iīíǐì", "oōóǒò", "uūúǔù", "vǖǘǚǜü", "mḿ", "nńňǹ")

// lettersOf maps the letters of each group to the group's first.
func lettersOf(groups ...string) map[rune]rune {
	plain := map[rune]rune{}
	for _, group := range groups {
		first := rune(group[0])
		for _, letter := range group[1:] {
			plain[letter] = first
		}
	}
	return plain
}

// A Reading is a way to say a character or a word that the dictionary does not know: one syllable for each character,
// as in 六安 lu an.
type Reading struct {
	Word      string
	Syllables []string // without tones, ü as v
}

// Longest readings: how many characters a word with a reading of its own may have, and how many letters a syllable.
const (
	longestWord     = 12
	longestSyllable = len("zhuang")
)

// Reasons why a reading is not taken, for whoever wrote it.
var (
	errNoReading   = errors.New("没有读音，请写拼音，如 lù ān")
	errNoSyllables = errors.New("读音只能写拼音字母，声调可以不写，如 lù ān 或 lu an")
	errLongWord    = fmt.Errorf("字词太长，最多 %d 个字", longestWord)
)

// Readings reads how a word is said: a syllable for each of its characters, with a space between and with or without
// tones, and other ways to say it behind a stop ("lù ān、liù ān").
func Readings(word, said string) ([]Reading, error) {
	characters := utf8.RuneCountInString(word)
	if characters > longestWord {
		return nil, errLongWord
	}
	var all []Reading
	for _, way := range strings.FieldsFunc(said, func(r rune) bool { return strings.ContainsRune("、，,；;/", r) }) {
		syllables, err := syllablesOf(way)
		switch {
		case err != nil:
			return nil, err
		case len(syllables) == 0:
			continue
		case len(syllables) != characters:
			return nil, fmt.Errorf("有 %d 个字，读音却是 %d 个音节；一个字写一个音节，中间空一格，如 lù ān", characters, len(syllables))
		case slices.ContainsFunc(syllables, func(s string) bool { return len(s) > longestSyllable }):
			return nil, errNoSyllables
		}
		all = append(all, Reading{Word: word, Syllables: syllables})
	}
	if len(all) == 0 {
		return nil, errNoReading
	}
	return all, nil
}

// syllablesOf returns the syllables of one way to say a word. Digits are tones and end a syllable.
func syllablesOf(way string) ([]string, error) {
	way = strings.ToLower(strings.ReplaceAll(way, "u:", "v"))
	words := strings.FieldsFunc(way, func(r rune) bool { return r >= '0' && r <= '9' || strings.ContainsRune(" \t\u3000'’-", r) })
	syllables := make([]string, len(words))
	for i, word := range words {
		syllables[i] = toneless(word)
		if utf8.RuneCountInString(word) != len(syllables[i]) {
			return nil, errNoSyllables
		}
	}
	return syllables, nil
}
