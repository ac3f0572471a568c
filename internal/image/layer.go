package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/einstack/glide/internal/bases"
)

// A layer is one of an image's, stored in a layout.
type layer struct {
	v1.Descriptor
	diffID v1.Hash
	origin string // what made it, for people: "base", "skeleton", "link", "data" or "binary"
}

// A program is what an image is made for: the layers of its archive, and their contents.
type program struct {
	layers []layer // skeleton, data, binary
	config v1.Config
	binary []byte
	data   versions
}

// versions says what is in the data layer.
type versions struct {
	roots string // version of the module with the CA roots
	zones string // release of the time zones, such as "2025c"
}

// Places in an image's file system.
const (
	binaryFile = "usr/bin/glide"
	rootsFile  = "etc/ssl/certs/ca-certificates.crt"
	zonesFile  = "usr/share/zoneinfo/+VERSION"
)

// archiveLayers are what the layers of an archive are for, the lowest first.
var archiveLayers = []string{"skeleton", "data", "binary"}

// loadProgram stores the layers of an archive that dockerTools made.
func (l layout) loadProgram(file string) (*program, error) {
	archive, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	config, err := archive.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	layers, err := archive.Layers()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(layers) != len(archiveLayers) {
		return nil, fmt.Errorf("%s: it has %d layers, not %d; see nix/images/image.nix", file, len(layers), len(archiveLayers))
	}
	p := &program{config: config.Config}
	for i, content := range layers {
		plain, err := content.Uncompressed()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		text, err := io.ReadAll(plain)
		if err := errors.Join(err, plain.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		stored, err := l.putLayer(text, archiveLayers[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		p.layers = append(p.layers, stored)
		if err := p.look(text); err != nil {
			return nil, fmt.Errorf("%s: %s layer: %w", file, archiveLayers[i], err)
		}
	}
	if p.binary == nil || p.data.roots == "" || p.data.zones == "" {
		return nil, fmt.Errorf("%s: it lacks /%s, /%s or /%s, or their versions", file, binaryFile, rootsFile, zonesFile)
	}
	return p, nil
}

// look finds in a layer what is told about an image.
func (p *program) look(layer []byte) error {
	return eachEntry(bytes.NewReader(layer), func(name string, _ *tar.Header, content io.Reader) (err error) {
		switch name {
		case binaryFile:
			p.binary, err = io.ReadAll(content)
		case rootsFile:
			p.data.roots, err = rootsVersion(content)
		case zonesFile:
			var text []byte
			text, err = io.ReadAll(content)
			p.data.zones = string(bytes.TrimSpace(text))
		}
		return err
	})
}

// eachEntry visits the entries of a tar archive by their names without a "/" at either end.
func eachEntry(archive io.Reader, visit func(name string, header *tar.Header, content io.Reader) error) error {
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(path.Clean("/" + header.Name)[1:], header, r); err != nil {
			return err
		}
	}
}

// putLayer stores a tar archive as a layer. The bytes of gzip are those of Go's own, without a
// time or a name.
func (l layout) putLayer(archive []byte, origin string) (layer, error) {
	sum := sha256.Sum256(archive)
	stored, err := l.put(types.OCILayer, func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(archive); err != nil {
			return err
		}
		return z.Close()
	})
	return layer{stored, v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}, origin}, err
}

// A base is what an image stands on.
type base struct {
	layers  []layer
	history []v1.History
	os      v1.ConfigFile
	// split says that /bin is a folder of its own rather than a link to /usr/bin.
	split bool
}

// loadBase stores the layers of a base from a folder of blobs, and checks each against the lock
// and the chain from the manifest to what is packed in the layers.
func (l layout) loadBase(blobs layout, locked *bases.Platform, arch string) (*base, error) {
	var manifest v1.Manifest
	if err := blobs.readJSON(*locked.Manifest, &manifest); err != nil {
		return nil, fmt.Errorf("manifest %w", err)
	}
	if manifest.Config.Digest != *locked.Config || len(manifest.Layers) != len(locked.Layers) {
		return nil, fmt.Errorf("manifest %s: it is of another image than config %s; run release bases update", locked.Manifest, locked.Config)
	}
	b := &base{split: true}
	if err := blobs.readJSON(*locked.Config, &b.os); err != nil {
		return nil, fmt.Errorf("config %w", err)
	}
	if err := bases.CheckPlatform(b.os, arch); err != nil {
		return nil, fmt.Errorf("config %s: %w", locked.Config, err)
	}
	if len(b.os.RootFS.DiffIDs) != len(locked.Layers) {
		return nil, fmt.Errorf("config %s: it has %d layers, not %d; run release bases update", locked.Config, len(b.os.RootFS.DiffIDs), len(locked.Layers))
	}
	b.history = b.os.History
	for i, blob := range locked.Layers {
		if manifest.Layers[i].Digest != blob.Digest {
			return nil, fmt.Errorf("layer %s: the manifest has %s in its place; run release bases update", blob.Digest, manifest.Layers[i].Digest)
		}
		if err := b.checkLayer(blobs.blob(blob.Digest), blob.Size, b.os.RootFS.DiffIDs[i]); err != nil {
			return nil, fmt.Errorf("layer %s: %w", blob.Digest, err)
		}
		stored, err := l.putFile(types.OCILayer, blobs.blob(blob.Digest), blob.Digest)
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", blob.Digest, err)
		}
		b.layers = append(b.layers, layer{stored, b.os.RootFS.DiffIDs[i], "base"})
	}
	return b, nil
}

// checkLayer checks a layer of a base, and looks what its /bin is.
func (b *base) checkLayer(file string, size int64, diffID v1.Hash) error {
	content, err := os.Open(file)
	if err != nil {
		return err
	}
	defer content.Close()
	return bases.CheckLayer(content, size, diffID, func(archive io.Reader) error {
		return eachEntry(archive, func(name string, header *tar.Header, _ io.Reader) error {
			if name == "bin" {
				b.split = header.Typeflag == tar.TypeDir
			}
			return nil
		})
	})
}

// readJSON reads a small blob and checks that it is what its digest says.
func (l layout) readJSON(digest v1.Hash, value any) error {
	text, err := os.ReadFile(l.blob(digest))
	if err != nil {
		return fmt.Errorf("%s: %w", digest, err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != digest.Hex {
		return fmt.Errorf("%s: the blob is sha256:%x", digest, sum)
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%s: %w", digest, err)
	}
	return nil
}

// putLink stores a layer with /bin/glide as a link to the binary, for bases whose /bin is no
// link. A layer with the folder /bin would hide it where it is one.
func (l layout) putLink() (layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/glide", Linkname: "../" + binaryFile, Mode: 0o777})
	if err := errors.Join(err, w.Close()); err != nil {
		return layer{}, err
	}
	return l.putLayer(archive.Bytes(), "link")
}
