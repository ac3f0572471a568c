// Package script makes install.sh, by which a shell installs the release that it came with.
package script

import (
	_ "embed"
	"path/filepath"
	"strings"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// File is the name of the script.
const File = "install.sh"

//go:embed install.sh
var text string

// Write makes the script for the targets in dir and returns its name.
func Write(k *pack.Kit, targets []tree.Target, dir string) (string, error) {
	var names []string
	for _, target := range targets {
		// Windows has no shell for it.
		if target.OS != "windows" {
			names = append(names, strings.ReplaceAll(target.Name(), "-", "_"))
		}
	}
	filled := strings.NewReplacer("@VERSION@", k.Tree.Version, "@TARGETS@", strings.Join(names, " "), "@SIGNER@", pack.Signer).Replace(text)
	return File, pack.WriteBytes(filepath.Join(dir, File), []byte(filled))
}
