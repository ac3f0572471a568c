//go:build e2e

package clients

import (
	"os"
	"os/exec"
	"testing"

	"github.com/einstack/glide/internal/testkit"
)

// TestNode runs the SDKs of npm. Those that cancel are seen to by their provider too.
func TestNode(t *testing.T) {
	install := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	install.Dir = "node"
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	u := newActor(t)
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter", "spec", "clients.test.js")
	cmd.Dir = "node"
	cmd.Env = append(os.Environ(), "GLIDE_URL="+testkit.Start(t, toActor(u)).URL)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for range 4 { // SDKs that cancel a chat
		u.waitCancelled(t)
	}
}
