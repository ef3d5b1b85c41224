package retention

import (
	"bytes"
	"context"
	"regexp"

	"zoucun/form/xform"
	"zoucun/survey"
)

// Class says how far a field speaks of a person, as the column bind::zoucun:class of a form has it.
type Class string

// Classes.
const (
	Neutral   Class = "N" // speaks of no person
	Personal  Class = "P" // of a person who can be known by it
	Sensitive Class = "S" // of what a person keeps to themselves by law
	Sealed    Class = "X" // sealed to a recipient, who alone decides how long
)

// rule is what a form says about one field: its class, and whether it is a photo, which is kept for a shorter time.
type rule struct {
	class Class
	photo bool
}

// goes reports whether the field is taken out when its time is over.
func (r rule) goes() bool { return r.class == Personal || r.class == Sensitive }

// property is a field of a register's records.
type property struct {
	of    survey.RecordType
	field survey.FieldPath
}

// classes are the rules of every version of every form that was published.
type classes struct {
	fields     map[survey.FormID]map[string]map[survey.FieldPath]rule // by form and version
	properties map[property]rule
}

// known are properties the product itself writes, whatever the forms say.
var known = map[property]rule{
	{survey.TypeProblem, survey.ProblemHousehold}: {class: Personal},
	{survey.TypeProblem, "village"}:               {class: Neutral},
	{survey.TypeProblem, survey.ProblemState}:     {class: Neutral},
	{survey.TypeProblem, closedField}:             {class: Neutral},
	{survey.TypeProblem, survey.ProblemNature}:    {class: Neutral},
	{survey.TypeProblem, survey.ProblemCategory}:  {class: Neutral},
	{survey.TypeProblem, survey.ProblemUrgency}:   {class: Neutral},
}

// readClasses reads the rules off every published form.
func readClasses(ctx context.Context, records Records) (classes, error) {
	c := classes{fields: map[survey.FormID]map[string]map[survey.FieldPath]rule{}, properties: map[property]rule{}}
	err := records.HoldingsOf(ctx, survey.TypeForm, func(h survey.Holding) error {
		for _, s := range h.Statements {
			definition, err := xform.Read(bytes.NewReader([]byte(s.Body.Fields[survey.FormXML])))
			if err != nil {
				continue // what was answered to it waits for a person: see knows
			}
			c.read(definition)
		}
		return nil
	})
	return c, err
}

func (c classes) read(definition *xform.Form) {
	versions := c.fields[definition.ID]
	if versions == nil {
		versions = map[string]map[survey.FieldPath]rule{}
		c.fields[definition.ID] = versions
	}
	rules := map[survey.FieldPath]rule{}
	versions[definition.Version] = rules
	for _, n := range definition.Nodes {
		if n.Leaf() {
			rules[n.Field()] = ruleOf(n)
		}
	}
	for _, entity := range definition.Entities {
		for _, n := range entity.Saves {
			c.save(property{survey.RecordType(entity.Dataset), survey.FieldPath(n.Bind.SaveTo)}, ruleOf(n))
		}
		c.save(property{survey.RecordType(entity.Dataset), "label"}, labelRule(definition, entity))
	}
}

// save notes the rule of a property. Where forms differ the stricter one counts.
func (c classes) save(of property, r rule) {
	if known, ok := c.properties[of]; !ok || !known.goes() {
		c.properties[of] = r
	}
}

// ruleOf returns what a form says about a node, or what is to be thought of one it says nothing about: what is chosen,
// counted or dated is neutral, what is written, drawn or photographed speaks of somebody.
func ruleOf(n *xform.Node) rule {
	r := rule{class: Class(n.Bind.Other["zoucun:class"]), photo: n.Bind.Other["zoucun:keep"] == "photo"}
	switch r.class {
	case Neutral, Personal, Sensitive, Sealed:
		return r
	}
	r.class = Personal
	chosen := n.Control != nil && (n.Control.Kind == xform.Select || n.Control.Kind == xform.Select1 || n.Control.Kind == xform.Rank)
	switch n.Bind.Type {
	case "int", "integer", "decimal", "boolean", "date", "time", "dateTime":
		chosen = true
	}
	if chosen {
		r.class = Neutral
	}
	return r
}

// labelRule returns the strictest rule among the questions that an entity's label is made of.
func labelRule(definition *xform.Form, entity *xform.Entity) rule {
	label := entity.Node.Child("label")
	if label == nil || label.Bind.Calculate == nil {
		return rule{class: Personal}
	}
	strictest := rule{class: Neutral}
	found := false
	for _, reference := range label.Bind.Calculate.References() {
		if reference.Instance != "" || len(reference.Steps) == 0 {
			continue
		}
		name := reference.Steps[len(reference.Steps)-1].Name
		for _, n := range definition.Nodes {
			if n.Leaf() && n.Name.Local == name {
				found = true
				if r := ruleOf(n); r.goes() {
					strictest = r
				}
			}
		}
	}
	if !found {
		return rule{class: Personal}
	}
	return strictest
}

// knows reports whether any form that can be read says something about records like this one. What no form speaks of is
// not taken apart: a definition that cannot be read must not cost the statistics of years.
func (c classes) knows(r survey.Record) bool {
	if r.Type == survey.TypeVisit {
		return len(c.fields[r.Form]) > 0
	}
	for of := range c.properties {
		if of.of == r.Type {
			return true
		}
	}
	return false
}

var instanceKey = regexp.MustCompile(`\[[^\]]*\]`)

// rule returns the rule for a field of a record. What nobody has given one is personal.
func (c classes) rule(of survey.RecordType, made survey.Header, field survey.FieldPath) rule {
	if of != survey.TypeVisit {
		if known, ok := known[property{of, field}]; ok {
			return known
		}
		return orPersonal(c.properties[property{of, field}])
	}
	if field == closedField || field.Noted() || field == survey.ReviewResultField || field == survey.ReviewDupField {
		return rule{class: Neutral}
	}
	plain := survey.FieldPath(instanceKey.ReplaceAllString(string(field), ""))
	versions := c.fields[made.Form]
	if rules, ok := versions[made.FormVersion]; ok {
		return orPersonal(rules[plain])
	}
	for _, rules := range versions {
		if r, ok := rules[plain]; ok && r.goes() {
			return r
		}
	}
	return rule{class: Personal}
}

func orPersonal(r rule) rule {
	if r.class == "" {
		r.class = Personal
	}
	return r
}
