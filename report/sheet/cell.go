package sheet

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"

	"zoucun/survey"
)

// Longest texts, in characters.
const (
	maxName = 50
	maxText = 40 // of a place, a door, a post: what the form takes
	maxCode = 32
)

// MaxCount is the most people a household can have.
const MaxCount = 99

// Reasons that several columns share.
var (
	errBroken   = errors.New("单元格是公式出错的值，请改成文字")
	errLost     = errors.New("有一个字在以前转换时丢了（显示为 �、□ 或问号），请按证件补上")
	errTooLong  = errors.New("内容太长")
	errNoDigits = errors.New("电话变成了科学计数法，末几位已经丢了，请重新填写")
)

// Clean returns text as the register keeps it: NFC, no invisible characters, no space at the ends, single spaces
// inside, and none between Chinese characters, where typists put them to align a column.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	s = norm.NFC.String(strings.ToValidUTF8(s, "\ufffd"))
	var kept []rune
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = true
			continue
		case unicode.Is(unicode.Cf, r):
			continue
		}
		if space && len(kept) > 0 && (!unicode.Is(unicode.Han, r) || !unicode.Is(unicode.Han, kept[len(kept)-1])) {
			kept = append(kept, ' ')
		}
		kept, space = append(kept, r), false
	}
	return norm.NFC.String(string(kept)) // what was dropped may have kept two marks apart
}

// plain reports whether nothing has to be done to a text, which is so for most: letters and digits of ASCII, and characters that
// are their own normal form.
func plain(s string) bool {
	for _, r := range s {
		if (r <= ' ' || r > '~') && (r < '\u4e00' || r > '\u9fff') {
			return false
		}
	}
	return true
}

// HalfWidth turns the full-width digits, letters and signs of an input method into ASCII.
func HalfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, s)
}

// absent are the ways of writing that there is nothing to write.
var absent = map[string]bool{"": true, "-": true, "--": true, "—": true, "——": true, "/": true, "\\": true, "无": true, "没有": true}

// Scientific is how a spreadsheet shows a number that is too long for its cell.
var Scientific = regexp.MustCompile(`^\d(\.\d+)?[Ee]\+?\d{1,2}$`)

// WholeDigits returns the digits of a raw number, or what is shown where the number has been rounded to fit.
func WholeDigits(raw, shown string) string {
	number, err := strconv.ParseFloat(raw, 64)
	if err != nil || number >= 1<<53 || number != float64(int64(number)) {
		return shown
	}
	digits := strconv.FormatInt(int64(number), 10)
	if raw == shown && strings.HasSuffix(digits, "000000") {
		return shown
	}
	return digits
}

