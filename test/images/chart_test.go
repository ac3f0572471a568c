//go:build e2e

package images

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/test/repo"
)

// testChart makes the Helm chart by Nix and without it: the same bytes, with the digests of the images.
func testChart(t *testing.T, r release, root string) {
	byNix, byGo := filepath.Join(t.TempDir(), "chart"), t.TempDir()
	if err := repo.Build(t.Context(), root, "chart", byNix); err != nil {
		t.Fatal(err)
	}
	made := exec.CommandContext(t.Context(), "go", "run", "../../cmd/release", "chart", "--source", root, "--images", string(r.Path), "--out", byGo)
	if output, err := made.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	name := chart.Name(r.tree.Version)
	if !bytes.Equal(read(t, filepath.Join(byNix, name)), read(t, filepath.Join(byGo, name))) {
		t.Error("Nix makes another chart than release chart")
	}
	values, err := exec.CommandContext(t.Context(), "tar", "-xOzf", filepath.Join(byGo, name), "glide/values.yaml").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range r.list.Tags {
		if want := "\n    " + tag.Distro + ": " + tag.Digest.String() + "\n"; !strings.Contains(string(values), want) {
			t.Errorf("the chart does not pin %s to %s", tag.Tag, tag.Digest)
		}
	}
}
