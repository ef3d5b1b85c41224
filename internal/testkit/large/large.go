// Package large writes the forms and the register that are measured, here and in the peer's engine.
package large

import (
	"fmt"
	"strings"
)

func write(format string, n int, each func(i int) []any) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, each(i)...)
	}
	return b.String()
}

const head = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>量</h:title><model>`

// Wide is a form that has 1,000 questions in ten groups. Each depends on the one before, each tenth is the sum of the nine before it,
// and every label has an answer in it.
func Wide() string {
	nodes := write("%s<q%d/>%s", 1000, func(i int) []any {
		return []any{on(i%100 == 0, fmt.Sprintf("<g%d>", i/100)), i, on(i%100 == 99, fmt.Sprintf("</g%d>", i/100))}
	})
	binds := write(`<bind nodeset="/data/g%d/q%d" type="int" %s/>`, 1000, func(i int) []any {
		switch i % 10 {
		case 9:
			sum := write("/data/g%d/q%d + ", 9, func(k int) []any { return []any{i / 100, i - 9 + k} })
			return []any{i / 100, i, `calculate="` + sum + `0"`}
		case 0:
			return []any{i / 100, i, `required="true()"`}
		}
		return []any{i / 100, i, fmt.Sprintf(`relevant="../q%d != 0" constraint=". &lt; 1000 and . &gt;= 0"`, i-1)}
	})
	body := write(`%s<input ref="/data/g%d/q%d"><label>第 <output value="/data/g0/q0"/> 户第 %d 题</label></input>%s`, 1000, func(i int) []any {
		return []any{on(i%100 == 0, fmt.Sprintf(`<group ref="/data/g%d"><label>组</label>`, i/100)), i / 100, i, i, on(i%100 == 99, "</group>")}
	})
	return head + `<instance><data id="wide">` + nodes + `</data></instance>` + binds + `</model></h:head><h:body>` + body + `</h:body></h:html>`
}

func on(when bool, text string) string {
	if when {
		return text
	}
	return ""
}

// Roster is a form that has a household roster of 30 questions for each person, with counts and a total over all people.
func Roster() string {
	nodes := write("<q%d/>", 30, func(i int) []any { return []any{i} })
	binds := write(`<bind nodeset="/data/person/q%d" type="int" %s/>`, 30, func(i int) []any {
		switch {
		case i == 29:
			return []any{i, `calculate="position(..)"`}
		case i%5 == 4:
			return []any{i, fmt.Sprintf(`calculate="../q%d + ../q%d"`, i-1, i-2)}
		case i%2 == 1:
			return []any{i, fmt.Sprintf(`relevant="../q%d != ''" constraint=". &lt; 120"`, i-1)}
		}
		return []any{i, ""}
	})
	body := write(`<input ref="/data/person/q%d"><label>题</label></input>`, 30, func(i int) []any { return []any{i} })
	return head + `<instance><data id="roster"><people/><old/><total/><person jr:template="">` + nodes + `</person></data></instance>
<bind nodeset="/data/people" calculate="count(/data/person)"/><bind nodeset="/data/old" calculate="count(/data/person[q0 &gt; 60])"/>
<bind nodeset="/data/total" calculate="sum(/data/person/q4)"/>` + binds + `</model></h:head><h:body><repeat nodeset="/data/person">` + body + `</repeat></h:body></h:html>`
}

// Register is a form that has 60 questions, of which each third depends on the one before, and a household drawn from the register: of all
// households those of the village answered.
func Register() string {
	var nodes, binds, body strings.Builder
	for i := range 60 {
		fmt.Fprintf(&nodes, "<q%d/>", i)
		if i%3 == 1 {
			fmt.Fprintf(&binds, `<bind nodeset="/data/q%d" relevant="/data/q%d != ''" constraint="string-length(.) &lt; 500"/>`, i, i-1)
		}
		fmt.Fprintf(&body, `<input ref="/data/q%d"><label>题%d</label></input>`, i, i)
	}
	return `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>大表</h:title><model>
<instance><data id="big"><village/><household/><head/>` + nodes.String() + `</data></instance>
<instance id="household" src="jr://file-csv/household.csv"/>
<bind nodeset="/data/head" calculate="instance('household')/root/item[name = /data/household]/label"/>` + binds.String() + `</model></h:head>
<h:body><input ref="/data/village"/>
<select1 ref="/data/household"><itemset nodeset="instance('household')/root/item[village = /data/village]"><value ref="name"/><label ref="label"/></itemset></select1>` +
		body.String() + `</h:body></h:html>`
}

// Unindexed is Register with a filter that no index answers.
func Unindexed() string {
	return strings.Replace(Register(), "[village = /data/village]",
		"[starts-with(village, /data/village) and string-length(village) = 4]", 1)
}

// Households returns the register of households in 200 villages, its columns first.
func Households(rows int) [][]string {
	cells := [][]string{{"name", "label", "village"}}
	for i := range rows {
		cells = append(cells, []string{fmt.Sprintf("h%d", i), fmt.Sprintf("第%d户", i), fmt.Sprintf("v%d", i%200)})
	}
	return cells
}