// CheckText refuses characters that are not what the person wrote.
func CheckText(s string, longest int) error {
	if utf8.RuneCountInString(s) > longest {
		return fmt.Errorf("%w，最多 %d 个字", errTooLong, longest)
	}
	if strings.HasPrefix(s, "#") && strings.TrimLeft(s[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ/") != s[1:] {
		return errBroken
	}
	for _, r := range s {
		if unicode.Is(unicode.Co, r) {
			return privateUse(r)
		}
		if r == utf8.RuneError {
			return errLost
		}
	}
	return nil
}

// CheckShort is CheckText for what stands on a line.
func CheckShort(s string) error { return CheckText(s, maxText) }

// CheckName is CheckText for names, in which a question mark or a box is a lost character too.
func CheckName(s string) error {
	if strings.ContainsAny(s, "?？□■〓") {
		return errLost
	}
	return CheckText(s, maxName)
}

// privateUse says what a private-use character probably stands for.
func privateUse(r rune) error {
	if meant, ok := standardFor(r); ok {
		return fmt.Errorf("有旧系统的自造字 U+%04X，可能是“%c”，请用输入法重新输入", r, meant)
	}
	return fmt.Errorf("有旧系统的自造字 U+%04X，别的电脑显示不出来，请用输入法重新输入", r)
}

// Before GB 18030-2022 the characters at GBK FE50 to FEA0 were private-use characters, in the order of the code points
// below; the decoder knows what stands there today.
const (
	oldPrivateFirst = 0xe815
	oldPrivateLast  = 0xe864
)

// standardFor returns the character that has replaced a private-use one of old GBK systems.
func standardFor(r rune) (rune, bool) {
	if r < oldPrivateFirst || r > oldPrivateLast {
		return 0, false
	}
	second := 0x50 + r - oldPrivateFirst
	if second >= 0x7f {
		second++ // GBK has no trail byte 7F
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes([]byte{0xfe, byte(second)})
	if err != nil {
		return 0, false
	}
	meant, _ := utf8.DecodeRune(text)
	return meant, meant != utf8.RuneError && !unicode.Is(unicode.Co, meant)
}

var (
	mobile   = regexp.MustCompile(`^1[3-9]\d{9}$`)
	landline = regexp.MustCompile(`^0\d{2,3}-?\d{7,8}(-\d{1,6})?$`)
	joints   = regexp.MustCompile(`[/、,，;；]|\s+或`)
	loose    = strings.NewReplacer(" ", "", "(", "", ")", "-")
)

// ParsePhone reads a mobile or landline number; an empty one is none.
func ParsePhone(s string) (string, error) {
	s = HalfWidth(s)
	if absent[s] {
		return "", nil
	}
	if Scientific.MatchString(s) {
		return "", errNoDigits
	}
	if joints.MatchString(s) {
		return "", errors.New("一格里有两个电话，请只留一个")
	}
	compact := strings.TrimPrefix(loose.Replace(s), "+86")
	if bare := strings.ReplaceAll(compact, "-", ""); mobile.MatchString(bare) {
		return bare, nil
	}
	if landline.MatchString(compact) {
		return compact, nil
	}
	return "", errors.New("不是电话号码：手机要 11 位，座机要带区号")
}

var wholeFloat = regexp.MustCompile(`^(\d+)\.0+$`)

// ParseCode reads a household's code. A code that the spreadsheet took for a number is a code again.
func ParseCode(s string) (string, error) {
	code := strings.ReplaceAll(HalfWidth(s), " ", "")
	code = wholeFloat.ReplaceAllString(code, "$1")
	if utf8.RuneCountInString(code) > maxCode {
		return "", fmt.Errorf("%w，最多 %d 个字", errTooLong, maxCode)
	}
	if Scientific.MatchString(code) && len(code) > 4 {
		return "", errors.New("户编号变成了科学计数法，请重新填写")
	}
	return code, nil
}

// ParseCount reads a number of people; -1 stands for an empty cell.
func ParseCount(s string) (int, error) {
	s = strings.TrimRight(HalfWidth(s), " 人口个")
	switch {
	case s == "无":
		return 0, nil
	case absent[s]:
		return -1, nil
	}
	number, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return 0, errors.New("不是数字")
	case number < 0:
		return 0, errors.New("人数不能是负数")
	case number != float64(int(number)):
		return 0, errors.New("人数不能有小数")
	case number > MaxCount:
		return 0, fmt.Errorf("人数超过 %d", MaxCount)
	}
	return int(number), nil
}

var locations = map[string]survey.LocationClass{
	"路边": survey.Roadside, "路旁": survey.Roadside, "沿路": survey.Roadside, "公路边": survey.Roadside, "公路沿线": survey.Roadside,
	"村中": survey.Central, "村内": survey.Central, "村里": survey.Central, "中心": survey.Central, "集中居住": survey.Central,
	"偏远": survey.Remote, "边远": survey.Remote, "偏僻": survey.Remote, "山上": survey.Remote, "高山": survey.Remote,
}

// ParseLocation reads how far off the road a household lives.
func ParseLocation(s string) (survey.LocationClass, error) {
	if absent[s] {
		return "", nil
	}
	for _, word := range []string{s, strings.TrimSuffix(s, "户")} {
		if class, ok := locations[word]; ok {
			return class, nil
		}
	}
	return "", errors.New("不认识的位置类型，请写“路边”“村中”或“偏远”")
}

// MaskName keeps the surname's first character: a list of faults may be printed or sent on.
func MaskName(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return printable(first) + strings.Repeat("*", min(3, utf8.RuneCountInString(s[size:])))
}

// MaskDigits keeps the first three and the last two characters.
func MaskDigits(s string) string {
	runes := []rune(s)
	if len(runes) <= 5 {
		return strings.Repeat("*", len(runes))
	}
	return string(runes[:3]) + strings.Repeat("*", min(8, len(runes)-5)) + string(runes[len(runes)-2:])
}

// Excerpt keeps the beginning of a value that names nobody.
func Excerpt(s string) string {
	const longest = 20
	runes := []rune(s)
	if len(runes) > longest {
		runes = append(runes[:longest], '…')
	}
	return string(runes)
}

func printable(r rune) string {
	if unicode.IsPrint(r) {
		return string(r)
	}
	return "□"
}

// CodeKey is a code without what a spreadsheet loses when it takes the code for a number: zeros in front.
func CodeKey(code string) string {
	if !IsDigits(code) {
		return code
	}
	if bare := strings.TrimLeft(code, "0"); bare != "" {
		return bare
	}
	return code
}

// IsDigits reports whether s is written in the digits 0 to 9 alone.
func IsDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
