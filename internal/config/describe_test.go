package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/config"
)

const remedy = "run: go generate ./internal/config"

func TestReferenceIsFresh(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.InsertReference(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, want) {
		t.Error("docs/configuration.md is not up to date; " + remedy)
	}
}

func TestSchemaIsFresh(t *testing.T) {
	file, err := os.ReadFile("../../docs/configuration.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if string(file) != string(want)+"\n" {
		t.Error("docs/configuration.schema.json is not up to date; " + remedy)
	}
}

func TestKeysAreDescribed(t *testing.T) {
	for _, key := range config.Keys() {
		if !strings.HasSuffix(key.Doc, ".") {
			t.Errorf("%s has no sentence: %q", key.Path, key.Doc)
		}
		if key.Required && key.Default != "" {
			t.Errorf("%s is required and has a default", key.Path)
		}
	}
}

func TestSchemaIsClosed(t *testing.T) {
	data, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		AdditionalProperties any
		Required             []string
		Properties           map[string]any
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	if schema.AdditionalProperties != false || len(schema.Required) != 1 || len(schema.Properties) != 3 {
		t.Errorf("got %+v", schema)
	}
}
