package xpath

import (
	"crypto/ed25519"
	"crypto/md5"  //nolint:gosec // digest() offers it by name
	"crypto/sha1" //nolint:gosec // digest() offers it by name
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

var odkFunctions = map[string]*function{
	// Conditions and answers.
	"if":                  {3, 3, false, false, choose},
	"coalesce":            {2, 2, false, false, coalesce},
	"once":                {1, 1, true, false, once},
	"selected":            {2, 2, false, true, selected},
	"selected-at":         {2, 2, false, false, selectedAt},
	"count-selected":      {1, 1, false, false, countSelected},
	"count-non-empty":     {1, 1, false, false, countNonEmpty},
	"checklist":           {2, -1, false, true, checklist},
	"weighted-checklist":  {2, -1, false, true, weightedChecklist},
	"boolean-from-string": {1, 1, false, true, booleanFromString},
	"true-or-false":       {1, 1, false, true, booleanFromString},

	// Text.
	"regex":          {2, 2, false, true, matchRegex},
	"substr":         {2, 3, false, false, substr},
	"ends-with":      {2, 2, false, true, ofTexts(strings.HasSuffix)},
	"join":           {1, -1, false, false, join},
	"digest":         {2, 3, false, false, digest},
	"base64-decode":  {1, 1, false, false, base64Decode},
	"extract-signed": {2, 2, false, false, extractSigned},
	"uuid":           {0, 1, true, false, newUUID},

	// The form and what surrounds it.
	"current":        {0, 0, false, false, func(f *frame, _ []expr) any { return []Node{f.ctx.Node} }},
	"instance":       {1, 1, false, false, instance},
	"pulldata":       {4, 4, false, false, pullData},
	"indexed-repeat": {3, 7, false, false, indexedRepeat},
	"randomize":      {1, 2, true, false, randomize},
	"jr:choice-name": {2, 2, false, false, choiceName},
	"jr:itext":       {1, 1, false, false, itext},
	"property":       {1, 1, false, false, property},
	"version":        {0, 0, false, false, func(f *frame, _ []expr) any { return f.ctx.FormVersion }},
	"depend":         {1, -1, false, false, func(f *frame, args []expr) any { return args[0].eval(f) }},
}

func choose(f *frame, args []expr) any {
	if toBoolean(args[0].eval(f)) {
		return args[1].eval(f)
	}
	return args[2].eval(f)
}

func coalesce(f *frame, args []expr) any {
	if first := toString(args[0].eval(f)); first != "" {
		return first
	}
	return toString(args[1].eval(f))
}

// once keeps the value the node has and evaluates its argument only while there is none.
func once(f *frame, args []expr) any {
	have := f.ctx.Node.Value()
	if g, ok := f.ctx.Node.(Gated); ok {
		have = g.Kept()
	}
	if have != "" {
		return have
	}
	v := args[0].eval(f)
	if n, ok := v.(float64); ok && math.IsNaN(n) {
		return ""
	}
	return toString(v)
}

func selected(f *frame, args []expr) any {
	wanted := strings.TrimSpace(toString(args[1].eval(f)))
	chosen := toString(args[0].eval(f))
	if wanted == "" {
		return strings.TrimSpace(chosen) == ""
	}
	return slices.Contains(strings.Fields(chosen), wanted)
}

func selectedAt(f *frame, args []expr) any {
	words, i := strings.Fields(toString(args[0].eval(f))), toNumber(args[1].eval(f), f)
	if !(i >= 0 && i < float64(len(words))) {
		return ""
	}
	return words[int(i)]
}

func countSelected(f *frame, args []expr) any {
	return float64(len(strings.Fields(toString(args[0].eval(f)))))
}

func countNonEmpty(f *frame, args []expr) any {
	count := 0.0
	for _, n := range nodesOf(args[0].eval(f)) {
		if n.Value() != "" {
			count++
		}
	}
	return count
}

// checklist reports whether at least and at most so many of the rest are true.
func checklist(f *frame, args []expr) any {
	count := 0.0
	for _, a := range args[2:] {
		for _, v := range spread(a.eval(f)) {
			if truthy(v, f) {
				count++
			}
		}
	}
	return within(f, args, count)
}

func weightedChecklist(f *frame, args []expr) any {
	var values, weights []any
	for i := 2; i+1 < len(args); i += 2 {
		values = append(values, spread(args[i].eval(f))...)
		weights = append(weights, spread(args[i+1].eval(f))...)
	}
	total := 0.0
	for i, v := range values {
		if i < len(weights) && truthy(v, f) {
			total += toNumber(weights[i], f)
		}
	}
	return within(f, args, total)
}

func within(f *frame, args []expr, n float64) bool {
	least, most := toNumber(args[0].eval(f), f), toNumber(args[1].eval(f), f)
	return (least < 0 || n >= least) && (most < 0 || n <= most)
}

// spread turns a node-set into the values of its nodes.
func spread(v any) []any {
	nodes, ok := v.([]Node)
	if !ok {
		return []any{v}
	}
	list := make([]any, len(nodes))
	for i, n := range nodes {
		list[i] = n.Value()
	}
	return list
}

// truthy reads an answer as yes or no: zero, "false" and nothing are no.
func truthy(v any, f *frame) bool {
	s, ok := v.(string)
	if !ok {
		return toBoolean(v)
	}
	return s != "" && s != "false" && toNumber(s, f) != 0
}

func booleanFromString(f *frame, args []expr) any {
	s := strings.ToLower(toString(args[0].eval(f)))
	return s == "1" || s == "true"
}

// patterns keeps compiled regular expressions, because constraints ask for the same few on every keystroke. A form that
// builds patterns out of answers does not fill it: only so many are kept.
var (
	patterns     sync.Map
	patternCount atomic.Int64
)

const maxPatterns = 1000

func matchRegex(f *frame, args []expr) any {
	value, pattern := toString(args[0].eval(f)), toString(args[1].eval(f))
	re, err := compilePattern(pattern)
	if err != nil {
		fail("正则式“%s”有误", pattern)
	}
	return re.MatchString(value)
}

// compilePattern compiles a pattern that the whole value has to match.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	if known, ok := patterns.Load(pattern); ok {
		if re, ok := known.(*regexp.Regexp); ok {
			return re, nil
		}
	}
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err == nil && patternCount.Load() < maxPatterns {
		if _, kept := patterns.LoadOrStore(pattern, re); !kept {
			patternCount.Add(1)
		}
	}
	return re, err
}

