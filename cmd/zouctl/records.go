package main

import (
	"context"
	"encoding/json"
	"flag"
	"maps"
	"slices"

	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
)

func records(flags *flag.FlagSet) action {
	of := flags.String("type", "", "只要一类：visit、household、problem、place、staff、form、access、sealed（只有件数）")
	asJSON := flags.Bool("json", false, "每行一个 JSON")
	return func(ctx context.Context, s *session, _ []string) error {
		show, count := s.showText, s.countText
		if *asJSON {
			show, count = s.showJSON, s.countJSON
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			var counted []survey.Record
			err := c.Records(ctx, central.Query{Type: survey.RecordType(*of)}, func(record survey.Record) error {
				if record.Type == survey.TypeSealed {
					counted = append(counted, record)
					return nil
				}
				return show(record)
			})
			if err != nil || len(counted) == 0 {
				return err
			}
			return s.showCounts(ctx, c, counted, count)
		})
	}
}

// showCounts prints what is to be told of envelopes: how many there are for whom in which village.
func (s *session) showCounts(ctx context.Context, c *central.Central, envelopes []survey.Record, show func(report.EnvelopeCount) error) error {
	places, err := registered(ctx, c, survey.TypePlace)
	if err != nil {
		return err
	}
	for _, count := range report.CountEnvelopes(slices.Concat(places, envelopes)) {
		if err := show(count); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) countText(n report.EnvelopeCount) error {
	return s.printf("%s %s %s %d 件\n", survey.TypeSealed, n.Village, n.Office, n.Count)
}

func (s *session) countJSON(n report.EnvelopeCount) error {
	line, err := json.Marshal(struct {
		Type    survey.RecordType `json:"type"`
		Village string            `json:"village"`
		Office  string            `json:"office"`
		Count   int               `json:"count"`
	}{survey.TypeSealed, n.Village, n.Office, n.Count})
	if err != nil {
		return refuse(survey.Internal, "records", "件数写不成 JSON。", err)
	}
	return s.printf("%s\n", line)
}

// showText prints a record as a person reads it.
func (s *session) showText(record survey.Record) error {
	if err := s.printf("%s %s %s\n", record.Type, record.ID, record.Form); err != nil {
		return err
	}
	if record.TimeUnsure {
		if err := s.printf("  时间不确定：填写时设备的时间差了十分钟以上\n"); err != nil {
			return err
		}
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
	TimeUnsure  bool                `json:"time_unsure,omitempty"`
	Heads       []survey.RevID      `json:"heads"`
	Fields      survey.Fields       `json:"fields"`
	Files       []survey.Attachment `json:"files,omitempty"`
}

func (s *session) showJSON(record survey.Record) error {
	line, err := json.Marshal(recordJSON{
		ID: record.ID, Type: record.Type, Scope: record.Scope, Form: record.Form, FormVersion: record.FormVersion,
		Voided: record.Voided, TimeUnsure: record.TimeUnsure, Conflicts: len(record.Conflicts), Heads: record.Heads, Fields: record.Fields, Files: record.Files,
	})
	if err != nil {
		return refuse(survey.Internal, "records", "记录写不成 JSON。", err)
	}
	return s.printf("%s\n", line)
}
