package main

import (
	"context"
	"encoding/json"
	"flag"
	"maps"
	"slices"

	"zoucun/server/central"
	"zoucun/survey"
)

func records(flags *flag.FlagSet) action {
	of := flags.String("type", "", "只要一类：visit、household、problem、place、staff、form、access")
	asJSON := flags.Bool("json", false, "每行一个 JSON")
	return func(ctx context.Context, s *session, _ []string) error {
		show := s.showText
		if *asJSON {
			show = s.showJSON
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			return c.Records(ctx, central.Query{Type: survey.RecordType(*of)}, show)
		})
	}
}

// showText prints a record as a person reads it.
func (s *session) showText(record survey.Record) error {
	if err := s.printf("%s %s %s\n", record.Type, record.ID, record.Form); err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(record.Fields)) {
		if field == survey.FormXML {
			continue
		}
		if err := s.printf("  %s = %s\n", field, record.Fields[field]); err != nil {
			return err
		}
	}
	return nil
}

// recordJSON is a record as other programs read it. Its names do not change.
type recordJSON struct {
	ID          survey.RecordID     `json:"id"`
	Type        survey.RecordType   `json:"type"`
	Scope       survey.ScopeID      `json:"scope"`
	Form        survey.FormID       `json:"form,omitempty"`
	FormVersion string              `json:"form_version,omitempty"`
	Voided      bool                `json:"voided,omitempty"`
	Conflicts   int                 `json:"conflicts,omitempty"`
	Heads       []survey.RevID      `json:"heads"`
	Fields      survey.Fields       `json:"fields"`
	Files       []survey.Attachment `json:"files,omitempty"`
}

func (s *session) showJSON(record survey.Record) error {
	line, err := json.Marshal(recordJSON{
		ID: record.ID, Type: record.Type, Scope: record.Scope, Form: record.Form, FormVersion: record.FormVersion,
		Voided: record.Voided, Conflicts: len(record.Conflicts), Heads: record.Heads, Fields: record.Fields, Files: record.Files,
	})
	if err != nil {
		return refuse(survey.Internal, "records", "记录写不成 JSON。", err)
	}
	return s.printf("%s\n", line)
}
