package gateway

import (
	_ "embed"
	"net/http"
	"sync"

	"go.yaml.in/yaml/v4"

	"github.com/einstack/glide"
)

//go:embed openapi.yaml
var openAPI []byte

// openAPIDocument returns the description of the API. It is made when first asked for, so
// that a start is not the slower for it.
var openAPIDocument = sync.OnceValue(func() []byte {
	var doc map[string]any
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		panic(err) // it is part of the program and tested
	}
	doc["info"].(map[string]any)["version"] = glide.Version()
	return mustEncode(doc)
})

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, openAPIDocument())
}
