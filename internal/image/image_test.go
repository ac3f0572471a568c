package image

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/kit"
)

// newBase returns a base, the folder of its blobs, and what is locked to it.
func newBase(t *testing.T) (base v1.Image, blobs string, lock bases.Lock) {
	t.Helper()
	blobs = t.TempDir()
	base = newImage(t, "arm64",
		map[string]string{"bin/": "", "bin/sh": "shell", "etc/": "", "etc/pki/": ""},
		map[string]string{"etc/os-release": "base"})
	path, err := ocilayout.Write(blobs, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendImage(base); err != nil {
		t.Fatal(err)
	}
	return base, blobs, bases.Lock{"alpine": {Name: "docker.io/library/alpine:3.24", Platforms: map[string]bases.Platform{"arm64": lockOf(t, base)}}}
}

var (
	target   = tree.Target{OS: "linux", Arch: "arm64", Images: []string{"alpine", "distroless"}}
	onAlpine = tree.Image{Distro: "alpine", Target: target}
)

// newBuilder returns a builder of two images, one of them on a base, and that base.
func newBuilder(t *testing.T) (*Builder, v1.Image) {
	t.Helper()
	k := kit.New(t, "1.2.3")
	k.Tree.Date = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	k.Tree.Matrix.Targets = []tree.Target{target}
	kit.Binary(t, k, target)
	base, blobs, lock := newBase(t)
	b := &Builder{Kit: k, Lock: lock, Parts: t.TempDir(), Revision: "abc"}
	for _, part := range []struct {
		name, origin string
		files        map[string]string
	}{
		{"skeleton", "skeleton", map[string]string{"tmp/": ""}},
		{"data", "data", map[string]string{rootsFile: "# Mozilla's CA roots for servers, from " + rootsModule + " v1\n", zonesFile: "2025c\n"}},
		{target.Name(), "binary", map[string]string{binaryFile: "program"}},
	} {
		if err := WriteLayer(writeArchive(t, part.files), part.origin, filepath.Join(b.Parts, part.name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteBase(lock, onAlpine, blobs, filepath.Join(b.Parts, onAlpine.Name())); err != nil {
		t.Fatal(err)
	}
	return b, base
}

// writeArchive writes the archive of an image with a layer for each of the given files.
func writeArchive(t *testing.T, layers ...map[string]string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "archive.tar")
	if err := tarball.WriteToFile(file, name.MustParseReference("glide:layers"), newImage(t, "amd64", layers...)); err != nil {
		t.Fatal(err)
	}
	return file
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
	// The base's /bin is a folder, so it gets a link to the binary, and its /etc/pki one to the roots.
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
	if err := b.BuildArchive(t.Context(), onAlpine, archive); err != nil {
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

// What is wrong with a base or a lock is told with the image and the blob, and leaves no part.
func TestWriteBaseFails(t *testing.T) {
	other := newImage(t, "arm64", map[string]string{"other": ""}, map[string]string{"other": "too"})
	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, blobs layout, locked *bases.Platform)
		want  []string
	}{
		{"truncated blob", func(t *testing.T, blobs layout, locked *bases.Platform) {
			if err := os.Truncate(blobs.blob(locked.Layers[1].Digest), 20); err != nil {
				t.Fatal(err)
			}
		}, []string{"image alpine/arm64: layer sha256:", "unexpected EOF"}},
		{"other blob", func(t *testing.T, blobs layout, locked *bases.Platform) {
			content, err := os.ReadFile(blobs.blob(locked.Layers[1].Digest))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(blobs.blob(locked.Layers[0].Digest), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{"image alpine/arm64: layer sha256:"}},
		{"missing blob", func(t *testing.T, blobs layout, locked *bases.Platform) {
			if err := os.Remove(blobs.blob(*locked.Config)); err != nil {
				t.Fatal(err)
			}
		}, []string{"image alpine/arm64: config sha256:", "no such file"}},
		{"spoilt config", func(t *testing.T, blobs layout, locked *bases.Platform) {
			if err := os.WriteFile(blobs.blob(*locked.Config), []byte("{}"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{"image alpine/arm64: config sha256:", "the blob is sha256:"}},
		{"other layers in the lock", func(_ *testing.T, _ layout, locked *bases.Platform) {
			locked.Layers = lockOf(t, other).Layers
		}, []string{"image alpine/arm64: layer sha256:", "run release bases update"}},
		{"other config in the lock", func(_ *testing.T, _ layout, locked *bases.Platform) {
			locked.Config = lockOf(t, other).Config
		}, []string{"image alpine/arm64: manifest sha256:", "run release bases update"}},
		{"other platform", func(t *testing.T, blobs layout, locked *bases.Platform) {
			image := newImage(t, "amd64", map[string]string{"a": ""})
			if err := ocilayout.Path(blobs.dir).AppendImage(image); err != nil {
				t.Fatal(err)
			}
			*locked = lockOf(t, image)
		}, []string{"image alpine/arm64: config sha256:", "it is for linux/amd64, not for linux/arm64"}},
		{"refused platform", func(_ *testing.T, _ layout, locked *bases.Platform) {
			*locked = bases.Platform{Refused: "the base has no linux/arm64"}
		}, []string{"image alpine/arm64 is not built: the base has no linux/arm64"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			base, blobs, lock := newBase(t)
			locked := lockOf(t, base)
			tc.spoil(t, layout{blobs}, &locked)
			lock["alpine"].Platforms["arm64"] = locked
			dir := t.TempDir()
			wantError(t, WriteBase(lock, onAlpine, blobs, filepath.Join(dir, "out")), tc.want...)
			wantNothing(t, dir)
		})
	}
}

// An archive that isn't the layer that it should be makes no part.
func TestWriteLayerFails(t *testing.T) {
	for _, tc := range []struct {
		origin, archive string
		want            string
	}{
		{"roof", writeArchive(t, map[string]string{"a": ""}), `"roof" is no layer of ours`},
		{"skeleton", writeArchive(t, map[string]string{"a": ""}, map[string]string{"b": ""}), "it has 2 layers, not one"},
		{"data", writeArchive(t, map[string]string{"a": ""}), "it lacks /" + rootsFile + ", /" + zonesFile},
		{"data", writeArchive(t, map[string]string{rootsFile: "others\n", zonesFile: "2025c\n"}), "no version in its first line"},
		{"binary", writeArchive(t, map[string]string{"a": ""}), "it lacks /" + binaryFile},
		{"binary", filepath.Join(t.TempDir(), "none.tar"), "no such file"},
	} {
		dir := t.TempDir()
		wantError(t, WriteLayer(tc.archive, tc.origin, filepath.Join(dir, "out")), tc.want)
		wantNothing(t, dir)
	}
}

// What is wrong with a part is told with its place, and leaves no layout.
func TestBuildFails(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(b *Builder, p *part) error
		want  []string
	}{
		"missing part": {
			func(b *Builder, _ *part) error { return os.RemoveAll(filepath.Join(b.Parts, "alpine-arm64")) },
			[]string{"alpine-arm64", "no such file"},
		},
		"truncated blob": {
			func(b *Builder, p *part) error {
				return os.Truncate(layout{filepath.Join(b.Parts, "linux-arm64")}.blob(p.Layers[0].Digest), 20)
			},
			[]string{"linux-arm64", "it is sha256:"},
		},
		"other part": {
			func(b *Builder, _ *part) error { b.Parts = filepath.Join(b.Parts, "linux-arm64"); return nil },
			[]string{"no such file"},
		},
		"missing binary": {
			func(b *Builder, _ *part) error { b.Kit = &pack.Kit{Tree: b.Kit.Tree, Binaries: b.Parts}; return nil },
			[]string{"image alpine/arm64: the binary of linux/arm64 is missing"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := newBuilder(t)
			p, err := readPart(filepath.Join(b.Parts, "linux-arm64"))
			if err != nil {
				t.Fatal(err)
			}
			if err := tc.spoil(b, p); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			wantError(t, b.Build(t.Context(), filepath.Join(dir, "out")), tc.want...)
			wantNothing(t, dir)
		})
	}
}

func wantError(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", want)
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q, want it to say %q", err, part)
		}
	}
}

func wantNothing(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

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
