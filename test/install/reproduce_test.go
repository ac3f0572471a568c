//go:build e2e

package install

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/einstack/glide/test/repo"
)

// All that is made again is the same.
func TestSameBytesAgain(t *testing.T) {
	first := release(t, newer)
	source := filepath.Join(t.TempDir(), "elsewhere")
	copyRelease(t, source, newer)
	second := t.TempDir()
	if err := os.CopyFS(filepath.Join(second, "build"), os.DirFS(filepath.Join(first, "build"))); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"docs", "licenses", "archives", "installers"} {
		runRelease(t, source, second, command)
	}
	for _, folder := range []string{"archives", "installers"} {
		sums := filepath.Join(folder, "SHA256SUMS")
		if one, other := read(t, filepath.Join(first, sums)), read(t, filepath.Join(second, sums)); one != other {
			t.Errorf("made again %s are\n%sbut were\n%s", folder, other, one)
		}
	}
}

// Nix makes what plain Go makes.
func TestNixMakesTheSame(t *testing.T) {
	plain := t.TempDir()
	tool(t)
	for _, command := range []string{"build", "docs", "licenses", "archives", "installers"} {
		runRelease(t, repo.Root(), plain, command)
	}
	for _, folder := range []string{"archives", "installers"} {
		built := filepath.Join(t.TempDir(), folder)
		if err := repo.Build(t.Context(), repo.Root(), folder+"."+host.Name(), built); err != nil {
			t.Fatal(err)
		}
		if one, other := read(t, filepath.Join(plain, folder, "SHA256SUMS")), read(t, filepath.Join(built, "SHA256SUMS")); one != other {
			t.Errorf("by Nix %s are\n%sbut by plain Go\n%s", folder, other, one)
		}
	}
}
