package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"

	"zoucun/internal/qr"
	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"zouctl": main})
}

// TestScripts runs the manual: every script is a person's way through zouctl, on a real database.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("ZOUCUN_GOLDEN") == "write",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			forms, err := filepath.Abs("../../assets/forms")
			if err != nil {
				return err
			}
			env.Setenv("FORMS", forms)
			bundles, err := filepath.Abs("../../sync/bundle/testdata/v1")
			env.Setenv("BUNDLES", bundles)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"workbook": writeWorkbook, "cells": readCells, "visit": writeVisit, "envelope": writeEnvelope, "tablet": tablets(t),
			"invited": readInvitation,
		},
	})
}

// writeWorkbook makes an .xlsx file of a text file, a row a line, cells between bars: workbook FILE.xlsx SHEET.txt…
// A sheet has its file's name.
func writeWorkbook(ts *testscript.TestScript, _ bool, args []string) {
	book := excelize.NewFile()
	for n, path := range args[1:] {
		name := strings.TrimSuffix(path, ".txt")
		if n == 0 {
			ts.Check(book.SetSheetName("Sheet1", name))
		} else {
			_, err := book.NewSheet(name)
			ts.Check(err)
		}
		row := 0
		for line := range strings.Lines(ts.ReadFile(path)) {
			row++
			var cells []string
			for cell := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), "|") {
				cells = append(cells, strings.TrimSpace(cell))
			}
			ts.Check(book.SetSheetRow(name, "A"+strconv.Itoa(row), &cells))
		}
	}
	ts.Check(book.SaveAs(ts.MkAbs(args[0])))
}

// readInvitation prints what the QR code in a picture says: invited FILE.png.
func readInvitation(ts *testscript.TestScript, _ bool, args []string) {
	picture, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	text, err := qr.Read(picture)
	ts.Check(err)
	_, err = ts.Stdout().Write([]byte(text + "\n"))
	ts.Check(err)
}

// readCells prints the sheets of an .xlsx file as writeWorkbook takes them; formulas show as formulas.
func readCells(ts *testscript.TestScript, _ bool, args []string) {
	book, err := excelize.OpenFile(ts.MkAbs(args[0]))
	ts.Check(err)
	defer func() { _ = book.Close() }()
	var b strings.Builder
	for _, name := range book.GetSheetList() {
		b.WriteString("== " + name + "\n")
		rows, err := book.GetRows(name)
		ts.Check(err)
		for r, cells := range rows {
			for c := range cells {
				axis, err := excelize.CoordinatesToCellName(c+1, r+1)
				ts.Check(err)
				if formula, err := book.GetCellFormula(name, axis); err == nil && formula != "" {
					cells[c] = "FORMULA " + formula
				}
			}
			b.WriteString(strings.Join(cells, "|") + "\n")
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
}

// writeVisit puts a visit on the server as a tablet would have: visit FOLDER FORM VILLAGE HOUSEHOLD-CODE FIELDS.json.
func writeVisit(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	s := &session{streams: streams{out: ts.Stdout(), err: ts.Stderr()}, clock: time.Now, place: place{data: ts.MkAbs(args[0])}}
	var fields survey.Fields
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[4])), &fields))
	ts.Check(s.withCentral(ctx, func(c *central.Central) error {
		scope := survey.VillageScope(report.VillageID(c.County(), args[2]))
		households, err := collect(ctx, c, central.Query{Scope: scope, Type: survey.TypeHousehold})
		ts.Check(err)
		for _, household := range households {
			if household.Fields[survey.HouseholdCode] == args[3] {
				fields[survey.VisitHousehold] = household.ID.String()
			}
		}
		_, err = c.Write(ctx, operator, []central.Write{{
			Record: survey.RecordID{0xff}, Type: survey.TypeVisit, Scope: scope, Form: survey.FormID(args[1]), FormVersion: "1", Fields: fields,
		}})
		return err
	}))
}

func TestEveryCommandDescribesItself(t *testing.T) {
	for _, c := range commands() {
		var out, told bytes.Buffer
		code := run(t.Context(), append(strings.Fields(c.name), "-h"), streams{out: &out, err: &told}, time.Now)
		if code != exitDone || !strings.Contains(out.String(), c.help) || told.Len() > 0 {
			t.Errorf("%s -h: code %d, out %q, err %q", c.name, code, out.String(), told.String())
		}
	}
}

func FuzzDispatch(f *testing.F) {
	for _, words := range []string{"", "help", "bundle show x", "roster import x", "-data", "enrol-code -valid x", "form show a b", "township generate"} {
		f.Add(words)
	}
	f.Fuzz(func(t *testing.T, words string) {
		args := strings.Fields(words)
		if len(args) > 0 && (args[0] == "wait" || args[0] == "township") || strings.Contains(words, "data") {
			t.Skip("writes files or waits")
		}
		var out, told bytes.Buffer
		if code := run(t.Context(), args, streams{out: &out, err: &told}, time.Now); code != exitDone && told.Len() == 0 {
			t.Errorf("%q failed without a word", words)
		}
	})
}
