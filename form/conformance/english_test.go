package conformance

import (
	"slices"
	"strconv"
	"strings"

	"zoucun/form/xlsform"
)

// english gives, for each code, what the reference implementation says. {row}, {sheet} and {column} are the place,
// {0}, {1}… the finding's values. Codes it has no word for are ours alone and are not counted.
var english = map[xlsform.Code]string{
	xlsform.NoSurvey:        "You must have a sheet named 'survey'. When looking for a sheet named 'survey', the following sheets with similar names were found: {0:quoted}.",
	xlsform.MisspeltSheet:   "When looking for a sheet named '{0}', the following sheets with similar names were found: {1:quoted}.",
	xlsform.TwiceTheColumn:  "Invalid headers provided for sheet: '{sheet}'. Headers that are different names for the same column were found: '{0}', '{1}'. Rename or remove one of these columns.",
	xlsform.MissingHeader:   "Invalid headers provided for sheet: '{sheet}'. One or more required column headers were not found: '{0}'. Learn more: https://xlsform.org/en/#setting-up-your-worksheets",
	xlsform.OutsideHeader:   "Invalid headers provided for sheet: '{sheet}'. For XLSForms, this may be due a missing header row, in which case add a header row as per the reference template https://xlsform.org/en/ref-table/. For internal API usage, may be due to a missing mapping for 'unknown', in which case ensure that the full set of headers appear within the first 100 rows, or specify the header row in '{sheet}_header'.",
	xlsform.BadChoiceHeader: "[row : 1] On the 'choices' sheet, the '{0}' value is invalid. Column headers must not be empty and must not contain spaces. Learn more: https://xlsform.org/en/#setting-up-your-worksheets",

	xlsform.NoType:             "[row : {row}] Question with no type.",
	xlsform.UnknownType:        "Unknown question type '{0}'.",
	xlsform.SelectWithoutList:  "Unknown question type '{0}'.",
	xlsform.NoName:             "[row : {row}] Question or group with no name.",
	xlsform.BadName:            "[row : {row}] On the '{sheet}' sheet, the '{column}' value is invalid. Names must begin with a letter or underscore. After the first character, names may contain letters, digits, underscores, hyphens, or periods.",
	xlsform.DuplicateName:      "[row : {row}] On the 'survey' sheet, the 'name' value '{0}' is invalid. Questions, groups, and repeats must be unique within their nearest parent group or repeat, or the survey if not inside a group or repeat.",
	xlsform.NamesDifferInCase:  "[row : {row}] On the 'survey' sheet, the 'name' value '{0}' is problematic. The name is a case-insensitive match to another name. Questions, groups, and repeats should be unique within the nearest parent group or repeat, or the survey if not inside a group or repeat. Some data processing tools are not case-sensitive, so the current names may make analysis difficult.",
	xlsform.RepeatTwice:        "[row : {row}] On the 'survey' sheet, the 'name' value '{0}' is invalid. Repeat names must unique anywhere in the survey, at all levels of group or repeat nesting.",
	xlsform.RepeatIsRoot:       "[row : {row}] On the 'survey' sheet, the 'name' value '{0}' is invalid. Repeat names must not be the same as the survey root (which defaults to 'data').",
	xlsform.MetaReserved:       "[row : {row}] On the 'survey' sheet, the 'name' value 'meta' is invalid. The name 'meta' is reserved for form metadata.",
	xlsform.NothingToEnd:       "[row : {row}] Unmatched 'end_{1}'. No matching 'begin_{1}' was found for the name '{0}'.",
	xlsform.NotClosed:          "[row : {row}] Unmatched 'begin_{1}'. No matching 'end_{1}' was found for the name '{0}'.",
	xlsform.GroupRequired:      "[row : {row}] On the 'survey' sheet, the 'required' value is invalid. Groups, repeats, and loops cannot be required. Either remove the 'required' value in this row, or move it to a question inside.",
	xlsform.RepeatNoLabel:      "[row : {row}] Repeat has no label: {'name': '{0}', 'type': 'begin repeat'}",
	xlsform.RowSkipped:         "[row : {row}] Row without name, text, or label is being skipped:",
	xlsform.DisabledColumn:     "[row : {row}] The 'disabled' column header is not part of the current spec. We recommend using relevant instead.",
	xlsform.NoLabel:            "The survey element named '{0}' has no label or hint.",
	xlsform.DeviceOnly:         "[row : {row}] {0} is no longer supported on most devices. Only old versions of Collect on Android versions older than 11 still support it.",
	xlsform.UnknownMedia:       "Media type: {0} not supported",
	xlsform.BigImageAlone:      "To use big-image, you must also specify an image for the survey element named.",
	xlsform.MissingTranslation: "Language '{0}' is missing the {sheet} {1:columns}.",
	xlsform.BadLanguage:        "The following language declarations do not contain valid machine-readable codes: {0}. Learn more: http://xlsform.org#multiple-language-support",
	xlsform.OrOtherTranslated:  "This form uses or_other and translations, which is not recommended. An untranslated input question label and choice label is generated for 'other'. Learn more: https://xlsform.org/en/#specify-other).",

	xlsform.UnknownReference:     "[row : {row}] On the '{sheet}' sheet, the '{column}' value is invalid. Reference variables must contain a name from the 'survey' sheet. Could not find the name '{0}'.",
	xlsform.AmbiguousReference:   "[row : {row}] On the '{sheet}' sheet, the '{column}' value is invalid. Reference variables names must be unique anywhere in the 'survey'. The name '{0}' appears more than once. There has been a problem trying to replace ${{0}} with the XPath to the survey element named '{0}'. There are multiple survey elements named '{0}'.",
	xlsform.BadReference:         "[row : {row}] On the '{sheet}' sheet, the '{column}' value is invalid. Reference variables must start with '${', then a question name, and end with '}'.",
	xlsform.TriggersWithoutComma: "[row : {row}] On the 'survey' sheet, the 'trigger' value is invalid. Reference variable lists must have a comma between each variable.",
	xlsform.NoCalculation:        "[row : {row}] Missing calculation.",
	xlsform.HiddenTrigger:        "The question ${{0}} is not user-visible so it can't be used as a calculation trigger for question ${{1}}.",
	xlsform.BackgroundNoTrigger:  "[row : {row}] For 'background-geopoint' questions, the 'trigger' column must not be empty.",
	xlsform.BackgroundCalculates: "[row : {row}] For 'background-geopoint' questions, the 'calculation' column must be empty.",

	xlsform.NoChoices:           "There should be a choices sheet in this xlsform. When looking for a sheet named 'choices', the following sheets with similar names were found: {1:quoted}.",
	xlsform.UnknownList:         "[row : {row}] On the 'survey' sheet, the 'type' value is invalid. The select list name was not found in the 'choices' sheet. Please add one or more rows to the 'choices' sheet for this list_name, or check the spelling of the list name in the 'type' column and existing choices 'list_name' rows.",
	xlsform.ChoiceNoName:        "[row : {row}] On the 'choices' sheet, the 'name' value is invalid. Choices must have a name. Learn more: https://xlsform.org/en/#setting-up-your-worksheets",
	xlsform.ChoiceNoLabel:       "[row : {row}] On the 'choices' sheet, the 'label' value is invalid. Choices should have a label. Learn more: https://xlsform.org/en/#setting-up-your-worksheets",
	xlsform.ChoiceTwice:         "[row : {row}] On the 'choices' sheet, the 'name' value is invalid. Choice names must be unique for each choice list. If this is intentional, use the setting 'allow_choice_duplicates'. Learn more: https://xlsform.org/#choice-names.",
	xlsform.ChoiceHasSpace:      "Choice names with spaces cannot be added to multiple choice selects. See [{0}] in [{1}]",
	xlsform.BadFileName:         "[row : {row}] File name for 'select_one_from_file {0}' should end with one of the supported file extensions.",
	xlsform.SearchFromFile:      "Question '{0}' is a select from file type, using 'search()'. This combination is not supported. Remove the 'search()' usage, or change the select type.",
	xlsform.SearchShared:        "Question '{0}' uses 'search()', and its select type references the choice list name '{1}'.",
	xlsform.NoExternalChoices:   "There should be an external_choices sheet in this xlsform. When looking for a sheet named 'external_choices', the following sheets with similar names were found: {1:quoted}.",
	xlsform.UnknownExternalList: "[row : {row}]List name not in external choices sheet: {0}",
	xlsform.ExternalNoFilter:    "[row : {row}] select one external is only meant for filtered selects.",
	xlsform.TableFilter:         "[row : {row}] Choice filter not supported for table-list appearance.",
	xlsform.TableLists:          "[row : {row}] Badly formatted table list, list names don't match: {0} vs. {1}",
	xlsform.OrOtherFilter:       "[row : {row}] Choice filter not supported with or_other.",
	xlsform.InstanceClash:       "The same instance id will be generated for different external instance source URIs. Please check the form. Instance name: '{0}', Existing type: '{1}', Existing URI: '{2}', Duplicate type: '{3}', Duplicate URI: '{4}', Duplicate context: '{5}'.",
	xlsform.ExternalInRepeat:    "[row : {row}] On the 'survey' sheet, the 'type' value is invalid. External instances must not be placed inside a repeat. Move this question out of the repeat, or choose a different question type.",

	xlsform.BadParameters:           "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. Parameters must be in the form of 'key1=value1 key2=value2.",
	xlsform.UnknownParameter:        "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. The accepted parameter keys for this question type are '{1}'. The following are invalid parameter key(s): '{0}'.",
	xlsform.BadParameterChoice:      "{0} must be set to true or false: '{1}' is an invalid value. Invalid value for {0}. location-priority must be set to no-power, low-power, balanced, or high-accuracy. track-changes-reasons must be set to on-form-edit. [row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. The 'allow-mock-accuracy' parameter must be either 'true' or 'false'.",
	xlsform.ParameterNotWhole:       "[row : {row}] Parameter {0} must have an integer value.",
	xlsform.ParameterNotNumber:      "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter '{0}' must be a number. [row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. The '{0}' parameter must have a numeric value. {0} value must be a number or a reference to another field.",
	xlsform.BadGeometry:             "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. The 'reference-geometry' parameter must either match a secondary instance name (a choices list_name, an entities list_name, or the base name of an attached file), or be a reference variable containing the name of a repeat.",
	xlsform.PhotoSize:               "[row : {row}] Use the max-pixels parameter to speed up submission sending and save storage space. Learn more: https://xlsform.org/#image",
	xlsform.BadAppName:              "[row : {row}] Parameter 'app' has an invalid Android package name",
	xlsform.AuditName:               "Audits must always be named 'audit.'",
	xlsform.BadParameterName:        "[row : {row}] Parameter '{0}' has a value which is not valid. Values must begin with a letter or underscore. Subsequent characters can include letters, numbers, dashes, underscores, and periods.",
	xlsform.BadIncremental:          "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For geoshape and geotrace questions, the 'incremental' parameter may either be 'true' or not included.",
	xlsform.SeedAlone:               "Parameters must include randomize=true to use a seed.",
	xlsform.AuditLocationIncomplete: "To include location information in the audit, 'location-priority', 'location-min-interval', and 'location-max-age' are required parameters.",
	xlsform.OrOtherNoList:           "[row : {row}] Please specify choices for this 'or other' question.",
	xlsform.AuditLocationAge:        "Parameter location-max-age must be greater than or equal to location-min-interval.",
	xlsform.RangeZero:               "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter '{0}' must not be '0' (zero).",
	xlsform.RangeTooWide:            "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter '{0}' must not be larger than the range (the difference between 'start' and 'end').",
	xlsform.RangeNotMultiple:        "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter '{0}' must be a multiple of 'step'.",
	xlsform.RangeOutside:            "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter '{0}' must be between the 'start' and 'end' values, inclusive).",
	xlsform.RangeLook:               "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameters 'tick_interval', 'placeholder', and 'tick_labelset' are only supported for the appearances 'vertical', 'no-ticks', 'vertical no-ticks', and the default (empty) horizontal.",
	xlsform.RangeNoList:             "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter 'tick_labelset' must be a choice list name from the 'list_name' column on the choices sheet.",
	xlsform.RangeLabelNotNumber:     "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter 'unknown' choice values must all be numbers.",
	xlsform.RangeLabelOutside:       "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter 'tick_labelset' choices must be between the 'start' and 'end' values, inclusive.",
	xlsform.RangeLabelBetween:       "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter 'tick_labelset' choices' values must be equal to the start of the range plus a multiple of '{1}'.",
	xlsform.RangeTooManyLabels:      "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter 'tick_labelset' choice list must have only 2 items when the 'appearance' is 'no-ticks'.",
	xlsform.RangeLabelNotEnd:        "[row : {row}] On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter 'tick_labelset' choice list values may only match the range 'start' and 'end' values when the 'appearance' is 'no-ticks'.",

	xlsform.FormIDTwice:       "The form_id and id_string column headers are both specified in the settings sheet provided. This may cause errors during conversion.",
	xlsform.BadRootName:       "The 'form_name' value is invalid. Names must begin with a letter or underscore. After the first character, names may contain letters, digits, underscores, hyphens, or periods.",
	xlsform.EncryptionNeedsID: "Cannot omit instanceID, it is required for encryption.",
	xlsform.NotYesNo:          "On the 'settings' sheet, the '{0}' value may need to be updated. The '{0}' setting expects one of: true/false/yes/no, but the value '{1}' was not recognised. The default value '{2}' will be used instead. Learn more: https://docs.getodk.org/xlsform/#the-settings-sheet",

	xlsform.UnknownEntityColumn: "[row : 1] On the 'entities' sheet, one or more column names are invalid. The following column(s) are not supported by this version of pyxform: '{0}'. Please either: check the spelling of the column names, remove the columns, or update pyxform.",
	xlsform.EntityNoName:        "[row : {row}] On the 'entities' sheet, the 'list_name' value is invalid. Entity lists must have a name.",
	xlsform.EntityTwice:         "[row : {row}] On the 'entities' sheet, the 'list_name' value is invalid. The 'list_name' column must not have any duplicate names.",
	xlsform.EntityUnderscores:   "[row : {row}] On the '{sheet}' sheet, the '{column}' value is invalid. Names used here must not begin with two underscores.",
	xlsform.EntityPeriod:        "[row : {row}] On the '{sheet}' sheet, the '{column}' value is invalid. Names used here must not contain a period.",
	xlsform.EntityNoID:          "[row : {row}] On the 'entities' sheet, the entity declaration is invalid. The entity list name '{0}' does not have an 'entity_id' expression, but an 'entity_id' is required when updating entities. Updating entities is indicated by using 'entity_id' and/or 'update_if' expressions. Please either: add an 'entity_id' for this entity declaration, or to only create entities instead move the 'update_if' to 'create_if'.",
	xlsform.EntityNoUpdateIf:    "[row : {row}] On the 'entities' sheet, the entity declaration is invalid. The entity list name '{0}' does not have an 'update_if' expression, but an 'update_if' is required when upserting entities. Upserting entities is indicated by using 'create_if' and 'entity_id' expressions. Please either: add an 'update_if' for this entity declaration, or to only create entities instead remove the 'entity_id' expression.",
	xlsform.EntityNoLabel:       "[row : {row}] On the 'entities' sheet, the entity declaration is invalid. The entity list name '{0}' does not have a label, but a 'label' is required when creating entities. Creating entities is indicated by using a 'create_if' expression, or by not using 'entity_id' expression. Please either: add a 'label' for this entity declaration, or to update entities instead provide an 'entity_id' (and optionally 'update_if') expression.",
	xlsform.NoEntities:          "[row : {row}] On the 'survey' sheet, the 'save_to' value is invalid. To save entity properties using the save_to column, add an entities sheet and declare an entity.",
	xlsform.SaveToHashes:        "[row : {row}] On the 'survey' sheet, the 'save_to' value is invalid. A 'save_to' value must have at most one '#' delimiter character. Please check the spelling of this 'save_to' value.",
	xlsform.UnknownEntity:       "[row : {row}] On the 'survey' sheet, the 'save_to' value is invalid. The entity list name '{0}' was not found on the entities sheet. Please either: check the spelling of the list name in the save_to value, or on the entities sheet add a row for this entity list, or check the spelling of existing entity list names.",
	xlsform.SaveToNeedsList:     "[row : {row}] On the 'survey' sheet, the 'save_to' value is invalid. When there is more than one entity declaration, 'save_to' names must be prefixed with the entity 'list_name' that the property belongs to. Please either: add the entity 'list_name' prefix separated with a '#' e.g. my_list#my_save_to (where 'my_list' is the entity 'list_name', and 'my_save_to' is the 'save_to' property name), or remove all but one entity declarations.",
	xlsform.PropertyReserved:    "[row : {row}] On the 'survey' sheet, the 'save_to' value is invalid. Names used here must not be 'name' or 'label' (case-insensitive).",
	xlsform.PropertyUnderscores: "[row : {row}] On the 'survey' sheet, the 'save_to' value is invalid. Names used here must not begin with two underscores.",
	xlsform.PropertyTwice:       "[row : {row}] On the 'survey' sheet, the 'save_to' value is invalid. The save_to property '{0}' is already assigned by row '{1}'. Either remove or change one of these duplicate save_to property names.",
	xlsform.GroupSaved:          "[row : {row}] On the 'survey' sheet, the 'save_to' value is invalid. Groups and repeats can't be saved as entity properties. Either remove or move the save_to value in this row.",
	xlsform.EntityScopes:        "[row : {row}] On the 'entities' sheet, the entity declaration is invalid. The entity list name '{0}' has a reference in container scope '{1}' which is not compatible with the variable reference to '{2}' in scope '{3}'. Please either: check the spelling of the variable references, or copy either value into the desired container scope with a 'calculate' question then use that 'calculate' for the 'save_to'.",
	xlsform.SaveToScopes:        "[row : {row}] On the 'survey' sheet, the 'save_to' value is invalid. The entity list name '{0}' has a reference in container scope '{1}' which is not compatible with this 'save_to' reference in scope '{2}'. Please either: check the spelling of the list name in the 'save_to', or copy either value into the desired container scope with a 'calculate' question then use that 'calculate' for the 'save_to'.",
	xlsform.EntityNoPlace:       "[row : {row}] On the 'entities' sheet, the entity declaration is invalid. Each container (survey, group, repeat) may have only one entity declaration, but there are no valid containers available in the scope: '{0}', which has been allocated to the entity on row '{1}'. Please either: check which entities are referred to from the 'survey' sheetin the 'save_to' column, or check which questions are being referred to from the 'entities' sheet with variable references (such as in the 'label').",
	xlsform.EntityNoInstance:    "[row : {row}] On the 'entities' sheet, the entity declaration is invalid. The entity list name '{0}' does not match the name of a secondary instance, which is required when updating entities. Please either: add a question on the 'survey' sheet with the type 'select_*_from_file' or 'csv-external', or check the spelling of existing questions using these types and the entity list name.",
}

