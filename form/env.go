package form

import (
	"strings"
	"time"

	"zoucun/form/xpath"
)

// Env is the world around a session.
type Env struct {
	Now        func() time.Time  // also tells the time zone
	NewID      func() string     // a fresh UUID
	Properties map[string]string // what property(name) and preloads return: deviceid, username, household…
	// Sources returns a file that came with the form. It is asked before Instances.
	Sources func(file string) (*Source, bool)
	// Instances returns the register behind an external list by its file name, as "household.csv".
	Instances func(file string) (Table, bool)
	// Files returns the content of a file that came with the form, when Instances has no register of its name.
	Files    func(file string) ([]byte, bool)
	Language string // as the form names it; empty for the form's default
}

// Table is a register a form draws choices and prefilled answers from: rows of named columns. It does not change while
// a session uses it.
type Table interface {
	// Columns returns the names of the columns.
	Columns() []string
	// Len returns the number of rows.
	Len() int
	// Cell returns a value; row counts from 0, column is a place in Columns.
	Cell(row, column int) string
	// Lookup returns, in order, the rows whose column has exactly this value. It answers from an index.
	Lookup(column, value string) []int
}

// list is a Table seen as the secondary instance <root><item><column>…</column></item>…</root>. Rows become nodes when
// they are visited.
type list struct {
	table   Table
	columns []xpath.Name
	single  map[string]int // the columns by name; -1 where there are several
	top     *listNode      // the <instance> element
	root    *listNode
	rows    []xpath.Node
	visited bool
}

func newList(table Table) *list {
	l := &list{table: table, rows: make([]xpath.Node, table.Len()), single: map[string]int{}}
	for i, c := range table.Columns() {
		l.columns = append(l.columns, xpath.Name{Local: c})
		if _, twice := l.single[c]; twice {
			i = -1
		}
		l.single[c] = i
	}
	l.top = &listNode{list: l, row: -1, column: -1}
	l.root = &listNode{list: l, parent: l.top, row: -1, column: -1}
	l.top.children = []xpath.Node{l.root}
	return l
}

func (l *list) row(i int) xpath.Node {
	if l.rows[i] == nil {
		n := l.rowNode(i)
		l.rows[i] = &n
	}
	return l.rows[i]
}

func (l *list) rowNode(i int) listNode {
	return listNode{list: l, parent: l.root, row: i, column: -1}
}

// listNode is a node of a list. There may be hundreds of thousands, so it holds nothing that the list can tell.
type listNode struct {
	list        *list
	parent      *listNode
	row, column int
	children    []xpath.Node
}

// Kind returns Element.
func (n *listNode) Kind() xpath.Kind { return xpath.Element }

// Name returns the element's name.
func (n *listNode) Name() xpath.Name {
	switch {
	case n.column >= 0:
		return n.list.columns[n.column]
	case n.row >= 0:
		return xpath.Name{Local: "item"}
	case n == n.list.root:
		return xpath.Name{Local: "root"}
	}
	return xpath.Name{Local: "instance"}
}

// Parent returns the element above, or nil.
func (n *listNode) Parent() xpath.Node {
	if n.parent == nil {
		return nil
	}
	return n.parent
}

// Children returns the rows of the list or the cells of a row.
func (n *listNode) Children() []xpath.Node {
	switch {
	case n == n.list.root:
		return n.list.all()
	case n.row >= 0 && n.column < 0 && n.children == nil:
		n.children = make([]xpath.Node, len(n.list.columns))
		for i := range n.list.columns {
			n.children[i] = &listNode{list: n.list, parent: n, row: n.row, column: i}
		}
	}
	return n.children
}

// all makes nodes of all rows, at once for those that are not nodes yet.
func (l *list) all() []xpath.Node {
	if l.visited {
		return l.rows
	}
	made := make([]listNode, len(l.rows))
	for i := range l.rows {
		if l.rows[i] == nil {
			made[i] = l.rowNode(i)
			l.rows[i] = &made[i]
		}
	}
	l.visited = true
	return l.rows
}

// Attributes returns none.
func (n *listNode) Attributes() []xpath.Node { return nil }

// Index returns the place among siblings.
func (n *listNode) Index() int {
	if n.column >= 0 {
		return n.column
	}
	return max(n.row, 0)
}

// Value returns a cell's value, or all cells' one after another.
func (n *listNode) Value() string {
	if n.column >= 0 {
		return n.list.table.Cell(n.row, n.column)
	}
	var b strings.Builder
	for _, c := range n.Children() {
		b.WriteString(c.Value())
	}
	return b.String()
}

// Cell returns the value of a row's cell, where the table has one column of the name.
func (n *listNode) Cell(name string) (string, bool) {
	column, known := n.list.single[name]
	if !known || column < 0 || n.row < 0 || n.column >= 0 {
		return "", false
	}
	return n.list.table.Cell(n.row, column), true
}

// Lookup finds rows by the table's index.
func (n *listNode) Lookup(row, column, value string) ([]xpath.Node, bool) {
	if place, known := n.list.single[column]; n != n.list.root || known && place < 0 {
		return nil, false // of several columns of one name any may have the value
	}
	if row != "item" {
		return nil, true
	}
	found := n.list.table.Lookup(column, value)
	nodes := make([]xpath.Node, len(found))
	for i, r := range found {
		nodes[i] = n.list.row(r)
	}
	return nodes, true
}
