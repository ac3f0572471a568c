package config_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/config"
)

// TestProvidersPage loads the examples of docs/providers.md, which has a section with one
// for each provider.
func TestProvidersPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for section := range strings.SplitSeq(string(page), "\n## ") {
		_, rest, ok := strings.Cut(section, "```yaml\n")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(section, "\n")
		described[name] = true
		example, _, _ := strings.Cut(rest, "```")
		for _, m := range regexp.MustCompile(`\$\{env:(\w+)\}`).FindAllStringSubmatch(example, -1) {
			t.Setenv(m[1], "set")
		}
		text := "routers:\n  language:\n    - id: r\n      models:\n" + regexp.MustCompile(`(?m)^`).ReplaceAllString(example, "        ")
		cfg, err := config.Parse(name, []byte(text))
		if err != nil {
			t.Errorf("%s:\n%v", name, err)
			continue
		}
		for _, m := range cfg.Routers.Language[0].Models {
			if got, _ := m.Provider(); got != name {
				t.Errorf("%s: the example is of %s", name, got)
			}
		}
	}
	for _, key := range config.Keys() {
		name, ok := strings.CutPrefix(key.Path, "routers.language[].models[].")
		if ok && key.Type == "mapping" && name != "client" && name != "latency" && !strings.Contains(name, ".") && !described[name] {
			t.Errorf("docs/providers.md has no example of %s", name)
		}
	}
}
