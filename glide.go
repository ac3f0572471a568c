// Package glide holds what the whole module shares: the version of the source tree.
//
// The file VERSION is the only place where a person writes the version. It is part of
// the source, so every build of a commit reports the same one without a linker flag.
package glide

import (
	_ "embed"
	"strings"
)

//go:embed VERSION
var version string

// Version returns the semantic version of this source tree without a leading v, such
// as "0.1.0-rc.1".
func Version() string {
	return strings.TrimSpace(version)
}
