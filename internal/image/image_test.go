package image

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	ocilayout "github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/tree"
)

// someProgram returns a program of Go, built once.
func someProgram(t *testing.T) []byte {
	t.Helper()
	content, err := buildProgram()
	if err != nil {
		t.Fatal(err)
	}
	return content
}

var buildProgram = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "glide-program-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{"main.go": "package main\n\nfunc main() {}\n", "go.mod": "module program\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", "program")
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, output)
	}
	return os.ReadFile(filepath.Join(dir, "program"))
})

// newBuilder returns a builder of two images for arm64, one of them on a base, and the base's
// image.
func newBuilder(t *testing.T) (*Builder, v1.Image) {
	t.Helper()
	archives := t.TempDir()
	ours := newImage(t, "amd64",
		map[string]string{"tmp/": ""},
		map[string]string{rootsFile: "# Mozilla's CA roots for servers, from " + rootsModule + " v1\n", zonesFile: "2025c\n"},
		map[string]string{binaryFile: string(someProgram(t))},
	)
	if err := tarball.WriteToFile(filepath.Join(archives, "linux-arm64.tar"), name.MustParseReference("glide:layers"), ours); err != nil {
		t.Fatal(err)
	}

	blobs := t.TempDir()
	base := newImage(t, "arm64", map[string]string{"bin/": "", "bin/sh": "shell"}, map[string]string{"etc/os-release": "base"})
	path, err := ocilayout.Write(blobs, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendImage(base); err != nil {
		t.Fatal(err)
	}
	b := &Builder{
		Tree: &tree.Tree{
			Version: "1.2.3", Date: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
			Matrix: tree.Matrix{
				Distros: map[string]tree.Distro{"alpine": {Base: "docker.io/library/alpine:3.24"}, "distroless": {}},
				Targets: []tree.Target{{OS: "linux", Arch: "arm64", Images: []string{"alpine", "distroless"}}},
			},
		},
		Lock:     bases.Lock{"alpine": {Name: "docker.io/library/alpine:3.24", Platforms: map[string]bases.Platform{"arm64": lockOf(t, base)}}},
		Archives: archives, Blobs: blobs, Revision: "abc",
	}
	return b, base
}

// newImage makes an image of layers with files, by names that end in "/" for folders.
func newImage(t *testing.T, arch string, layers ...map[string]string) v1.Image {
	t.Helper()
	image := mutate.MediaType(empty.Image, types.DockerManifestSchema2)
	for _, files := range layers {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			header := &tar.Header{Name: name, Mode: 0o755, Size: int64(len(files[name]))}
			if strings.HasSuffix(name, "/") {
				header.Typeflag = tar.TypeDir
			}
			if err := w.WriteHeader(header); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, files[name]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			t.Fatal(err)
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.OS, config.Architecture = "linux", arch
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

func lockOf(t *testing.T, image v1.Image) bases.Platform {
	t.Helper()
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	locked := bases.Platform{Manifest: &digest, Config: &manifest.Config.Digest}
	for _, layer := range manifest.Layers {
		locked.Layers = append(locked.Layers, bases.Blob{Digest: layer.Digest, Size: layer.Size})
	}
	return locked
}

func TestBuild(t *testing.T) {
	b, base := newBuilder(t)
	out := filepath.Join(t.TempDir(), "out")
	if err := b.Build(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "again")
	if err := b.Build(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if one, other := read(t, out, ListFile), read(t, again, ListFile); one != other || read(t, out, "index.json") != read(t, again, "index.json") {
		t.Errorf("two builds differ:\n%s\n%s", one, other)
	}

	root, err := ocilayout.ImageIndexFromPath(out)
	if err != nil {
		t.Fatal(err)
	}
	var list List
	if err := json.Unmarshal([]byte(read(t, out, ListFile)), &list); err != nil {
		t.Fatal(err)
	}
	var origins []string
	for _, tag := range list.Tags {
		index, err := root.ImageIndex(tag.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(index); err != nil {
			t.Error(err)
		}
		for _, layer := range tag.Platforms[0].Layers {
			origins = append(origins, layer.Origin)
		}
		if got := tag.Platforms[0].Platform; got != "linux/arm64/v8" {
			t.Errorf("%s is for %s", tag.Tag, got)
		}
	}
	// The base's /bin is a folder, so it gets a link to the binary.
	if got := strings.Join(origins, " "); got != "base base link data binary skeleton data binary" {
		t.Errorf("layers are %s", got)
	}

	// The base's layers are its own blobs, not packed again.
	layers, err := base.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for i, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if got := list.Tags[0].Platforms[0].Layers[i].Digest; got != digest {
			t.Errorf("layer %d is %s, the base's %s", i, got, digest)
		}
	}

	// The archive of one image is of the same image.
	archive := filepath.Join(t.TempDir(), "image.tar")
	if err := b.BuildArchive(t.Context(), b.Tree.Matrix.Images()[0], archive); err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := image.ConfigName(); err != nil || got != list.Tags[0].Platforms[0].Config {
		t.Errorf("the archive is of %s, %v", got, err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Config.Labels["org.opencontainers.image.revision"]; got != "abc" {
		t.Errorf("the revision is %q", got)
	}
}

// What is wrong with a base or a lock is told with the image and the blob, and leaves no layout.
func TestBuildFails(t *testing.T) {
	other := newImage(t, "arm64", map[string]string{"other": ""}, map[string]string{"other": "too"})
	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, b *Builder, locked *bases.Platform)
		want  []string
	}{
		{"truncated blob", func(t *testing.T, b *Builder, locked *bases.Platform) {
			if err := os.Truncate(blobsOf(b).blob(locked.Layers[1].Digest), 20); err != nil {
				t.Fatal(err)
			}
		}, []string{"image alpine/arm64: layer sha256:", "unexpected EOF"}},
		{"other blob", func(t *testing.T, b *Builder, locked *bases.Platform) {
			content, err := os.ReadFile(blobsOf(b).blob(locked.Layers[1].Digest))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(blobsOf(b).blob(locked.Layers[0].Digest), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{"image alpine/arm64: layer sha256:"}},
		{"missing blob", func(t *testing.T, b *Builder, locked *bases.Platform) {
			if err := os.Remove(blobsOf(b).blob(*locked.Config)); err != nil {
				t.Fatal(err)
			}
		}, []string{"image alpine/arm64: config sha256:", "no such file"}},
		{"spoilt config", func(t *testing.T, b *Builder, locked *bases.Platform) {
			if err := os.WriteFile(blobsOf(b).blob(*locked.Config), []byte("{}"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{"image alpine/arm64: config sha256:", "the blob is sha256:"}},
		{"other layers in the lock", func(t *testing.T, _ *Builder, locked *bases.Platform) {
			locked.Layers = lockOf(t, other).Layers
		}, []string{"image alpine/arm64: layer sha256:", "run release bases update"}},
		{"other config in the lock", func(t *testing.T, _ *Builder, locked *bases.Platform) {
			locked.Config = lockOf(t, other).Config
		}, []string{"image alpine/arm64: manifest sha256:", "run release bases update"}},
		{"other platform", func(t *testing.T, b *Builder, locked *bases.Platform) {
			image := newImage(t, "amd64", map[string]string{"a": ""})
			if err := ocilayout.Path(b.Blobs).AppendImage(image); err != nil {
				t.Fatal(err)
			}
			*locked = lockOf(t, image)
		}, []string{"image alpine/arm64: config sha256:", "it is for linux/amd64, not for linux/arm64"}},
		{"other archive", func(t *testing.T, b *Builder, _ *bases.Platform) {
			image := newImage(t, "arm64", map[string]string{"a": ""})
			if err := tarball.WriteToFile(filepath.Join(b.Archives, "linux-arm64.tar"), name.MustParseReference("a:b"), image); err != nil {
				t.Fatal(err)
			}
		}, []string{"linux-arm64.tar: it has 1 layers, not 3"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, base := newBuilder(t)
			locked := lockOf(t, base)
			tc.spoil(t, b, &locked)
			b.Lock["alpine"].Platforms["arm64"] = locked
			dir := t.TempDir()
			err := b.Build(t.Context(), filepath.Join(dir, "out"))
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q, want it to say %q", err, part)
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}

func blobsOf(b *Builder) layout { return layout{b.Blobs} }

func TestRoots(t *testing.T) {
	out := t.TempDir()
	if err := writeRoots(filepath.Join(out, rootsFile), "v0.0.0-1"); err != nil {
		t.Fatal(err)
	}
	text := read(t, out, rootsFile)
	if version, err := rootsVersion(strings.NewReader(text)); err != nil || version != "v0.0.0-1" {
		t.Errorf("the roots say that they are of version %q, %v", version, err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(text)) || strings.Count(text, "BEGIN CERTIFICATE") < 100 {
		t.Error("there are no roots")
	}
	if _, err := rootsVersion(strings.NewReader("# others\n")); err == nil {
		t.Error("found a version in other roots")
	}
}

func TestZones(t *testing.T) {
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	zoneinfo := filepath.Join(strings.TrimSpace(string(goroot)), "lib", "time", "zoneinfo.zip")
	out := t.TempDir()
	if err := writeZones(filepath.Join(out, filepath.Dir(zonesFile)), zoneinfo); err != nil {
		t.Fatal(err)
	}
	if version := read(t, out, zonesFile); !regexp.MustCompile(`^20[0-9]{2}[a-z]\n$`).MatchString(version) {
		t.Errorf("the zones are of release %q", version)
	}
	if _, err := time.LoadLocationFromTZData("Asia/Tokyo", []byte(read(t, out, "usr/share/zoneinfo/Asia/Tokyo"))); err != nil {
		t.Error(err)
	}
	if err := writeZones(out, filepath.Join(out, "none.zip")); err == nil {
		t.Error("no error without zones")
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
