package image

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A part is a folder with layers that images are put together from. They are packed, hashed and
// checked when the part is made, whatever number of images they are in and of builds that follow.
// The blobs are in it as in a layout; the file partFile holds the rest.
type part struct {
	Layers []Layer   `json:"layers"` // the lowest first
	Data   *versions `json:"data,omitempty"`
	// Config says how a program starts.
	Config *v1.Config `json:"config,omitempty"`
	// OSVersion and History are of a base.
	OSVersion string       `json:"osVersion,omitempty"`
	History   []v1.History `json:"history,omitempty"`
}

const partFile = "part.json"

// Names of the parts that all images have. The others are called as the target of the binary,
// "linux-arm64", and as the image whose base it is, "alpine-arm64".
const (
	skeletonPart = "skeleton"
	dataPart     = "data"
)

// A Layer is a layer of an image.
type Layer struct {
	Digest v1.Hash `json:"digest"`
	DiffID v1.Hash `json:"diffID"`
	Size   int64   `json:"size"`   // compressed, bytes
	Origin string  `json:"origin"` // base, skeleton, link, data or binary
}

func (l Layer) descriptor() v1.Descriptor {
	return v1.Descriptor{MediaType: types.OCILayer, Digest: l.Digest, Size: l.Size}
}

// versions says what is in the data layer.
type versions struct {
	Roots string `json:"roots"` // version of the module with the CA roots
	Zones string `json:"zones"` // release of the time zones, such as "2025c"
}

// writePart makes a part in the new folder out.
func writePart(out string, fill func(l layout) (*part, error)) error {
	return writeWhole(out, ".", func(scratch string) error {
		l, err := newLayout(scratch)
		if err != nil {
			return err
		}
		p, err := fill(l)
		if err != nil {
			return err
		}
		return l.writeJSON(partFile, p)
	})
}

// takePart reads a part and stores its layers in the layout.
func (l layout) takePart(dir string) (*part, error) {
	p, err := readPart(dir)
	if err != nil {
		return nil, err
	}
	for _, layer := range p.Layers {
		if _, err := l.putFile(types.OCILayer, layout{dir}.blob(layer.Digest), layer.Digest); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func readPart(dir string) (*part, error) {
	file := filepath.Join(dir, partFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var p part
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &p, nil
}
