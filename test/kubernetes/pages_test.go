//go:build e2e

package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/page"
	"github.com/einstack/glide/test/repo"
)

// testPages types what the pages say, from the first installation to the removal. Chart and image come from
// the lab's registry.
func testPages(t *testing.T, l *lab) {
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	reader := &page.Reader{
		Dir: t.TempDir(),
		Env: []string{"HELM_NAMESPACE=" + namespace},
		Replaced: strings.NewReplacer(
			"oci://ghcr.io/einstack/charts/glide", chartReference()+" --set image.repository="+imageRepository()+" --set 'image.pullSecrets={registry}'",
			"--version "+source.Version, "--version "+l.this.version,
			"--version VERSION", "--version "+l.next.version,
		),
	}
	values := func(text string) {
		if err := os.WriteFile(filepath.Join(reader.Dir, "values.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, block := range page.Read(t, "docs/kubernetes.md") {
		if strings.HasPrefix(block.Text, "# values.yaml\n") {
			values(block.Text)
		}
	}
	for _, block := range page.Shell(t, "docs/kubernetes.md") {
		t.Logf("%s\n%s", block, reader.Run(t, block))
	}
	settled(t, 0) // or the Service leads to them until the next ones are ready
	// That of the chart's page would have helm test ask OpenAI.
	values("config: {routers: {language: [{id: default, models: [{id: simulated, simulated: {}}]}]}}\n")
	for _, block := range page.Shell(t, "charts/glide/README.md") {
		if output := reader.Run(t, block); !strings.Contains(output, "Succeeded") {
			t.Errorf("helm test says\n%s", output)
		}
	}
	helm(t, "uninstall", "glide", "--wait", "--timeout", deadline.String())
	kubectl(t, "delete", "secret", "openai")
}
