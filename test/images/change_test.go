//go:build e2e

package images

import (
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/test/repo"
)

// testCodeChange builds an image once more after a change of nothing but code: only its last
// layer is another.
func testCodeChange(t *testing.T, r release, root string) {
	const name = "alpine-amd64"
	before := listed(t, r, "alpine", "linux-amd64")
	archive := filepath.Join(t.TempDir(), "before.tar")
	if err := repo.Build(t.Context(), root, "image-"+name, archive); err != nil {
		t.Fatal(err)
	}
	if got := configOf(t, archive); got != before.Config.String() {
		t.Errorf("the archive is of %s, the layout has %s", got, before.Config)
	}

	replace(t, filepath.Join(root, "internal", "cli", "health.go"), `"ready"`, `"ready, and changed"`)
	archive = filepath.Join(t.TempDir(), "after.tar")
	if err := repo.Build(t.Context(), root, "image-"+name, archive); err != nil {
		t.Fatal(err)
	}
	img, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != len(before.Layers) {
		t.Fatalf("%d layers became %d", len(before.Layers), len(layers))
	}
	for i, layer := range layers {
		diffID, err := layer.DiffID()
		if err != nil {
			t.Fatal(err)
		}
		is := before.Layers[i]
		if same := diffID == is.DiffID; same != (is.Origin != "binary") {
			t.Errorf("layer %d, the %s: the same is %t", i, is.Origin, same)
		}
	}
	// What else is pulled anew: the config, and two manifests.
	config, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if rest := int64(len(config)) + before.Size + tagOf(t, r, "alpine").Size; rest > 10_000 {
		t.Errorf("beside the layer %d bytes are pulled, more than 10 KB", rest)
	}
}

func configOf(t *testing.T, archive string) string {
	t.Helper()
	img, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	name, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	return name.String()
}

func tagOf(t *testing.T, r release, distro string) image.ListedTag {
	t.Helper()
	for _, tag := range r.list.Tags {
		if tag.Distro == distro {
			return tag
		}
	}
	t.Fatalf("there is no tag of %s", distro)
	return image.ListedTag{}
}

func listed(t *testing.T, r release, distro, target string) image.ListedImage {
	t.Helper()
	for _, one := range tagOf(t, r, distro).Platforms {
		if one.Target == target {
			return one
		}
	}
	t.Fatalf("there is no %s of %s", target, distro)
	return image.ListedImage{}
}
