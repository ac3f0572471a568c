package config

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A decoder fills in Go values from YAML nodes and gathers every problem on the way, so
// that a user mends the whole file at once.
type decoder struct {
	file     string
	dir      string // what ${file:…} is relative to
	blind    bool   // references are not looked up; defaults stand in for their values
	lines    map[string]int
	files    []string
	problems Problems
}

// problem records what is wrong at path. The line is that of the path, or of the
// nearest enclosing key that the file has.
func (d *decoder) problem(path, text, remedy string) {
	line, ok := d.lines[path]
	for p := path; !ok && p != ""; {
		p = p[:max(strings.LastIndexByte(p, '.'), strings.LastIndexByte(p, '['), 0)]
		line, ok = d.lines[p]
	}
	d.problems = append(d.problems, &Problem{File: d.file, Line: line, Path: path, Text: text, Remedy: remedy})
}

// decode fills v, which is settable, from node. A nil node leaves the defaults.
func (d *decoder) decode(path string, node *yaml.Node, v reflect.Value) {
	if node = resolve(node); isNull(node) {
		node = nil // "key:" alone is the same as no key
	}
	if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.decodeScalar(path, node, v)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.decodeStruct(path, node, v)
	case reflect.Pointer:
		if node != nil {
			v.Set(reflect.New(v.Type().Elem()))
			d.decode(path, node, v.Elem())
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[JSON]() {
			if node != nil {
				v.SetBytes(d.encodeJSON(path, node))
			}
			return
		}
		d.decodeSlice(path, node, v)
	case reflect.Map:
		d.decodeMap(path, node, v)
	default:
		d.decodeScalar(path, node, v)
	}
}

func (d *decoder) decodeStruct(path string, node *yaml.Node, v reflect.Value) {
	pairs := d.pairs(path, node)
	t := v.Type()
	var known []string
	for i := range t.NumField() {
		field := t.Field(i)
		name := field.Tag.Get("yaml")
		if name == "-" {
			continue
		}
		known = append(known, name)
		child := join(path, name)
		value, ok := pairs[name]
		if ok {
			d.lines[child] = value.key.Line
		}
		if field.Tag.Get("required") != "" && isEmpty(value.node) {
			d.problem(child, "is missing", "add it: "+field.Tag.Get("doc"))
			continue
		}
		if d.blind && value.node != nil && value.node.Kind == yaml.ScalarNode && refers(value.node.Value) {
			d.expand(child, value.node.Value)
			value.node, ok = nil, false
		}
		switch def, hasDefault := field.Tag.Lookup("default"); {
		case hasDefault && isNull(value.node):
			d.decodeScalar(child, &yaml.Node{Kind: yaml.ScalarNode, Value: def}, v.Field(i))
		case ok && field.Type.Kind() == reflect.Pointer && isNull(value.node):
			// "simulated:" chooses the provider with all of its defaults.
			d.decode(child, &yaml.Node{Kind: yaml.MappingNode, Line: value.key.Line}, v.Field(i))
		default:
			d.decode(child, value.node, v.Field(i))
		}
		if enum := field.Tag.Get("enum"); enum != "" && ok {
			d.checkEnum(child, v.Field(i).String(), strings.Split(enum, ","))
		}
	}
	for name, pair := range pairs {
		if slices.Contains(known, name) {
			continue
		}
		child := join(path, name)
		d.lines[child] = pair.key.Line
		remedy := "the keys here are " + strings.Join(known, ", ")
		if meant := nearest(name, known); meant != "" {
			remedy = "did you mean " + meant + "?"
		}
		d.problem(child, "is not a key that Glide knows", remedy)
	}
}

func (d *decoder) checkEnum(path, value string, enum []string) {
	if slices.Contains(enum, value) {
		return
	}
	remedy := "use one of " + strings.Join(enum, ", ")
	if meant := nearest(value, enum); meant != "" {
		remedy = "did you mean " + meant + "?"
	}
	d.problem(path, strconv.Quote(value)+" is not allowed", remedy)
}

type pair struct{ key, node *yaml.Node }

