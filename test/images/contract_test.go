//go:build e2e

package images

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"debug/elf"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/test/repo"
)

// budget is what our layers may add to a base beside the compressed binary, in bytes.
const budget = 700_000

// machines are the ELF machines of architectures.
var machines = map[string]elf.Machine{
	"386": elf.EM_386, "amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64,
	"ppc64le": elf.EM_PPC64, "riscv64": elf.EM_RISCV, "s390x": elf.EM_S390,
}

// testContract checks what every image promises.
func testContract(t *testing.T, r release) {
	root, err := r.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	described, err := root.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]v1.Descriptor{}
	for _, d := range described.Manifests {
		byName[d.Annotations["org.opencontainers.image.ref.name"]] = d
	}

	binaries := buildBinaries(t, r)
	data := map[v1.Hash]bool{}
	for _, tag := range r.list.Tags {
		t.Run(tag.Tag, func(t *testing.T) {
			if byName[tag.Tag].Digest != tag.Digest || tag.Tag != r.tree.Version+"-"+tag.Distro {
				t.Errorf("the layout has %s as %s", tag.Tag, byName[tag.Tag].Digest)
			}
			index, err := root.ImageIndex(tag.Digest)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate.Index(index); err != nil {
				t.Error(err)
			}
			manifest, err := index.IndexManifest()
			if err != nil {
				t.Fatal(err)
			}
			for i, listed := range tag.Platforms {
				t.Run(listed.Target, func(t *testing.T) {
					if d := manifest.Manifests[i]; d.Digest != listed.Digest || d.Platform.String() != listed.Platform {
						t.Errorf("the index has %s for %s", d.Digest, d.Platform)
					}
					img, err := index.Image(listed.Digest)
					if err != nil {
						t.Fatal(err)
					}
					checkImage(t, r, tag.Distro, listed, img, binaries[listed.Target])
					checkSBOM(t, r, byName, listed)
				})
				for _, layer := range listed.Layers {
					data[layer.Digest] = data[layer.Digest] || layer.Origin == "data"
				}
			}
		})
	}
	maps.DeleteFunc(data, func(_ v1.Hash, is bool) bool { return !is })
	if len(data) != 1 {
		t.Errorf("images have %d data layers, not one and the same", len(data))
	}

	var refused []string
	for _, one := range r.list.Refused {
		refused = append(refused, one.Image+": "+one.Reason)
	}
	if want := []string{
		"redhat/386: the base has no linux/386",
		"redhat/riscv64: the base has no linux/riscv64",
		"ubuntu/386: the base has no linux/386",
	}; !slices.Equal(refused, want) {
		t.Errorf("refused are %q, want %q", refused, want)
	}
}

func checkImage(t *testing.T, r release, distro string, listed image.ListedImage, img v1.Image, binary [sha256.Size]byte) {
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Platform().String(); got != listed.Platform {
		t.Errorf("the config is for %s", got)
	}
	checkConfig(t, r, distro, config, manifest)

	var ofBase int
	var ours, binarySize int64
	for _, layer := range listed.Layers {
		if layer.Origin == "base" {
			ofBase++
			continue
		}
		ours += layer.Size
		if layer.Origin == "binary" {
			binarySize = layer.Size
		}
	}
	if last := listed.Layers[len(listed.Layers)-1]; last.Origin != "binary" {
		t.Errorf("the last layer is the %s", last.Origin)
	}
	if ours > binarySize+budget {
		t.Errorf("our layers add %d bytes beside the binary's %d, more than %d", ours-binarySize, binarySize, budget)
	}

	fs := unpack(t, img, ofBase)
	checkFiles(t, fs, distro)
	checkBinary(t, config.Architecture, fs.open(t, "bin/glide").content, binary)
}

func checkConfig(t *testing.T, r release, distro string, config *v1.ConfigFile, manifest *v1.Manifest) {
	c := config.Config
	if !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(c.User) {
		t.Errorf("the user is %q", c.User)
	}
	if !slices.Equal(c.Entrypoint, []string{"/bin/glide"}) || len(c.Cmd) > 0 {
		t.Errorf("it starts %q %q", c.Entrypoint, c.Cmd)
	}
	if !slices.ContainsFunc(c.Env, func(v string) bool { return strings.HasPrefix(v, "PATH=/") && strings.HasSuffix(v, ":/bin") }) ||
		!slices.Contains(c.Env, "GLIDE_ADDR=0.0.0.0:9099") {
		t.Errorf("the environment is %q", c.Env)
	}
	if _, ok := c.ExposedPorts["9099/tcp"]; !ok {
		t.Error("port 9099 is not exposed")
	}
	if c.Healthcheck == nil || !slices.Equal(c.Healthcheck.Test, []string{"CMD", "/bin/glide", "health"}) {
		t.Errorf("the health check is %+v", c.Healthcheck)
	}
	if !config.Created.Equal(r.tree.Date) {
		t.Errorf("it was created at %s, not at the source date", config.Created)
	}
	if !maps.Equal(manifest.Annotations, c.Labels) {
		t.Errorf("annotations %q are not the labels %q", manifest.Annotations, c.Labels)
	}
	names := []string{"title", "description", "url", "source", "licenses", "version", "created"}
	if distro != "distroless" {
		names = append(names, "base.name", "base.digest")
	}
	for _, name := range names {
		if c.Labels["org.opencontainers.image."+name] == "" {
			t.Errorf("no label %s", name)
		}
	}
	if got := c.Labels["org.opencontainers.image.version"]; got != r.tree.Version {
		t.Errorf("the version is %q", got)
	}
}

