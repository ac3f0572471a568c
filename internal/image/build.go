// Package image makes container images: it packs the layers that dockerTools made, puts them onto the
// bases of the lock, and all images of a release into one OCI image layout, with an index for each
// tag and a bill of materials for each image. Nothing in it depends on the machine or the clock, so
// that digests are known before anything is pushed.
package image

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// A Builder makes the images of a source tree.
type Builder struct {
	// Kit has the tree, and for the bills of materials the binaries and their licences.
	Kit  *pack.Kit
	Lock bases.Lock
	// Parts is a folder with the parts: "skeleton", "data", that of each target's binary, such as
	// "linux-arm64", and that of each image's base, such as "alpine-arm64".
	Parts string
	// Revision is the commit of the source tree, empty if it is unknown.
	Revision string

	out   layout
	parts map[string]*part
}

// made is one image in the layout.
type made struct {
	image    tree.Image
	manifest v1.Descriptor // with its platform
	config   v1.Descriptor
	layers   []Layer
	sbom     v1.Descriptor
	referrer v1.Descriptor
}

// Build writes the layout with all images that the lock allows to the new folder out. It is
// there only if it is complete.
func (b *Builder) Build(ctx context.Context, out string) error {
	return writeWhole(out, ".", func(scratch string) error {
		images, err := b.make(ctx, scratch, b.Lock.Built(b.Kit.Tree.Matrix.Images()))
		if err != nil {
			return err
		}
		return b.index(images)
	})
}

// writeWhole moves what a function has written under a name in a new folder to out, once it is
// complete.
func writeWhole(out, name string, write func(scratch string) error) error {
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s is there already; remove it or name another place", out)
	}
	scratch, err := os.MkdirTemp(filepath.Dir(out), ".images-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if err := os.Chmod(scratch, 0o755); err != nil {
		return err
	}
	if err := write(scratch); err != nil {
		return err
	}
	return os.Rename(filepath.Join(scratch, name), out)
}

// make stores images in a new layout.
func (b *Builder) make(ctx context.Context, dir string, images []tree.Image) ([]made, error) {
	var err error
	if b.out, err = newLayout(dir); err != nil {
		return nil, err
	}
	if err := b.takeParts(ctx, images); err != nil {
		return nil, err
	}
	results := make([]made, len(images))
	for i, image := range images {
		if results[i], err = b.image(image); err != nil {
			return nil, fmt.Errorf("image %s: %w", image, err)
		}
	}
	return results, nil
}

// takeParts reads the parts of all images and stores their layers, each once.
func (b *Builder) takeParts(ctx context.Context, images []tree.Image) error {
	b.parts = map[string]*part{skeletonPart: nil, dataPart: nil}
	for _, image := range images {
		b.parts[image.Target.Name()] = nil
		if b.standsOnBase(image) {
			b.parts[image.Name()] = nil
		}
	}
	names := slices.Sorted(maps.Keys(b.parts))
	parts := make([]*part, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() (err error) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			parts[i], err = b.out.takePart(filepath.Join(b.Parts, name))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, name := range names {
		b.parts[name] = parts[i]
	}
	if b.parts[dataPart].Data == nil {
		return fmt.Errorf("%s: it is no part with data", filepath.Join(b.Parts, dataPart))
	}
	return nil
}

func (b *Builder) standsOnBase(image tree.Image) bool {
	_, ok := b.Lock[image.Distro]
	return ok
}

func (b *Builder) image(image tree.Image) (made, error) {
	locked, err := b.Lock.Platform(image)
	if err != nil {
		return made{}, err
	}
	t, binary := b.Kit.Tree, b.parts[image.Target.Name()]
	if binary.Config == nil {
		return made{}, fmt.Errorf("%s: it does not say how a program starts", filepath.Join(b.Parts, image.Target.Name()))
	}
	under := b.parts[skeletonPart]
	if locked != nil {
		under = b.parts[image.Name()]
	}
	config := v1.ConfigFile{
		Created:      v1.Time{Time: t.Date},
		OS:           "linux",
		OSVersion:    under.OSVersion,
		Architecture: image.Target.Arch,
		Variant:      variants[image.Target.Arch],
		Config:       *binary.Config,
		RootFS:       v1.RootFS{Type: "layers"},
		History:      slices.Clone(under.History),
	}
	config.Config.Labels = b.annotations(image, locked)
	layers := slices.Concat(under.Layers, b.parts[dataPart].Layers, binary.Layers)
	for _, layer := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, layer.DiffID)
		if layer.Origin != "base" {
			config.History = append(config.History, v1.History{Created: config.Created, CreatedBy: "glide: " + layer.Origin})
		}
	}

	stored, err := b.out.putJSON(types.OCIConfigJSON, config)
	if err != nil {
		return made{}, err
	}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: stored, Annotations: config.Config.Labels}
	for _, layer := range layers {
		manifest.Layers = append(manifest.Layers, layer.descriptor())
	}
	m := made{image: image, config: stored, layers: layers}
	if m.manifest, err = b.out.putJSON(types.OCIManifestSchema1, manifest); err != nil {
		return made{}, err
	}
	m.manifest.Platform = &v1.Platform{OS: "linux", Architecture: config.Architecture, Variant: config.Variant}
	return m, b.describe(&m, locked)
}

