package xlsform

import (
	"cmp"
	"slices"
	"strings"
)

// entity is one row of the entities sheet: answers that become, or change, a record of a list.
//
//	entity_id  create_if  update_if   what happens
//	-          -          -           always creates
//	-          given      -           creates if
//	-          any        given       refused: an update needs an entity_id
//	given      -          -           always updates
//	given      -          given       updates if
//	given      given      -           refused: an update_if is needed beside create_if
//	given      given      given       creates if, updates if
type entity struct {
	record record
	list   string
	uses   []use
	home   *element // the form, group or repeat whose answers it takes
}

// use is a question that fills or decides an entity.
type use struct {
	in       *element // the group, repeat or form the question stands in
	row      int
	property string // set for save_to
	question string // set for a ${reference} from the entities sheet
}

// entityColumns are the columns of the entities sheet that hold expressions.
var entityColumns = []string{"entity_id", "create_if", "update_if", "label"}

// readEntities reads the entities sheet.
func (c *compiler) readEntities(book Workbook) {
	sheet, ok := book.sheet(entitiesSheet)
	if !ok {
		return
	}
	t := understand(&c.found, sheet, entitiesSheet)
	for _, one := range t.columns {
		if columnAliases[entitiesSheet][one.path] == "" && one.path != "" {
			c.found.add(UnknownEntityColumn, at{entitiesSheet, 1, one.header}, one.header)
		}
	}
	for _, r := range t.records {
		one := &entity{record: r, list: r.get("dataset")}
		c.checkEntity(one)
		c.entities = append(c.entities, one)
	}
}

// checkEntity checks the row's name and that its columns go together.
func (c *compiler) checkEntity(e *entity) {
	where := e.record.at("dataset")
	switch {
	case e.list == "":
		c.found.add(EntityNoName, where)
	case c.entity(e.list) != nil:
		c.found.add(EntityTwice, where, e.list)
	case strings.HasPrefix(e.list, "__"):
		c.found.add(EntityUnderscores, where, e.list)
	case strings.Contains(e.list, "."):
		c.found.add(EntityPeriod, where, e.list)
	case !isName(e.list):
		c.found.add(BadName, where, e.list)
	}
	id, create, update := e.record.get("entity_id"), e.record.get("create_if"), e.record.get("update_if")
	switch {
	case id == "" && update != "":
		c.found.add(EntityNoID, e.record.at("entity_id"), e.list)
	case id != "" && create != "" && update == "":
		c.found.add(EntityNoUpdateIf, e.record.at("update_if"), e.list)
	case id == "" && e.record.get("label") == "":
		c.found.add(EntityNoLabel, e.record.at("label"), e.list)
	}
}

// entity returns the declared entity of the list.
func (c *compiler) entity(list string) *entity {
	i := slices.IndexFunc(c.entities, func(e *entity) bool { return e.list == list })
	if i < 0 {
		return nil
	}
	return c.entities[i]
}

// saves notes the property a question is saved to.
func (r *reader) saves(e *element, row record) {
	given := row.get("bind::entities:saveto")
	if given == "" {
		return
	}
	where := row.at("bind::entities:saveto")
	owner, property, ok := r.owner(given, where)
	if !ok || !r.goodProperty(owner, property, where) {
		return
	}
	e.bind = set(e.bind, "entities:saveto", property)
	owner.uses = append(owner.uses, use{in: r.parent(), row: row.number, property: property})
}

// owner finds the entity a save_to belongs to: "list#property", or the only one there is.
func (r *reader) owner(given string, where at) (*entity, string, bool) {
	list, property, named := strings.Cut(given, "#")
	switch {
	case len(r.entities) == 0:
		r.found.add(NoEntities, where)
	case strings.Contains(property, "#"):
		r.found.add(SaveToHashes, where, given)
	case named && r.entity(list) == nil:
		r.found.add(UnknownEntity, where, list)
	case named:
		return r.entity(list), property, true
	case len(r.entities) > 1:
		r.found.add(SaveToNeedsList, where, given)
	default:
		return r.entities[0], given, true
	}
	return nil, "", false
}

// goodProperty checks the name of a property.
func (r *reader) goodProperty(owner *entity, property string, where at) bool {
	taken := slices.IndexFunc(owner.uses, func(u use) bool { return u.property == property })
	switch {
	case strings.EqualFold(property, "name") || strings.EqualFold(property, "label"):
		r.found.add(PropertyReserved, where, property)
	case strings.HasPrefix(property, "__"):
		r.found.add(PropertyUnderscores, where, property)
	case !isName(property):
		r.found.add(BadName, where, property)
	case taken >= 0:
		r.found.add(PropertyTwice, where, property, decimal(owner.uses[taken].row))
	default:
		return true
	}
	return false
}

// savesNothing reports a save_to on a row that has no answer.
func (r *reader) savesNothing(row record) {
	if row.get("bind::entities:saveto") == "" {
		return
	}
	if len(r.entities) == 0 {
		r.found.add(NoEntities, row.at("bind::entities:saveto"))
		return
	}
	r.found.add(GroupSaved, row.at("bind::entities:saveto"))
}

