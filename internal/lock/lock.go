// Package lock writes the files of a source tree that are generated from others of it, and finds
// those that have grown stale. `make lock` is its door.
package lock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// A file is what a generated file of a tree should hold.
type file struct {
	name    string // relative to the tree, with slashes
	content []byte
}

// Write generates all files anew and returns the names of those that it changed. It needs the
// modules of go.mod, so the module proxy if they aren't in the module cache.
func Write(ctx context.Context, t *tree.Tree) (changed []string, err error) {
	files, err := generate(ctx, t, hashDownloads)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		path := t.Path(f.name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, f.content) {
			continue
		}
		if err := pack.WriteBytes(path, f.content); err != nil {
			return changed, err
		}
		changed = append(changed, f.name)
	}
	return changed, nil
}

// Check reports each generated file that isn't what Write would write. It downloads nothing that
// the module cache has: a vendorHash is taken to be right if go.mod and go.sum are those that it
// was made for.
func Check(ctx context.Context, t *tree.Tree) error {
	files, err := generate(ctx, t, recordedHash)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range files {
		old, err := os.ReadFile(t.Path(f.name))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if line := firstDifference(old, f.content); line > 0 {
			errs = append(errs, fmt.Errorf("%s:%d: stale; run make lock", f.name, line))
		}
	}
	return errors.Join(errs...)
}

// generate returns all generated files of the tree.
func generate(ctx context.Context, t *tree.Tree, vendorHash vendorHasher) ([]file, error) {
	var files []file
	var errs []error
	for _, generator := range []func() (file, error){
		func() (file, error) { return modules(ctx, t, vendorHash) },
		func() (file, error) { return gomod2nix(ctx, t) },
		func() (file, error) { return readme(t) },
		func() (file, error) { return install(t) },
		func() (file, error) { return naming(t, "docs/images.md") },
		func() (file, error) { return naming(t, "docs/kubernetes.md") },
		func() (file, error) { return configReference(t) },
		configSchema,
		func() (file, error) { return compose(t) },
		func() (file, error) { return chartMetadata(t) },
		func() (file, error) { return chartSchema(t) },
		func() (file, error) { return chartReadme(t) },
		chartDashboard,
		demoDashboard,
		func() (file, error) { return kustomize(t) },
		releaseSchema,
	} {
		f, err := generator()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		files = append(files, f)
	}
	return files, errors.Join(errs...)
}

// firstDifference returns the number of the first line in which two texts differ, 0 if none does.
func firstDifference(a, b []byte) int {
	if bytes.Equal(a, b) {
		return 0
	}
	as, bs := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(as), len(bs)) {
		if !bytes.Equal(as[i], bs[i]) {
			return i + 1
		}
	}
	return min(len(as), len(bs)) + 1
}
