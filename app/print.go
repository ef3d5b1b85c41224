package app

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"

	"zoucun/app/workbench"
	"zoucun/survey"
)

// printer returns what hands a paper to the system's printer, or nil where programs have no way to: there a paper is saved
// and printed by what opens it.
func printer() func(context.Context, workbench.Paper) error {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		return nil
	}
	return printPaper
}

// printPaper hands a paper to CUPS. Nothing of it goes through a file, and the job's name says only what it is.
func printPaper(ctx context.Context, p workbench.Paper) error {
	program, args := "lp", []string{"-t", p.Name, "-o", "sides=two-sided-long-edge", "-"}
	if _, err := exec.LookPath(program); err != nil {
		program, args = "lpr", []string{"-T", p.Name}
	}
	if _, err := exec.LookPath(program); err != nil {
		return noPrinter(err)
	}
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // G204: one of two programs, with a name we made
	cmd.Stdin = bytes.NewReader(p.Data)
	said, err := cmd.CombinedOutput()
	if err != nil {
		return noPrinter(fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(string(said))))
	}
	return nil
}

func noPrinter(err error) error {
	return &survey.Error{
		Kind: survey.Unavailable, Op: "app.printPaper", Err: err,
		Message: "这台电脑没有可用的打印机。请先点“保存”存成 PDF，再拿到有打印机的电脑上打印。",
	}
}