// placeEntities decides in which group, repeat or form each entity stands, and puts it there.
func (c *compiler) placeEntities() {
	var asked []*request
	for _, e := range c.entities {
		c.noteReferences(e)
		if one, ok := c.request(e); ok {
			asked = append(asked, one)
		}
	}
	for _, e := range c.allocate(asked) {
		c.meta(e.home).add(c.entityNode(e))
	}
}

// noteReferences adds the questions an entity's expressions speak of to its uses.
func (c *compiler) noteReferences(e *entity) {
	for _, column := range entityColumns {
		for _, m := range referencePattern.FindAllStringSubmatch(e.record.get(column), -1) {
			for _, named := range c.names[m[2]] {
				if named.parent != nil && named.parent.name != "meta" {
					e.uses = append(e.uses, use{in: named.parent, row: named.record.number, question: named.name})
				}
			}
		}
	}
	slices.SortStableFunc(e.uses, func(a, b use) int { return cmp.Compare(a.row, b.row) })
}

// request is where an entity would like to stand.
type request struct {
	entity *entity
	scope  *element   // the repeat or form none of whose boundaries it may cross
	wanted *element   // as deep as its questions stand together
	saved  []*element // where questions that save to it stand
}

// boundary returns the repeat or form the element is, or stands in.
func boundary(e *element) *element {
	for e.kind != repeat && e.kind != root {
		e = e.parent
	}
	return e
}

// depths counts the repeats around e, itself included, and the groups between e and its boundary.
func depths(e *element) (repeats, groups int) {
	for up := e; up != nil; up = up.parent {
		if up.kind == repeat {
			repeats++
		}
		if up.kind == group && repeats == 0 {
			groups++
		}
	}
	return repeats, groups
}

// request finds the place the questions of an entity ask for, and reports questions no one place can serve.
func (c *compiler) request(e *entity) (*request, bool) {
	one := &request{entity: e, scope: c.root, wanted: c.root}
	if target := e.record.get("repeat"); target != "" {
		return one, c.declaredRepeat(e, one, target)
	}
	var deepest *use
	for i := range e.uses {
		if deepest == nil || more(boundary(e.uses[i].in), boundary(deepest.in)) {
			deepest = &e.uses[i]
		}
		if e.uses[i].property != "" {
			one.saved = append(one.saved, e.uses[i].in)
		}
	}
	if deepest == nil {
		return one, true
	}
	one.scope = boundary(deepest.in)
	one.wanted = one.wish(e.uses)
	return one, c.compatible(one, deepest)
}

// more reports whether a stands in more repeats than b.
func more(a, b *element) bool {
	inA, _ := depths(a)
	inB, _ := depths(b)
	return inA > inB
}

// wish is the deepest place all saved questions share; without any, the deepest question of the scope decides.
func (q *request) wish(uses []use) *element {
	if len(q.saved) > 0 {
		common := q.saved[0]
		for _, other := range q.saved[1:] {
			for !other.within(common) {
				common = common.parent
			}
		}
		if more(q.scope, boundary(common)) && slices.ContainsFunc(q.saved, func(s *element) bool { return boundary(s) == q.scope }) {
			return q.scope
		}
		return common
	}
	wanted := q.scope
	for _, u := range uses {
		_, groups := depths(u.in)
		if _, best := depths(wanted); boundary(u.in) == q.scope && groups > best {
			wanted = u.in
		}
	}
	return wanted
}

// compatible checks that every question can be reached from the place, and that saved ones stand in its own repeat.
func (c *compiler) compatible(q *request, deepest *use) bool {
	ok := true
	for _, u := range q.entity.uses {
		reachable := q.scope.within(boundary(u.in))
		switch {
		case !reachable && u.property == "":
			c.found.add(EntityScopes, q.entity.record.at("label"), q.entity.list, scopePath(deepest.in), u.question, scopePath(u.in))
		case !reachable:
			c.found.add(SaveToScopes, at{surveySheet, u.row, "save_to"}, q.entity.list, scopePath(deepest.in), scopePath(u.in))
		case u.property != "" && boundary(u.in) != boundary(q.wanted):
			c.found.add(SaveToScopes, at{surveySheet, u.row, "save_to"}, q.entity.list, scopePath(q.wanted), scopePath(u.in))
		default:
			continue
		}
		ok = false
	}
	return ok
}

// scopePath names a place the way authors see it, whatever the root is called.
func scopePath(e *element) string {
	path := []string{"", "survey"}
	for _, part := range e.lineage()[1:] {
		path = append(path, part.name)
	}
	return strings.Join(path, "/")
}

