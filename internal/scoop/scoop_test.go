package scoop_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/scoop"
	"github.com/einstack/glide/test/kit"
)

// What the fields of a manifest must be: facts from Scoop's schema,
// https://github.com/ScoopInstaller/Scoop/blob/master/schema.json, with addresses that are encrypted.
var schema = func() kit.Fields {
	fields := kit.Fields{
		"version":     `[\w\-.+_]+`,
		"description": `.+`,
		"homepage":    `https://[^$\s]+`,
		"license":     `Apache-2\.0`,
		"bin":         `.+`,
	}
	for _, arch := range []string{"32bit", "64bit", "arm64"} {
		fields["architecture."+arch+".url"] = `https://[^$\s]+`
		fields["architecture."+arch+".hash"] = `[a-fA-F0-9]{64}`
		fields["architecture."+arch+".extract_dir"] = `.+`
	}
	return fields
}()

func TestWrite(t *testing.T) {
	for version, want := range map[string][]string{
		"1.2.3":      {"glide.json", "glide-rc.json"},
		"1.2.3-rc.1": {"glide-rc.json"},
	} {
		k, dir := kit.New(t, version), t.TempDir()
		names, err := scoop.Write(k, k.Tree.Matrix.Packaged("scoop"), dir)
		if err != nil || !slices.Equal(names, want) {
			t.Fatalf("%s: wrote %q, %v, want %q", version, names, err, want)
		}
		text, err := os.ReadFile(filepath.Join(dir, names[0]))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Check(text); err != nil {
			t.Errorf("%s: %v", names[0], err)
		}
		var manifest struct {
			Version      string
			Architecture map[string]struct{ URL, Hash string }
		}
		if err := json.Unmarshal(text, &manifest); err != nil {
			t.Fatal(err)
		}
		if manifest.Version != version {
			t.Errorf("manifest of %s", manifest.Version)
		}
		for arch, source := range manifest.Architecture {
			download, err := k.Download(filepath.Base(source.URL))
			if err != nil || download.SHA256 != source.Hash || !strings.HasSuffix(source.URL, ".zip") {
				t.Errorf("%s: %s with %s, %v", arch, source.URL, source.Hash, err)
			}
		}
	}
}
