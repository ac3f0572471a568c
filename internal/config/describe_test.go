package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/config"
)

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
