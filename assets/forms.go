package assets

import (
	"embed"
	"io/fs"
)

//go:embed forms/*/*.csv
var forms embed.FS

// Form returns the sheets of a form the product comes with, as a folder of CSV files: "QZ-01", "QZ-01S".
func Form(id string) (fs.FS, error) { return fs.Sub(forms, "forms/"+id) }
