//go:build e2e

package chart

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/test/repo"
)

// ofHelm are the lines that only Helm needs, and the namespace, which an overlay gives.
var ofHelm = regexp.MustCompile(`(?m)^ *(helm\.sh/chart|app\.kubernetes\.io/managed-by|namespace): .*\n|^# Source: .*\n`)

// TestKustomize renders the base of those who do not use Helm from the chart.
func TestKustomize(t *testing.T) {
	file := filepath.Join(repo.Root(), chart.KustomizeFile)
	base := filepath.Dir(file)
	rendered := must(t, "helm", "template", "glide", source, "--skip-tests", "--set", "existingConfigMap=glide-config")
	text := "# Rendered from charts/glide by go test -tags e2e ./test/chart -update.\n" + ofHelm.ReplaceAllString(rendered, "")
	compare(t, file, text)

	built := must(t, "kubectl", "kustomize", base)
	names := regexp.MustCompile(`name: (glide-config-[a-z0-9]{10})\n`).FindAllStringSubmatch(built, -1)
	if len(names) != 2 || names[0][1] != names[1][1] {
		t.Errorf("the pods and the ConfigMap say %v", names)
	}
	if !strings.Contains(built, "drain_timeout: 120s") || !strings.Contains(built, "terminationGracePeriodSeconds: 135") {
		t.Error("the times to drain and to end do not go together")
	}
}
