package xlsform

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parameterRule checks and applies the parameters of one type of question.
type parameterRule func(r *reader, e *element, row record)

// parameterRules says which types take parameters, by canonical name; other types pass over what they are given.
var parameterRules = map[string]parameterRule{
	"text": (*reader).textParameters, "photo": (*reader).photoParameters, "audio": (*reader).audioParameters,
	"background-audio": (*reader).recordingParameters, "geopoint": (*reader).geopointParameters,
	"geotrace": (*reader).geotraceParameters, "geoshape": (*reader).geotraceParameters,
	"range": (*reader).rangeParameters, "audit": (*reader).audit,
	"start-geopoint": (*reader).startGeopoint, "background-geopoint": (*reader).backgroundGeopoint,
}

var parameterPattern = regexp.MustCompile(`^\s*[\w.\-]+\s*=\s*[^\s=,;]+(?:[\s,;]+[\w.\-]+\s*=\s*[^\s=,;]+)*[\s,;]*$`)

// parameters reads "key=value key=value".
func (r *reader) parameters(row record) []attr {
	given := row.get("parameters")
	if given == "" {
		return nil
	}
	if !parameterPattern.MatchString(given) {
		r.found.add(BadParameters, row.at("parameters"), given)
		return nil
	}
	var out []attr
	spaced := regexp.MustCompile(`\s*=\s*`).ReplaceAllString(given, "=")
	for _, pair := range strings.FieldsFunc(spaced, func(c rune) bool { return strings.ContainsRune(" \t\n,;", c) }) {
		key, value, _ := strings.Cut(pair, "=")
		out = append(out, attr{strings.ToLower(key), value})
	}
	return out
}

