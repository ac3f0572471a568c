package snap

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// SnapcraftFile is the name of the file by which the store's builders make snaps.
const SnapcraftFile = "snapcraft.yaml"

// Architectures that snapcraft has no base to build on for. The store takes their snaps all the same.
var notBuilt = []string{"i386"}

type (
	snapcraft struct {
		description `yaml:",inline"`
		BuildBase   string              `yaml:"build-base"`
		Platforms   map[string]platform `yaml:"platforms"`
		Parts       map[string]part     `yaml:"parts"`
	}
	platform struct {
		BuildOn  []string `yaml:"build-on"`
		BuildFor []string `yaml:"build-for"`
	}
	part struct {
		Plugin        string   `yaml:"plugin"`
		BuildPackages []string `yaml:"build-packages"`
		OverrideBuild string   `yaml:"override-build"`
	}
)

// WriteSnapcraft makes SnapcraftFile in dir and returns its name. By it the store's builders pack the
// very binaries of the targets' archives.
func WriteSnapcraft(k *pack.Kit, targets []tree.Target, dir string) (string, error) {
	common, err := describe(k.Tree)
	if err != nil {
		return "", err
	}
	platforms := map[string]platform{}
	var cases strings.Builder
	for _, target := range targets {
		arch := archs[target.Arch]
		if slices.Contains(notBuilt, arch) {
			continue
		}
		download, err := k.Download(archive.Name(k, target))
		if err != nil {
			return "", err
		}
		platforms[arch] = platform{[]string{"amd64"}, []string{arch}}
		fmt.Fprintf(&cases, "  %s)\n    url=%s\n    sha256=%s\n    ;;\n", arch, download.URL, download.SHA256)
	}
	content, err := marshal(snapcraft{
		description: common,
		BuildBase:   "core24",
		Platforms:   platforms,
		Parts: map[string]part{"glide": {
			Plugin:        "nil",
			BuildPackages: []string{"curl"},
			OverrideBuild: `case "$CRAFT_ARCH_BUILD_FOR" in
` + cases.String() + `esac
curl --fail --silent --show-error --location --output archive.tar.gz "$url"
echo "$sha256  archive.tar.gz" | sha256sum --check
tar --extract --gzip --strip-components 1 --file archive.tar.gz
install -D --mode 755 --target-directory "$CRAFT_PART_INSTALL/bin" glide
install --mode 644 --target-directory "$CRAFT_PART_INSTALL" LICENSE ` + pack.NoticesFile + "\n",
		}},
	})
	if err != nil {
		return "", err
	}
	return SnapcraftFile, pack.WriteBytes(filepath.Join(dir, SnapcraftFile), content)
}
