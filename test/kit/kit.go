// Package kit gives tests what packages are made of, without compiling anything: the source tree as
// it would be at a version, and archives that hold nothing.
package kit

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// New returns a kit of the repository at a version, whose archives say no more than their names.
func New(t testing.TB, version string) *pack.Kit {
	t.Helper()
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	source.Version = version
	k := &pack.Kit{Tree: source, Archives: t.TempDir()}
	var names []string
	for _, target := range source.Matrix.Packaged("archive") {
		name := archive.Name(k, target)
		if err := os.WriteFile(filepath.Join(k.Archives, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := dist.WriteSums(k.Archives, names); err != nil {
		t.Fatal(err)
	}
	return k
}
