package sbom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/CycloneDX/cyclonedx-go"

	"github.com/einstack/glide/internal/sbom"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/kit"
)

var target = tree.Target{OS: "linux", Arch: "amd64"}

// Both forms tell of the same binary, module by module, and are the same when made again.
func TestWrite(t *testing.T) {
	k, dir := kit.New(t, "1.2.3"), t.TempDir()
	binary := kit.Binary(t, k, target)
	names, err := sbom.Write(k, target, dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := "[glide_1.2.3_linux_amd64.cdx.json glide_1.2.3_linux_amd64.spdx.json]"; fmt.Sprint(names) != want {
		t.Fatalf("wrote %s, want %s", names, want)
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(binary))

	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(read(t, dir, names[0])), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	self := bom.Metadata.Component
	if self.Name != "glide" || self.Version != "1.2.3" || (*self.Hashes)[0].Value != digest {
		t.Errorf("CycloneDX is of %+v", self)
	}
	if bom.Metadata.Timestamp != k.Tree.Date.Format(time.RFC3339) {
		t.Errorf("CycloneDX is of %s", bom.Metadata.Timestamp)
	}
	components := map[string]cyclonedx.Component{}
	for _, c := range *bom.Components {
		components[c.Name] = c
	}
	if len(components) != 2 || components["stdlib"].Version == "" {
		t.Errorf("CycloneDX has the components %+v", components)
	}
	dependency := components[kit.Dependency]
	if (*dependency.Licenses)[0].Expression != "BSD-3-Clause AND MIT" || len((*dependency.Hashes)[0].Value) != 64 {
		t.Errorf("CycloneDX has %+v", dependency)
	}
	if d := *bom.Dependencies; len(d) != 1 || d[0].Ref != self.BOMRef || len(*d[0].Dependencies) != 2 {
		t.Errorf("CycloneDX has the dependencies %+v", d)
	}

	var document struct {
		Packages []struct {
			Name, VersionInfo, LicenseDeclared string
			Checksums                          []struct{ ChecksumValue string }
		}
		Relationships []struct{ RelationshipType string }
	}
	if err := json.Unmarshal(read(t, dir, names[1]), &document); err != nil {
		t.Fatal(err)
	}
	if p := document.Packages[0]; p.Name != "glide" || p.VersionInfo != "1.2.3" || p.Checksums[0].ChecksumValue != digest {
		t.Errorf("SPDX is of %+v", p)
	}
	if p := document.Packages[2]; p.Name != kit.Dependency || p.LicenseDeclared != "BSD-3-Clause AND MIT" || p.Checksums[0].ChecksumValue != (*dependency.Hashes)[0].Value {
		t.Errorf("SPDX has %+v", p)
	}
	if len(document.Packages) != 3 || len(document.Relationships) != 3 {
		t.Errorf("SPDX has %d packages and %d relationships", len(document.Packages), len(document.Relationships))
	}

	again := t.TempDir()
	if _, err := sbom.Write(k, target, again); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !bytes.Equal(read(t, dir, name), read(t, again, name)) {
			t.Errorf("made again %s is another", name)
		}
	}
}

// A part of a part is listed, and depended on by that part alone.
func TestNested(t *testing.T) {
	bill := sbom.Bill{File: "image", Component: sbom.Component{
		Kind: sbom.Container, Name: "image", Version: "1", URL: "pkg:oci/image@1",
		Parts: []sbom.Component{
			{Kind: sbom.Application, Name: "glide", Version: "1", Parts: []sbom.Component{sbom.Module("example.org/a+b", "v1+incompatible")}},
			{Kind: sbom.Data, Name: "tzdata", Version: "2025c"},
		},
	}}
	var text bytes.Buffer
	if err := bill.CycloneDX(&text); err != nil {
		t.Fatal(err)
	}
	var bom cyclonedx.BOM
	if err := json.Unmarshal(text.Bytes(), &bom); err != nil {
		t.Fatal(err)
	}
	dependencies := map[string]string{}
	for _, d := range *bom.Dependencies {
		dependencies[d.Ref] = strings.Join(*d.Dependencies, " ")
	}
	if want := map[string]string{"pkg:oci/image@1": "glide@1 tzdata@2025c", "glide@1": "pkg:golang/example.org/a+b@v1%2Bincompatible"}; fmt.Sprint(dependencies) != fmt.Sprint(want) {
		t.Errorf("dependencies are %q, want %q", dependencies, want)
	}
	if len(*bom.Components) != 3 {
		t.Errorf("components are %+v", *bom.Components)
	}
	text.Reset()
	if err := bill.SPDX(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"primaryPackagePurpose": "CONTAINER"`, `"primaryPackagePurpose": "OTHER"`, `"SPDXRef-example.org-a-b-v1-incompatible"`, `"licenseDeclared": "NOASSERTION"`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("SPDX has no %s", want)
		}
	}
}

// A module whose licence nobody has looked up is told, and nothing is left.
func TestUnknownModule(t *testing.T) {
	k, dir := kit.New(t, "1.2.3"), t.TempDir()
	kit.Binary(t, k, target)
	if err := os.WriteFile(filepath.Join(k.Licenses, "licenses.json"), []byte("[]"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := sbom.Write(k, target, dir); err == nil || !strings.Contains(err.Error(), "does not know "+kit.Dependency+"; run release licenses again") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
