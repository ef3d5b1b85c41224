package form

import (
	"math"
	"strconv"
	"strings"
	"time"

	"zoucun/form/xform"
	"zoucun/form/xpath"
)

// cast turns the result of an expression into the text a node of a type holds.
func cast(bindType string, result xpath.Result) string {
	text := result.Text()
	if text == "NaN" || text == "" {
		return ""
	}
	switch bindType {
	case "int", "integer":
		if n := result.Number(); !math.IsNaN(n) && !math.IsInf(n, 0) {
			return strconv.FormatFloat(math.Trunc(n), 'f', -1, 64)
		}
	case "date":
		if day, _, timed := strings.Cut(text, "T"); timed {
			return day
		}
	case "time":
		if _, clock, timed := strings.Cut(text, "T"); timed {
			return clock
		}
	}
	return text
}

// Fit returns an answer as a bind type writes it, or nothing when it cannot be of the type: a whole number loses its
// fraction, and the numbers of a position get theirs.
func Fit(bindType, value string) string {
	switch bindType {
	case "int", "integer":
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || math.IsNaN(n) {
			return ""
		}
		value = strconv.FormatFloat(math.Trunc(n), 'f', -1, 64)
	case "geopoint", "geotrace", "geoshape":
		value = decimalPoints(value)
	}
	if !wellFormed(bindType, value) {
		return ""
	}
	return value
}

// fitting is Fit for a question: a range has its bounds too.
func fitting(def *xform.Node, value string) string {
	if value = Fit(def.Bind.Type, value); !withinRange(def, value) {
		return ""
	}
	return value
}

// withinRange reports whether a value lies between the start and the end of a range question, as far as the form gives
// them. Other questions have no bounds.
func withinRange(def *xform.Node, value string) bool {
	c := def.Control
	if c == nil || c.Kind != xform.Range || value == "" {
		return true
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return false
	}
	start, noStart := strconv.ParseFloat(c.Attributes["start"], 64)
	end, noEnd := strconv.ParseFloat(c.Attributes["end"], 64)
	if noStart != nil || noEnd != nil {
		return true
	}
	return n >= min(start, end) && n <= max(start, end)
}

// decimalPoints writes the numbers of positions with a fraction, as the specification has them.
func decimalPoints(value string) string {
	points := strings.Split(value, ";")
	for i, p := range points {
		numbers := strings.Fields(p)
		for j, n := range numbers {
			if _, err := strconv.Atoi(n); err == nil {
				numbers[j] = n + ".0"
			}
		}
		points[i] = strings.Join(numbers, " ")
	}
	return strings.Join(points, ";")
}

// wellFormed reports whether a value can be an answer of a type.
func wellFormed(bindType, value string) bool {
	switch bindType {
	case "int", "integer":
		_, err := strconv.ParseInt(value, 10, 32)
		return err == nil
	case "decimal":
		n, err := strconv.ParseFloat(value, 64)
		return err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
	case "date":
		_, err := time.Parse(time.DateOnly, value)
		return err == nil
	case "time":
		return layoutFits(value, "15:04", "15:04:05", "15:04:05.000", "15:04Z07:00", "15:04:05Z07:00", "15:04:05.000Z07:00")
	case "dateTime":
		return layoutFits(value, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02T15:04Z07:00", time.DateOnly)
	case "geopoint":
		return geopoints(value, 1, 1)
	case "geotrace":
		return geopoints(value, 2, math.MaxInt)
	case "geoshape":
		return geopoints(value, 3, math.MaxInt)
	}
	return true
}

func layoutFits(value string, layouts ...string) bool {
	for _, layout := range layouts {
		if _, err := time.Parse(layout, value); err == nil {
			return true
		}
	}
	return false
}

func geopoints(value string, least, most int) bool {
	points := strings.Split(strings.TrimRight(strings.TrimSpace(value), ";"), ";")
	if len(points) < least || len(points) > most {
		return false
	}
	for _, p := range points {
		words := strings.Fields(p)
		if len(words) < 2 || len(words) > 4 || !within(words[0], 90) || !within(words[1], 180) {
			return false
		}
	}
	return true
}

func within(text string, limit float64) bool {
	n, err := strconv.ParseFloat(text, 64)
	return err == nil && math.Abs(n) <= limit
}
