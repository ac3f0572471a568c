// Package chart makes the Helm chart: the files of charts/glide that are generated from others of
// the source tree, and the archive that a release publishes, whose bytes depend on the tree and the
// digests of the images alone.
//
// values.yaml is where the values are written down: their order, defaults and meaning. The schema,
// by which Helm refuses wrong values, and the table of the chart's README are made of it.
package chart

import (
	"bytes"
	"fmt"
	"os"
	"regexp"

	"github.com/einstack/glide/internal/tree"
)

const (
	// Dir is the chart's folder in the source tree.
	Dir = "charts/glide"
	// Repository is where charts are published to: `helm install glide oci://REPOSITORY/glide`.
	Repository = "ghcr.io/einstack/charts"
	// Classic is where versions that are no candidates are listed in the form of old: `helm repo add glide CLASSIC`.
	Classic = "https://einstack.github.io/glide/charts"
)

// KustomizeFile is what test/chart renders of the chart for those who do not use Helm.
const KustomizeFile = "deploy/kustomize/glide.yaml"

const (
	metadataFile = Dir + "/Chart.yaml"
	valuesFile   = Dir + "/values.yaml"
)

var (
	versionLine = regexp.MustCompile(`(?m)^(version|appVersion): .*$`)
	// In what is rendered: the label and the tag of the image.
	versionLabel = regexp.MustCompile(`(?m)^( *app\.kubernetes\.io/version: ).*$`)
	versionTag   = regexp.MustCompile(`(?m)^( *image: [^:]+:)[0-9].*(-[a-z]+)$`)
)

// Metadata returns Chart.yaml with the tree's version.
func Metadata(t *tree.Tree) ([]byte, error) {
	text, err := os.ReadFile(t.Path(metadataFile))
	if err != nil {
		return nil, err
	}
	if found := len(versionLine.FindAll(text, -1)); found != 2 {
		return nil, fmt.Errorf("%s: has %d lines that begin with version: or appVersion:, not one of each", metadataFile, found)
	}
	return versionLine.ReplaceAll(text, []byte("$1: "+t.Version)), nil
}

// Kustomize returns the KustomizeFile with the tree's version.
func Kustomize(t *tree.Tree) ([]byte, error) {
	text, err := os.ReadFile(t.Path(KustomizeFile))
	if err != nil {
		return nil, err
	}
	text = versionLabel.ReplaceAll(text, []byte("${1}"+t.Version))
	return versionTag.ReplaceAll(text, []byte("${1}"+t.Version+"${2}")), nil
}

// Values returns the values of a source tree's chart.
func Values(t *tree.Tree) ([]Value, error) {
	text, err := os.ReadFile(t.Path(valuesFile))
	if err != nil {
		return nil, err
	}
	values, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", valuesFile, err)
	}
	return values, nil
}

// pin returns values.yaml with the digests of the images by flavor.
func pin(values []byte, digests map[string]string, flavors []string) ([]byte, error) {
	place := []byte("\n  digests: {}\n")
	if bytes.Count(values, place) != 1 {
		return nil, fmt.Errorf("%s: has no place for the digests of the images; add image.digests: {}", valuesFile)
	}
	var pins bytes.Buffer
	pins.WriteString("\n  digests:\n")
	for _, flavor := range flavors {
		fmt.Fprintf(&pins, "    %s: %s\n", flavor, digests[flavor])
	}
	return bytes.Replace(values, place, pins.Bytes(), 1), nil
}
