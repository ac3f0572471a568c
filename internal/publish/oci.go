package publish

import (
	"context"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/policy"
)

// An oci channel is the repository of the container images. The images of all platforms come first,
// by their digests, then the tags of the version, then what refers to the images, and last the tags
// that move.
type oci struct {
	release *Release
	place   string
}

func newOCI(r *Release, place string) (Channel, error) {
	_, err := newRepository(r, place)
	return &oci{r, place}, err
}

func (o *oci) Name() string  { return "oci" }
func (o *oci) Place() string { return o.place }

func (o *oci) Plan(ctx context.Context) ([]Stage, error) {
	if len(o.release.For("oci")) == 0 {
		return nil, nil
	}
	// It remembers failures, so there is a new one for each look.
	repo, err := newRepository(o.release, o.place)
	if err != nil {
		return nil, err
	}
	tags, err := repo.tags(ctx)
	if err != nil {
		return nil, err
	}
	places, err := o.release.places(tags)
	if err != nil {
		return nil, err
	}
	images, err := layout.ImageIndexFromPath(o.release.path(manifest.ImagesDir))
	if err != nil {
		return nil, err
	}
	referrers, err := referrersIn(images)
	if err != nil {
		return nil, err
	}

	var platforms, versions, documents, moving []glance
	for _, artifact := range o.release.For("oci") {
		tagged, err := images.ImageIndex(v1.Hash{Algorithm: "sha256", Hex: artifact.SHA256})
		if err != nil {
			return nil, err
		}
		for _, platform := range artifact.Platforms {
			label := artifact.Name + " " + platform.Platform
			image, err := tagged.Image(platform.Digest)
			if err != nil {
				return nil, err
			}
			platforms = append(platforms, func(ctx context.Context) (Item, error) {
				return repo.image(ctx, label, repo.Digest(platform.Digest.String()), image)
			})
			if document, ok := referrers[platform.Digest]; ok {
				documents = append(documents, func(ctx context.Context) (Item, error) {
					return repo.referrer(ctx, label+", bill of materials", platform.Digest, document)
				})
			}
		}
		for _, tag := range tagsOf(places, strings.TrimPrefix(artifact.Name, o.release.Version+"-")) {
			if tag == o.release.Version || strings.HasPrefix(tag, o.release.Version+"-") {
				versions = append(versions, func(ctx context.Context) (Item, error) { return repo.tag(ctx, tag, tagged, false) })
			} else {
				moving = append(moving, func(ctx context.Context) (Item, error) { return repo.tag(ctx, tag, tagged, true) })
			}
		}
	}
	return look(ctx, platforms, versions, documents, moving)
}

// tagsOf returns the tags of a distro's images.
func tagsOf(places policy.Channels, distro string) []string {
	var tags []string
	for _, form := range places.ImageTags {
		tags = append(tags, strings.ReplaceAll(form, "{distro}", distro))
	}
	if distro == policy.DefaultDistro {
		tags = append(tags, places.DefaultTags...)
	}
	return tags
}

// referrersIn returns what refers to the images of a layout, by their digests. The layout has it as the
// index that OCI gives registries without lists of referrers.
func referrersIn(images v1.ImageIndex) (map[v1.Hash]v1.Image, error) {
	list, err := images.IndexManifest()
	if err != nil {
		return nil, err
	}
	found := map[v1.Hash]v1.Image{}
	for _, descriptor := range list.Manifests {
		subject, ok := strings.CutPrefix(descriptor.Annotations["org.opencontainers.image.ref.name"], "sha256-")
		if !ok {
			continue
		}
		of, err := images.ImageIndex(descriptor.Digest)
		if err != nil {
			return nil, err
		}
		listed, err := of.IndexManifest()
		if err != nil {
			return nil, err
		}
		for _, referrer := range listed.Manifests {
			if found[v1.Hash{Algorithm: "sha256", Hex: subject}], err = of.Image(referrer.Digest); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}