// substr counts characters from 0; negative places count from the end.
func substr(f *frame, args []expr) any {
	runes := []rune(toString(args[0].eval(f)))
	place := func(i int, otherwise int) int {
		if i >= len(args) {
			return otherwise
		}
		n := toNumber(args[i].eval(f), f)
		if math.IsNaN(n) {
			return 0
		}
		if n < 0 {
			n += float64(len(runes))
		}
		return int(max(0, min(n, float64(len(runes)))))
	}
	from, to := place(1, 0), place(2, len(runes))
	if from >= to {
		return ""
	}
	return string(runes[from:to])
}

func join(f *frame, args []expr) any {
	var parts []string
	between, length := toString(args[0].eval(f)), 0
	for _, a := range args[1:] {
		for _, part := range texts(a.eval(f)) {
			parts = append(parts, part)
			length += len(part) + len(between)
			f.bound(length)
		}
	}
	return strings.Join(parts, between)
}

func digest(f *frame, args []expr) any {
	data, encoding := []byte(toString(args[0].eval(f))), "base64"
	if len(args) == 3 {
		encoding = toString(args[2].eval(f))
	}
	var hash []byte
	switch algorithm := toString(args[1].eval(f)); strings.ToUpper(algorithm) {
	case "MD5":
		h := md5.Sum(data) //nolint:gosec // the form asked for it
		hash = h[:]
	case "SHA-1":
		h := sha1.Sum(data) //nolint:gosec // the form asked for it
		hash = h[:]
	case "SHA-256":
		h := sha256.Sum256(data)
		hash = h[:]
	case "SHA-384":
		h := sha512.Sum384(data)
		hash = h[:]
	case "SHA-512":
		h := sha512.Sum512(data)
		hash = h[:]
	default:
		fail("digest() 不认识“%s”这种算法", algorithm)
	}
	switch strings.ToLower(encoding) {
	case "base64":
		return base64.StdEncoding.EncodeToString(hash)
	case "hex":
		return hex.EncodeToString(hash)
	}
	fail("digest() 不认识“%s”这种编码", encoding)
	return nil
}

