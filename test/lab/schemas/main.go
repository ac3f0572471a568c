// Command schemas writes JSON schemas for kubeconform, one for each kind, from the OpenAPI document
// that Kubernetes' API server tells: `schemas SWAGGER FOLDER`. Fields that a kind does not have are
// refused.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

type object = map[string]any

// scalars are the kinds that the document describes as text, but that may be numbers too.
var scalars = map[string][]string{
	"io.k8s.apimachinery.pkg.api.resource.Quantity":   {"string", "number"},
	"io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"string", "integer"},
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: schemas SWAGGER FOLDER")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(swagger, folder string) error {
	text, err := os.ReadFile(swagger)
	if err != nil {
		return err
	}
	var document struct{ Definitions map[string]object }
	if err := json.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("%s: %w", swagger, err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, types := range scalars {
		document.Definitions[name] = object{"type": types}
	}
	for _, schema := range document.Definitions {
		closeObjects(schema)
	}
	for name, schema := range document.Definitions {
		kinds, _ := schema["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 { // DeleteOptions and its like belong to every group
			continue
		}
		if err := write(folder, name, kinds[0].(object), document.Definitions); err != nil {
			return err
		}
	}
	return nil
}

// closeObjects refuses what an object's properties do not name, at any depth.
func closeObjects(node any) {
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			closeObjects(item)
		}
	case object:
		if _, ok := node["properties"].(object); ok && node["additionalProperties"] == nil && node["x-kubernetes-preserve-unknown-fields"] == nil {
			node["additionalProperties"] = false
		}
		for _, value := range node {
			closeObjects(value)
		}
	}
}

// write writes the schema of a kind, with the definitions that it refers to.
func write(folder, name string, kind object, definitions map[string]object) error {
	group, version, kindName := kind["group"].(string), kind["version"].(string), kind["kind"].(string)
	apiVersion, file := version, strings.ToLower(kindName)+"-"+version+".json"
	if group != "" {
		short, _, _ := strings.Cut(group, ".")
		apiVersion, file = group+"/"+version, strings.ToLower(kindName)+"-"+short+"-"+version+".json"
	}
	found := map[string]object{}
	if err := collect(name, definitions, found); err != nil {
		return err
	}
	schema := object{"allOf": []object{
		{"$ref": "#/definitions/" + name},
		{"properties": object{"apiVersion": object{"enum": []string{apiVersion}}, "kind": object{"enum": []string{kindName}}}},
	}, "definitions": found}
	text, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, file), text, 0o644)
}

var reference = regexp.MustCompile(`"#/definitions/([^"]+)"`)

// collect puts a definition and all that it refers to into found.
func collect(name string, definitions, found map[string]object) error {
	if found[name] != nil {
		return nil
	}
	found[name] = definitions[name]
	text, err := json.Marshal(definitions[name])
	if err != nil {
		return err
	}
	for _, match := range reference.FindAllSubmatch(text, -1) {
		if err := collect(string(match[1]), definitions, found); err != nil {
			return err
		}
	}
	return nil
}
