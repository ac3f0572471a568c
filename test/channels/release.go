package channels

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/choco"
	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/homebrew"
	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/scoop"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/kit"
)

// Release makes a small release of a version, with an artifact of each sort that a channel treats in
// its own way, signed, and returns its folder. Another flavour has other bytes in every artifact.
func Release(t testing.TB, version, flavour string) string {
	t.Helper()
	k := kit.New(t, version)
	archives, installers := t.TempDir(), t.TempDir()
	write(t, archives, map[string][]byte{
		"glide_" + version + "_linux_amd64.tar.gz":   packed(t, "glide_"+version+"_linux_amd64", map[string]string{"glide": "program " + flavour, "LICENSE": "licence"}),
		"glide_" + version + "_windows_amd64.zip":    zipped(t, map[string]string{"glide.exe": "program " + flavour}),
		"glide_" + version + "_linux_amd64.cdx.json": []byte(`{"bomFormat":"CycloneDX","serialNumber":"` + flavour + `"}`),
	})
	places, err := policy.Of(version, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, installers, map[string][]byte{
		choco.Name(places):                       zipped(t, map[string]string{"glide.nuspec": "<package><metadata><id>glide</id><version>" + places.Chocolatey + "</version><title>" + flavour + "</title></metadata></package>"}),
		"glide_" + version + "_linux_amd64.snap": []byte("snap for amd64 " + version + flavour),
		"glide_" + version + "_linux_armv7.snap": []byte("snap for armhf " + version + flavour),
		"glide_" + version + "_linux_amd64.deb":  []byte("!<arch>\n" + flavour),
	})
	// The formulas name the archives of the kit by their sums, which differ by flavour too.
	if flavour != "" {
		name := filepath.Join(k.Archives, archive.Name(k, k.Tree.Matrix.Packaged("homebrew")[0]))
		windows := filepath.Join(k.Archives, archive.Name(k, k.Tree.Matrix.Packaged("scoop")[0]))
		for _, file := range []string{name, windows} {
			if err := os.WriteFile(file, []byte(flavour), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		resum(t, k.Archives)
	}
	if _, err := homebrew.Write(k, k.Tree.Matrix.Packaged("homebrew"), installers); err != nil {
		t.Fatal(err)
	}
	if _, err := scoop.Write(k, k.Tree.Matrix.Packaged("scoop"), installers); err != nil {
		t.Fatal(err)
	}
	resum(t, installers)
	charts := t.TempDir()
	write(t, charts, map[string][]byte{chart.Name(version): packed(t, "glide", map[string]string{
		"Chart.yaml": fmt.Sprintf("apiVersion: v2\nname: glide\nversion: %s\ndescription: LLM gateway %s\n", version, flavour),
	})})
	out := filepath.Join(t.TempDir(), "release")
	parts := manifest.Parts{Folders: []string{archives, installers}, Images: images(t, k.Tree, flavour), Chart: filepath.Join(charts, chart.Name(version))}
	if err := manifest.Assemble(k.Tree, parts, out); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, manifest.SignatureFile), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	return out
}

// write writes files with their sums.
func write(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	resum(t, dir)
}

// resum writes the sums of all files of a folder.
func resum(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() != dist.SumsFile {
			names = append(names, entry.Name())
		}
	}
	sums, err := dist.Sums(dir, names...)
	if err != nil {
		t.Fatal(err)
	}
	if err := dist.WriteSums(dir, sums); err != nil {
		t.Fatal(err)
	}
}

func packed(t testing.TB, folder string, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, f := range sorted(files) {
		if err := w.WriteHeader(&tar.Header{Name: folder + "/" + f.Name, Mode: 0o644, Size: int64(len(f.Content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.Content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range sorted(files) {
		part, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(f.Content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sorted(files map[string]string) []pack.File {
	var all []pack.File
	for name, text := range files {
		all = append(all, pack.File{Name: name, Content: []byte(text)})
	}
	pack.SortFiles(all)
	return all
}

// images makes an OCI layout as `release images build` does, of one image on two distros.
func images(t testing.TB, source *tree.Tree, flavour string) string {
	t.Helper()
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	list := image.List{Repository: tree.Images}
	for _, distro := range []string{"alpine", "distroless"} {
		tag := image.Tag(source, distro)
		listed := image.ListedTag{Tag: tag, Distro: distro}
		index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
		for _, platform := range []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "s390x"}} {
			made, err := mutate.AppendLayers(mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1),
				static.NewLayer([]byte("data of all images"), types.OCILayer),
				static.NewLayer([]byte(distro+platform.Architecture+source.Version+flavour), types.OCILayer))
			check(err)
			described, err := partial.Descriptor(made)
			check(err)
			described.Platform = &platform
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: made, Descriptor: *described})

			described.Platform = nil
			bom, err := mutate.AppendLayers(mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1),
				static.NewLayer([]byte("bill of "+described.Digest.String()), "application/vnd.cyclonedx+json"))
			check(err)
			refers := mutate.Subject(bom, *described).(v1.Image)
			of := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{Add: refers})
			check(path.AppendIndex(of, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "sha256-" + described.Digest.Hex})))
			sbom, err := refers.Digest()
			check(err)
			config, err := made.ConfigName()
			check(err)
			listed.Platforms = append(listed.Platforms, image.ListedImage{
				Platform: platform.String(), Digest: described.Digest, Size: described.Size, Config: config, SBOM: sbom,
			})
		}
		check(path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag})))
		listed.Digest, err = index.Digest()
		check(err)
		listed.Size, err = index.Size()
		check(err)
		list.Tags = append(list.Tags, listed)
	}
	text, err := json.Marshal(list)
	check(err)
	check(os.WriteFile(filepath.Join(dir, image.ListFile), text, 0o644))
	return dir
}
