package check

import (
	"fmt"

	"zoucun/survey"
)

// missing finds parts that a talk usually has.
func missing(a answers) []Finding {
	var found []Finding
	add := func(path survey.FieldPath, words string) {
		found = append(found, Finding{Kind: Missing, Path: path, Words: words})
	}
	if a.value("visit_result") == "talked" {
		if a.value("people_asked") == "" {
			add(a.path("visit_result"), "写了“见到并交谈”，没有写和几个人交谈。")
		}
		if a.value("heard_thought")+a.value("heard_worry")+a.value("heard_ask")+a.value("sugg_text") == "" && len(a.parts) == 0 && a.value("consent_scope") != "refuse" {
			add(a.path("visit_result"), "谈了话，但所思、所忧、所求、问题和建议都是空的。确实没有就不用补。")
		}
	}
	if mode := a.value("respondent_mode"); (mode == "named" || mode == "called") && a.value("respondent_name") == "" {
		add(a.path("respondent_mode"), "身份登记方式不是“不留姓名”，但没有写姓名或称呼。")
	}
	if a.value("promise_what") != "" && a.value("promise_by") == "" {
		add(a.path("promise_what"), "当场有承诺，没有写哪天前办到。")
	}
	for _, p := range a.parts {
		found = append(found, missingOf(p)...)
	}
	return found
}

// missingOf finds what one problem lacks.
func missingOf(p part) []Finding {
	nature := p.value("nature")
	if nature == "" || nature == "about_cadre" || nature == "praise" {
		return nil
	}
	var found []Finding
	add := func(words string) {
		found = append(found, Finding{Kind: Missing, Path: p.path("nature"), Words: words})
	}
	if p.value("title") == "" {
		add("这一条没有写是什么事，不会登记成问题。")
	}
	if p.value("cat1") == "" {
		add("这一条问题没有选类别。")
	}
	return found
}

// contradictions finds answers that cannot all be right.
func contradictions(a answers) []Finding {
	var found []Finding
	add := func(name, words string) {
		found = append(found, Finding{Kind: Contradiction, Path: a.path(name), Words: words})
	}
	resident, hasResident := a.number("resident_n")
	away, hasAway := a.number("away_n")
	under14, _ := a.number("n_under14")
	over60, has60 := a.number("n_60p")
	over80, has80 := a.number("n_80p")
	if all := resident + away; hasResident && hasAway {
		if over60 > all || over80 > all || under14 > all {
			add("resident_n", fmt.Sprintf("常住与外出共 %d 人，少于其中某一项的人数。", all))
		} else if under14+over60 > all {
			add("n_under14", fmt.Sprintf("14岁以下与60岁以上合起来 %d 人，多于全家 %d 人。", under14+over60, all))
		}
	}
	if has60 && has80 && over80 > over60 {
		add("n_80p", fmt.Sprintf("80岁以上 %d 人，多于60岁以上 %d 人。", over80, over60))
	}
	visited, known := a.day("visit_date")
	if by, ok := a.day("promise_by"); ok && known && by.Before(visited) {
		add("promise_by", "承诺的日期早于走访日期。")
	}
	if next, ok := a.day("next_visit"); ok && known && !next.After(visited) {
		add("next_visit", "下次走访不晚于这次走访。")
	}
	if a.value("has_issue") == "no" && len(a.parts) > 0 {
		add("has_issue", "选了没有问题，又登记了问题。")
	}
	return found
}

// Beyond these a number is hardly meant, though it may be right.
const (
	manyPeople   = 20 // asked in one visit to a home
	largeFamily  = 15
	many80       = 4
	manyAffected = 3000
)

// implausible finds numbers that are hardly meant.
func implausible(a answers) []Finding {
	var found []Finding
	add := func(path survey.FieldPath, format string, args ...any) {
		found = append(found, Finding{Kind: Implausible, Path: path, Words: fmt.Sprintf(format, args...)})
	}
	if n, ok := a.number("people_asked"); ok && n > manyPeople && a.value("visit_channel") == "home" {
		add(a.path("people_asked"), "入户交谈了 %d 人，请看是不是多打了一个数字。", n)
	}
	resident, _ := a.number("resident_n")
	away, _ := a.number("away_n")
	if resident+away > largeFamily {
		add(a.path("resident_n"), "常住与外出共 %d 人，请核对。", resident+away)
	}
	if n, ok := a.number("n_80p"); ok && n > many80 {
		add(a.path("n_80p"), "80岁以上 %d 人，请核对。", n)
	}
	visited, known := a.day("visit_date")
	for _, p := range a.parts {
		if n, ok := p.number("affects_n"); ok && n > manyAffected {
			add(p.path("affects_n"), "影响 %d 户，请核对。", n)
		}
		if year, ok := p.number("since_year"); ok && known && year > visited.Year() {
			add(p.path("since_year"), "写的是从 %d 年开始，晚于走访日期。", year)
		}
	}
	return found
}

// againWithin is how long after a problem another of the same kind in the same household may be the same matter.
const againWithin = survey.Millis(90 * 24 * 3600 * 1000)

// again finds problems that the household has had noted before.
func again(a answers, f Filling, problems []survey.Problem) []Finding {
	var found []Finding
	for _, p := range a.parts {
		category := p.value("cat2")
		made, _ := survey.ParseID[survey.RecordID](f.Fields[survey.MadeFrom(p.instance)])
		if category == "" || p.value("related_issue") != "" {
			continue
		}
		for _, other := range problems {
			apart := f.At - other.Raised
			if other.ID == made || other.Category != category || other.Raised == 0 || apart < 0 || apart > againWithin || own(f, other.ID) {
				continue
			}
			found = append(found, Finding{
				Kind: Again, Path: p.path("cat2"), Other: other.ID,
				Words: fmt.Sprintf("这一户不到90天前登记过同一细类的“%s”，请看是不是同一件事。", other.Title),
			})
			break
		}
	}
	return found
}

// own reports whether a problem was made by the visit itself.
func own(f Filling, problem survey.RecordID) bool {
	for path, value := range f.Fields {
		if path.Noted() && value == problem.String() {
			return true
		}
	}
	return false
}

// manyTalks is how many talks in a day are many. Nobody but the author hears of it.
const manyTalks = 15

func busy(a answers, earlier []Earlier) []Finding {
	if a.value("visit_result") != "talked" || a.value("visit_date") == "" {
		return nil
	}
	talks := 1
	for _, e := range earlier {
		if e.Talked && e.Day == a.value("visit_date") {
			talks++
		}
	}
	if talks <= manyTalks {
		return nil
	}
	return []Finding{{
		Kind: Busy, Path: a.path("visit_date"), Author: true,
		Words: fmt.Sprintf("这一天已经有 %d 次交谈的走访。只提醒您自己核对日期，别处看不到。", talks),
	}}
}
