package retention_test

import (
	"bytes"
	"testing"

	"zoucun/assets"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
)

// Nobody may add a question to the product's forms without saying how far it speaks of a person.
func TestEveryQuestionHasAClass(t *testing.T) {
	for _, id := range []string{"QZ-01", "QZ-01S"} {
		folder, err := assets.Form(id)
		if err != nil {
			t.Fatal(err)
		}
		book, _ := xlsform.ReadFS(folder, id)
		definition, err := xform.Read(bytes.NewReader(xlsform.Compile(book, xlsform.Options{}).XML))
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for _, n := range definition.Nodes {
			note := n.Bind.ReadOnly != nil && n.Bind.Calculate == nil
			meta := n.Attribute || n.Field() == "" || n.Parent != nil && n.Parent.Name.Local == "meta" || n.Parent != nil && n.Parent.Name.Local == "entity"
			if !n.Leaf() || note || meta {
				continue
			}
			class := n.Bind.Other["zoucun:class"]
			counts[class]++
			switch class {
			case "N", "P", "S", "X":
			default:
				t.Errorf("%s: %s has no class", id, n.Field())
			}
			photo := n.Control != nil && n.Control.Kind == xform.Upload && n.Control.Appearance != "signature"
			if photo != (n.Bind.Other["zoucun:keep"] == "photo") {
				t.Errorf("%s: %s is a photo: %v, kept as %q", id, n.Field(), photo, n.Bind.Other["zoucun:keep"])
			}
		}
		if counts["N"] < 20 || counts["P"] < 10 || counts["S"] != 5 {
			t.Errorf("%s: %v", id, counts)
		}
	}
}
