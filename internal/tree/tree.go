// Package tree reads what a source tree of Glide says of itself: its version and date, the
// matrix of platforms, and the pinned Go toolchain. It is where the factory's facts come from.
package tree

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Module is the import path of the module that a source tree of Glide holds.
const Module = "github.com/einstack/glide"

// Images is the repository that the container images are published to.
const Images = "ghcr.io/einstack/glide"

// Names of the files that a Tree is read from, relative to its folder.
const (
	VersionFile   = "VERSION"
	ChangelogFile = "CHANGELOG.md"
	MatrixFile    = "nix/platforms.json"
	ToolchainFile = "nix/go-toolchain.json"
	BasesFile     = "nix/images/bases.lock.json"
)

// A Tree is a source tree of Glide.
type Tree struct {
	Dir     string    // absolute path
	Version string    // semantic version, such as "0.1.0-rc.1"
	Date    time.Time // day that CHANGELOG.md gives the version, midnight UTC
	Go      Toolchain
	Matrix  Matrix
}

// A Toolchain is the official Go distribution that binaries are compiled with. The Go project
// publishes it as the module golang.org/toolchain too.
type Toolchain struct {
	Version string // such as "1.26.8"
	// Modules holds for each platform that can build, such as "linux-arm64", the module's
	// checksum as in go.sum.
	Modules map[string]struct{ Sum string }
}

// Find returns the source tree that dir is in: dir itself or the nearest folder above it.
func Find(dir string) (*Tree, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for root := abs; ; root = filepath.Dir(root) {
		mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
		if err == nil && strings.Contains("\n"+string(mod), "\nmodule "+Module+"\n") {
			return Open(root)
		}
		if root == filepath.Dir(root) {
			return nil, fmt.Errorf("%s: neither it nor a folder above it is a source tree of %s; name one with --source", abs, Module)
		}
	}
}

// Open reads the source tree in dir. Its error joins everything that is wrong with the tree.
func Open(dir string) (*Tree, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	t := &Tree{Dir: dir}
	var errs []error
	if t.Version, err = readVersion(t.Path(VersionFile)); err != nil {
		errs = append(errs, err)
	} else if t.Date, err = readDate(t.Path(ChangelogFile), t.Version); err != nil {
		errs = append(errs, err)
	}
	if t.Matrix, err = readMatrix(t.Path(MatrixFile)); err != nil {
		errs = append(errs, err)
	}
	if err := readJSON(t.Path(ToolchainFile), &t.Go); err != nil {
		errs = append(errs, err)
	}
	return t, errors.Join(errs...)
}

// Path returns the absolute path of a file of the tree that is named with slashes.
func (t *Tree) Path(name string) string {
	return filepath.Join(t.Dir, filepath.FromSlash(name))
}

// A release is three numbers, and -rc.N for its Nth candidate. The Nix code has the same rule.
var versionForm = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-rc\.[1-9][0-9]*)?$`)

func readVersion(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	version := strings.TrimSuffix(string(text), "\n")
	if !versionForm.MatchString(version) {
		return "", fmt.Errorf("%s:1: %q is not a version; write one such as 0.1.0 or 0.1.0-rc.1", file, version)
	}
	return version, nil
}

// readDate finds the day in the heading that Keep a Changelog gives a version:
// "## [0.1.0-rc.1] - 2026-11-22".
func readDate(file, version string) (time.Time, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, err
	}
	start := "## [" + version + "] - "
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		day, found := strings.CutPrefix(strings.TrimSpace(line), start)
		if !found {
			continue
		}
		date, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return time.Time{}, fmt.Errorf("%s:%d: %q is not a day; write one such as 2026-11-22", file, n, day)
		}
		return date, nil
	}
	return time.Time{}, fmt.Errorf("%s: version %s has no section; add the heading %q with its day", file, version, start+"YYYY-MM-DD")
}

func readJSON(file string, value any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
