// Package bases pins the images that container images stand on: the lock of their digests, and
// the blobs behind those at the registries. A blob's SHA-256 is its digest, so that the lock needs
// no other hash, and any mirror will do to fetch one.
package bases

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// A Lock is the content of the lock file: for each distro with a base, what that was.
type Lock map[string]Base

// A Base is an image of all platforms as it was when it was locked.
type Base struct {
	Name      string              `json:"base"`  // such as "docker.io/library/alpine:3.24"
	Index     v1.Hash             `json:"index"` // what the name's tag meant
	Platforms map[string]Platform `json:"platforms"`
}

// A Platform is the image of one GOARCH: a complete chain from the manifest to the layers, or
// the reason why there is none.
type Platform struct {
	Manifest *v1.Hash `json:"manifest,omitempty"`
	Config   *v1.Hash `json:"config,omitempty"`
	Layers   []Blob   `json:"layers,omitempty"` // the lowest first
	Refused  string   `json:"refused,omitempty"`
}

// A Blob is a layer as it is stored in a registry.
type Blob struct {
	Digest v1.Hash `json:"digest"`
	Size   int64   `json:"size"` // bytes
}

// Read reads the lock of a source tree.
func Read(t *tree.Tree) (Lock, error) {
	text, err := os.ReadFile(t.Path(tree.BasesFile))
	if err != nil {
		return nil, err
	}
	var lock Lock
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("%s: %w; run release bases update", t.Path(tree.BasesFile), err)
	}
	for name, distro := range t.Matrix.Distros {
		if locked := lock[name].Name; locked != distro.Base {
			return nil, fmt.Errorf("%s: %s is locked to %q, but %s says %q; run release bases update",
				t.Path(tree.BasesFile), name, locked, tree.MatrixFile, distro.Base)
		}
	}
	return lock, nil
}

// Write writes the lock of a source tree, at once or not at all.
func (l Lock) Write(t *tree.Tree) error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return pack.WriteBytes(t.Path(tree.BasesFile), append(text, '\n'))
}

// Platform returns what an image stands on, nil for one that stands on nothing. Its error says
// why the image is not built.
func (l Lock) Platform(image tree.Image) (*Platform, error) {
	base, ok := l[image.Distro]
	if !ok {
		return nil, nil
	}
	platform, ok := base.Platforms[image.Target.Arch]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s has no %s; run release bases update", tree.BasesFile, image)
	case platform.Refused != "":
		return nil, fmt.Errorf("%s", platform.Refused)
	}
	return &platform, nil
}

// Built returns those of the images that are built.
func (l Lock) Built(images []tree.Image) []tree.Image {
	return slices.DeleteFunc(slices.Clone(images), func(image tree.Image) bool {
		_, err := l.Platform(image)
		return err != nil
	})
}
