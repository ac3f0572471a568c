package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/testkit"
)

// TestPage serves the status page at / alone, to GET and HEAD alone, and only if it is wanted.
func TestPage(t *testing.T) {
	const off, keys = "api: {http: {ui: false}}\n", `api: {keys: [{id: a, hash: "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]}` + "\n"
	tests := []struct {
		name, config, method, path string
		status                     int
		media, body                string
	}{
		{"get", "", http.MethodGet, "/", 200, "text/html; charset=utf-8", "<title>Glide</title>"},
		{"head", "", http.MethodHead, "/", 200, "text/html; charset=utf-8", ""},
		{"post", "", http.MethodPost, "/", 405, "application/json", "method_not_allowed"},
		{"below", "", http.MethodGet, "/index.html", 404, "application/json", "route_not_found"},
		{"off", off, http.MethodGet, "/", 404, "application/json", "route_not_found"},
		{"off, head", off, http.MethodHead, "/", 404, "application/json", ""},
		{"off, post", off, http.MethodPost, "/", 404, "application/json", "route_not_found"},
		{"with keys", keys, http.MethodGet, "/", 200, "text/html; charset=utf-8", "<title>Glide</title>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, body := testkit.Do(t, tt.method, serve(t, tt.config+strings.ReplaceAll(pool("priority", "http://127.0.0.1:1"), "pool", "hidden-pool"))+tt.path, "")
			if res.StatusCode != tt.status || res.Header.Get("Content-Type") != tt.media || !strings.Contains(body, tt.body) || (body == "") != (tt.method == http.MethodHead) {
				t.Errorf("got %s, %s: %s", res.Status, res.Header.Get("Content-Type"), body)
			}
			if strings.Contains(body, "hidden-pool") || strings.Contains(body, "{{") {
				t.Errorf("the page says what it need not know, or not its version: %s", body)
			}
			policy := res.Header.Get("Content-Security-Policy")
			if strict := strings.HasPrefix(policy, "default-src 'none'; script-src 'sha256-") && !strings.Contains(policy, "unsafe"); strict != (tt.status == 200) {
				t.Errorf("the policy is %q", policy)
			}
		})
	}
}
