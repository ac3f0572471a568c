package image

import (
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/sbom"
	"github.com/einstack/glide/internal/tree"
)

const (
	sbomType  types.MediaType = "application/vnd.cyclonedx+json"
	emptyType types.MediaType = "application/vnd.oci.empty.v1+json"
)

// describe stores the bill of materials of an image, and refers from it to the image: by a
// manifest with the image as its subject, and for registries without the referrers API by an
// index under the tag that OCI gives for that.
func (b *Builder) describe(m *made, locked *bases.Platform) error {
	bill, err := b.bill(*m, locked)
	if err != nil {
		return err
	}
	if m.sbom, err = b.out.put(sbomType, bill.CycloneDX); err != nil {
		return err
	}
	empty, err := b.out.putJSON(emptyType, struct{}{})
	if err != nil {
		return err
	}
	subject := m.manifest
	subject.Platform = nil
	created := map[string]string{"org.opencontainers.image.created": b.created()}
	referrer, err := b.out.putJSON(types.OCIManifestSchema1, v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		ArtifactType:  string(sbomType),
		Config:        empty,
		Layers:        []v1.Descriptor{m.sbom},
		Subject:       &subject,
		Annotations:   created,
	})
	if err != nil {
		return err
	}
	referrer.ArtifactType = string(sbomType)
	referrer.Annotations = created
	index, err := b.out.putJSON(types.OCIImageIndex, v1.IndexManifest{
		SchemaVersion: 2,
		MediaType:     types.OCIImageIndex,
		Manifests:     []v1.Descriptor{referrer},
	})
	m.referrer = named(index, strings.Replace(m.manifest.Digest.String(), ":", "-", 1))
	return err
}

// bill lists what is in an image that this release put there, and the base that it stands on.
func (b *Builder) bill(m made, locked *bases.Platform) (*sbom.Bill, error) {
	binary, err := sbom.Binary(b.Kit, m.image.Target)
	if err != nil {
		return nil, err
	}
	data := b.parts[dataPart].Data
	roots := sbom.Module(rootsModule, data.Roots)
	roots.Kind, roots.Description, roots.License = sbom.Data, "Mozilla's CA roots, in /"+rootsFile, "MPL-2.0"
	zones := sbom.Component{
		Kind: sbom.Data, Name: "tzdata", Version: data.Zones,
		Description: "Time zones of IANA, in /usr/share/zoneinfo",
	}
	tag := Tag(b.Kit.Tree, m.image.Distro)
	image := sbom.Component{
		Kind:        sbom.Container,
		Name:        tree.Images,
		Version:     tag,
		Description: "Image for " + m.manifest.Platform.String(),
		URL:         ociURL(tree.Images, tag, m.manifest.Digest),
		SHA256:      m.manifest.Digest.Hex,
		Parts:       []sbom.Component{binary, roots, zones},
	}
	if locked != nil {
		name, version, _ := strings.Cut(b.Lock[m.image.Distro].Name, ":")
		image.Parts = append(image.Parts, sbom.Component{
			Kind: sbom.Container, Name: name, Version: version,
			Description: "Base image, with the components that it lists itself",
			URL:         ociURL(name, version, *locked.Manifest),
			SHA256:      locked.Manifest.Hex,
		})
	}
	return &sbom.Bill{Component: image, File: tag, Date: b.Kit.Tree.Date}, nil
}

func ociURL(repository, tag string, digest v1.Hash) string {
	name := repository[strings.LastIndex(repository, "/")+1:]
	return "pkg:oci/" + name + "@" + strings.Replace(digest.String(), ":", "%3A", 1) +
		"?repository_url=" + strings.ReplaceAll(repository, "/", "%2F") + "&tag=" + tag
}