func base64Decode(f *frame, args []expr) any {
	data, ok := decode64(toString(args[0].eval(f)))
	if !ok || !utf8.Valid(data) {
		return ""
	}
	return string(data)
}

func decode64(s string) ([]byte, bool) {
	s = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimSpace(s)), "=")
	data, err := base64.RawStdEncoding.DecodeString(s)
	return data, err == nil
}

// extractSigned returns the message behind an Ed25519 signature that the public key verifies, or nothing.
func extractSigned(f *frame, args []expr) any {
	signed, ok := decode64(toString(args[0].eval(f)))
	key, also := decode64(toString(args[1].eval(f)))
	if !ok || !also || len(key) != ed25519.PublicKeySize || len(signed) < ed25519.SignatureSize {
		return ""
	}
	signature, message := signed[:ed25519.SignatureSize], signed[ed25519.SignatureSize:]
	if !ed25519.Verify(key, message, signature) {
		return ""
	}
	return string(message)
}

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newUUID returns a fresh UUID, or with a length, so many random letters and digits.
func newUUID(f *frame, args []expr) any {
	if len(args) == 0 {
		if f.ctx.NewID == nil {
			fail("这里不能生成编号")
		}
		return f.ctx.NewID()
	}
	n := toNumber(args[0].eval(f), f)
	if !(n >= 0 && n <= 1000) || f.ctx.Random == nil {
		fail("uuid() 的长度不对")
	}
	id := make([]byte, int(n))
	for i := range id {
		id[i] = idAlphabet[int(f.ctx.Random()*float64(len(idAlphabet)))]
	}
	return string(id)
}

func instance(f *frame, args []expr) any { return instanceNodes(f, toString(args[0].eval(f))) }

func instanceNodes(f *frame, id string) []Node {
	if f.ctx.Instance == nil {
		fail("没有“%s”这份名单", id)
	}
	n, ok := f.ctx.Instance(id)
	if !ok {
		fail("没有“%s”这份名单", id)
	}
	return []Node{n}
}

// pullData returns one column of the first row whose key column has the value.
func pullData(f *frame, args []expr) any {
	id, column := toString(args[0].eval(f)), toString(args[1].eval(f))
	key, value := toString(args[2].eval(f)), toString(args[3].eval(f))
	for _, top := range instanceNodes(f, strings.TrimSuffix(id, ".csv")) {
		for _, root := range top.Children() {
			if row := firstRow(root, key, value); row != nil {
				return childValue(row, column)
			}
		}
	}
	return ""
}

func firstRow(root Node, key, value string) Node {
	if indexed, ok := root.(Indexed); ok {
		if rows, ok := indexed.Lookup("item", key, value); ok {
			if len(rows) == 0 {
				return nil
			}
			return rows[0]
		}
	}
	for _, row := range root.Children() {
		if row.Kind() == Element && childValue(row, key) == value {
			return row
		}
	}
	return nil
}

// childValue returns the value of a row's column: a child, or with @ before the name an attribute.
func childValue(n Node, name string) string {
	among := n.Children()
	if attr, ok := strings.CutPrefix(name, "@"); ok {
		name, among = attr, n.Attributes()
	}
	for _, c := range among {
		if c.Name().Local == name {
			return c.Value()
		}
	}
	return ""
}