// variants are the variants of architectures, as container engines call them.
var variants = map[string]string{"arm64": "v8"}

// Tag returns the tag of a distro's images, such as "0.1.0-rc.1-alpine".
func Tag(t *tree.Tree, distro string) string {
	return t.Version + "-" + distro
}

// annotations returns what an image says of itself, as OCI names it. They are its labels too,
// since docker shows only those.
func (b *Builder) annotations(image tree.Image, locked *bases.Platform) map[string]string {
	a := map[string]string{
		"org.opencontainers.image.title":         "Glide",
		"org.opencontainers.image.description":   "LLM gateway that starts in one command anywhere",
		"org.opencontainers.image.url":           "https://" + tree.Module,
		"org.opencontainers.image.source":        "https://" + tree.Module,
		"org.opencontainers.image.documentation": "https://" + tree.Module + "/blob/v" + b.Kit.Tree.Version + "/docs/images.md",
		"org.opencontainers.image.vendor":        "EinStack",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.version":       b.Kit.Tree.Version,
		"org.opencontainers.image.created":       b.created(),
	}
	if b.Revision != "" {
		a["org.opencontainers.image.revision"] = b.Revision
	}
	if locked != nil {
		a["org.opencontainers.image.base.name"] = b.Lock[image.Distro].Name
		a["org.opencontainers.image.base.digest"] = locked.Manifest.String()
	}
	return a
}

// created returns the source date as OCI writes it.
func (b *Builder) created() string {
	return b.Kit.Tree.Date.Format(time.RFC3339)
}

// index writes an index for each tag, and the lists of the layout.
func (b *Builder) index(images []made) error {
	var list List
	var manifests, referrers []v1.Descriptor
	for _, distro := range distrosOf(images) {
		index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
		tag := Tag(b.Kit.Tree, distro)
		listed := ListedTag{Tag: tag, Distro: distro}
		for _, m := range images {
			if m.image.Distro != distro {
				continue
			}
			index.Manifests = append(index.Manifests, m.manifest)
			index.Annotations = b.annotations(m.image, nil)
			listed.Platforms = append(listed.Platforms, m.list())
			referrers = append(referrers, m.referrer)
		}
		if base, ok := b.Lock[distro]; ok {
			index.Annotations["org.opencontainers.image.base.name"] = base.Name
			index.Annotations["org.opencontainers.image.base.digest"] = base.Index.String()
		}
		stored, err := b.out.putJSON(types.OCIImageIndex, index)
		if err != nil {
			return err
		}
		listed.Digest, listed.Size = stored.Digest, stored.Size
		list.Tags = append(list.Tags, listed)
		manifests = append(manifests, named(stored, tag))
	}
	list.Repository = tree.Images
	list.Refused = b.refused()
	err := b.out.writeIndex(append(manifests, referrers...))
	return errors.Join(err, b.out.writeJSON(ListFile, list))
}

// named returns a descriptor with the names by which tools find it in a layout.
func named(d v1.Descriptor, tag string) v1.Descriptor {
	d.Annotations = map[string]string{
		"org.opencontainers.image.ref.name": tag,
		"io.containerd.image.name":          tree.Images + ":" + tag,
	}
	return d
}

func distrosOf(images []made) []string {
	var distros []string
	for _, m := range images {
		distros = append(distros, m.image.Distro)
	}
	return slices.Compact(distros)
}
