package winget_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/winget"
	"github.com/einstack/glide/test/kit"
)

// By the suffix of a manifest's name, what its fields must be: facts from version 1.10.0 of winget's
// schemas, https://github.com/microsoft/winget-cli/tree/master/schemas/JSON/manifests/v1.10.0, with
// addresses that are shorter and encrypted, and the architectures that are built.
var schemas = map[string]kit.Fields{
	"": {
		"DefaultLocale": locale,
		"ManifestType":  `version`,
	},
	".locale.en-US": {
		"PackageLocale":    locale,
		"Publisher":        `.{2,256}`,
		"PublisherUrl":     address,
		"PackageName":      `.{2,256}`,
		"PackageUrl":       address,
		"License":          `.{3,512}`,
		"LicenseUrl":       address,
		"ShortDescription": `.{3,256}`,
		"Moniker":          `.{1,40}`,
		"Tags[]":           `.{1,40}`,
		"ReleaseNotesUrl":  address,
		"ManifestType":     `defaultLocale`,
	},
	".installer": {
		"InstallerType":       `zip`,
		"NestedInstallerType": `portable`,
		"Commands[]":          `.{1,40}`,
		"ReleaseDate":         `[0-9]{4}-[0-9]{2}-[0-9]{2}`,

		"Installers[].Architecture":                                `x86|x64|arm64`,
		"Installers[].NestedInstallerFiles[].RelativeFilePath":     `.{1,512}`,
		"Installers[].NestedInstallerFiles[].PortableCommandAlias": `.{1,40}`,
		"Installers[].InstallerUrl":                                address,
		"Installers[].InstallerSha256":                             `[A-Fa-f0-9]{64}`,

		"ManifestType": `installer`,
	},
}

// Of every manifest.
var schema = kit.Fields{
	"PackageIdentifier": `[^.\s\\/:*?"<>|\x01-\x1f]{1,32}(\.[^.\s\\/:*?"<>|\x01-\x1f]{1,32}){1,7}`,
	"PackageVersion":    `[^\\/:*?"<>|\x01-\x1f]{1,128}`,
	"ManifestVersion":   `1\.10\.0`,
}

const (
	address = `https://.{1,1000}`
	locale  = `[a-zA-Z]{2,3}(-[a-zA-Z]{1,8})*`
)

func TestWrite(t *testing.T) {
	k, dir := kit.New(t, "1.2.3"), t.TempDir()
	names, err := winget.Write(k, k.Tree.Matrix.Packaged("winget"), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 3 {
		t.Fatalf("wrote %q", names)
	}
	for suffix, fields := range schemas {
		name := winget.Identifier + suffix + ".yaml"
		if !slices.Contains(names, name) {
			t.Errorf("%s is not among %q", name, names)
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(fields, schema)
		if err := fields.Check(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(string(text), "\nPackageIdentifier: EinStack.Glide\nPackageVersion: 1.2.3\n") {
			t.Errorf("%s is of\n%s", name, text)
		}
		if installers := strings.Count(string(text), "InstallerSha256:"); (installers == 3) != (suffix == ".installer") {
			t.Errorf("%s has %d installers", name, installers)
		}
	}
}

func TestCandidate(t *testing.T) {
	k, dir := kit.New(t, "1.2.3-rc.1"), t.TempDir()
	names, err := winget.Write(k, k.Tree.Matrix.Packaged("winget"), dir)
	if err != nil || len(names) > 0 {
		t.Errorf("wrote %q, %v", names, err)
	}
}