// indexedRepeat returns the first argument's nodes within the instances of the repeats that the following pairs of
// repeat and index name.
func indexedRepeat(f *frame, args []expr) any {
	if len(args)%2 == 0 {
		fail("indexed-repeat() 的参数个数不对")
	}
	targets := nodesOf(unbound(args[0], f))
	for i := 1; i+1 < len(args); i += 2 {
		instances := nodesOf(unbound(args[i], f))
		index := toNumber(args[i+1].eval(f), f)
		targets = slices.DeleteFunc(targets, func(n Node) bool { return !inInstance(n, instances, index) })
	}
	return targets
}

// unbound evaluates a path so that it reaches all instances of a repeat, whichever the expression belongs to.
func unbound(e expr, f *frame) any {
	p, ok := e.(*path)
	if !ok {
		return e.eval(f)
	}
	if !p.absolute {
		return p.widen(f)
	}
	free, ctx := *f, *f.ctx
	ctx.Root, ctx.Node = f.root(), f.root()
	free.ctx, free.fixed = &ctx, nil
	return p.eval(&free)
}

// widen evaluates a relative path as if each repeat instance it starts in stood for all of the repeat's.
func (e *path) widen(f *frame) any {
	ups := 0
	for ups < len(e.steps) && e.steps[ups].axis == axisParent {
		ups++
	}
	at := f.node
	for range ups {
		if at = at.Parent(); at == nil {
			return []Node(nil)
		}
	}
	rest := path{from: &literal{siblingInstances(at)}, steps: e.steps[ups:]}
	return rest.eval(f)
}

// siblingInstances returns all nodes that stand where n stands, in any instance of the repeats around it.
func siblingInstances(n Node) []Node {
	parent := n.Parent()
	if parent == nil {
		return []Node{n}
	}
	var found []Node
	for _, p := range siblingInstances(parent) {
		for _, c := range p.Children() {
			if c.Kind() == n.Kind() && c.Name() == n.Name() {
				found = append(found, c)
			}
		}
	}
	return found
}

func inInstance(n Node, instances []Node, index float64) bool {
	for ; n != nil; n = n.Parent() {
		if slices.Contains(instances, n) {
			place := 1.0
			for _, sibling := range before(n) {
				if sibling.Name() == n.Name() && sibling.Kind() == Element {
					place++
				}
			}
			return place == index
		}
	}
	return false
}

// randomize shuffles nodes, always alike for one seed: the Park-Miller generator driving a Fisher-Yates shuffle, as
// the ODK specification prescribes.
func randomize(f *frame, args []expr) any {
	nodes := slices.Clone(nodesOf(args[0].eval(f)))
	next := f.ctx.Random
	if len(args) == 2 {
		next = parkMiller(seedOf(args[1].eval(f), f))
	}
	if next == nil {
		fail("这里不能打乱次序")
	}
	for i := len(nodes) - 1; i > 0; i-- {
		j := int(next() * float64(i+1))
		nodes[i], nodes[j] = nodes[j], nodes[i]
	}
	return nodes
}

func seedOf(v any, f *frame) float64 {
	if n := toNumber(v, f); !math.IsNaN(n) {
		return n
	}
	h := sha256.Sum256([]byte(toString(v)))
	seed := int64(0)
	for _, b := range h[:8] {
		seed = seed<<8 | int64(b)
	}
	return float64(seed % 2147483647)
}

func parkMiller(seed float64) func() float64 {
	const modulus = 2147483647
	state := math.Mod(math.Trunc(seed), modulus)
	if state <= 0 {
		state += modulus - 1
	}
	return func() float64 {
		state = math.Mod(state*16807, modulus)
		return (state - 1) / (modulus - 1)
	}
}

func choiceName(f *frame, args []expr) any {
	if f.ctx.ChoiceName == nil {
		fail("这里没有选项")
	}
	return f.ctx.ChoiceName(toString(args[0].eval(f)), toString(args[1].eval(f)))
}

func itext(f *frame, args []expr) any {
	if f.ctx.Itext == nil {
		fail("这里没有译文")
	}
	return f.ctx.Itext(toString(args[0].eval(f)))
}

func property(f *frame, args []expr) any {
	if f.ctx.Property == nil {
		return ""
	}
	return f.ctx.Property(toString(args[0].eval(f)))
}
