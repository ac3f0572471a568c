//go:build e2e

package publish

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/test/channels"
)

var figures = flag.Bool("figures", false, "measure instead of testing")

// measure prints the figures of `make bench-release`.
func (r *rehearsal) measure(t *testing.T) {
	clock := func(what string, do func()) time.Duration {
		start := time.Now()
		do()
		spent := time.Since(start)
		t.Logf("%-50s %8.1f s", what, spent.Seconds())
		return spent
	}
	t.Logf("%d processors, load %s", runtime.NumCPU(), load(t))
	build := func() { r.run(t, "nix build .#release") }
	build()
	clock("nothing changed", build)
	write(t, filepath.Join(r.root, "cmd/glide/stamp.go"), "package main\n\nvar _ = \""+time.Now().String()+"\"\n")
	r.run(t, "git add --all")
	clock("the gateway's code changed, dependencies compiled", build)

	made, err := filepath.EvalSymlinks(filepath.Join(r.root, "result"))
	if err != nil {
		t.Fatal(err)
	}
	push := clock("images pushed by go-containerregistry, as crane does", func() { pushAll(t, r, made) })
	place := " --to 'oci=" + r.Registry + "/einstack/glide'"
	publish := clock("images published", func() { r.run(t, "release publish"+place) })
	t.Logf("%-50s %8.2f", "published against pushed", publish.Seconds()/push.Seconds())
	to := " --to '" + strings.Join(r.To(), "' --to '") + "'"
	clock("everything else published", func() { r.run(t, "release publish"+to) })
	clock("published again", func() { r.run(t, "release publish"+to) })
}

func load(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))[0]
}

// pushAll pushes every index with all that it lists.
func pushAll(t *testing.T, r *rehearsal, made string) {
	t.Helper()
	images, err := layout.ImageIndexFromPath(filepath.Join(made, manifest.ImagesDir))
	if err != nil {
		t.Fatal(err)
	}
	list, err := images.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, descriptor := range list.Manifests {
		index, err := images.ImageIndex(descriptor.Digest)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := name.ParseReference(r.Registry + "/plain:" + descriptor.Annotations["org.opencontainers.image.ref.name"])
		if err != nil {
			t.Fatal(err)
		}
		err = remote.WriteIndex(ref, index, remote.WithTransport(trusting(t, r.certificate)),
			remote.WithAuth(&authn.Basic{Username: "release", Password: channels.Secret}))
		if err != nil {
			t.Fatal(err)
		}
	}
}
