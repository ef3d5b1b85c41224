package xlsform

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"zoucun/form/xpath"
)

// checkExpression reports an expression the engine cannot read, and functions it does not have. written is what the author wrote, for the message.
func (c *compiler) checkExpression(expression, written string, where at) {
	if strings.Contains(expression, "${") {
		return // said already: the reference is bad
	}
	parsed, err := xpath.Parse(expression)
	if err != nil {
		c.found.add(BadExpression, where, written, err.Error())
		return
	}
	for _, name := range parsed.Functions() {
		if !xpath.Known(name) {
			c.found.add(UnknownFunction, where, name)
		}
	}
}

// translatable are the columns that can have languages, for each sheet.
var translatable = map[string][]column{
	surveySheet: {
		{"label", "label"},
		{"hint", "hint"},
		{"guidance_hint", "guidance_hint"},
		{"media::image", "image"},
		{"media::big-image", "big-image"},
		{"media::audio", "audio"},
		{"media::video", "video"},
		{"bind::jr:constraintMsg", "constraint_message"},
		{"bind::jr:requiredMsg", "required_message"},
	},
	choicesSheet: {
		{"label", "label"},
		{"media::image", "image"},
		{"media::big-image", "big-image"},
		{"media::audio", "audio"},
		{"media::video", "video"},
	},
}

// checkTranslations reports columns that some languages have and others lack. A language counts from the first
// translated column of either sheet; columns without a language belong to "default".
func (c *compiler) checkTranslations() {
	var languages []string
	sheets := []*table{c.survey}
	if len(c.order) > 0 {
		sheets = append(sheets, c.lists[c.order[0]].choices[0].record.table)
	}
	has := map[string]map[string]bool{}
	for _, t := range sheets {
		for _, one := range translatable[t.name] {
			for _, name := range languagesOf(t, one.path) {
				if !slices.Contains(languages, name) {
					languages = append(languages, name)
				}
				key := t.name + "\x00" + one.path
				if has[key] == nil {
					has[key] = map[string]bool{}
				}
				has[key][name] = true
			}
		}
	}
	if len(languages) < 2 {
		return
	}
	c.reportMissing(sheets, languages, has)
}

// languageCode is the code in brackets behind a language's name.
var languageCode = regexp.MustCompile(`\(([^()]*)\)$`)

// checkLanguages reports languages whose code no reader will know.
func (c *compiler) checkLanguages() {
	for _, name := range c.translations.languages {
		code := languageCode.FindStringSubmatch(name)
		if name == "default" {
			continue
		}
		if code == nil {
			c.found.add(BadLanguage, at{sheet: surveySheet}, name)
		} else if _, err := language.ParseBase(code[1]); err != nil {
			c.found.add(BadLanguage, at{sheet: surveySheet}, name)
		}
	}
}

// languagesOf lists the languages a column has; without a language it is "default".
func languagesOf(t *table, path string) []string {
	var out []string
	for _, one := range t.columns {
		if one.path == path {
			out = append(out, "default")
		}
		if name, ok := strings.CutPrefix(one.path, path+"::"); ok {
			out = append(out, name)
		}
	}
	return out
}

func (c *compiler) reportMissing(sheets []*table, languages []string, has map[string]map[string]bool) {
	slices.Sort(languages)
	for _, name := range languages {
		for _, t := range sheets {
			var missing []string
			for _, one := range translatable[t.name] {
				have := has[t.name+"\x00"+one.path]
				if len(have) > 0 && !have[name] {
					missing = append(missing, one.header)
				}
			}
			if len(missing) > 0 {
				slices.Sort(missing)
				c.found.add(MissingTranslation, at{sheet: t.name, column: missing[0]}, name, strings.Join(missing, ", "))
			}
		}
	}
}