// ours are findings the reference implementation does not have.
var ours = map[xlsform.Code]bool{xlsform.EmptyGroup: true, xlsform.MisspeltColumn: true}

// spokenEnglish says the findings the way the reference implementation would.
func spokenEnglish(findings []xlsform.Finding) (errors, warnings []string) {
	var missing, languages []string
	for _, f := range findings {
		said := inEnglish(f)
		switch {
		case ours[f.Code]:
		case f.Severity == xlsform.Fatal:
			errors = append(errors, said)
		case f.Code == xlsform.MissingTranslation: // one warning names every language
			missing = append(missing, said)
		case f.Code == xlsform.BadLanguage: // likewise
			languages = append(languages, f.Values[0])
		default:
			warnings = append(warnings, said)
		}
	}
	if len(missing) > 0 {
		warnings = append(warnings, strings.Join(missing, "\n"))
	}
	if len(languages) > 0 {
		all := xlsform.Finding{Code: xlsform.BadLanguage, Values: []string{strings.Join(languages, ", ")}}
		warnings = append(warnings, inEnglish(all))
	}
	return errors, warnings
}

func inEnglish(f xlsform.Finding) string {
	f.Values = slices.Clone(f.Values)
	switch {
	case f.Code == xlsform.BadName && f.Column == "tag":
		f.Column = "name"
	case f.Code == xlsform.NothingToEnd && f.Values[0] == "":
		f.Values[0] = "unknown"
	case f.Code == xlsform.InstanceClash && f.Values[3] == "choice":
		f.Values[4], f.Values[5] = "None", "survey"
	case f.Code == xlsform.InstanceClash && f.Values[3] == "instance":
		f.Values[5] = "None"
	case f.Code == xlsform.NotYesNo:
		f.Values[2] = map[string]string{"yes": "True", "no": "False"}[f.Values[2]]
	case f.Code == xlsform.InstanceClash:
		f.Values[5] = "[type: group, name: " + f.Values[5] + "]"
	}
	fill := []string{"{row}", strconv.Itoa(f.Row), "{sheet}", f.Sheet, "{column}", f.Column}
	for i, value := range f.Values {
		n := strconv.Itoa(i)
		columns := value + " column"
		if strings.Contains(value, ", ") {
			columns = "columns " + value
		}
		quoted := "'" + strings.ReplaceAll(value, "、", "', '") + "'"
		if value == "" {
			quoted = "-"
		}
		fill = append(fill, "{"+n+":quoted}", quoted, "{"+n+":columns}", columns, "{"+n+"}", value)
	}
	said := strings.NewReplacer(fill...).Replace(english[f.Code])
	return strings.ReplaceAll(said, "the following sheets with similar names were found: -.", "")
}
