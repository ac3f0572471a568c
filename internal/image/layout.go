package image

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A layout is a folder in the form of OCI's image layout.
type layout struct {
	dir string
}

// newLayout makes an empty layout in a new folder.
func newLayout(dir string) (layout, error) {
	l := layout{dir}
	if err := os.MkdirAll(l.path("sha256"), 0o755); err != nil {
		return l, err
	}
	return l, os.WriteFile(filepath.Join(dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`+"\n"), 0o644)
}

// path returns the file of a blob, "sha256/<hex>".
func (l layout) path(blob string) string {
	return filepath.Join(l.dir, "blobs", filepath.FromSlash(blob))
}

func (l layout) blob(digest v1.Hash) string {
	return l.path(digest.Algorithm + "/" + digest.Hex)
}

// put stores what write writes as a blob.
func (l layout) put(mediaType types.MediaType, write func(io.Writer) error) (v1.Descriptor, error) {
	f, err := os.CreateTemp(l.dir, ".blob-*")
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	h := sha256.New()
	if err := write(io.MultiWriter(f, h)); err != nil {
		return v1.Descriptor{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return v1.Descriptor{}, err
	}
	if err := f.Chmod(0o644); err != nil {
		return v1.Descriptor{}, err
	}
	if err := f.Close(); err != nil {
		return v1.Descriptor{}, err
	}
	digest := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
	return v1.Descriptor{MediaType: mediaType, Digest: digest, Size: info.Size()}, os.Rename(f.Name(), l.blob(digest))
}

// putJSON stores a value as a blob.
func (l layout) putJSON(mediaType types.MediaType, value any) (v1.Descriptor, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return v1.Descriptor{}, err
	}
	return l.put(mediaType, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// putFile stores a file as the blob with a digest, which it must have.
func (l layout) putFile(mediaType types.MediaType, file string, digest v1.Hash) (v1.Descriptor, error) {
	content, err := os.Open(file)
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer content.Close()
	stored, err := l.put(mediaType, func(w io.Writer) error {
		_, err := io.Copy(w, content)
		return err
	})
	if err == nil && stored.Digest != digest {
		err = fmt.Errorf("%s: it is %s, not %s", file, stored.Digest, digest)
	}
	return stored, err
}

// writeIndex writes the list of what the layout is about.
func (l layout) writeIndex(manifests []v1.Descriptor) error {
	return l.writeJSON("index.json", v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: manifests})
}

// writeJSON writes a file for people and programs beside the blobs.
func (l layout) writeJSON(name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.dir, name), append(text, '\n'), 0o644)
}
