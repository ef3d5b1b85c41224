package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed dossier.html
var dossierPage string

var page = template.Must(template.New("dossier").Parse(dossierPage))

// WritePage writes a dossier as one page of HTML that stands by itself: it prints on A4, loads nothing and runs nothing.
func WritePage(w io.Writer, d Dossier) error {
	if err := page.Execute(w, d); err != nil {
		return fmt.Errorf("report.WritePage: %w", err)
	}
	return nil
}
