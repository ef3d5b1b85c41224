package app

import (
	_ "embed"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
)

//go:embed zh.json
var toolkitInChinese []byte

// speakChinese makes the toolkit's own words (of its file picker and its menus) Chinese whatever the device's locale:
// the translation is filed under that locale's name.
func speakChinese() error {
	for _, locale := range []fyne.Locale{lang.SystemLocale(), "en", "zh-Hans-CN"} {
		if err := lang.AddTranslationsForLocale(toolkitInChinese, locale); err != nil {
			return fmt.Errorf("translations for %s: %w", locale, err)
		}
	}
	return nil
}
