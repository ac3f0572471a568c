package winget_test

import (
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/einstack/glide/internal/winget"
	"github.com/einstack/glide/test/kit"
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
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var manifest struct {
			PackageIdentifier string `yaml:"PackageIdentifier"`
			PackageVersion    string `yaml:"PackageVersion"`
			ManifestType      string `yaml:"ManifestType"`
			Installers        []struct {
				Architecture    string `yaml:"Architecture"`
				InstallerSha256 string `yaml:"InstallerSha256"`
			} `yaml:"Installers"`
		}
		if err := yaml.Unmarshal(text, &manifest); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if manifest.PackageIdentifier != "EinStack.Glide" || manifest.PackageVersion != "1.2.3" {
			t.Errorf("%s is of %s %s", name, manifest.PackageIdentifier, manifest.PackageVersion)
		}
		if (len(manifest.Installers) == 3) != (manifest.ManifestType == "installer") {
			t.Errorf("%s of type %s has %d installers", name, manifest.ManifestType, len(manifest.Installers))
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
