package form

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"zoucun/form/xpath"
	"zoucun/survey"
)

// maxColumns and maxFile bound the files a form may draw on.
const (
	maxColumns = 2000
	maxFile    = 256 << 20
)

// Source is a file that came with a form, read. It does not change, and any number of fillings may draw on it.
type Source struct {
	table Table // of a .csv
	tree  xpath.Node
}

// ReadSource reads a file that came with a form, as ODK forms attach them: a table (.csv), a document (.xml) or a map
// layer (.geojson).
func ReadSource(file string, data []byte) (*Source, error) {
	source, err := readSource(file, data)
	if err != nil {
		return nil, &survey.Error{
			Kind: survey.Invalid, Op: "form.ReadInstance", Subject: file, Message: fmt.Sprintf("附带的文件“%s”读不出来：%s", file, err), Err: err,
		}
	}
	return source, nil
}

func readSource(file string, data []byte) (*Source, error) {
	if len(data) > maxFile {
		return nil, errors.New("文件太大")
	}
	switch strings.ToLower(path.Ext(file)) {
	case ".csv":
		if !utf8.Valid(data) {
			return nil, errors.New("不是 UTF-8 编码。请在 WPS 里另存为“CSV UTF-8”")
		}
		table, err := ReadTable(bytes.NewReader(data))
		return &Source{table: table}, err
	case ".xml":
		doc, err := xpath.ReadTree(bytes.NewReader(data))
		if err != nil {
			err = fmt.Errorf("不是完整的 XML（%w）", err)
		}
		return &Source{tree: doc}, err
	case ".geojson":
		tree, err := readGeoJSON(data)
		return &Source{tree: tree}, err
	}
	return nil, errors.New("不认识这种文件")
}

// node returns what instance() selects of the file. Tables and map layers have the form <root><item>…</item></root>.
func (s *Source) node() xpath.Node {
	if s.table != nil {
		return newList(s.table).top
	}
	return s.tree
}

// ReadInstance reads a file that came with a form, as [ReadSource] does, into the node instance() selects.
func ReadInstance(file string, data []byte) (xpath.Node, error) {
	source, err := ReadSource(file, data)
	if err != nil {
		return nil, err
	}
	return source.node(), nil
}

// ReadTable reads a register in CSV. The delimiter is a comma, or a semicolon, tab or bar when the heading has no comma
// but one of them.
func ReadTable(r io.Reader) (Table, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	text = strings.NewReplacer("\r\n", "\n", "\n\r", "\n", "\r", "\n").Replace(text)
	heading, _, _ := strings.Cut(text, "\n")
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = delimiterOf(heading)
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if broken, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, fmt.Errorf("第 %d 行的引号不配对", broken.Line)
	}
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0 || len(rows[0]) > maxColumns:
		return nil, errors.New("第 1 行的表头不对")
	}
	for i, name := range rows[0] {
		if rows[0][i] = strings.TrimSpace(name); !elementName(rows[0][i]) {
			return nil, fmt.Errorf("第 %d 列的名称“%s”不能用", i+1, name)
		}
	}
	return newFileTable(rows), nil
}

func delimiterOf(heading string) rune {
	for _, c := range ",;\t|" {
		if strings.ContainsRune(heading, c) {
			return c
		}
	}
	return ','
}

var columnName = regexp.MustCompile(`^[\pL_][\pL\pN\pM_.·:-]*$`)

// elementName reports whether a column can be named in an expression.
func elementName(name string) bool {
	return columnName.MatchString(name)
}

// fileTable is a Table read from a file, with an index for each column that was asked for.
type fileTable struct {
	columns []string
	rows    [][]string
	mu      sync.Mutex
	index   []map[string][]int
}

func newFileTable(rows [][]string) *fileTable {
	return &fileTable{columns: rows[0], rows: rows[1:], index: make([]map[string][]int, len(rows[0]))}
}

// Columns returns the heading.
func (t *fileTable) Columns() []string { return t.columns }

// Len returns the number of rows below the heading.
func (t *fileTable) Len() int { return len(t.rows) }

// Cell returns a value, empty where the row is shorter than the heading.
func (t *fileTable) Cell(row, column int) string {
	if column >= len(t.rows[row]) {
		return ""
	}
	return t.rows[row][column]
}

// Lookup returns the rows with a value in a column.
func (t *fileTable) Lookup(column, value string) []int {
	for c, name := range t.columns {
		if name != column {
			continue
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.index[c] == nil {
			t.index[c] = map[string][]int{}
			for row := range t.rows {
				cell := t.Cell(row, c)
				t.index[c][cell] = append(t.index[c][cell], row)
			}
		}
		return t.index[c][value]
	}
	return nil
}

// geoFeature is one feature of a map layer.
type geoFeature struct {
	Type     string
	ID       any
	Geometry struct {
		Type        string
		Coordinates json.RawMessage
	}
	Properties map[string]any
}

// readGeoJSON turns each feature into an item with its properties, its id, and its geometry in the manner of geopoints.
func readGeoJSON(data []byte) (xpath.Node, error) {
	var layer struct {
		Type     string
		Features []geoFeature
	}
	if err := json.Unmarshal(data, &layer); err != nil {
		return nil, fmt.Errorf("不是完整的 GeoJSON（%w）", err)
	}
	if layer.Type != "FeatureCollection" {
		return nil, errors.New("不是 FeatureCollection")
	}
	top, root := xpath.NewTree(xpath.Name{Local: "instance"}), xpath.NewTree(xpath.Name{Local: "root"})
	top.Append(root)
	for i, feature := range layer.Features {
		item, err := feature.item()
		if err != nil {
			return nil, fmt.Errorf("第 %d 项：%w", i+1, err)
		}
		root.Append(item)
	}
	return top, nil
}

func (g *geoFeature) item() (*xpath.Tree, error) {
	points, err := positions(g.Geometry.Type, g.Geometry.Coordinates)
	if err != nil {
		return nil, err
	}
	item := xpath.NewTree(xpath.Name{Local: "item"})
	add := func(name, value string) {
		el := xpath.NewTree(xpath.Name{Local: name})
		el.AppendText(value)
		item.Append(el)
	}
	add("geometry", points)
	for _, name := range slices.Sorted(maps.Keys(g.Properties)) {
		add(name, jsonText(g.Properties[name]))
	}
	if _, has := g.Properties["id"]; !has && g.ID != nil {
		add("id", jsonText(g.ID))
	}
	return item, nil
}

// positions writes coordinates, which GeoJSON gives as longitude and latitude, as a geopoint, geotrace or geoshape.
func positions(kind string, coordinates json.RawMessage) (string, error) {
	var list [][]float64
	var err error
	switch kind {
	case "Point":
		list = make([][]float64, 1)
		err = json.Unmarshal(coordinates, &list[0])
	case "LineString":
		err = json.Unmarshal(coordinates, &list)
	case "Polygon":
		var rings [][][]float64
		if err = json.Unmarshal(coordinates, &rings); err == nil && len(rings) > 0 {
			list = rings[0]
		}
	default:
		err = fmt.Errorf("不认识的图形“%s”", kind)
	}
	if err != nil {
		return "", err
	}
	points := make([]string, len(list))
	for i, p := range list {
		if len(p) < 2 {
			return "", errors.New("坐标不全")
		}
		points[i] = jsonText(p[1]) + " " + jsonText(p[0]) + " 0 0"
	}
	return strings.Join(points, "; "), nil
}

func jsonText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	text, _ := json.Marshal(v) // what was unmarshalled can be marshalled
	return string(text)
}
