package image

import v1 "github.com/google/go-containerregistry/pkg/v1"

// ListFile is the name of the file beside a layout that lists what is in it.
const ListFile = "images.json"

// A List is the content of the ListFile.
type List struct {
	Repository string          `json:"repository"` // where the tags are published
	Tags       []ListedTag     `json:"tags"`
	Refused    []RefusedImages `json:"refused"`
}

// A ListedTag is a tag and its index.
type ListedTag struct {
	Tag       string        `json:"tag"`
	Distro    string        `json:"distro"`
	Digest    v1.Hash       `json:"digest"`
	Size      int64         `json:"size"` // of the index itself, bytes
	Platforms []ListedImage `json:"platforms"`
}

// A ListedImage is the image of one platform.
type ListedImage struct {
	Platform string  `json:"platform"` // such as "linux/arm64/v8"
	Target   string  `json:"target"`   // such as "linux-arm64"
	Digest   v1.Hash `json:"digest"`   // of the manifest
	Size     int64   `json:"size"`     // of the manifest itself, bytes
	Config   v1.Hash `json:"config"`
	SBOM     v1.Hash `json:"sbom"` // of the document
	Layers   []Layer `json:"layers"`
}

// RefusedImages is an image that is not made.
type RefusedImages struct {
	Image  string `json:"image"` // such as "ubuntu/386"
	Reason string `json:"reason"`
}

func (m made) list() ListedImage {
	return ListedImage{
		Platform: m.manifest.Platform.String(),
		Target:   m.image.Target.Name(),
		Digest:   m.manifest.Digest,
		Size:     m.manifest.Size,
		Config:   m.config.Digest,
		SBOM:     m.sbom.Digest,
		Layers:   m.layers,
	}
}

func (b *Builder) refused() []RefusedImages {
	refused := []RefusedImages{}
	for _, image := range b.Kit.Tree.Matrix.Images() {
		if _, err := b.Lock.Platform(image); err != nil {
			refused = append(refused, RefusedImages{image.String(), err.Error()})
		}
	}
	return refused
}
