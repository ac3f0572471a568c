package notes

import (
	"os"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/changelog"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/test/channels"
)

func TestMain(m *testing.M) { os.Exit(channels.Main(m)) }

func TestWrite(t *testing.T) {
	m, err := manifest.Read(channels.Release(t, "0.2.0", ""))
	if err != nil {
		t.Fatal(err)
	}
	log := changelog.Parse("## [0.2.0] - 2026-12-06\n\n- Faster.\n\nWithout a candidate: a hole that is being used.\n")
	var text strings.Builder
	if err := Write(&text, m, log, []string{"Ada", "Grace"}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"- Faster.\n",
		"This version had no candidate that was out for long enough: a hole that is being used.\n",
		"| Homebrew | `brew install einstack/tap/glide` |\n",
		"| Chocolatey | `choco install glide --version 0.2.0` |\n",
		"| Helm | `helm install glide oci://ghcr.io/einstack/charts/glide --version 0.2.0` |\n",
		"| `ghcr.io/einstack/glide:0.2.0-alpine` | linux/amd64, linux/s390x | `sha256:" + m.For("oci")[0].SHA256 + "` |\n",
		"nix run github:einstack/glide/v0.2.0#verify -- v0.2.0\n",
		m.For("snap")[0].SHA256 + "  glide_0.2.0_linux_amd64.snap\n",
		"## Contributors\n\n- Ada\n- Grace\n",
	} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("the notes lack %q", part)
		}
	}
	if t.Failed() {
		t.Logf("they are\n%s", &text)
	}
}