// declaredRepeat reads the repeat column, which names the repeat whose every instance is an entity.
func (c *compiler) declaredRepeat(e *entity, q *request, target string) bool {
	where := e.record.at("repeat")
	if !isReference(target) {
		c.found.add(BadReference, where, target)
		return false
	}
	named, ok := c.target(target[2:len(target)-1], where)
	if !ok {
		return false
	}
	if named.kind != repeat {
		c.found.add(EntityNotRepeat, where, named.name)
		return false
	}
	q.scope, q.wanted = named, named
	for _, u := range e.uses {
		if u.property != "" && boundary(u.in) != named {
			c.found.add(SaveToScopes, at{surveySheet, u.row, "save_to"}, e.list, scopePath(named), scopePath(u.in))
			ok = false
		}
	}
	return ok
}

// allocate gives each entity a place of its own, as deep as it wished and no higher than its scope.
func (c *compiler) allocate(asked []*request) []*entity {
	if len(asked) == 1 && asked[0].scope == c.root {
		asked[0].entity.home = c.root
		return []*entity{asked[0].entity}
	}
	reserved := map[*element]*entity{}
	var placed []*entity
	for _, q := range asked {
		if rival := q.place(reserved); rival != nil {
			c.found.add(EntityNoPlace, q.entity.record.at("dataset"), scopePath(q.scope), decimal(rival.record.number))
			continue
		}
		placed = append(placed, q.entity)
	}
	return placed
}

// place takes the first free place from the wish upwards; it returns the entity that stands in the way when there is
// none.
func (q *request) place(reserved map[*element]*entity) *entity {
	var rival *entity
	for home := q.wanted; ; home = home.parent {
		if rival = reserved[home]; rival == nil {
			q.take(home, reserved)
			return nil
		}
		for _, saved := range q.saved {
			if holder := reserved[saved]; holder != nil {
				return holder
			}
		}
		if home == q.scope {
			return rival
		}
	}
}

// take settles the entity at home and keeps others from between home and the questions that save to it.
func (q *request) take(home *element, reserved map[*element]*entity) {
	q.entity.home = home
	reserved[home] = q.entity
	for _, saved := range q.saved {
		for up := saved; up != home.parent && up != nil; up = up.parent {
			reserved[up] = q.entity
		}
	}
}

// entityNode makes the element that declares the entity.
func (c *compiler) entityNode(e *entity) *element {
	r := e.record
	n := &element{kind: group, name: "entity", record: r, data: true, hidden: true}
	n.add(&element{kind: attribute, name: "@dataset", value: e.list, data: true})
	id := r.get("entity_id")
	if id == "" || r.get("create_if") != "" {
		n.add(e.flag("@create", "create_if"))
	}
	if id != "" {
		n.add(e.flag("@update", "update_if"))
		item := "instance('" + e.list + "')/root/item[name=" + id + "]/"
		n.add(e.computed("@baseVersion", "entity_id", item+"__version"))
		n.add(e.computed("@trunkVersion", "entity_id", item+"__trunkVersion"))
		n.add(e.computed("@branchId", "entity_id", item+"__branchId"))
	}
	identity := e.computed("@id", "entity_id", id)
	if id == "" {
		identity.actions = newIdentity(e.home)
	}
	n.add(identity)
	if label := r.get("label"); label != "" {
		said := e.computed("label", "label", label)
		said.kind = question
		n.add(said)
	}
	return n
}

// flag makes an attribute that says whether to create or update, always or on a condition.
func (e *entity) flag(name, column string) *element {
	flag := &element{kind: attribute, name: name, record: e.record, column: column, value: "1", data: true}
	if condition := e.record.get(column); condition != "" {
		flag.data = false
		flag.bind = bind("calculate", condition, "readonly", "true()", "type", "string")
	}
	return flag
}

// computed makes an attribute or node of the entity with an expression from a column.
func (e *entity) computed(name, column, expression string) *element {
	n := &element{kind: attribute, name: name, record: e.record, column: column, bind: bind("readonly", "true()", "type", "string"), hidden: true}
	if expression != "" {
		n.bind = append([]attr{{"calculate", straight.Replace(expression)}}, n.bind...)
	}
	return n
}

// newIdentity makes an identifier when the form begins, and for each further instance of a repeat.
func newIdentity(home *element) []action {
	actions := []action{{name: "setvalue", event: firstLoad, value: "uuid()"}}
	if boundary(home).kind == repeat {
		actions = append(actions, action{name: "setvalue", event: newRepeat, value: "uuid()"})
	}
	return actions
}

// entitiesVersion names the entities specification the form needs, or nothing when it has none.
func (c *compiler) entitiesVersion() string {
	repeats := func(e *entity) bool { return e.home != nil && boundary(e.home).kind == repeat }
	switch {
	case len(c.entities) == 0:
		return ""
	case len(c.entities) > 1 || slices.ContainsFunc(c.entities, repeats):
		return "2025.1.0"
	default:
		return "2024.1.0"
	}
}

// checkEntityInstances checks that a list whose records are updated is one the form can look into.
func (c *compiler) checkEntityInstances() {
	for _, e := range c.entities {
		if e.record.get("entity_id") == "" {
			continue
		}
		if !c.hasInstance(e.list) {
			c.found.add(EntityNoInstance, e.record.at("dataset"), e.list)
		}
	}
}
