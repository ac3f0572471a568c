package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Places in an image's file system.
const (
	binaryFile = "usr/bin/glide"
	rootsFile  = "etc/ssl/certs/ca-certificates.crt"
	zonesFile  = "usr/share/zoneinfo/+VERSION"
)

// origins are what our layers are for, each with files that it has.
var origins = map[string][]string{
	"skeleton": nil,
	"data":     {rootsFile, zonesFile},
	"binary":   {binaryFile},
}

// WriteLayer makes a part of an archive that dockerTools made, of one layer, in the new folder out.
// The origin is what the layer is for: skeleton, data or binary.
func WriteLayer(file, origin, out string) error {
	wanted, ok := origins[origin]
	if !ok {
		return fmt.Errorf("%q is no layer of ours; those are skeleton, data and binary", origin)
	}
	return writePart(out, func(l layout) (*part, error) {
		p, err := l.putArchive(file, origin, wanted)
		if err != nil {
			err = fmt.Errorf("%s: %w", file, err)
		}
		return p, err
	})
}

func (l layout) putArchive(file, origin string, wanted []string) (*part, error) {
	archive, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		return nil, err
	}
	config, err := archive.ConfigFile()
	if err != nil {
		return nil, err
	}
	layers, err := archive.Layers()
	if err != nil {
		return nil, err
	}
	if len(layers) != 1 {
		return nil, fmt.Errorf("it has %d layers, not one; see nix/images/layers.nix", len(layers))
	}
	plain, err := layers[0].Uncompressed()
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(plain)
	if err := errors.Join(err, plain.Close()); err != nil {
		return nil, err
	}
	p := &part{Config: &config.Config}
	if err := p.look(content, wanted); err != nil {
		return nil, err
	}
	layer, err := l.putLayer(content, origin)
	p.Layers = []Layer{layer}
	return p, err
}

// look finds in a layer the files that it must have, and what they tell about an image.
func (p *part) look(layer []byte, wanted []string) error {
	var data versions
	err := eachEntry(bytes.NewReader(layer), func(name string, _ *tar.Header, content io.Reader) (err error) {
		switch name {
		case rootsFile:
			data.Roots, err = rootsVersion(content)
		case zonesFile:
			var text []byte
			text, err = io.ReadAll(content)
			data.Zones = string(bytes.TrimSpace(text))
		}
		wanted = slices.DeleteFunc(slices.Clone(wanted), func(file string) bool { return file == name })
		return err
	})
	if err != nil {
		return err
	}
	if len(wanted) > 0 {
		return fmt.Errorf("it lacks /%s", strings.Join(wanted, ", /"))
	}
	if data != (versions{}) {
		p.Data = &data
	}
	return nil
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
func (l layout) putLayer(archive []byte, origin string) (Layer, error) {
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
	return Layer{
		Digest: stored.Digest,
		DiffID: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])},
		Size:   stored.Size,
		Origin: origin,
	}, err
}

// putLinks stores a layer of symbolic links, by their places, with those of the folders above them
// that are missing.
func (l layout) putLinks(links map[string]string, missing func(folder string) bool) (Layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, name := range slices.Sorted(maps.Keys(links)) {
		for i := range name {
			if name[i] != '/' || !missing(name[:i]) {
				continue
			}
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name[:i+1], Mode: 0o755}); err != nil {
				return Layer{}, err
			}
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: links[name], Mode: 0o777}); err != nil {
			return Layer{}, err
		}
	}
	if err := w.Close(); err != nil {
		return Layer{}, err
	}
	return l.putLayer(archive.Bytes(), "link")
}
