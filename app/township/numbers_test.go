package township

import (
	"fmt"
	"strings"
	"testing"

	"zoucun/app/view"
	"zoucun/app/workbench"
	"zoucun/survey"
	"zoucun/tally"
)

// busy fills a month of visits.
func (d *desk) busy() {
	d.t.Helper()
	for v, village := range d.store.Villages() {
		for i, h := range d.store.SearchHouseholds(village.ID, "", 0) {
			if i%3 == 2 {
				continue
			}
			fields := []string{
				"visit/people_asked=" + fmt.Sprint(1+i%4), "visit/cadre_present=" + []string{"yes", "no"}[i%2],
				"policy/pension/aware=" + []string{"clear", "heard", "unknown", "misread"}[i%4], "policy/medical/aware=" + []string{"clear", "heard"}[i%2],
				"policy/pension/told=face",
			}
			if i%5 == 0 {
				fields = append(fields, "head/entry_mode=late", "head/late_reason=补")
			}
			if i%2 == 0 {
				fields = append(fields, "problem=路灯不亮了/"+[]string{"09", "13", "01", "04"}[(i/2+v)%4]+"/"+[]string{"submitted", "onsite_done", "replied"}[i/2%3])
			}
			d.visit(h.Household, fields...)
		}
	}
}

func (d *desk) counting(saved *[]string) *workbench.Numbers {
	d.t.Helper()
	words, book := d.book()
	presenter := workbench.NewNumbers(d.store, words, book, d.host.Now)
	d.inBench(Section{Name: "统计", Screen: func() *view.Screen {
		return NewNumbers(d.host, NumbersSpec{Presenter: presenter, Save: func(kind string, sheet tally.Sheet) {
			*saved = append(*saved, kind+" "+sheet.Title)
		}})
	}}, Section{Name: "审核"})
	return presenter
}

func TestNumbers(t *testing.T) {
	d := newDesk(t)
	d.busy()
	var saved []string
	presenter := d.counting(&saved)
	village := d.store.Villages()[0]
	d.sees("走访覆盖 · 各村")
	d.sees("城乡居民养老保险")
	d.sees("没有办结的在前")
	d.sees("本表不作干部排名使用")
	d.look("numbers")
	d.look("numbers-all", 1700)
	picture := presenter.Picture(t.Context())
	total := picture.Coverage.Rows[len(picture.Coverage.Rows)-1]
	if !total.Total || total.Cells[1].Behind == nil {
		t.Fatalf("total %+v", total)
	}
	lines, all, err := presenter.Records(t.Context(), total.Cells[1].Behind)
	if err != nil || fmt.Sprint(all) != total.Cells[1].Text || len(lines) != all || lines[0].Type != survey.TypeHousehold {
		t.Errorf("%d records behind %q, %v", all, total.Cells[1].Text, err)
	}
	for _, bar := range picture.Problems {
		if bar.Behind == nil {
			continue
		}
		lines, all, err := presenter.Records(t.Context(), bar.Behind)
		if err != nil || fmt.Sprint(all) != bar.Words || lines[0].Type != survey.TypeProblem || !strings.Contains(bar.Label, "") {
			t.Errorf("%s: %d records behind %s, %v", bar.Label, all, bar.Words, err)
		}
	}
	d.tap(village.Name)
	d.sees("走访覆盖 · " + village.Name)
	d.misses("城乡居民养老保险")
	d.look("numbers-village")
	d.tap("看各村")
	d.sees("走访覆盖 · 各村")
	d.tap(total.Cells[1].Text)
	d.look("numbers-records")
	if !strings.Contains(d.top().Title, "走访户") {
		t.Errorf("the number opens %q", d.top().Title)
	}
	d.Back()
	d.tap("汇总表 PDF")
	if len(saved) != 1 || saved[0] != "pdf 走访汇总表（QZ-11）" {
		t.Errorf("saved %v", saved)
	}
	d.tap("上月")
	d.sees("这段时间没有登记问题。")
	if len(d.complaints) > 0 {
		t.Errorf("complaints %v", d.complaints)
	}
}

// No number of fewer than five stands anywhere on the screen, but what the roster says.
func TestNoFewAreShown(t *testing.T) {
	d := newDesk(t)
	home := d.households
	for i := range 3 {
		d.visit(home[i].Household, "policy/pension/aware=clear", "problem=路灯不亮了/09/submitted")
	}
	var saved []string
	presenter := d.counting(&saved)
	for _, village := range append([]survey.Place{{}}, d.store.Villages()...) {
		presenter.Enter(village.ID)
		p := presenter.Picture(t.Context())
		for _, row := range p.Coverage.Rows {
			for c, cell := range row.Cells {
				for n, text := range strings.Split(cell.Text, "/") {
					fromRoster := c == 0 || n == 0 && strings.Contains(cell.Text, "/")
					if !fromRoster && strings.ContainsAny(text, "1234") && len(text) == 1 {
						t.Errorf("%s %s shows %q", row.Name, p.Coverage.Columns[c+1], cell.Text)
					}
				}
			}
		}
		for _, bar := range append(append(p.Problems, p.States...), p.Policies...) {
			if !strings.HasPrefix(bar.Words, tally.HiddenMark) || len(bar.Parts) > 0 || bar.Behind != nil {
				t.Errorf("%s shows %q", bar.Label, bar.Words)
			}
		}
	}
}
