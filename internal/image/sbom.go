package image

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"io"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/tree"
)

const (
	sbomType  types.MediaType = "application/vnd.cyclonedx+json"
	emptyType types.MediaType = "application/vnd.oci.empty.v1+json"
)

// describe stores the bill of materials of an image, and refers from it to the image: by a
// manifest with the image as its subject, and for registries without the referrers API by an
// index under the tag that OCI gives for that.
func (b *Builder) describe(m *made, p *program, locked *bases.Platform) error {
	bom, err := b.bom(*m, p, locked)
	if err != nil {
		return err
	}
	m.sbom, err = b.out.put(sbomType, func(w io.Writer) error {
		encoder := cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON)
		return encoder.SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	})
	if err != nil {
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

// bom lists what is in an image that this release put there, and the base that it stands on.
func (b *Builder) bom(m made, p *program, locked *bases.Platform) (*cyclonedx.BOM, error) {
	info, err := buildinfo.Read(bytes.NewReader(p.binary))
	if err != nil {
		return nil, fmt.Errorf("/%s: %w", binaryFile, err)
	}
	tag := Tag(b.Tree, m.image.Distro)
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: b.created(),
		Component: &cyclonedx.Component{
			BOMRef:     "image",
			Type:       cyclonedx.ComponentTypeContainer,
			Name:       tree.Images,
			Version:    tag,
			PackageURL: ociURL(tree.Images, m.manifest.Digest) + "&tag=" + tag,
			Properties: &[]cyclonedx.Property{{Name: "oci:image:platform", Value: m.manifest.Platform.String()}},
		},
	}

	components := []cyclonedx.Component{
		{
			Type:       cyclonedx.ComponentTypeApplication,
			Name:       "glide",
			Version:    b.Tree.Version,
			PackageURL: "pkg:golang/" + tree.Module + "@v" + b.Tree.Version,
			Hashes:     &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(p.binary))}},
			Licenses:   &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
		},
		module("std", strings.TrimPrefix(info.GoVersion, "go"), ""),
	}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		components = append(components, module(dep.Path, dep.Version, dep.Sum))
	}
	roots := module(rootsModule, p.data.roots, "")
	roots.Type, roots.Description = cyclonedx.ComponentTypeData, "Mozilla's CA roots, in /"+rootsFile
	zones := cyclonedx.Component{
		Type: cyclonedx.ComponentTypeData, Name: "tzdata", Version: p.data.zones,
		Description: "Time zones of IANA, in /usr/share/zoneinfo",
	}
	components = append(components, roots, zones)
	if locked != nil {
		name, version, _ := strings.Cut(b.Lock[m.image.Distro].Name, ":")
		components = append(components, cyclonedx.Component{
			Type: cyclonedx.ComponentTypeContainer, Name: name, Version: version,
			Description: "Base image, with the components that it lists itself",
			PackageURL:  ociURL(name, *locked.Manifest) + "&tag=" + version,
			Hashes:      &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: locked.Manifest.Hex}},
		})
	}
	for i := range components {
		components[i].BOMRef = fmt.Sprintf("%s@%s", components[i].Name, components[i].Version)
	}
	bom.Components = &components
	return bom, nil
}

// module returns a Go module with its checksum as in go.sum, which is no hash of a file.
func module(path, version, sum string) cyclonedx.Component {
	c := cyclonedx.Component{
		Type:       cyclonedx.ComponentTypeLibrary,
		Name:       path,
		Version:    version,
		PackageURL: "pkg:golang/" + path + "@" + version,
	}
	if sum != "" {
		c.Properties = &[]cyclonedx.Property{{Name: "go:sum", Value: sum}}
	}
	return c
}

func ociURL(repository string, digest v1.Hash) string {
	name := repository[strings.LastIndex(repository, "/")+1:]
	return "pkg:oci/" + name + "@" + strings.Replace(digest.String(), ":", "%3A", 1) + "?repository_url=" + strings.ReplaceAll(repository, "/", "%2F")
}
