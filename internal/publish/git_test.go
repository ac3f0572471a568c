package publish

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/test/channels"
)

// A branch of which only the last part has the name is another one.
func TestBranchIsNew(t *testing.T) {
	w := channels.New(t)
	pages := filepath.Join(w.Git, "pages")
	git := func(args ...string) string {
		output, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", pages, "-c", "user.name=x", "-c", "user.email=x@localhost"}, args...)...).Output()
		if err != nil {
			t.Fatalf("git %s: %v", args[0], err)
		}
		return strings.TrimSpace(string(output))
	}
	empty := git("hash-object", "-t", "tree", "-w", "/dev/null")
	git("update-ref", "refs/heads/old/gh-pages", git("commit-tree", "-m", "old", empty))
	wantComplete(t, publishTo(t, w, channels.Release(t, "0.2.0", ""), []string{w.At("helm")}, nil))
	if _, commits, err := w.Show(t.Context(), "pages", "gh-pages", "index.yaml"); err != nil || commits != 1 {
		t.Errorf("%d commits, %v", commits, err)
	}
}

// Without git nothing is tried again.
func TestWithoutGit(t *testing.T) {
	w := channels.New(t)
	path := "PATH=" + t.TempDir()
	w.Env = append(w.Env, path)
	result := publishTo(t, w, channels.Release(t, "0.2.0", ""), []string{w.At("homebrew")}, func(p *Publisher, _ *Release) {
		p.Report = func(e Event) { t.Errorf("it says %s", e.Text) }
	})[0]
	if result.Err == nil || !strings.HasSuffix(result.Err.Error(), "; install git") {
		t.Errorf("got %v", result.Err)
	}
}
