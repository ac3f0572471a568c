package manifest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"go.yaml.in/yaml/v4"
)

// The media types by which Helm knows a chart in a registry.
const (
	chartConfigType types.MediaType = "application/vnd.cncf.helm.config.v1+json"
	chartLayerType  types.MediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// A Chart is a packaged Helm chart in the form in which registries have it. Its manifest has no date
// of its making, unlike one that `helm push` writes, so that its digest is known before.
type Chart struct {
	Metadata map[string]any // of its Chart.yaml
	content  v1.Layer
	config   []byte
	manifest []byte
}

// ReadChart reads a packaged chart.
func ReadChart(file string) (*Chart, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := &Chart{content: static.NewLayer(content, chartLayerType)}
	if c.Metadata, err = chartMetadata(content); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if c.config, err = json.Marshal(c.Metadata); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	config, size, err := v1.SHA256(bytes.NewReader(c.config))
	if err != nil {
		return nil, err
	}
	layer, err := partial.Descriptor(c.content)
	if err != nil {
		return nil, err
	}
	annotations := map[string]string{}
	for key, annotation := range map[string]string{
		"name":        "org.opencontainers.image.title",
		"version":     "org.opencontainers.image.version",
		"description": "org.opencontainers.image.description",
		"home":        "org.opencontainers.image.url",
	} {
		if value, ok := c.Metadata[key].(string); ok {
			annotations[annotation] = value
		}
	}
	c.manifest, err = json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		Config:        v1.Descriptor{MediaType: chartConfigType, Digest: config, Size: size},
		Layers:        []v1.Descriptor{*layer},
		Annotations:   annotations,
	})
	return c, err
}

// Image returns the chart as what a registry stores.
func (c *Chart) Image() (v1.Image, error) { return partial.CompressedToImage(c) }

// RawManifest returns the manifest.
func (c *Chart) RawManifest() ([]byte, error) { return c.manifest, nil }

// RawConfigFile returns Chart.yaml as JSON.
func (c *Chart) RawConfigFile() ([]byte, error) { return c.config, nil }

// MediaType returns the type of the manifest.
func (c *Chart) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// LayerByDigest returns the packaged chart.
func (c *Chart) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	if own, err := c.content.Digest(); err != nil || own != digest {
		return partial.ConfigLayer(c)
	}
	return c.content, nil
}

// chartMetadata returns what Chart.yaml of a packaged chart says.
func chartMetadata(packed []byte) (map[string]any, error) {
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(plain); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it has no Chart.yaml")
		}
		if err != nil {
			return nil, err
		}
		if ok, _ := path.Match("*/Chart.yaml", filepath.ToSlash(header.Name)); !ok {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		var metadata map[string]any
		err = yaml.Unmarshal(text, &metadata)
		return metadata, err
	}
}
