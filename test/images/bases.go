//go:build e2e

package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A testBase is made in place of a real base, of the same shape: what platforms there are, how
// many layers, and whether /bin is a folder or, as in merged-usr distributions, a link.
type testBase struct {
	name   string // such as "docker.io/library/alpine:3.24"
	archs  []string
	merged bool
	pki    bool // roots are in /etc/pki, to which /etc/ssl/certs leads
	debian bool // the one for amd64 is a Debian system, of packages
	layers int
	claim  string // GOARCH that its index says all of its images are for, if it lies
}

// testBases are as the real ones, but complete.
var testBases = []testBase{
	{name: "docker.io/library/alpine:3.24", archs: []string{"amd64", "arm", "arm64", "386", "ppc64le", "riscv64", "s390x"}, layers: 1},
	{name: "docker.io/library/ubuntu:26.04", archs: []string{"amd64", "arm", "arm64", "ppc64le", "riscv64", "s390x"}, merged: true, debian: true, layers: 2},
	{name: "registry.access.redhat.com/ubi9/ubi-micro:9.8", archs: []string{"amd64", "arm64", "ppc64le", "s390x"}, merged: true, pki: true, layers: 1},
}

// push pushes the base to a registry that mirrors others. A mark makes it another base.
func (b testBase) push(t *testing.T, registry, mark string) {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.DockerManifestList)
	for _, arch := range b.archs {
		platform := v1.Platform{OS: "linux", Architecture: arch}
		if arch == "arm64" {
			platform.Variant = "v8"
		}
		image := b.image(t, platform, mark)
		if b.claim != "" {
			platform.Architecture = b.claim
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &platform},
		})
	}
	// Builders add such entries, which are no images.
	attestation := v1.Platform{OS: "unknown", Architecture: "unknown"}
	index = mutate.AppendManifests(index, mutate.IndexAddendum{
		Add: empty.Image, Descriptor: v1.Descriptor{Platform: &attestation},
	})
	tag, err := name.NewTag(registry + "/" + b.name)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func (b testBase) image(t *testing.T, platform v1.Platform, mark string) v1.Image {
	t.Helper()
	files := map[string]string{
		"etc/":           "",
		"etc/os-release": "NAME=" + b.name + "\n",
		"etc/passwd":     "root:x:0:0:root:/root:/bin/sh\nbase:x:7:7::/:/bin/sh\n",
		"etc/group":      "root:x:0:\n",
		"etc/mark":       mark,
		"tmp/":           "",
	}
	programs := "bin"
	if b.merged {
		programs, files["bin"] = "usr/bin", "-> usr/bin"
	}
	files[programs+"/"] = ""
	if b.pki {
		files["etc/pki/"], files["etc/pki/tls/"], files["etc/pki/tls/certs/"] = "", "", ""
		files["etc/ssl/"], files["etc/ssl/certs"] = "", "-> ../pki/tls/certs"
	}
	// Programs of other architectures than the machine's are in no package of it.
	var lowest v1.Layer
	switch {
	case platform.Architecture == "amd64" && b.debian:
		lowest = debianLayer(t)
	case platform.Architecture == "amd64":
		shell, err := os.ReadFile("/bin/busybox")
		if err != nil {
			t.Fatal(err)
		}
		files[programs+"/busybox"] = string(shell)
		files[programs+"/sh"] = "-> busybox"
		fallthrough
	default:
		lowest = packLayer(t, files)
	}
	image, err := mutate.AppendLayers(empty.Image, lowest)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < b.layers; i++ {
		if image, err = mutate.AppendLayers(image, packLayer(t, map[string]string{"etc/layer": fmt.Sprint(i)})); err != nil {
			t.Fatal(err)
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	config.Config = v1.Config{Env: []string{"PATH=/bin"}, Cmd: []string{"/bin/sh"}, Labels: map[string]string{"version": "of the base"}}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

// debianLayer makes a layer of the essential packages of the machine's Debian, once.
var debianLayer = func() func(t *testing.T) v1.Layer {
	var layer v1.Layer
	return func(t *testing.T) v1.Layer {
		t.Helper()
		if layer != nil {
			return layer
		}
		sources := "/etc/apt/sources.list.d/debian.sources"
		if _, err := os.Stat(sources); err != nil {
			sources = "/etc/apt/sources.list"
		}
		archive := filepath.Join(t.TempDir(), "debian.tar.gz")
		// Its modes include root and chrootless, as root may or may not mount here.
		cmd := exec.CommandContext(t.Context(), "mmdebstrap", "--quiet", "--variant=essential", "--aptopt=APT::Sandbox::User \"root\"", "", archive, sources)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, output)
		}
		content, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		layer = layerOf(t, content)
		return layer
	}
}()

// packLayer makes a layer of files, by names that end in "/" for folders, with contents that begin
// with "-> " for links.
func packLayer(t *testing.T, files map[string]string) v1.Layer {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(z)
	add := func(header *tar.Header, content string) {
		t.Helper()
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		target, isLink := bytes.CutPrefix([]byte(content), []byte("-> "))
		switch {
		case isLink:
			add(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: string(target), Mode: 0o777}, "")
		case name[len(name)-1] == '/':
			add(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}, "")
		default:
			add(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o755}, content)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return layerOf(t, packed.Bytes())
}

// layerOf returns a layer as it is stored in a registry.
func layerOf(t *testing.T, packed []byte) v1.Layer {
	t.Helper()
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed)), nil
	}, tarball.WithMediaType(types.DockerLayer))
	if err != nil {
		t.Fatal(err)
	}
	return layer
}
