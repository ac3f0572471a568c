package bases

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

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
		return writeFile(out, found.Manifest)
	}

	f, err := os.CreateTemp(filepath.Dir(out), "."+filepath.Base(out)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	err = r.blob(ctx, repositories, digest, func(content io.Reader) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := f.Truncate(0); err != nil {
			return err
		}
		_, err := io.Copy(f, content)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), out)
}
