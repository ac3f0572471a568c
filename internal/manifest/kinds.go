package manifest

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/einstack/glide/internal/tree"
)

// A kind is a sort of files, known by their names.
type kind struct {
	name      string
	pattern   string // as filepath.Match
	mediaType string
	channels  []string
}

// The first that matches a file's name is its kind.
var kinds = []kind{
	{"sbom", "glide_*.cdx.json", "application/vnd.cyclonedx+json", []string{"github"}},
	{"sbom", "glide_*.spdx.json", "application/spdx+json", []string{"github"}},
	{"archlinux", "*.pkg.tar.zst", "application/zstd", []string{"github"}},
	{"archive", "glide_*.tar.gz", "application/gzip", []string{"github"}},
	{"archive", "glide_*.zip", "application/zip", []string{"github"}},
	{"apk", "*.apk", "application/gzip", []string{"github"}},
	{"deb", "*.deb", "application/vnd.debian.binary-package", []string{"github"}},
	{"rpm", "*.rpm", "application/x-rpm", []string{"github"}},
	{"snap", "*.snap", "application/vnd.snap", []string{"github", "snap"}},
	{"snapcraft", "snapcraft.yaml", "application/yaml", []string{"github"}},
	{"script", "install.sh", "application/x-sh", []string{"github"}},
	{"winget", "EinStack.Glide*.yaml", "application/yaml", []string{"github"}},
	{"chocolatey", "glide.*.nupkg", "application/zip", []string{"chocolatey", "github"}},
	{"chart", "glide-*.tgz", string(chartLayerType), []string{"github", "helm"}},
	{"formula", "*.rb", "text/x-ruby", []string{"homebrew"}},
	{"scoop", "glide*.json", "application/json", []string{"scoop"}},
}

func kindOf(name string) (kind, error) {
	for _, k := range kinds {
		if matched, err := filepath.Match(k.pattern, name); err == nil && matched {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("%s: no kind of artifact has such a name; see internal/manifest/kinds.go", name)
}

// platformOf returns the target that a file's name says it is of, if it says one.
func platformOf(t *tree.Tree, name string) string {
	for _, target := range t.Matrix.Built() {
		if strings.Contains(name, "_"+strings.ReplaceAll(target.Name(), "-", "_")+".") {
			return target.String()
		}
	}
	return ""
}
