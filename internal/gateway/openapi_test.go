package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/einstack/glide"

	"github.com/einstack/glide/internal/testkit"
)

// TestOpenAPI holds the description of the API against the paths that are served.
func TestOpenAPI(t *testing.T) {
	g := newGateway(t, pool("priority", "http://127.0.0.1:1"))
	res, body := testkit.Do(t, http.MethodGet, run(t, g)+"/openapi.json", "")
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %s, %v", res.Status, err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Info.Version != glide.Version() {
		t.Errorf("got OpenAPI %s of version %s", doc.OpenAPI, doc.Info.Version)
	}
	served := g.Paths()
	for _, p := range served {
		method, path := strings.ToLower(p[0]), strings.Replace(p[1], "...}", "}", 1)
		if _, ok := doc.Paths[path][method]; !ok {
			t.Errorf("%s %s is served but not described", method, path)
		}
	}
	described := 0
	for _, item := range doc.Paths {
		for name := range item {
			if name != "parameters" {
				described++
			}
		}
	}
	if described != len(served) {
		t.Errorf("%d operations are described, %d are served", described, len(served))
	}
}
