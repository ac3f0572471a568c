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
		var manifest struct {
			Version      string
			Architecture map[string]struct{ URL, Hash string }
		}
		if err := json.Unmarshal(text, &manifest); err != nil {
			t.Fatal(err)
		}
		if manifest.Version != version || len(manifest.Architecture) != 3 {
			t.Errorf("manifest of %s for %d architectures", manifest.Version, len(manifest.Architecture))
		}
		for arch, source := range manifest.Architecture {
			download, err := k.Download(filepath.Base(source.URL))
			if err != nil || download.SHA256 != source.Hash || !strings.HasSuffix(source.URL, ".zip") {
				t.Errorf("%s: %s with %s, %v", arch, source.URL, source.Hash, err)
			}
		}
	}
}
