package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A Value is a value of the chart that users set as a whole.
type Value struct {
	Path    string // such as image.flavor
	Doc     string
	Default any
	Schema  map[string]any // without the description and the default
}

// Type returns how the README calls the value's type: "string", "integer or string", "list".
func (v Value) Type() string {
	names := strings.NewReplacer("array", "list", "object", "mapping")
	switch of := v.Schema["type"].(type) {
	case string:
		return names.Replace(of)
	case []any:
		var all []string
		for _, name := range of {
			all = append(all, names.Replace(fmt.Sprint(name)))
		}
		return strings.Join(all, " or ")
	}
	return "mapping"
}

// schemaMark begins the line of a comment that adds to a value's schema, as a flow mapping.
const schemaMark = "@schema "

// parse returns the values of a values.yaml, in its order. An error begins with the line.
func parse(text []byte) ([]Value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	p := parser{lines: strings.Split(string(text), "\n")}
	err := p.mapping("", document.Content[0])
	return p.values, err
}

type parser struct {
	lines  []string
	values []Value
}

func (p *parser) mapping(path string, node *yaml.Node) error {
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		doc, extra, err := p.comment(key.Line)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path+"."+key.Value, ".")
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 && extra == nil {
			// A section. What is said of it is said of its values.
			if err := p.mapping(name, value); err != nil {
				return err
			}
			continue
		}
		if doc == "" {
			return fmt.Errorf("%d: %s has no comment; say above it what it leads to", key.Line, name)
		}
		v := Value{Path: name, Doc: doc, Schema: map[string]any{}}
		if err := value.Decode(&v.Default); err != nil {
			return fmt.Errorf("%d: %w", key.Line, err)
		}
		if of := types[value.ShortTag()]; of != "" {
			v.Schema["type"] = of
		}
		maps.Copy(v.Schema, extra)
		p.values = append(p.values, v)
	}
	return nil
}

var types = map[string]string{
	"!!str": "string", "!!int": "integer", "!!bool": "boolean", "!!seq": "array", "!!map": "object",
}

// comment returns the comment right above a line, and what of it is for the schema.
func (p *parser) comment(line int) (doc string, schema map[string]any, err error) {
	first := line - 1
	for first > 0 && strings.HasPrefix(strings.TrimSpace(p.lines[first-1]), "#") {
		first--
	}
	var words []string
	for i, text := range p.lines[first : line-1] {
		text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "#"))
		if flow, found := strings.CutPrefix(text, schemaMark); found {
			if err := yaml.Unmarshal([]byte(flow), &schema); err != nil {
				return "", nil, fmt.Errorf("%d: %w", first+i+1, err)
			}
			continue
		}
		words = append(words, text)
	}
	return strings.Join(words, " "), schema, nil
}

// Reference returns every value as a table in Markdown.
func Reference(values []Value) (string, error) {
	var b strings.Builder
	b.WriteString("| value | type | default | meaning |\n|---|---|---|---|\n")
	for _, v := range values {
		def, err := json.Marshal(v.Default)
		if err != nil {
			return "", fmt.Errorf("%s: %w", v.Path, err)
		}
		doc := v.Doc
		if enum, ok := v.Schema["enum"].([]any); ok {
			var all []string
			for _, one := range enum {
				all = append(all, fmt.Sprintf("`%v`", one))
			}
			doc += " One of " + strings.Join(all, ", ") + "."
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", v.Path, v.Type(), def, strings.ReplaceAll(doc, "|", `\|`))
	}
	return b.String(), nil
}
