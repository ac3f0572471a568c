package tree

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Matrix is what nix/platforms.json says: every target, and how the gateway is built for it.
type Matrix struct {
	Build   Build
	Targets []Target // in the order of the file
}

// A Build says how the go command makes the gateway's binary.
type Build struct {
	Package string            // import path relative to the tree, such as "./cmd/glide"
	Env     map[string]string // environment of the go command
	Flags   []string          // flags of go build but -ldflags
	LDFlags []string          // flags of the linker; {version} and {target} stand for those
}

// A Target is a platform of the matrix.
type Target struct {
	OS      string `json:"goos"`   // as GOOS
	Arch    string `json:"goarch"` // as GOARCH
	ARM     string `json:"goarm"`  // as GOARM, for arm only
	Refused string // why the target is not built; empty if it is

	Packages []string // what the binary is packaged as, such as "archive" and "deb"
}

// String returns the target's name as users type it: "linux/arm64", "linux/armv7".
func (t Target) String() string {
	return t.OS + "/" + t.arch()
}

// Name returns the target's name for files and attributes: "linux-arm64", "linux-armv7".
func (t Target) Name() string {
	return t.OS + "-" + t.arch()
}

func (t Target) arch() string {
	if t.ARM != "" {
		return t.Arch + "v" + t.ARM
	}
	return t.Arch
}

// Binary returns the file name of the gateway's binary for the target, beside those of others.
func (t Target) Binary() string {
	if t.OS == "windows" {
		return "glide-" + t.Name() + ".exe"
	}
	return "glide-" + t.Name()
}

// Packaged returns the targets that are packaged as a kind, such as "deb".
func (m Matrix) Packaged(kind string) []Target {
	return slices.DeleteFunc(m.Built(), func(t Target) bool { return !slices.Contains(t.Packages, kind) })
}

// Built returns the targets that are built.
func (m Matrix) Built() []Target {
	return slices.DeleteFunc(slices.Clone(m.Targets), func(t Target) bool { return t.Refused != "" })
}

// Target returns the target with the given name, in the form of String or of Name.
func (m Matrix) Target(name string) (Target, error) {
	for _, t := range m.Targets {
		if name != t.String() && name != t.Name() {
			continue
		}
		if t.Refused != "" {
			return Target{}, fmt.Errorf("target %s is not built: %s", t, t.Refused)
		}
		return t, nil
	}
	var known []string
	for _, t := range m.Built() {
		known = append(known, t.String())
	}
	return Target{}, fmt.Errorf("unknown target %q; the targets are %s", name, strings.Join(known, ", "))
}

func readMatrix(file string) (Matrix, error) {
	var m Matrix
	if err := readJSON(file, &m); err != nil {
		return Matrix{}, err
	}
	var errs []error
	seen := map[string]bool{}
	for i, t := range m.Targets {
		switch {
		case t.OS == "" || t.Arch == "":
			errs = append(errs, fmt.Errorf("%s: target %d needs both goos and goarch", file, i+1))
		case seen[t.Name()]:
			errs = append(errs, fmt.Errorf("%s: target %s is listed twice; remove one", file, t))
		}
		seen[t.Name()] = true
	}
	if m.Build.Package == "" {
		errs = append(errs, fmt.Errorf("%s: build.package is missing; write \"./cmd/glide\"", file))
	}
	return m, errors.Join(errs...)
}
