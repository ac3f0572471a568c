package publish

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/test/channels"
)

// A folder takes a signature whenever it comes, and keeps the first, as signing again makes another.
func TestSignatureInFolder(t *testing.T) {
	w := channels.New(t)
	dir := channels.Release(t, "0.2.0", "")
	signature := filepath.Join(dir, manifest.SignatureFile)
	if err := os.Remove(signature); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ signature, want string }{{"", ""}, {"first", "first"}, {"second", "first"}} {
		if step.signature != "" {
			if err := os.WriteFile(signature, []byte(step.signature), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		wantComplete(t, publishTo(t, w, dir, []string{w.At("dir")}, nil))
		got, err := os.ReadFile(filepath.Join(w.Dir, "0.2.0", manifest.SignatureFile))
		if string(got) != step.want || (err == nil) != (step.want != "") {
			t.Errorf("signed %q, the folder has %q, %v", step.signature, got, err)
		}
	}
}

// To look at a folder doesn't make it.
func TestLooksAtNoFolder(t *testing.T) {
	w := channels.New(t)
	w.Dir = filepath.Join(w.Dir, "rehearsals")
	dir := channels.Release(t, "0.2.0", "")
	to := []string{w.At("dir")}
	publishTo(t, w, dir, to, func(p *Publisher, _ *Release) { p.DryRun = true })
	if exists(w.Dir) {
		t.Error("a dry run has made the folder")
	}
	wantComplete(t, publishTo(t, w, dir, to, nil))
	if left, err := filepath.Glob(filepath.Join(w.Dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("%q are left, %v", left, err)
	}
}
