package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/tree"
)

// WriteBase makes a part of an image's base in the new folder out, from a folder with the base's
// blobs by their digests, "blobs/sha256/<hex>" as in a layout. It checks each blob against the lock,
// and the chain from the manifest to what is packed in the layers.
func WriteBase(lock bases.Lock, image tree.Image, blobs, out string) error {
	locked, err := lock.Platform(image)
	if err != nil {
		return fmt.Errorf("image %s is not built: %w", image, err)
	}
	if locked == nil {
		return fmt.Errorf("image %s stands on no base", image)
	}
	err = writePart(out, func(l layout) (*part, error) { return l.putBase(layout{blobs}, locked, image.Target.Arch) })
	if err != nil {
		return fmt.Errorf("image %s: %w", image, err)
	}
	return nil
}

func (l layout) putBase(blobs layout, locked *bases.Platform, arch string) (*part, error) {
	var manifest v1.Manifest
	if err := blobs.readJSON(*locked.Manifest, &manifest); err != nil {
		return nil, fmt.Errorf("manifest %w", err)
	}
	if manifest.Config.Digest != *locked.Config || len(manifest.Layers) != len(locked.Layers) {
		return nil, fmt.Errorf("manifest %s: it is of another image than config %s; run release bases update", locked.Manifest, locked.Config)
	}
	var config v1.ConfigFile
	if err := blobs.readJSON(*locked.Config, &config); err != nil {
		return nil, fmt.Errorf("config %w", err)
	}
	if err := bases.CheckPlatform(config, arch); err != nil {
		return nil, fmt.Errorf("config %s: %w", locked.Config, err)
	}
	if len(config.RootFS.DiffIDs) != len(locked.Layers) {
		return nil, fmt.Errorf("config %s: it has %d layers, not %d; run release bases update", locked.Config, len(config.RootFS.DiffIDs), len(locked.Layers))
	}
	p := &part{OSVersion: config.OSVersion, History: config.History}
	kinds := map[string]byte{}
	for i, blob := range locked.Layers {
		if manifest.Layers[i].Digest != blob.Digest {
			return nil, fmt.Errorf("layer %s: the manifest has %s in its place; run release bases update", blob.Digest, manifest.Layers[i].Digest)
		}
		layer := Layer{blob.Digest, config.RootFS.DiffIDs[i], blob.Size, "base"}
		if err := l.linkLayer(blobs.blob(blob.Digest), layer, kinds); err != nil {
			return nil, fmt.Errorf("layer %s: %w", blob.Digest, err)
		}
		p.Layers = append(p.Layers, layer)
	}
	if links := linksFor(kinds); len(links) > 0 {
		layer, err := l.putLinks(links, func(folder string) bool { return kinds[folder] == 0 })
		if err != nil {
			return nil, err
		}
		p.Layers = append(p.Layers, layer)
	}
	return p, nil
}

// linkLayer checks a layer of a base, notes of which type its entries are, and links to it.
func (l layout) linkLayer(file string, layer Layer, kinds map[string]byte) error {
	content, err := os.Open(file)
	if err != nil {
		return err
	}
	defer content.Close()
	if err := bases.CheckLayer(content, layer.Size, layer.DiffID, func(archive io.Reader) error {
		return eachEntry(archive, func(name string, header *tar.Header, _ io.Reader) error {
			kinds[name] = header.Typeflag
			return nil
		})
	}); err != nil {
		return err
	}
	// It is megabytes that are there already, and stored once more in the end.
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return err
	}
	if file, err = filepath.Abs(file); err != nil {
		return err
	}
	return os.Symlink(file, l.blob(layer.Digest))
}

// linksFor returns the links that a base lacks, given the types of its entries.
func linksFor(kinds map[string]byte) map[string]string {
	links := map[string]string{}
	// A layer with the folder /bin would hide it where it is a link itself.
	if kinds["bin"] == tar.TypeDir {
		links["bin/glide"] = "../" + binaryFile
	}
	// Red Hat's programs look for roots in a place of their own.
	if kinds["etc/pki"] == tar.TypeDir {
		links["etc/pki/tls/certs/ca-bundle.crt"] = "../../../../" + rootsFile
	}
	return links
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
