//go:build e2e

package install

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/homebrew"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/test/kit"
)

// formulas makes the formulas of a version, whose archives all hold what this machine can run. It
// returns the kit, and the formulas' paths.
func formulas(t *testing.T, version string) (k *pack.Kit, paths []string) {
	t.Helper()
	k = kit.New(t, version)
	content, err := os.ReadFile(filepath.Join(release(t, version), "archives", archive.Name(k, host)))
	if err != nil {
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
	targets := k.Tree.Matrix.Packaged("homebrew")
	for _, target := range targets {
		if err := os.WriteFile(filepath.Join(k.Archives, archive.Name(k, target)), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sums, err = dist.Sums(k.Archives, names...)
	if err != nil {
		t.Fatal(err)
	}
	if err := dist.WriteSums(k.Archives, sums); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	made, err := homebrew.Write(k, targets, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range made {
		paths = append(paths, filepath.Join(dir, name))
	}
	return k, paths
}

// The install, service and test blocks of each formula do what they say, on every system that it is
// for: Homebrew's macOS is this machine by another name.
func TestFormulas(t *testing.T) {
	harness, err := filepath.Abs("testdata/formula.rb")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{older, newer} {
		k, paths := formulas(t, version)
		for _, path := range paths {
			for _, target := range k.Tree.Matrix.Packaged("homebrew") {
				t.Run(filepath.Base(path)+" "+target.String(), func(t *testing.T) {
					dir := t.TempDir()
					// The last word, after what the gateway logged.
					words := strings.Fields(run(t, dir, "ruby", harness, path,
						filepath.Join(k.Archives, archive.Name(k, target)), dir, target.OS, target.Arch))
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
	if !slices.ContainsFunc(kit.New(t, newer).Tree.Matrix.Packaged("homebrew"), isHost) {
		t.Errorf("no formula is for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
}

// Each formula is one that Ruby and rubocop take.
func TestFormulasAreWell(t *testing.T) {
	config, err := filepath.Abs("testdata/rubocop.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{older, newer} {
		_, paths := formulas(t, version)
		for _, path := range paths {
			run(t, filepath.Dir(path), "ruby", "-wc", path)
			run(t, filepath.Dir(path), "rubocop", "--cache", "false", "--config", config, path)
		}
	}
}
