//go:build e2e

package kubernetes

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/internal/tree"
)

// A published release is where the lab's registry has it.
type published struct {
	version, digest string
}

// The registry as the lab has set it up.
var (
	registry = os.Getenv("LAB_REGISTRY")
	user     = os.Getenv("LAB_REGISTRY_USER")
	password = os.Getenv("LAB_REGISTRY_PASSWORD")
)

func imageRepository() string { return registry + "/einstack/glide" }

func chartReference() string { return "oci://" + registry + "/einstack/charts/glide" }

// publish puts the image of a release and its chart, which pins the image, into the registry, as a
// release does: the chart by helm itself.
func publish(t *testing.T, release string) published {
	t.Helper()
	root := filepath.Join(os.Getenv(releasesVariable), release)
	source, err := tree.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	one, err := tarball.ImageFromPath(imageOf(root), nil)
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: one, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}},
	})
	ref, err := name.ParseReference(imageRepository() + ":" + image.Tag(source, "distroless"))
	if err != nil {
		t.Fatal(err)
	}
	auth := remote.WithAuth(&authn.Basic{Username: user, Password: password})
	if err := remote.WriteIndex(ref, index, auth, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	packed, err := chart.Write(source, map[string]string{"distroless": digest.String()}, dir)
	if err != nil {
		t.Fatal(err)
	}
	must(t, "helm", "push", filepath.Join(dir, packed), "oci://"+registry+"/einstack/charts")
	return published{source.Version, digest.String()}
}
