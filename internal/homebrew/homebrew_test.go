package homebrew_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/homebrew"
	"github.com/einstack/glide/test/kit"
)

func TestWrite(t *testing.T) {
	for version, want := range map[string]map[string]string{
		"1.2.3-rc.4": {"glide-rc.rb": "class GlideRc < Formula"},
		"1.2.3": {
			"glide@1.2.rb": "class GlideAT12 < Formula",
			"glide.rb":     "class Glide < Formula",
			"glide-rc.rb":  "class GlideRc < Formula",
		},
	} {
		t.Run(version, func(t *testing.T) {
			k, dir := kit.New(t, version), t.TempDir()
			names, err := homebrew.Write(k, k.Tree.Matrix.Packaged("homebrew"), dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(names) != len(want) {
				t.Errorf("wrote %q", names)
			}
			for name, class := range want {
				if !slices.Contains(names, name) {
					t.Errorf("%s is not among %q", name, names)
				}
				text, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(string(text), class) {
					t.Errorf("%s has no %q", name, class)
				}
				if got := strings.Count(string(text), "sha256 \""); got != 4 {
					t.Errorf("%s has %d downloads, want 4", name, got)
				}
				if strings.Contains(string(text), "keg_only") != strings.Contains(name, "@") {
					t.Errorf("%s: a formula is keg-only if it is of an old version", name)
				}
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	k := kit.New(t, "1.2.3")
	if _, err := homebrew.Write(k, k.Tree.Matrix.Packaged("winget"), t.TempDir()); err == nil || !strings.Contains(err.Error(), "Homebrew does not run on it") {
		t.Errorf("got %v", err)
	}
	k.Archives = t.TempDir()
	if _, err := homebrew.Write(k, k.Tree.Matrix.Packaged("homebrew"), t.TempDir()); err == nil || !strings.Contains(err.Error(), "run release archives") {
		t.Errorf("got %v", err)
	}
}
