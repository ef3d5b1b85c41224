package paper

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// converted has LibreOffice open a file and turn it into another kind, and returns that. It skips the test where
// LibreOffice is not installed.
func converted(t *testing.T, data []byte, from, to string) []byte {
	t.Helper()
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("soffice is not installed (libreoffice-writer-nogui, libreoffice-calc-nogui)")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a."+from)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(office, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to", to, "--outdir", dir+"/out", file)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s", err, said)
	}
	kind, _, _ := strings.Cut(to, ":")
	out, err := os.ReadFile(filepath.Join(dir, "out", "a."+kind))
	if err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("ZOUCUN_PAPER"); keep != "" {
		if err := os.WriteFile(filepath.Join(keep, strings.ReplaceAll(t.Name(), "/", "-")+"-"+from+"."+kind), out, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func sampleList() List {
	list := List{
		Name: "走访清单", Title: "走访清单", Left: "云岭镇", Right: "2026年11月",
		Columns: []ListColumn{{Label: "序号", Share: 1, Centre: true}, {Label: "户主", Share: 2}, {Label: "常住", Share: 1, Number: true}, {Label: "说明", Share: 6}},
		Notes:   []string{"注：本表只用于办理群众反映事项。"},
	}
	for range 40 {
		list.Rows = append(list.Rows, []string{"1", "𬱖𠮷㛃䶮", "3", "=1+1 路不好走"})
	}
	return list
}

func TestAWorkbookOpensElsewhereAsItWasWritten(t *testing.T) {
	var out bytes.Buffer
	if err := Workbook(&out, fonts(t), []Document{sampleList().Document(), sampleList().Document()}); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	if sheets := book.GetSheetList(); len(sheets) != 2 || sheets[0] != "走访清单" || sheets[1] != "走访清单 2" {
		t.Errorf("sheets %q", sheets)
	}
	areas := 0
	for _, name := range book.GetDefinedName() {
		if name.Name == "_xlnm.Print_Area" && strings.Contains(name.RefersTo, "$A$1:$D$44") {
			areas++
		}
	}
	if areas != 2 {
		t.Errorf("print areas: %+v", book.GetDefinedName())
	}
	csv := string(converted(t, out.Bytes(), "xlsx", `csv:Text - txt - csv (StarCalc):44,34,76,1`))
	if got := strings.Count(csv, `"1","𬱖𠮷㛃䶮","3","=1+1 路不好走"`); got != 40 {
		t.Errorf("%d rows came through, want 40:\n%s", got, csv)
	}
	paper := converted(t, out.Bytes(), "xlsx", "pdf")
	info := read(t, paper, "pdfinfo", "FILE")
	if !strings.Contains(info, "841.89 x 595.") || !strings.Contains(info, "(A4)") {
		t.Errorf("it does not print on A4 that lies:\n%s", info)
	}
}

func TestASheetOpensInOfficePrograms(t *testing.T) {
	visit := madeUp()
	visit.Fields["hh/respondent_name"] = "张𠮷 <&>\x01"
	d := Filled(setting(t), visit)
	wanted := []string{"张𠮷<&>（", "门前水渠堵了", "■下午", "晚上看不见路", "修水渠筹工", "QZ-520102001-2026-07-0012K", "一听", "所忧"}
	t.Run("text", func(t *testing.T) {
		var out bytes.Buffer
		if err := Word(&out, fonts(t), []Document{d, sampleList().Document()}); err != nil {
			t.Fatal(err)
		}
		text := running(read(t, converted(t, out.Bytes(), "docx", "pdf"), "pdftotext", "-raw", "FILE", "-"))
		for _, want := range append(wanted, "𬱖𠮷㛃䶮") {
			if !strings.Contains(text, want) {
				t.Errorf("%q did not come through", want)
			}
		}
	})
	t.Run("workbook", func(t *testing.T) {
		var out bytes.Buffer
		if err := Workbook(&out, fonts(t), []Document{d}); err != nil {
			t.Fatal(err)
		}
		text := running(read(t, converted(t, out.Bytes(), "xlsx", "pdf"), "pdftotext", "-raw", "FILE", "-"))
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%q did not come through", want)
			}
		}
	})
	if err := Word(&bytes.Buffer{}, fonts(t), make([]Document, MostSheets+1)); err == nil {
		t.Error("a file of more documents than it may hold was written")
	}
}
