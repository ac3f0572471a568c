package publish

import (
	"context"
	"fmt"
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

	var platforms, versions, documents, moving Stage
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
			item, err := repo.image(ctx, label, repo.Digest(platform.Digest.String()), image)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", label, err)
			}
			platforms = append(platforms, item)
			document, ok := referrers[platform.Digest]
			if !ok {
				continue
			}
			if item, err = repo.referrer(ctx, label+", bill of materials", platform.Digest, document); err != nil {
				return nil, fmt.Errorf("%s: %w", label, err)
			}
			documents = append(documents, item)
		}
		for _, tag := range tagsOf(places, strings.TrimPrefix(artifact.Name, o.release.Version+"-")) {
			moves := tag != o.release.Version && !strings.HasPrefix(tag, o.release.Version+"-")
			item, err := repo.tag(ctx, tag, tagged, moves)
			if err != nil {
				return nil, fmt.Errorf("tag %s: %w", tag, err)
			}
			if moves {
				moving = append(moving, item)
			} else {
				versions = append(versions, item)
			}
		}
	}
	return []Stage{platforms, versions, documents, moving}, nil
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
