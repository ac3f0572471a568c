// Package kit gives tests what packages are made of, without compiling the gateway: the source tree as
// it would be at a version, archives that hold nothing, and a small program in place of the gateway. It
// holds manifests against what channels ask of them, too.
package kit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/license"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// Dependency is the module that the program in place of the gateway is made of.
const Dependency = "golang.org/x/sync"

// New returns a kit of the repository at a version, whose archives say no more than their names.
func New(t testing.TB, version string) *pack.Kit {
	t.Helper()
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	source.Version = version
	k := &pack.Kit{Tree: source, Archives: t.TempDir(), Binaries: t.TempDir(), Docs: t.TempDir(), Licenses: t.TempDir()}
	var names []string
	for _, target := range source.Matrix.Packaged("archive") {
		name := archive.Name(k, target)
		write(t, filepath.Join(k.Archives, name), name)
		names = append(names, name)
	}
	sums, err := dist.Sums(k.Archives, names...)
	if err != nil {
		t.Fatal(err)
	}
	if err := dist.WriteSums(k.Archives, sums); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"completions/_glide", "completions/glide.bash", "completions/glide.fish", "completions/glide.ps1",
		"man/glide.1", "man/glide-serve.1",
	} {
		write(t, filepath.Join(k.Docs, name), name)
	}
	licenses, err := json.Marshal([]license.Module{
		{Path: license.StandardLibrary, SPDX: "BSD-3-Clause"},
		{Path: Dependency, SPDX: "BSD-3-Clause AND MIT"},
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(k.Licenses, license.File), string(licenses))
	write(t, filepath.Join(k.Licenses, pack.NoticesFile), "notices")
	return k
}

// Binary compiles a program for a target of the kit, in place of the gateway but with all that a
// release promises of a binary, and returns its content.
func Binary(t testing.TB, k *pack.Kit, target tree.Target) []byte {
	t.Helper()
	compiled, _ := binaries.LoadOrStore(k.Tree.Version+target.Name(), sync.OnceValues(func() ([]byte, error) {
		return compile(t, k.Tree, target)
	}))
	content, err := compiled.(func() ([]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(k.Binaries, target.Binary()), string(content))
	return content
}

// What was compiled already, by version and target.
var binaries sync.Map

func compile(t testing.TB, source *tree.Tree, target tree.Target) ([]byte, error) {
	dir := t.TempDir()
	mod := read(t, filepath.Join(source.Dir, "go.mod"))
	required := regexp.MustCompile(`(?m)^\t` + Dependency + ` v\S+$`).Find(mod)
	write(t, filepath.Join(dir, "go.mod"), "module "+tree.Module+"\n\ngo 1.26.0\n\nrequire (\n"+string(required)+"\n)\n")
	write(t, filepath.Join(dir, "go.sum"), string(read(t, filepath.Join(source.Dir, "go.sum"))))
	write(t, filepath.Join(dir, source.Matrix.Build.Package, "main.go"),
		"package main\n\nimport \""+Dependency+"/errgroup\"\n\nfunc main() { new(errgroup.Group).Wait() }\n")
	args, env := dist.BuildArgs(source, target)
	out := filepath.Join(dir, "out")
	if _, err := dist.InstalledGo(source.Go).Run(t.Context(), dir, env, slices.Insert(args, 1, "-o", out)...); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
