package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zoucun/app/workbench"
	"zoucun/survey"
)

func TestAPaperGoesToThePrinterWithoutAFile(t *testing.T) {
	folder := t.TempDir()
	script := "#!/bin/sh\necho \"$@\" > " + folder + "/args\n/bin/cat > " + folder + "/paper\n"
	if err := os.WriteFile(filepath.Join(folder, "lp"), []byte(script), 0o700); err != nil { //nolint:gosec // G306: it is to be run
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	made := workbench.Paper{Name: "走访清单-20261122-120000.pdf", Data: []byte("%PDF-1.5 …")}
	if err := printPaper(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	args, err := os.ReadFile(filepath.Join(folder, "args"))
	if err != nil {
		t.Fatal(err)
	}
	paper, err := os.ReadFile(filepath.Join(folder, "paper"))
	if err != nil || string(paper) != string(made.Data) || !strings.Contains(string(args), "-t "+made.Name) || !strings.HasSuffix(strings.TrimSpace(string(args)), "-") {
		t.Errorf("the printer got %q, %q, %v", args, paper, err)
	}
}

func TestWithoutAPrinterItSaysWhatToDo(t *testing.T) {
	for name, script := range map[string]string{"no program": "", "no printer": "#!/bin/sh\necho 'lp: Error - no default destination available.' >&2\nexit 1\n"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if script != "" {
				if err := os.WriteFile(filepath.Join(folder, "lp"), []byte(script), 0o700); err != nil { //nolint:gosec // G306: it is to be run
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", folder)
			err := printPaper(t.Context(), workbench.Paper{Name: "联系卡.pdf"})
			known := (*survey.Error)(nil)
			if !errors.As(err, &known) || !strings.Contains(known.Message, "没有可用的打印机") || !strings.Contains(known.Message, "保存") {
				t.Errorf("got %v", err)
			}
		})
	}
}