// accept reports parameters the type does not take; accepted is in alphabetical order.
func (r *reader) accept(e *element, row record, accepted ...string) {
	var unknown []string
	for _, p := range e.params {
		if !slices.Contains(accepted, p.name) {
			unknown = append(unknown, p.name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		r.found.add(UnknownParameter, row.at("parameters"), strings.Join(unknown, ", "), strings.Join(accepted, ", "))
	}
}

// choose checks that a parameter has one of the values; it is empty when not given.
func (r *reader) choose(e *element, row record, name string, values ...string) string {
	value := strings.ToLower(valueOf(e.params, name))
	if value != "" && !slices.Contains(values, value) {
		r.found.add(BadParameterChoice, row.at("parameters"), name, value, strings.Join(values, "、"))
		return ""
	}
	return value
}

// whole checks that a parameter is a whole number.
func (r *reader) whole(e *element, row record, name string) string {
	value := valueOf(e.params, name)
	if _, err := strconv.Atoi(value); value != "" && err != nil {
		r.found.add(ParameterNotWhole, row.at("parameters"), name, value)
		return ""
	}
	return value
}

// number checks that a parameter is a number.
func (r *reader) number(e *element, row record, name string) string {
	value := valueOf(e.params, name)
	if _, err := strconv.ParseFloat(value, 64); value != "" && err != nil {
		r.found.add(ParameterNotNumber, row.at("parameters"), name, value)
		return ""
	}
	return value
}

func setIf(attrs []attr, name, value string) []attr {
	if value == "" {
		return attrs
	}
	return set(attrs, name, value)
}

func (r *reader) textParameters(e *element, row record) {
	r.accept(e, row, "rows")
	e.body = setIf(e.body, "rows", r.whole(e, row, "rows"))
}

// packagePattern is the name of an Android application.
var packagePattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*(\.[a-zA-Z][a-zA-Z0-9_]*)+$`)

func (r *reader) photoParameters(e *element, row record) {
	r.accept(e, row, "app", "max-pixels")
	if pixels := r.whole(e, row, "max-pixels"); pixels != "" {
		e.bind = set(e.bind, "orx:max-pixels", pixels)
	} else if valueOf(e.params, "max-pixels") == "" {
		r.found.add(PhotoSize, row.at("parameters"), e.name)
	}
	look := valueOf(e.body, "appearance")
	app := valueOf(e.params, "app")
	if app == "" || look != "" && look != "annotate" {
		return
	}
	if !packagePattern.MatchString(app) {
		r.found.add(BadAppName, row.at("parameters"), app)
		return
	}
	e.body = set(e.body, "intent", app)
}

func (r *reader) audioParameters(e *element, row record) {
	r.accept(e, row, "quality")
	e.bind = setIf(e.bind, "odk:quality", r.choose(e, row, "quality", "voice-only", "low", "normal", "external"))
}

func (r *reader) recordingParameters(e *element, row record) {
	r.accept(e, row, "quality")
	record := action{name: "odk:recordaudio", event: instanceLoad}
	record.extra = setIf(nil, "odk:quality", r.choose(e, row, "quality", "voice-only", "low", "normal"))
	e.actions = append(e.actions, record)
}

func (r *reader) geopointParameters(e *element, row record) {
	r.accept(e, row, "allow-mock-accuracy", "capture-accuracy", "reference-geometry", "warning-accuracy")
	e.body = setIf(e.body, "accuracyThreshold", r.number(e, row, "capture-accuracy"))
	e.body = setIf(e.body, "unacceptableAccuracyThreshold", r.number(e, row, "warning-accuracy"))
	e.bind = setIf(e.bind, "odk:allow-mock-accuracy", r.choose(e, row, "allow-mock-accuracy", "true", "false"))
}

func (r *reader) geotraceParameters(e *element, row record) {
	r.accept(e, row, "allow-mock-accuracy", "incremental", "reference-geometry")
	e.bind = setIf(e.bind, "odk:allow-mock-accuracy", r.choose(e, row, "allow-mock-accuracy", "true", "false"))
	switch incremental := valueOf(e.params, "incremental"); {
	case incremental == "":
	case yesNo[incremental]:
		e.body = set(e.body, "incremental", "true")
	default:
		r.found.add(BadIncremental, row.at("parameters"), incremental)
	}
}

func (r *reader) startGeopoint(e *element, _ record) {
	e.actions = append(e.actions, action{name: "odk:setgeopoint", event: firstLoad})
}

func (r *reader) backgroundGeopoint(e *element, row record) {
	if len(e.triggers) == 0 && row.get("trigger") == "" {
		r.found.add(BackgroundNoTrigger, row.at("trigger"), e.name)
	}
	if row.get("bind::calculate") != "" {
		r.found.add(BackgroundCalculates, row.at("bind::calculate"), e.name)
	}
}

func (r *reader) selectParameters(e *element, row record) {
	accepted := []string{"randomize", "seed"}
	if e.choices.file {
		accepted = append([]string{"label"}, append(accepted, "value")...)
	}
	r.accept(e, row, accepted...)
	for _, name := range []string{"label", "value"} {
		if value := valueOf(e.params, name); e.choices.file && value != "" && !isName(value) {
			r.found.add(BadParameterName, row.at("parameters"), name, value)
		}
	}
	random := r.choose(e, row, "randomize", "true", "false")
	seed := valueOf(e.params, "seed")
	if seed == "" {
		return
	}
	if random == "" {
		r.found.add(SeedAlone, row.at("parameters"))
	}
	if _, err := strconv.ParseFloat(seed, 64); err != nil && !isReference(seed) {
		r.found.add(ParameterNotNumber, row.at("parameters"), "seed", seed)
	}
}

// audit adds the log of how the form was filled, which is metadata.
func (r *reader) audit(e *element, row record) {
	if given := row.get("name"); given != "" && given != "audit" {
		r.found.add(AuditName, row.at("name"), given)
	}
	e.name = "audit"
	r.accept(e, row, "identify-user", "location-max-age", "location-min-interval", "location-priority", "track-changes", "track-changes-reasons")
	e.bind = setIf(e.bind, "odk:track-changes", r.choose(e, row, "track-changes", "true", "false"))
	e.bind = setIf(e.bind, "odk:track-changes-reasons", r.choose(e, row, "track-changes-reasons", "on-form-edit"))
	e.bind = setIf(e.bind, "odk:identify-user", r.choose(e, row, "identify-user", "true", "false"))
	r.auditLocation(e, row)
	r.meta(r.root).add(e)
}

// auditLocation reads the three parameters that must come together.
func (r *reader) auditLocation(e *element, row record) {
	names := []string{"location-max-age", "location-min-interval", "location-priority"}
	given := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return valueOf(e.params, n) == "" })
	if len(given) == 0 {
		return
	}
	if len(given) < len(names) {
		r.found.add(AuditLocationIncomplete, row.at("parameters"))
		return
	}
	priority := r.choose(e, row, "location-priority", "no-power", "low-power", "balanced", "high-accuracy")
	age, interval := r.whole(e, row, "location-max-age"), r.whole(e, row, "location-min-interval")
	if older, _ := strconv.Atoi(age); age != "" && interval != "" {
		if newer, _ := strconv.Atoi(interval); older < newer {
			r.found.add(AuditLocationAge, row.at("parameters"), age, interval)
		}
	}
	e.bind = setIf(e.bind, "odk:location-max-age", age)
	e.bind = setIf(e.bind, "odk:location-min-interval", interval)
	e.bind = setIf(e.bind, "odk:location-priority", priority)
}

// scale is a range question's numbers.
type scale struct {
	start, end, step, tick, placeholder *big.Rat
}

// rangeParameters reads a slider's scale.
func (r *reader) rangeParameters(e *element, row record) {
	r.accept(e, row, "end", "placeholder", "start", "step", "tick_interval", "tick_labelset")
	for _, standard := range []attr{{"start", "1"}, {"end", "10"}, {"step", "1"}} {
		if valueOf(e.params, standard.name) == "" {
			e.params = set(e.params, standard.name, standard.value)
		}
	}
	s := scale{
		r.rat(e, row, "start"), r.rat(e, row, "end"), r.rat(e, row, "step"),
		r.rat(e, row, "tick_interval"), r.rat(e, row, "placeholder"),
	}
	if s.start == nil || s.end == nil || s.step == nil {
		return
	}
	r.checkLook(e, row)
	r.checkScale(s, row)
	r.labelTicks(e, row, s)
	for _, one := range []*big.Rat{s.start, s.end, s.step, s.tick, s.placeholder} {
		if one != nil && !one.IsInt() {
			e.bind = set(e.bind, "type", "decimal")
		}
	}
	e.body = rangeBody(e)
}

// rangeBody writes the scale as attributes of the body element.
func rangeBody(e *element) []attr {
	body := e.body
	for _, p := range e.params {
		switch p.name {
		case "tick_interval":
			body = set(body, "odk:tick-interval", p.value)
		case "placeholder":
			body = set(body, "odk:placeholder", p.value)
		case "start", "end", "step":
			body = set(body, p.name, p.value)
		}
	}
	return body
}

func (r *reader) rat(e *element, row record, name string) *big.Rat {
	value := valueOf(e.params, name)
	if value == "" {
		return nil
	}
	number, ok := new(big.Rat).SetString(value)
	if !ok || strings.Contains(value, "/") || len(value) > 40 {
		r.found.add(ParameterNotNumber, row.at("parameters"), name, value)
		return nil
	}
	return number
}

func (r *reader) checkLook(e *element, row record) {
	switch valueOf(e.body, "appearance") {
	case "", "vertical", "no-ticks", "vertical no-ticks", "no-ticks vertical":
		return
	}
	for _, name := range []string{"tick_interval", "placeholder", "tick_labelset"} {
		if valueOf(e.params, name) != "" {
			r.found.add(RangeLook, row.at("parameters"), name)
			return
		}
	}
}

// checkScale checks that the steps fit the range.
func (r *reader) checkScale(s scale, row record) {
	where := row.at("parameters")
	width := new(big.Rat).Abs(new(big.Rat).Sub(s.end, s.start))
	for _, one := range []struct {
		name string
		size *big.Rat
	}{{"step", s.step}, {"tick_interval", s.tick}} {
		switch {
		case one.size == nil:
		case one.size.Sign() == 0:
			r.found.add(RangeZero, where, one.name)
		case one.size.Cmp(width) > 0:
			r.found.add(RangeTooWide, where, one.name)
		case s.step.Sign() != 0 && !multiple(one.size, s.step):
			r.found.add(RangeNotMultiple, where, one.name)
		}
	}
	if s.placeholder == nil || s.step.Sign() == 0 {
		return
	}
	if !multiple(new(big.Rat).Sub(s.placeholder, s.start), s.step) {
		r.found.add(RangeNotMultiple, where, "placeholder")
	}
	if !s.holds(s.placeholder) {
		r.found.add(RangeOutside, where, "placeholder")
	}
}

// holds reports whether the number is on the scale, whichever end is higher.
func (s scale) holds(n *big.Rat) bool {
	return n.Cmp(s.start)*n.Cmp(s.end) <= 0
}

func multiple(n, of *big.Rat) bool { return new(big.Rat).Quo(n, of).IsInt() }

// labelTicks checks the list whose labels stand on the scale.
func (r *reader) labelTicks(e *element, row record, s scale) {
	name := valueOf(e.params, "tick_labelset")
	if name == "" {
		return
	}
	labels := r.lists[name]
	if labels == nil {
		r.found.add(RangeNoList, row.at("parameters"), name)
		return
	}
	e.choices = &selection{control: "range", list: name}
	var values []*big.Rat
	for _, one := range labels.choices {
		value := r.labelTick(one, row, s)
		again := func(other *big.Rat) bool { return other.Cmp(value) == 0 }
		if value != nil && !slices.ContainsFunc(values, again) {
			values = append(values, value)
		}
	}
	if strings.Contains(valueOf(e.body, "appearance"), "no-ticks") {
		r.onlyEnds(values, row, s)
	}
}

// labelTick checks one label's place on the scale.
func (r *reader) labelTick(one choice, row record, s scale) *big.Rat {
	where := row.at("parameters")
	value, ok := new(big.Rat).SetString(one.name)
	if !ok || strings.Contains(one.name, "/") {
		r.found.add(RangeLabelNotNumber, where, one.name)
		return nil
	}
	offset := new(big.Rat).Sub(value, s.start)
	switch {
	case !s.holds(value):
		r.found.add(RangeLabelOutside, where, one.name)
	case s.tick != nil && s.tick.Sign() != 0 && !multiple(offset, s.tick):
		r.found.add(RangeLabelBetween, where, one.name, "tick_interval")
	case s.step.Sign() != 0 && !multiple(offset, s.step):
		r.found.add(RangeLabelBetween, where, one.name, "step")
	}
	return value
}

// onlyEnds checks that a scale without ticks has labels at its ends alone.
func (r *reader) onlyEnds(values []*big.Rat, row record, s scale) {
	if len(values) > 2 {
		r.found.add(RangeTooManyLabels, row.at("parameters"))
		return
	}
	for _, value := range values {
		if value.Cmp(s.start) != 0 && value.Cmp(s.end) != 0 {
			r.found.add(RangeLabelNotEnd, row.at("parameters"))
			return
		}
	}
}
