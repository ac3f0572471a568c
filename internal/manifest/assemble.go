package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// Parts are the folders that the factory's commands made, of which a release is put together.
type Parts struct {
	Folders []string // each with files and their sums, as `release archives` makes it
	Images  string   // OCI layout of all images; empty for a release without
	Chart   string   // packaged chart; empty for a release without
}

// Assemble makes the folder of a release, which is there only if it is complete.
func Assemble(t *tree.Tree, parts Parts, out string) error {
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s is there already; remove it or name another place", out)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(out), ".release-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if err := errors.Join(os.Chmod(scratch, 0o755), assemble(t, parts, scratch)); err != nil {
		return err
	}
	return os.Rename(scratch, out)
}

func assemble(t *tree.Tree, parts Parts, dir string) error {
	m := Manifest{
		Version: t.Version,
		Date:    t.Date.Format(time.DateOnly),
		Go:      t.Go.Version,
		Source:  pack.Homepage,
		Images:  tree.Images,
	}
	for _, folder := range parts.Folders {
		sums, err := dist.ReadSums(folder)
		if err != nil {
			return err
		}
		for name, sum := range sums {
			a, err := take(t, filepath.Join(folder, name), dir)
			if err != nil {
				return err
			}
			if a.SHA256 != sum {
				return fmt.Errorf("%s: it has the sum %s, but %s beside it says %s", filepath.Join(folder, name), a.SHA256, dist.SumsFile, sum)
			}
			m.Artifacts = append(m.Artifacts, a)
		}
	}
	if parts.Chart != "" {
		a, err := take(t, parts.Chart, dir)
		if err != nil {
			return err
		}
		if a.OCI, err = chartDigest(parts.Chart, t.Version); err != nil {
			return err
		}
		m.Artifacts = append(m.Artifacts, a)
	}
	if parts.Images != "" {
		images, err := takeImages(t, parts.Images, filepath.Join(dir, ImagesDir))
		if err != nil {
			return err
		}
		m.Artifacts = append(m.Artifacts, images...)
	}
	slices.SortFunc(m.Artifacts, func(a, b Artifact) int {
		return strings.Compare(a.Kind+" "+a.Name, b.Kind+" "+b.Name)
	})
	if err := m.validate(); err != nil {
		return err
	}
	text, err := m.encode()
	if err != nil {
		return err
	}
	if err := pack.WriteBytes(filepath.Join(dir, File), text); err != nil {
		return err
	}
	sums, err := dist.Sums(dir, File)
	if err != nil {
		return err
	}
	for _, a := range m.Artifacts {
		if a.Kind != "image" {
			sums[a.Name] = a.SHA256
		}
	}
	return dist.WriteSums(dir, sums)
}

// take copies a file into the release's folder and describes it.
func take(t *tree.Tree, file, dir string) (Artifact, error) {
	name := filepath.Base(file)
	k, err := kindOf(name)
	if err != nil {
		return Artifact{}, err
	}
	if err := copyFile(file, filepath.Join(dir, name)); err != nil {
		return Artifact{}, err
	}
	sum, size, err := dist.Sum(filepath.Join(dir, name))
	return Artifact{
		Name:      name,
		Kind:      k.name,
		Platform:  platformOf(t, name),
		MediaType: k.mediaType,
		Size:      size,
		SHA256:    sum,
		Channels:  k.channels,
	}, err
}

// takeImages copies the layout of the images and describes each tag.
func takeImages(t *tree.Tree, layout, to string) ([]Artifact, error) {
	var list image.List
	text, err := os.ReadFile(filepath.Join(layout, image.ListFile))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(layout, image.ListFile), err)
	}
	err = filepath.WalkDir(layout, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(layout, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, relative), 0o755)
		}
		return copyFile(path, filepath.Join(to, relative))
	})
	if err != nil {
		return nil, err
	}
	var artifacts []Artifact
	for _, tag := range list.Tags {
		if want := image.Tag(t, tag.Distro); tag.Tag != want {
			return nil, fmt.Errorf("%s: it has images of tag %s, not %s", layout, tag.Tag, want)
		}
		a := Artifact{
			Name:      tag.Tag,
			Kind:      "image",
			MediaType: string(types.OCIImageIndex),
			Size:      tag.Size,
			SHA256:    tag.Digest.Hex,
			Channels:  []string{"oci"},
		}
		for _, platform := range tag.Platforms {
			a.Platforms = append(a.Platforms, Platform{platform.Platform, platform.Digest, platform.Size, platform.SBOM})
		}
		artifacts = append(artifacts, a)
	}
	return artifacts, nil
}

// chartDigest returns the digest by which registries have a chart, which must be of the version.
func chartDigest(file, version string) (string, error) {
	chart, err := ReadChart(file)
	if err != nil {
		return "", err
	}
	if got := chart.Metadata["version"]; got != version {
		return "", fmt.Errorf("%s: it is of version %v, not %s", file, got, version)
	}
	image, err := chart.Image()
	if err != nil {
		return "", err
	}
	digest, err := image.Digest()
	return digest.String(), err
}

// copyFile makes a copy that is the release's own: writable by its owner, readable by all.
func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
