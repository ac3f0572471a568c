package bases

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/einstack/glide/internal/tree"
)

// Resolve returns the lock of what the matrix's bases are now. It reads every byte of them and
// checks it against its digest, and the platform that is said in each image itself.
func (r *Registry) Resolve(ctx context.Context, m tree.Matrix) (Lock, error) {
	lock := Lock{}
	var errs []error
	for _, distro := range slices.Sorted(maps.Keys(m.Distros)) {
		if m.Distros[distro].Base == "" {
			continue
		}
		base, err := r.resolve(ctx, m, distro)
		errs = append(errs, err)
		lock[distro] = base
	}
	return lock, errors.Join(errs...)
}

// Moved returns a line for each base whose tag no longer means what the lock says.
func (r *Registry) Moved(ctx context.Context, m tree.Matrix, lock Lock) ([]string, error) {
	var moved []string
	var errs []error
	for _, distro := range slices.Sorted(maps.Keys(lock)) {
		tag, _, err := r.repositories(m.Distros[distro])
		if err != nil {
			errs = append(errs, fmt.Errorf("images of %s: %w", distro, err))
			continue
		}
		now, err := remote.Get(tag, r.options(ctx)...)
		if err != nil {
			errs = append(errs, fmt.Errorf("images of %s: %s: %w", distro, tag, err))
			continue
		}
		if now.Digest != lock[distro].Index {
			moved = append(moved, fmt.Sprintf("%s: %s moved from %s to %s", distro, lock[distro].Name, lock[distro].Index, now.Digest))
		}
	}
	return moved, errors.Join(errs...)
}

func (r *Registry) resolve(ctx context.Context, m tree.Matrix, distro string) (Base, error) {
	base := Base{Name: m.Distros[distro].Base, Platforms: map[string]Platform{}}
	tag, repositories, err := r.repositories(m.Distros[distro])
	if err != nil {
		return base, fmt.Errorf("images of %s: %w", distro, err)
	}
	found, err := remote.Get(tag, r.options(ctx)...)
	if err != nil {
		return base, fmt.Errorf("images of %s: %s: %w", distro, tag, err)
	}
	base.Index = found.Digest
	manifests, err := manifestsOf(found)
	if err != nil {
		return base, fmt.Errorf("images of %s: %s: %w", distro, tag, err)
	}

	var errs []error
	for _, image := range m.Images() {
		if image.Distro != distro {
			continue
		}
		arch := image.Target.Arch
		at := slices.IndexFunc(manifests, func(d v1.Descriptor) bool {
			return d.Platform != nil && d.Platform.OS == "linux" && d.Platform.Architecture == arch
		})
		if at < 0 {
			base.Platforms[arch] = Platform{Refused: "the base has no linux/" + arch}
			continue
		}
		platform, err := r.platform(ctx, repositories, arch, manifests[at].Digest)
		if err != nil {
			errs = append(errs, fmt.Errorf("image %s: %s@%w", image, tag.Context().Name(), err))
			continue
		}
		base.Platforms[arch] = platform
	}
	return base, errors.Join(errs...)
}

// manifestsOf returns the manifests of an index.
func manifestsOf(found *remote.Descriptor) ([]v1.Descriptor, error) {
	if !found.MediaType.IsIndex() {
		return nil, fmt.Errorf("%s is the image of one platform; name a tag of all platforms", found.Digest)
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(found.Manifest))
	if err != nil {
		return nil, err
	}
	return index.Manifests, nil
}

// platform reads the image with a manifest, which must be for linux and arch.
func (r *Registry) platform(ctx context.Context, repositories []name.Repository, arch string, digest v1.Hash) (Platform, error) {
	found, err := r.manifest(ctx, repositories, digest)
	if err != nil {
		return Platform{}, fmt.Errorf("%s: %w", digest, err)
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(found.Manifest))
	if err != nil {
		return Platform{}, fmt.Errorf("%s: %w", digest, err)
	}

	platform := Platform{Manifest: &digest, Config: &manifest.Config.Digest}
	var config v1.ConfigFile
	err = r.blob(ctx, repositories, manifest.Config.Digest, func(content io.Reader) error {
		text, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		config = v1.ConfigFile{}
		return json.Unmarshal(text, &config)
	})
	if err != nil {
		return Platform{}, fmt.Errorf("%s: config %s: %w", digest, manifest.Config.Digest, err)
	}
	if err := CheckPlatform(config, arch); err != nil {
		return Platform{}, fmt.Errorf("%s: config %s: %w", digest, manifest.Config.Digest, err)
	}
	if len(config.RootFS.DiffIDs) != len(manifest.Layers) {
		return Platform{}, fmt.Errorf("%s: config %s has %d layers, but the manifest %d",
			digest, manifest.Config.Digest, len(config.RootFS.DiffIDs), len(manifest.Layers))
	}

	for i, layer := range manifest.Layers {
		err := r.checkLayer(ctx, repositories, layer, config.RootFS.DiffIDs[i])
		if err != nil {
			return Platform{}, fmt.Errorf("%s: layer %s: %w", digest, layer.Digest, err)
		}
		platform.Layers = append(platform.Layers, Blob{layer.Digest, layer.Size})
	}
	return platform, nil
}

// CheckPlatform fails unless a configuration is of an image for linux and a GOARCH. The one that
// an index names may be another.
func CheckPlatform(config v1.ConfigFile, arch string) error {
	if config.OS != "linux" || config.Architecture != arch {
		return fmt.Errorf("it is for %s/%s, not for linux/%s", config.OS, config.Architecture, arch)
	}
	return nil
}

// checkLayer reads a layer and compares its size and that of what is packed in it.
func (r *Registry) checkLayer(ctx context.Context, repositories []name.Repository, layer v1.Descriptor, diffID v1.Hash) error {
	if layer.MediaType != types.DockerLayer && layer.MediaType != types.OCILayer {
		return fmt.Errorf("it is %s; only gzipped layers are understood", layer.MediaType)
	}
	return r.blob(ctx, repositories, layer.Digest, func(content io.Reader) error {
		return CheckLayer(content, layer.Size, diffID, nil)
	})
}

// CheckLayer reads a gzipped layer to its end and fails unless it has a size and holds a tar
// archive with a digest. A visit, if there is one, gets that archive too.
func CheckLayer(content io.Reader, size int64, diffID v1.Hash, visit func(io.Reader) error) error {
	counted := &counter{Reader: content}
	unpacked, err := gzip.NewReader(counted)
	if err != nil {
		return err
	}
	h := sha256.New()
	plain := io.TeeReader(unpacked, h)
	if visit != nil {
		if err := visit(plain); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, plain); err != nil {
		return err
	}
	// The reader of the registry compares the digest at the end.
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return err
	}
	if counted.n != size {
		return fmt.Errorf("it has %d bytes, not %d", counted.n, size)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != diffID.Hex {
		return fmt.Errorf("what is packed in it is sha256:%s, not %s", got, diffID)
	}
	return nil
}

type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}
