package publish

import (
	"strings"
	"testing"

	"github.com/einstack/glide/internal/manifest"
)

// A list of charts may be empty in any way, or of other charts.
func TestList(t *testing.T) {
	h := &helm{release: &Release{Manifest: &manifest.Manifest{Version: "0.2.0", Date: "2026-01-02", Source: "https://github.com/einstack/glide"}}}
	chart := manifest.Artifact{Name: "glide-0.2.0.tgz", SHA256: strings.Repeat("0", 64)}
	for _, old := range []string{"", "entries:\n", "entries: {}\n", "apiVersion: v1\nentries:\n  other:\n    - version: 0.2.0\n      digest: other\n"} {
		listed, err := h.list([]byte(old), map[string]any{"name": "glide", "version": "0.2.0"}, chart)
		if err != nil {
			t.Fatalf("%q: %v", old, err)
		}
		for _, want := range []string{"apiVersion: v1\n", "\n  glide:\n", "/releases/download/v0.2.0/glide-0.2.0.tgz\n"} {
			if !strings.Contains(string(listed), want) {
				t.Errorf("%q becomes\n%s", old, listed)
			}
		}
		if strings.Contains(old, "other") != strings.Contains(string(listed), "other") {
			t.Errorf("%q becomes\n%s", old, listed)
		}
		if again, err := h.list(listed, map[string]any{"name": "glide", "version": "0.2.0"}, chart); err != nil || string(again) != string(listed) {
			t.Errorf("%q is listed again: %v\n%s", old, err, again)
		}
	}
}
