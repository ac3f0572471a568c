package tree

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Matrix is what nix/platforms.json says: every target, and how the gateway is built for it.
type Matrix struct {
	Build   Build
	Distros map[string]Distro // by name, such as "alpine"
	Targets []Target          // in the order of the file
}

// A Distro is a flavour of the container images.
type Distro struct {
	// Base is the image that its images stand on, such as "docker.io/library/alpine:3.24". It
	// is empty for images that stand on none.
	Base string
	// Mirrors are repositories with the same images, such as "mirror.gcr.io/library/alpine".
	Mirrors []string
}

// An Image is a container image for one target.
type Image struct {
	Distro string
	Target Target
}

// String returns the image's name as users type it: "alpine/arm64".
func (i Image) String() string {
	return i.Distro + "/" + i.Target.arch()
}

// Name returns the image's name for files and attributes: "alpine-arm64".
func (i Image) Name() string {
	return i.Distro + "-" + i.Target.arch()
}

// Image returns the image with the given name, in the form of String or of Name.
func (m Matrix) Image(name string) (Image, error) {
	var known []string
	for _, i := range m.Images() {
		if name == i.String() || name == i.Name() {
			return i, nil
		}
		known = append(known, i.String())
	}
	return Image{}, fmt.Errorf("unknown image %q; the images are %s", name, strings.Join(known, ", "))
}

// Images returns the images that the matrix lists, by distro and then in the order of the
// targets. Those that the lock of the bases refuses are among them.
func (m Matrix) Images() []Image {
	var images []Image
	for _, distro := range slices.Sorted(maps.Keys(m.Distros)) {
		for _, target := range m.Targets {
			if slices.Contains(target.Images, distro) {
				images = append(images, Image{distro, target})
			}
		}
	}
	return images
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
	OS      string   `json:"goos"`   // as GOOS
	Arch    string   `json:"goarch"` // as GOARCH
	ARM     string   `json:"goarm"`  // as GOARM, for arm only
	Refused string   // why the target is not built; empty if it is
	Images  []string // names of the distros that it gets images of

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
		for _, distro := range t.Images {
			if _, ok := m.Distros[distro]; !ok {
				errs = append(errs, fmt.Errorf("%s: target %s has images of %q, which is not in distros; add it there", file, t, distro))
			}
		}
		if len(t.Images) > 0 && t.OS != "linux" {
			errs = append(errs, fmt.Errorf("%s: target %s has images, but containers are of linux; remove them", file, t))
		}
	}
	if m.Build.Package == "" {
		errs = append(errs, fmt.Errorf("%s: build.package is missing; write \"./cmd/glide\"", file))
	}
	return m, errors.Join(errs...)
}
