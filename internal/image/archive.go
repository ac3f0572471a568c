package image

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/einstack/glide/internal/tree"
)

// BuildArchive writes one image to the new file out: a tar archive that is both an OCI layout and
// a docker archive, so that any engine loads it. Its digests are those of the release's image.
func (b *Builder) BuildArchive(ctx context.Context, image tree.Image, out string) error {
	if _, err := b.Lock.Platform(image); err != nil {
		return fmt.Errorf("image %s is not built: %w", image, err)
	}
	return writeWhole(out, "image.tar", func(scratch string) error {
		dir := filepath.Join(scratch, "layout")
		images, err := b.make(ctx, dir, []tree.Image{image})
		if err != nil {
			return err
		}
		tag := Tag(b.Kit.Tree, image.Distro)
		if err := b.out.writeIndex([]v1.Descriptor{named(images[0].manifest, tag)}); err != nil {
			return err
		}
		return b.pack(images[0], tree.Images+":"+tag, filepath.Join(scratch, "image.tar"))
	})
}

// A dockerImage is an entry of a docker archive's manifest.json.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

func (b *Builder) pack(m made, name, file string) error {
	blob := func(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }
	described := dockerImage{Config: blob(m.config.Digest), RepoTags: []string{name}}
	files := []string{"oci-layout", "index.json", blob(m.manifest.Digest), described.Config}
	for _, layer := range m.layers {
		described.Layers = append(described.Layers, blob(layer.Digest))
	}
	text, err := json.Marshal([]dockerImage{described})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.out.dir, "manifest.json"), text, 0o644); err != nil {
		return err
	}
	files = append(append(files, "manifest.json"), described.Layers...)

	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := tar.NewWriter(f)
	for _, name := range files {
		if err := b.packFile(w, name); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Close(), f.Close())
}

func (b *Builder) packFile(w *tar.Writer, name string) error {
	content, err := os.Open(filepath.Join(b.out.dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer content.Close()
	info, err := content.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: info.Size(), ModTime: b.Kit.Tree.Date}); err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	return err
}
