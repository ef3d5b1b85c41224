package present

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"zoucun/form"
	"zoucun/survey"
)

// What a paper differs in from a visit made now: how it was written down, and the day, which the form would take to be
// today. Its number is to be written on the paper.
const (
	entryMode survey.FieldPath = "head/entry_mode"
	onPaper                    = "paper"
	visitDate survey.FieldPath = "visit/visit_date"
	formNo    survey.FieldPath = "head/form_no"
)

// Number returns the filling's number, or nothing where its form has none.
func (v *Visit) Number() string {
	q, _ := v.session.Question(formNo)
	return q.Value
}

// OnPaper says of a filling that has just begun that it was written on paper before, where its form asks.
func (v *Visit) OnPaper(ctx context.Context) error {
	for path, value := range map[survey.FieldPath]string{entryMode: onPaper, visitDate: ""} {
		if _, asked := v.session.Question(path); asked {
			if err := v.Answer(ctx, path, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// sheetOrder is the order in which the sheet of QZ-01 has what it asks: row by row, first the front and then the back.
// What it does not name follows in the form's own order.
var sheetOrder = strings.Fields(`
	visit/visit_date visit/visit_band visit/visit_channel
	visit/village_id visit/group_id visit/new_household visit/household_id visit/new_head_name visit/door_no
	visit/visitors visit/companions visit/cadre_present
	visit/visit_result visit/people_asked
	hh/respondent_mode hh/respondent_name hh/respondent_relation hh/phone hh/phone_owner
	hh/resident_n hh/away_n hh/n_under14 hh/n_60p hh/n_80p hh/contact_pref
	hh/livelihood
	hear/heard_village hear/heard_village_by hear/heard_thought hear/heard_worry hear/heard_ask hear/seen_items hear/seen_note
	problems/has_issue problems/issues
	opinion/sugg_text opinion/sugg_level
	finish/promise_what finish/promise_by finish/next_visit
	consent/notice_given consent/consent_scope consent/consent_publish consent/sign_mode
	policy`)

// Sheet returns everything that is asked now as one page, in the order of the sheet on paper: problems stand open one
// under another, so that whoever copies a paper goes down it from top to bottom.
func (v *Visit) Sheet() Page {
	type ranked struct {
		Item

		rank int
	}
	var all []ranked
	for _, s := range v.sections() {
		for _, n := range s.nodes {
			for _, item := range v.sheetItems(n) {
				all = append(all, ranked{item, sheetRank(n.Path, item)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return a.rank - b.rank })
	page := Page{Key: "sheet", Title: v.session.Form().Title, Number: 1, Of: 1, First: true, Last: true}
	if number := v.Number(); number != "" {
		page.Title = "编号 " + number + "（请写在纸上）"
	}
	for _, r := range all {
		page.Items = append(page.Items, r.Item)
	}
	return page
}

// sheetRank returns where on the sheet an item stands that comes of a node.
func sheetRank(node survey.FieldPath, item Item) int {
	for _, path := range []survey.FieldPath{node, survey.FieldPath(item.Key)} {
		for n, wanted := range sheetOrder {
			if string(path) == wanted || strings.HasPrefix(string(path), wanted+"/") || strings.HasPrefix(string(path), wanted+"[") {
				return n
			}
		}
	}
	return len(sheetOrder)
}

// sheetItems returns the items of a node, a repeat with the questions of its instances.
func (v *Visit) sheetItems(n form.Node) []Item {
	if n.Kind != form.RepeatNode {
		return v.items([]form.Node{n})
	}
	var items []Item
	for i, instance := range n.Children {
		items = append(items, Item{Kind: HeadingItem, Key: string(instance.Path), Label: n.Label + " " + strconv.Itoa(i+1)})
		items = append(items, v.items(instance.Children)...)
	}
	return append(items, v.repeatItem(n))
}
