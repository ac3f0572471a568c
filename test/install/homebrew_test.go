//go:build e2e

package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/homebrew"
	"github.com/einstack/glide/test/kit"
)

// Each formula is one that Ruby and rubocop take; its install and test blocks do what they say.
func TestFormulas(t *testing.T) {
	for _, version := range []string{older, newer} {
		k := kit.New(t, version)
		archive := "glide_" + version + "_linux_amd64.tar.gz"
		built := filepath.Join(release(t, version), "archives", archive)
		content, err := os.ReadFile(built)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(k.Archives, archive), content, 0o644); err != nil {
			t.Fatal(err)
		}
		sums, err := dist.ReadSums(k.Archives)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for name := range sums {
			names = append(names, name)
		}
		if err := dist.WriteSums(k.Archives, names); err != nil {
			t.Fatal(err)
		}

		dir := t.TempDir()
		formulas, err := homebrew.Write(k, k.Tree.Matrix.Packaged("homebrew"), dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, formula := range formulas {
			t.Run(version+" "+formula, func(t *testing.T) {
				path := filepath.Join(dir, formula)
				run(t, dir, "ruby", "-wc", path)
				config, err := filepath.Abs("testdata/rubocop.yml")
				if err != nil {
					t.Fatal(err)
				}
				run(t, dir, "rubocop", "--cache", "false", "--config", config, path)

				harness, err := filepath.Abs("testdata/formula.rb")
				if err != nil {
					t.Fatal(err)
				}
				// The last word, after what the gateway logged.
				words := strings.Fields(run(t, dir, "ruby", harness, path, built, t.TempDir()))
				keg := words[len(words)-1]
				for _, file := range []string{
					"bin/glide", "share/man/man1/glide-serve.1", "etc/bash_completion.d/glide",
					"share/fish/vendor_completions.d/glide.fish", "share/zsh/site-functions/_glide",
				} {
					if !exists(filepath.Join(keg, file)) {
						t.Errorf("%s is not installed", file)
					}
				}
			})
		}
	}
}
