package xpath

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Moment is a date or a date with a time of day, as date(), today() and now() return it.
type Moment struct {
	Time time.Time
	Day  bool // a date alone
}

const dayLength = 24 * time.Hour

// String returns the ISO 8601 form: the date alone, or with milliseconds and the zone's offset.
func (m Moment) String() string {
	if m.Day {
		return m.Time.Format(time.DateOnly)
	}
	return m.Time.Format("2006-01-02T15:04:05.000-07:00")
}

// days returns the days since 1970-01-01 in UTC, with the fraction of the day.
func (m Moment) days() float64 {
	return float64(m.Time.UnixMilli()) / float64(dayLength/time.Millisecond)
}

// momentOfDays is the inverse of days. It is a date alone when it falls on midnight in the zone.
func momentOfDays(days float64, zone *time.Location) (Moment, bool) {
	if math.IsNaN(days) || math.Abs(days) > 1e8 {
		return Moment{}, false
	}
	t := time.UnixMilli(int64(math.Round(days * float64(dayLength/time.Millisecond)))).In(zone)
	return Moment{t, t.Equal(midnight(t))}, true
}

func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// looksLikeDate tells cheaply whether a text may be a date.
func looksLikeDate(s string) bool {
	dash := strings.IndexByte(s, '-')
	return dash == 4 && isDigit(s[0]) && len(s) >= 8 && len(s) <= 40
}

// parseMoment reads a date or a date with a time. Without an offset the time is the zone's.
func parseMoment(text string, zone *time.Location) (Moment, bool) {
	text = strings.TrimSpace(text)
	if !looksLikeDate(text) {
		return Moment{}, false
	}
	date, clock, timed := strings.Cut(text, "T")
	day, ok := parseDay(date, zone)
	if !ok || !timed {
		return Moment{day, true}, ok
	}
	since, offset, ok := parseClock(clock)
	if !ok {
		return Moment{}, false
	}
	if offset == nil {
		y, m, d := day.Date()
		return Moment{time.Date(y, m, d, 0, 0, 0, int(since), zone), false}, true
	}
	y, m, d := day.Date()
	t := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(since - *offset)
	return Moment{t.In(zone), false}, true
}

func parseDay(text string, zone *time.Location) (time.Time, bool) {
	parts := strings.Split(text, "-")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	var n [3]int
	for i, part := range parts {
		v, err := strconv.Atoi(part)
		if err != nil || len(part) > 4 {
			return time.Time{}, false
		}
		n[i] = v
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, zone)
	return t, int(t.Month()) == n[1] && t.Day() == n[2]
}

// parseClock reads hh:mm[:ss[.fraction]] with an optional offset and returns the time since midnight.
func parseClock(text string) (time.Duration, *time.Duration, bool) {
	clock, offset, ok := cutOffset(text)
	if !ok {
		return 0, nil, false
	}
	parts := strings.Split(clock, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, nil, false
	}
	h, errH := strconv.Atoi(parts[0])
	m, errM := strconv.Atoi(parts[1])
	s := 0.0
	if len(parts) == 3 {
		s = parseNumber(parts[2])
	}
	if errH != nil || errM != nil || h < 0 || h > 23 || m < 0 || m > 59 || math.IsNaN(s) || s < 0 || s >= 60 {
		return 0, nil, false
	}
	since := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(math.Round(s*1000))*time.Millisecond
	return since, offset, true
}

// cutOffset splits "06:00:00-07:00" into the time and the offset, nil when there is none.
func cutOffset(text string) (string, *time.Duration, bool) {
	if clock, ok := strings.CutSuffix(text, "Z"); ok {
		return clock, new(time.Duration), true
	}
	at := strings.LastIndexAny(text, "+-")
	if at < 0 {
		return text, nil, true
	}
	hours, minutes, _ := strings.Cut(text[at+1:], ":")
	if minutes == "" && len(hours) == 4 {
		hours, minutes = hours[:2], hours[2:]
	}
	if minutes == "" {
		minutes = "0"
	}
	h, errH := strconv.Atoi(hours)
	m, errM := strconv.Atoi(minutes)
	if errH != nil || errM != nil || h > 14 || m > 59 {
		return "", nil, false
	}
	offset := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if text[at] == '-' {
		offset = -offset
	}
	return text[:at], &offset, true
}

// moment converts a value as date-time() does.
func moment(v any, f *frame) (Moment, bool) {
	switch v := v.(type) {
	case Moment:
		return v, true
	case float64:
		return momentOfDays(v, f.ctx.zone())
	case bool:
		return Moment{}, false
	}
	text := toString(v)
	if m, ok := parseMoment(text, f.ctx.zone()); ok {
		return m, true
	}
	return momentOfDays(parseNumber(text), f.ctx.zone())
}

// formatMoment writes a moment in the manner of strftime that ODK's format-date and format-date-time document.
func formatMoment(m Moment, layout string, f *frame) string {
	t := m.Time.In(f.ctx.zone())
	var b strings.Builder
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i+1 == len(layout) {
			b.WriteByte(layout[i])
			continue
		}
		i++
		b.WriteString(directive(t, layout[i], f.ctx.Language))
	}
	return b.String()
}

func directive(t time.Time, c byte, language string) string {
	switch c {
	case 'Y':
		return fmt.Sprintf("%04d", t.Year())
	case 'y':
		return fmt.Sprintf("%02d", t.Year()%100)
	case 'm':
		return fmt.Sprintf("%02d", t.Month())
	case 'n':
		return strconv.Itoa(int(t.Month()))
	case 'b':
		return monthName(t.Month(), language)
	case 'd':
		return fmt.Sprintf("%02d", t.Day())
	case 'e':
		return strconv.Itoa(t.Day())
	case 'H':
		return fmt.Sprintf("%02d", t.Hour())
	case 'h':
		return strconv.Itoa(t.Hour())
	case 'M':
		return fmt.Sprintf("%02d", t.Minute())
	case 'S':
		return fmt.Sprintf("%02d", t.Second())
	case '3':
		return fmt.Sprintf("%03d", t.Nanosecond()/1e6)
	case 'a':
		return dayName(t.Weekday(), language)
	case 'W':
		_, week := t.ISOWeek()
		return strconv.Itoa(week)
	case '%':
		return "%"
	}
	return "%" + string(c)
}

func monthName(m time.Month, language string) string {
	if chinese(language) {
		return strconv.Itoa(int(m)) + "月"
	}
	return m.String()[:3]
}

func dayName(d time.Weekday, language string) string {
	if chinese(language) {
		return "周" + string([]rune("日一二三四五六")[d])
	}
	return d.String()[:3]
}

func chinese(language string) bool {
	language = strings.ToLower(language)
	return strings.HasPrefix(language, "zh") || strings.Contains(language, "中文") || strings.Contains(language, "(zh")
}

// zoneTime returns the present moment, or the epoch without a clock, for the sake of its zone.
func (f *frame) zoneTime() time.Time {
	if f.ctx.Now == nil {
		return time.Unix(0, 0).UTC()
	}
	return f.ctx.Now()
}

func durationOfSeconds(s int) time.Duration { return time.Duration(s) * time.Second }
