package bases

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// Fetch writes a blob of an image's base, or its manifest, to the new file out. The error names
// the image, the blob and what each repository answered, and then there is no file.
func (r *Registry) Fetch(ctx context.Context, distro tree.Distro, image, kind string, digest v1.Hash, out string) error {
	err := r.fetch(ctx, distro, kind, digest, out)
	if err != nil {
		return fmt.Errorf("image %s: %s %s: %w", image, kind, digest, err)
	}
	return nil
}

func (r *Registry) fetch(ctx context.Context, distro tree.Distro, kind string, digest v1.Hash, out string) error {
	_, repositories, err := r.repositories(distro)
	if err != nil {
		return err
	}
	if kind == "manifest" {
		found, err := r.manifest(ctx, repositories, digest)
		if err != nil {
			return err
		}
		return pack.WriteBytes(out, found.Manifest)
	}

	dir, err := os.MkdirTemp(filepath.Dir(out), ".fetch-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	scratch := filepath.Join(dir, "blob")
	if err := r.download(ctx, repositories, digest, scratch); err != nil {
		return err
	}
	return os.Rename(scratch, out)
}

// download writes a blob to a file, from its beginning whenever it is tried again.
func (r *Registry) download(ctx context.Context, repositories []name.Repository, digest v1.Hash, file string) error {
	return r.blob(ctx, repositories, digest, func(content io.Reader) error {
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Close())
	})
}