func checkFiles(t *testing.T, fs filesystem, distro string) {
	roots := x509.NewCertPool()
	rest := fs.open(t, "etc/ssl/certs/ca-certificates.crt").content
	if !roots.AppendCertsFromPEM(rest) || bytes.Count(rest, []byte("BEGIN CERTIFICATE")) < 100 {
		t.Error("there are no CA roots")
	}
	if distro == "redhat" {
		if where, ok := fs.resolve("etc/pki/tls/certs/ca-bundle.crt"); !ok || where != "etc/ssl/certs/ca-certificates.crt" {
			t.Errorf("Red Hat's place of the roots leads to /%s", where)
		}
	}
	zone, err := time.LoadLocationFromTZData("Europe/Berlin", fs.open(t, "usr/share/zoneinfo/Europe/Berlin").content)
	if err != nil {
		t.Error(err)
	} else if hour := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).In(zone).Hour(); hour != 14 {
		t.Errorf("noon UTC is %d o'clock in Berlin's summer", hour)
	}
	if tmp := fs.open(t, "tmp"); distro == "distroless" && tmp.FileInfo().Mode().String() != "dtrwxrwxrwx" {
		t.Errorf("/tmp is %s", tmp.FileInfo().Mode())
	}
	if _, ok := fs.resolve("bin/sh"); ok && distro == "distroless" {
		t.Error("there is a shell")
	}
	// Of our own skeleton root has no shell.
	if shell := regexp.MustCompile(`(?m)^root:[^:]*:0:0:root:/root:/bin/`); distro != "distroless" && !shell.Match(fs.open(t, "etc/passwd").content) {
		t.Error("/etc/passwd of the base is gone")
	}
	for name, f := range fs {
		if !f.ours {
			continue
		}
		if f.Typeflag == tar.TypeSymlink {
			if _, ok := fs.resolve(name); !ok {
				t.Errorf("/%s leads nowhere, to %s", name, f.Linkname)
			}
			continue
		}
		if f.Mode&0o6000 != 0 {
			t.Errorf("/%s is setuid or setgid", name)
		}
		if f.Mode&0o022 != 0 && name != "tmp" {
			t.Errorf("/%s may be written by others", name)
		}
		if f.Uid != 0 || f.Gid != 0 {
			t.Errorf("/%s is owned by %d:%d", name, f.Uid, f.Gid)
		}
		if strings.HasPrefix(name, "nix") || bytes.Contains(f.content, []byte("/nix/store")) {
			t.Errorf("/%s is of the store, or names it", name)
		}
	}
}

func checkBinary(t *testing.T, arch string, binary []byte, want [sha256.Size]byte) {
	program, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		t.Fatal(err)
	}
	if program.Machine != machines[arch] {
		t.Errorf("the binary is for %s in an image for %s", program.Machine, arch)
	}
	if sum := sha256.Sum256(binary); sum != want {
		t.Errorf("the binary is %x, the matrix's %x", sum, want)
	}
}

// buildBinaries returns the sums of the matrix's binaries by their targets.
func buildBinaries(t *testing.T, r release) map[string][sha256.Size]byte {
	t.Helper()
	sums := map[string][sha256.Size]byte{}
	for _, target := range r.tree.Matrix.Targets {
		if len(target.Images) == 0 {
			continue
		}
		out := filepath.Join(t.TempDir(), target.Name())
		if err := repo.Build(t.Context(), r.tree.Dir, "glide-"+target.Name(), out); err != nil {
			t.Fatal(err)
		}
		sums[target.Name()] = sha256.Sum256(read(t, filepath.Join(out, "bin", "glide")))
	}
	return sums
}

// checkSBOM finds the image's bill of materials by the tag that OCI gives for referrers.
func checkSBOM(t *testing.T, r release, byName map[string]v1.Descriptor, listed image.ListedImage) {
	fallback, ok := byName[strings.Replace(listed.Digest.String(), ":", "-", 1)]
	if !ok {
		t.Fatal("nothing refers to it")
	}
	index := parse(t, r.Path, fallback.Digest, v1.ParseIndexManifest)
	if len(index.Manifests) != 1 || index.Manifests[0].ArtifactType != "application/vnd.cyclonedx+json" {
		t.Fatalf("its referrers are %+v", index.Manifests)
	}
	manifest := parse(t, r.Path, index.Manifests[0].Digest, v1.ParseManifest)
	if manifest.Subject == nil || manifest.Subject.Digest != listed.Digest || manifest.Layers[0].Digest != listed.SBOM {
		t.Fatalf("its referrer is %+v", manifest)
	}
	content, err := r.Bytes(listed.SBOM)
	if err != nil {
		t.Fatal(err)
	}
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(content), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	names := map[string]cyclonedx.Component{}
	for _, c := range *bom.Components {
		if c.Version == "" {
			t.Errorf("component %s has no version", c.Name)
		}
		names[c.Name] = c
	}
	for _, want := range []string{"glide", "stdlib", "github.com/spf13/cobra", "golang.org/x/crypto/x509roots/fallback", "tzdata"} {
		if _, ok := names[want]; !ok {
			t.Errorf("%s is not in the bill of materials", want)
		}
	}
	if cobra := names["github.com/spf13/cobra"]; cobra.Hashes == nil || cobra.Licenses == nil || (*cobra.Licenses)[0].Expression != "Apache-2.0" {
		t.Errorf("cobra has no checksum or no licence: %+v", cobra)
	}
}

func parse[T any](t *testing.T, p layout.Path, digest v1.Hash, parse func(io.Reader) (*T, error)) *T {
	t.Helper()
	content, err := p.Bytes(digest)
	if err != nil {
		t.Fatal(err)
	}
	value, err := parse(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return value
}
