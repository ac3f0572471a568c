package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// Man pages are dated as the changelog dates the version, and completions complete.
func TestWrite(t *testing.T) {
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := write(source, out); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"man/glide.1":            `(?m)^\.TH "GLIDE" "1" "` + source.Date.Format("Jan 2006") + `" "Glide ` + regexp.QuoteMeta(source.Version),
		"man/glide-serve.1":      `--config`,
		"completions/glide.bash": `__start_glide`,
		"completions/_glide":     `#compdef glide`,
		"completions/glide.fish": `complete -c glide`,
		"completions/glide.ps1":  `Register-ArgumentCompleter`,
	} {
		text, err := os.ReadFile(filepath.Join(out, file))
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(want).Match(text) {
			t.Errorf("%s has no %q", file, want)
		}
	}
	if err := write(source, filepath.Join(out, "man", "glide.1")); err == nil {
		t.Error("wrote to a folder that is a file")
	}
}
