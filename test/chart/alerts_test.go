//go:build e2e

package chart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestAlerts lets Prometheus evaluate the alerts on series that should fire them, and not.
func TestAlerts(t *testing.T) {
	rendered, err := os.ReadFile(filepath.Join("testdata", "production.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, rule := range manifests(t, string(rendered)) {
		if rule.Kind != "PrometheusRule" {
			continue
		}
		text, err := yaml.Marshal(rule.Spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cases, err := os.ReadFile(filepath.Join("testdata", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "alerts.yaml"), cases, 0o644); err != nil {
		t.Fatal(err)
	}
	if output := must(t, "promtool", "check", "rules", filepath.Join(dir, "rules.yaml")); !strings.Contains(output, "5 rules found") {
		t.Errorf("promtool says %s", output)
	}
	must(t, "promtool", "test", "rules", filepath.Join(dir, "alerts.yaml"))
}