// pairs returns the entries of a mapping by key, with merge keys (<<) resolved.
func (d *decoder) pairs(path string, node *yaml.Node) map[string]pair {
	if node == nil {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		d.problem(path, "is "+describe(node)+", not a mapping", "write keys with values below it")
		return nil
	}
	pairs := make(map[string]pair, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Tag == "!!merge" {
			continue
		}
		if first, ok := pairs[key.Value]; ok {
			d.lines[join(path, key.Value)] = key.Line
			d.problem(join(path, key.Value), fmt.Sprintf("is given twice, first in line %d", first.key.Line), "remove one of the two")
			continue
		}
		pairs[key.Value] = pair{key, resolve(node.Content[i+1])}
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if key, value := node.Content[i], node.Content[i+1]; key.Tag == "!!merge" {
			d.merge(path, pairs, value)
		}
	}
	return pairs
}

// merge adds the entries of value, a mapping or a list of mappings, that are not there.
func (d *decoder) merge(path string, into map[string]pair, value *yaml.Node) {
	value = resolve(value)
	sources := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		sources = value.Content
	}
	for _, source := range sources {
		if source = resolve(source); source.Kind != yaml.MappingNode {
			d.problem(path, "merges "+describe(source)+", not a mapping", "let << name an anchor of a mapping")
			return
		}
		for i := 0; i+1 < len(source.Content); i += 2 {
			key := source.Content[i]
			if _, ok := into[key.Value]; !ok && key.Tag != "!!merge" {
				into[key.Value] = pair{key, resolve(source.Content[i+1])}
			}
		}
	}
}

// resolve returns the node that an alias stands for.
func resolve(node *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func (d *decoder) decodeSlice(path string, node *yaml.Node, v reflect.Value) {
	if node == nil {
		return
	}
	if node.Kind != yaml.SequenceNode {
		d.problem(path, "is "+describe(node)+", not a list", `write each entry on a line of its own that begins with "- "`)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content)))
	for i, item := range node.Content {
		child := fmt.Sprintf("%s[%d]", path, i)
		d.lines[child] = item.Line
		d.decode(child, item, v.Index(i))
	}
}

func (d *decoder) decodeMap(path string, node *yaml.Node, v reflect.Value) {
	if node == nil {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for name, pair := range d.pairs(path, node) {
		child := join(path, name)
		d.lines[child] = pair.key.Line
		if isNull(pair.node) {
			continue // "key:" alone is the same as no key
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.decode(child, pair.node, item)
		v.SetMapIndex(reflect.ValueOf(name), item)
	}
}

func (d *decoder) decodeScalar(path string, node *yaml.Node, v reflect.Value) {
	if node == nil {
		return
	}
	if node.Kind != yaml.ScalarNode {
		d.problem(path, "is "+describe(node)+", not a single value", "write one value after the colon")
		return
	}
	text, ok := d.expand(path, node.Value)
	if !ok {
		return
	}
	// The file's own text is quoted in an error, never what a secret expanded to.
	if err := setScalar(v, text); err != nil {
		shown := strconv.Quote(node.Value)
		switch v.Interface().(type) {
		case Secret, PEM, KeyHash:
			shown = "the value"
		}
		what, remedy, _ := strings.Cut(err.Error(), "; ")
		d.problem(path, shown+" "+what, remedy)
	}
}

func setScalar(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("is not a boolean; write true or false")
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 0)
		if err != nil {
			return errors.New("is not a whole number; write digits alone")
		}
		v.SetInt(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("is not a number; write it as 0.5")
		}
		v.SetFloat(f)
	default:
		panic("config: no scalar decoder for " + v.Type().String())
	}
	return nil
}

// encodeJSON returns any value of the file as JSON.
func (d *decoder) encodeJSON(path string, node *yaml.Node) JSON {
	var value any
	if err := node.Decode(&value); err != nil {
		d.problem(path, "cannot be read: "+oneLine(err), "mend the value")
		return nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		d.problem(path, "cannot be written as JSON", "use strings as keys, and numbers that JSON has")
	}
	return data
}

func isNull(node *yaml.Node) bool {
	return node == nil || node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

// isEmpty reports whether node says nothing at all, as a key without a value does.
func isEmpty(node *yaml.Node) bool {
	return isNull(node) || node.Kind == yaml.ScalarNode && node.Value == "" || node.Kind == yaml.SequenceNode && len(node.Content) == 0
}

func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
}
