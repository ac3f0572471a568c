// Package manifest is what a release says of itself: release.json, a list of every artifact with its
// digest and the channels that it goes to. It puts a release's folder together, and reads it again.
//
// Nothing in a manifest depends on git, the clock or the machine, so that whoever makes the release
// again gets the same bytes. The commit is named by the tag, and by the images' annotations.
package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/einstack/glide/internal/dist"
)

// Names in a release's folder.
const (
	File      = "release.json"
	ImagesDir = "images" // an OCI layout, with images.json
	// SignatureFile is the signature of the sums, made when the release is published.
	SignatureFile = dist.SumsFile + ".sigstore.json"
)

// A Manifest is the content of release.json.
type Manifest struct {
	Version   string     `json:"version" pattern:"^[0-9]+\\.[0-9]+\\.[0-9]+(-rc\\.[1-9][0-9]*)?$" doc:"semantic version; the tag is v and this"`
	Date      string     `json:"date" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" doc:"day that CHANGELOG.md gives the version; every date inside artifacts"`
	Go        string     `json:"go" doc:"version of the Go toolchain that compiled the binaries"`
	Source    string     `json:"source" doc:"repository of the source"`
	Images    string     `json:"images" doc:"repository of the container images"`
	Artifacts []Artifact `json:"artifacts" doc:"every artifact, sorted by kind and name"`
}

// An Artifact is one thing that is released.
type Artifact struct {
	Name      string     `json:"name" doc:"file in the release's folder, or tag of an image"`
	Kind      string     `json:"kind" doc:"what it is, such as archive, deb or image"`
	Platform  string     `json:"platform,omitempty" doc:"target such as linux/arm64, if it is of one alone"`
	MediaType string     `json:"mediaType" doc:"media type"`
	Size      int64      `json:"size" doc:"bytes; of an image, those of its index"`
	SHA256    string     `json:"sha256" pattern:"^[0-9a-f]{64}$" doc:"digest, hexadecimal; of an image, that of its index"`
	OCI       string     `json:"oci,omitempty" pattern:"^sha256:[0-9a-f]{64}$" doc:"digest of the manifest by which a registry has it, if that is another"`
	Platforms []Platform `json:"platforms,omitempty" doc:"what an image's index lists"`
	Channels  []string   `json:"channels" doc:"channels that it goes to"`
}

// A Platform is the image of one platform.
type Platform struct {
	Platform string  `json:"platform" doc:"as OCI names it, such as linux/arm64/v8"`
	Digest   v1.Hash `json:"digest" doc:"of the image's manifest"`
	Size     int64   `json:"size" doc:"of the manifest, bytes"`
	SBOM     v1.Hash `json:"sbom" doc:"of its bill of materials, which refers to the image"`
}

// Tag returns the git tag of the release.
func (m *Manifest) Tag() string { return "v" + m.Version }

// For returns the artifacts that go to a channel.
func (m *Manifest) For(channel string) []Artifact {
	return slices.DeleteFunc(slices.Clone(m.Artifacts), func(a Artifact) bool { return !slices.Contains(a.Channels, channel) })
}

// encode returns the manifest as it is written.
func (m *Manifest) encode() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(m)
	return text.Bytes(), err
}

// Read reads the manifest of a release's folder and checks its form.
func Read(dir string) (*Manifest, error) {
	file := filepath.Join(dir, File)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w; make a release by nix build .#release or release assemble", err)
	}
	m, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// Parse reads a manifest. Its error joins everything that is wrong.
func Parse(text []byte) (*Manifest, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	m := &Manifest{}
	if err := decoder.Decode(m); err != nil {
		return nil, err
	}
	return m, m.validate()
}

func (m *Manifest) validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if m.Version == "" || m.Date == "" || m.Go == "" || m.Source == "" || m.Images == "" {
		fail("version, date, go, source and images must not be empty")
	}
	seen := map[string]bool{}
	for _, a := range m.Artifacts {
		switch {
		case a.Name == "" || a.Kind == "" || a.MediaType == "" || len(a.Channels) == 0:
			fail("artifact %q: name, kind, mediaType and channels must not be empty", a.Name)
		case filepath.Base(a.Name) != a.Name || strings.HasPrefix(a.Name, "."):
			fail("artifact %q: its name is no plain file name", a.Name)
		case seen[a.Name]:
			fail("artifact %s: listed twice", a.Name)
		case len(a.SHA256) != 2*sha256.Size || strings.Trim(a.SHA256, "0123456789abcdef") != "":
			fail("artifact %s: %q is no SHA-256", a.Name, a.SHA256)
		}
		seen[a.Name] = true
	}
	return errors.Join(errs...)
}

// Check reads a release's folder and reports all that is missing, is not what the manifest says, or is
// not in it. Of the artifacts it reads those that read chooses, all if that is nil; of others it knows
// no more than that the lists agree on them.
func (m *Manifest) Check(dir string, read func(Artifact) bool) error {
	sums, err := dist.ReadSums(dir)
	if err != nil {
		return err
	}
	known := map[string]string{File: sums[File]}
	var checks []func() error
	check := func(name string) {
		checks = append(checks, func() error {
			got, _, err := dist.Sum(filepath.Join(dir, name))
			if err == nil && got != known[name] {
				err = fmt.Errorf("%s: it has the sum %s, not %s", filepath.Join(dir, name), got, known[name])
			}
			return err
		})
	}
	check(File)
	images := false
	var errs []error
	for _, a := range m.Artifacts {
		chosen := read == nil || read(a)
		if a.Kind == "image" {
			images = images || chosen
			continue
		}
		if known[a.Name] = a.SHA256; sums[a.Name] != a.SHA256 {
			errs = append(errs, fmt.Errorf("%s: %s says of %s %q, but %s %s", dir, dist.SumsFile, a.Name, sums[a.Name], File, a.SHA256))
		} else if chosen {
			check(a.Name)
		}
	}
	if images {
		blobs, err := filepath.Glob(filepath.Join(dir, ImagesDir, "blobs", "sha256", "*"))
		if err != nil {
			return err
		}
		for _, blob := range blobs {
			checks = append(checks, func() error {
				got, _, err := dist.Sum(blob)
				if err == nil && got != filepath.Base(blob) {
					err = fmt.Errorf("%s: the blob is sha256:%s", blob, got)
				}
				return err
			})
		}
	}
	found := make([]error, len(checks))
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i, check := range checks {
		group.Go(func() error {
			found[i] = check()
			return nil
		})
	}
	_ = group.Wait() // the errors are in found, all of them
	errs = append(errs, found...)
	entries, err := os.ReadDir(dir)
	errs = append(errs, err)
	for _, entry := range entries {
		_, listed := known[entry.Name()]
		if !listed && !slices.Contains([]string{dist.SumsFile, SignatureFile, ImagesDir}, entry.Name()) {
			errs = append(errs, fmt.Errorf("%s: %s does not list it", filepath.Join(dir, entry.Name()), File))
		}
	}
	return errors.Join(errs...)
}
