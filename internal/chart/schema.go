package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/einstack/glide/internal/config"
)

// configRef is how values.yaml refers to the schema of the gateway's configuration.
const configRef = "docs/configuration.schema.json"

// Schema returns values.schema.json: closed, so that a mistyped value is refused, and with the
// schema of the gateway's configuration within it.
func Schema(values []Value) ([]byte, error) {
	root := section()
	for _, v := range values {
		names := strings.Split(v.Path, ".")
		parent := root
		for _, name := range names[:len(names)-1] {
			properties := parent["properties"].(map[string]any)
			if properties[name] == nil {
				properties[name] = section()
			}
			parent = properties[name].(map[string]any)
		}
		schema, err := v.schema()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Path, err)
		}
		parent["properties"].(map[string]any)[names[len(names)-1]] = schema
	}
	// Helm gives these to a chart that is part of another one.
	properties := root["properties"].(map[string]any)
	properties["global"] = map[string]any{"type": "object", "description": "Values of the whole of charts that this one is a part of."}
	properties["enabled"] = map[string]any{"type": "boolean", "description": "The condition by which another chart takes this one in."}
	// The youngest that all versions of Helm 3 and 4 know.
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "Values of the chart glide"
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

func section() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
}

// schema returns the whole schema of a value.
func (v Value) schema() (map[string]any, error) {
	schema := maps.Clone(v.Schema)
	if ref, ok := schema["$ref"]; ok {
		if ref != configRef {
			return nil, fmt.Errorf("$ref: %v is not known; it may be %s", ref, configRef)
		}
		text, err := config.Schema()
		if err != nil {
			return nil, err
		}
		schema = map[string]any{}
		if err := json.Unmarshal(text, &schema); err != nil {
			return nil, err
		}
		delete(schema, "$schema")  // which is that of the whole
		delete(schema, "required") // which a template tells, with the remedy
		referTo(schema)
	}
	schema["description"] = v.Doc
	schema["default"] = v.Default
	return schema, nil
}

// credential is in the names of headers whose values are secret.
const credential = `(?i:auth|cookie|key|passw|secret|token)`

// referTo has the secrets of a configuration's schema refer to files or variables, since the
// configuration becomes a ConfigMap. The error that Helm then prints shows the remedy, not the value.
func referTo(schema map[string]any) {
	if schema["writeOnly"] == true {
		schema["if"] = map[string]any{"type": "string", "pattern": `^$|\$\{(env|file):[^}]+\}`}
		schema["else"] = map[string]any{"const": "${file:/etc/glide/secrets/NAME/KEY}"}
	}
	if inner, ok := schema["items"].(map[string]any); ok {
		referTo(inner)
	}
	if header, ok := schema["additionalProperties"].(map[string]any); ok && header["writeOnly"] == true {
		// Most headers, such as anthropic-beta, are no secrets and may be written out.
		secret := maps.Clone(header)
		referTo(secret)
		schema["patternProperties"] = map[string]any{credential: secret}
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, property := range properties {
		referTo(property.(map[string]any))
	}
}
