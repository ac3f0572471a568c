package manifest

import (
	"encoding/json"
	"reflect"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// SchemaFile is the place of the schema in the source tree.
const SchemaFile = "docs/release.schema.json"

// Schema returns the JSON schema of release.json, made from its types.
func Schema() ([]byte, error) {
	schema := schemaOf(reflect.TypeFor[Manifest]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "A release of Glide"
	return json.MarshalIndent(schema, "", "  ")
}

func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[v1.Hash]():
		return map[string]any{"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case t.Kind() == reflect.Int64:
		return map[string]any{"type": "integer", "minimum": 0}
	case t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	}
	properties, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		property := schemaOf(field.Type)
		property["description"] = field.Tag.Get("doc")
		if pattern := field.Tag.Get("pattern"); pattern != "" {
			property["pattern"] = pattern
		}
		properties[name] = property
		if option != "omitempty" {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}
