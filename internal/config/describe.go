package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// A Key describes one key of the configuration.
type Key struct {
	Path     string // such as routers.language[].id
	Type     string // such as "duration" or "list"
	Doc      string
	Default  string // as written in the file; empty if there is none
	Enum     []string
	Required bool
}

// Keys returns every key of the configuration, in the order of the types.
func Keys() []Key {
	var keys []Key
	collect(&keys, "", reflect.TypeFor[Config]())
	return keys
}

func collect(keys *[]Key, path string, t reflect.Type) {
	for field := range t.Fields() {
		name := field.Tag.Get("yaml")
		if name == "-" {
			continue
		}
		key := Key{
			Path: join(path, name), Type: typeName(field.Type), Doc: docOf(field),
			Default: field.Tag.Get("default"), Required: field.Tag.Get("required") != "",
		}
		if enum := field.Tag.Get("enum"); enum != "" {
			key.Enum = strings.Split(enum, ",")
		}
		*keys = append(*keys, key)
		switch inner := field.Type; {
		case isScalar(inner):
		case inner.Kind() == reflect.Struct:
			collect(keys, key.Path, inner)
		case inner.Kind() == reflect.Pointer:
			collect(keys, key.Path, inner.Elem())
		case inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct:
			collect(keys, key.Path+"[]", inner.Elem())
		}
	}
}

func docOf(field reflect.StructField) string {
	doc := field.Tag.Get("doc")
	if field.Tag.Get("restart") != "" {
		doc += " A change needs a restart."
	}
	return doc
}

func isScalar(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) || t == reflect.TypeFor[JSON]()
}

var typeNames = map[reflect.Type]string{
	reflect.TypeFor[Duration](): "duration", reflect.TypeFor[Size](): "size", reflect.TypeFor[Rate](): "rate",
	reflect.TypeFor[Secret](): "secret", reflect.TypeFor[URL](): "URL", reflect.TypeFor[Address](): "address",
	reflect.TypeFor[JSON](): "any", reflect.TypeFor[KeyHash](): "hash", reflect.TypeFor[PEM](): "PEM",
}

func typeName(t reflect.Type) string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Float64:
		return "number"
	case reflect.String:
		return "string"
	case reflect.Slice:
		return "list"
	default:
		return "mapping"
	}
}

// Reference returns every key as a table in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, key := range Keys() {
		doc, def := key.Doc, key.Default
		if len(key.Enum) > 0 {
			doc += " One of `" + strings.Join(key.Enum, "`, `") + "`."
		}
		switch {
		case key.Required:
			def = "required"
		case def != "":
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", key.Path, key.Type, def, doc)
	}
	return b.String()
}

// Schema returns a JSON schema of the configuration file, for editors and for charts. Secrets are
// marked as writeOnly.
func Schema() ([]byte, error) {
	schema := schemaOf(reflect.TypeFor[Config]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Glide configuration"
	return json.MarshalIndent(schema, "", "  ")
}

// patterns say what the text of a scalar looks like. A reference is allowed everywhere.
const referencePattern = `\$\{(env|file):[^}]+\}`

var patterns = map[reflect.Type]string{
	reflect.TypeFor[Duration](): `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`,
	reflect.TypeFor[Size]():     `^[0-9]+ ?(B|kB|KB|MB|GB|KiB|MiB|GiB)?$`,
	reflect.TypeFor[Rate]():     `^[0-9]+/(ms|s|m|h)$`,
	reflect.TypeFor[URL]():      `^https?://`,
	reflect.TypeFor[Address]():  `:[0-9]+$`,
	reflect.TypeFor[KeyHash]():  `^sha256:[0-9a-f]{64}$`,
}

func schemaOf(t reflect.Type) map[string]any {
	if pattern, ok := patterns[t]; ok {
		return map[string]any{"type": []string{"string", "integer"}, "pattern": pattern + "|" + referencePattern}
	}
	switch {
	case t == reflect.TypeFor[JSON]():
		return map[string]any{}
	case t == reflect.TypeFor[Secret](), t == reflect.TypeFor[PEM]():
		return map[string]any{"type": []string{"string", "number", "boolean"}, "writeOnly": true}
	case isScalar(t), t.Kind() == reflect.String:
		return map[string]any{"type": []string{"string", "number", "boolean"}}
	}
	switch t.Kind() {
	case reflect.Bool:
		return scalarOrReference("boolean")
	case reflect.Int:
		return scalarOrReference("integer")
	case reflect.Float64:
		return scalarOrReference("number")
	case reflect.Slice:
		return map[string]any{"type": []string{"array", "null"}, "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": schemaOf(t.Elem())}
	case reflect.Pointer:
		return schemaOf(t.Elem())
	}
	properties, required := map[string]any{}, []string{}
	for field := range t.Fields() {
		name := field.Tag.Get("yaml")
		if name == "-" {
			continue
		}
		property := schemaOf(field.Type)
		property["description"] = docOf(field)
		if def, ok := field.Tag.Lookup("default"); ok {
			property["default"] = jsonDefault(field.Type, def)
		}
		if enum := field.Tag.Get("enum"); enum != "" {
			property["anyOf"] = []any{map[string]any{"enum": strings.Split(enum, ",")}, map[string]any{"pattern": referencePattern}}
		}
		if field.Tag.Get("required") != "" {
			required = append(required, name)
		}
		properties[name] = property
	}
	schema := map[string]any{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["type"], schema["required"] = "object", required
	}
	return schema
}

func scalarOrReference(kind string) map[string]any {
	return map[string]any{"anyOf": []any{map[string]any{"type": kind}, map[string]any{"type": "string", "pattern": referencePattern}}}
}

// jsonDefault returns the default as the JSON value that the file would have.
func jsonDefault(t reflect.Type, text string) any {
	switch t.Kind() {
	case reflect.Bool:
		return text == "true"
	case reflect.Int, reflect.Float64:
		if isScalar(t) {
			return text
		}
		// The decoder parses the same text at every start.
		n, _ := strconv.ParseFloat(text, 64)
		return n
	}
	return text
}
