package present

import (
	"strings"
	"testing"

	"zoucun/survey"
)

func TestDefinitionsAreReadOnce(t *testing.T) {
	o := newOffice(t, "QZ-01")
	xml := o.forms[survey.FormID("QZ-01")]
	var d Definitions
	first, err := d.read(xml)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.read(xml); err != nil || again != first {
		t.Errorf("read again: %v, the same %v", err, again == first)
	}
	for i := range 3 * fewForms {
		changed := strings.Replace(string(xml), "</h:title>", strings.Repeat("新", i+1)+"</h:title>", 1)
		if other, err := d.read([]byte(changed)); err != nil || other == first {
			t.Errorf("another definition: %v, the same %v", err, other == first)
		}
	}
	if len(d.known) > fewForms {
		t.Errorf("%d forms are remembered", len(d.known))
	}
	if _, err := d.read([]byte("<no form")); err == nil {
		t.Error("what is no form was read")
	}
	var none *Definitions
	if _, err := none.read(xml); err != nil {
		t.Error(err)
	}
}
