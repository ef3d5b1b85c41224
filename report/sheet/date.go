package sheet

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Serial numbers of dates that registers can hold: 1954 to 2064 in the system of 1900.
const (
	firstSerial = 20_000
	lastSerial  = 60_000
	since1904   = 1462 // days between the two systems
)

var (
	dateText   = regexp.MustCompile(`^(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?$`)
	dateDigits = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	monthText  = regexp.MustCompile(`^\d{4}(?:[-/.]|年)\d{1,2}月?$`)
	lunar      = regexp.MustCompile(`农历|阴历|初[一二三四五六七八九十]|廿|正月|腊月|冬月|闰|[一二三四五六七八九十]月`)
	serialText = regexp.MustCompile(`^\d{5}(\.\d+)?$`)
)

// ParseDate reads a date as registers keep it, 2026-03-01: from text, or from the serial number a spreadsheet keeps for a
// date, which counts from 1900 or from 1904. An empty cell is none.
func ParseDate(s string, from1904 bool) (string, error) {
	s = strings.ReplaceAll(HalfWidth(Clean(s)), " ", "")
	s = strings.TrimSuffix(s, "00:00:00")
	switch {
	case absent[s]:
		return "", nil
	case lunar.MatchString(s):
		return "", errors.New("是农历日期，请换成公历，如 2026-03-01")
	case serialText.MatchString(s):
		return serialDate(s, from1904)
	case monthText.MatchString(s):
		return "", errors.New("日期没有写到哪一天，请写全，如 2026-03-01")
	}
	parts := dateText.FindStringSubmatch(s)
	if parts == nil {
		parts = dateDigits.FindStringSubmatch(s)
	}
	if parts == nil {
		return "", errors.New("不是日期，请写成 2026-03-01 这样")
	}
	year, _ := strconv.Atoi(parts[1]) // digits by the pattern
	month, _ := strconv.Atoi(parts[2])
	day, _ := strconv.Atoi(parts[3])
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if date.Year() != year || int(date.Month()) != month || date.Day() != day {
		return "", errors.New("没有这一天，请改正日期")
	}
	if year < 1900 || year > 2100 {
		return "", errors.New("年份不对，请改正日期")
	}
	return date.Format(time.DateOnly), nil
}

func serialDate(s string, from1904 bool) (string, error) {
	whole, _, _ := strings.Cut(s, ".")
	serial, _ := strconv.Atoi(whole) // digits by the pattern
	if from1904 {
		serial += since1904
	}
	if serial < firstSerial || serial > lastSerial {
		return "", errors.New("不是日期，请写成 2026-03-01 这样")
	}
	return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, serial).Format(time.DateOnly), nil
}

// ParseNumberText gives a number that a spreadsheet keeps with an exponent or with ".0" back as the digits that were meant;
// other text stays as it is.
func ParseNumberText(s string) string {
	if !Scientific.MatchString(s) && !wholeFloat.MatchString(s) {
		return s
	}
	return WholeDigits(s, s)
}
