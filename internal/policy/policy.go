// Package policy says where a version goes: its image tags, its snap channels, its formula and the
// other places that people install from.
//
// It is a pure function of the version and of those that are out already, with two rules. A release
// candidate reaches only places that say so. A place that moves, such as the tag latest, never goes
// back: a patch of an old minor version takes none that a newer one holds.
package policy

import (
	"fmt"
	"slices"
)

// DefaultDistro is the distribution of the images whose tags name none.
const DefaultDistro = "alpine"

// Channels are the places of a version.
type Channels struct {
	Version    string `json:"version"`
	Prerelease bool   `json:"prerelease"` // as GitHub and Artifact Hub mark a release
	Latest     bool   `json:"latest"`     // GitHub's latest release

	// ImageTags are those of the images of a distribution, where {distro} stands for its name.
	ImageTags []string `json:"imageTags"`
	// DefaultTags are further tags of the images of DefaultDistro.
	DefaultTags []string `json:"defaultTags"`

	// Snap are the channels that a snap is released to. Without any it is in the store, for
	// those who ask for its revision.
	Snap []string `json:"snap"`
	// SnapGrade is "stable", or "devel", which the store keeps out of candidate and stable.
	SnapGrade string `json:"snapGrade"`

	// Formulas are the formulas of the Homebrew tap, and manifests of the Scoop bucket, that
	// install this version.
	Formulas []string `json:"formulas"`

	// Chocolatey is the version as Chocolatey sorts it; it marks candidates by itself.
	Chocolatey string `json:"chocolatey"`
	// Winget tells whether the version is submitted to winget, which has no candidates.
	Winget bool `json:"winget"`
}

// Of returns the places of a version, given all those that are out. Whether it is among them
// itself makes no difference, so that a release can be taken up again.
func Of(version string, published []string) (Channels, error) {
	v, err := parse(version)
	if err != nil {
		return Channels{}, err
	}
	chocolatey, err := v.nuget()
	if err != nil {
		return Channels{}, err
	}
	var others []number
	for _, name := range published {
		other, err := parse(name)
		if err != nil {
			return Channels{}, fmt.Errorf("published versions: %w", err)
		}
		others = append(others, other)
	}

	// Whether it is the newest version, among those of which the condition holds.
	newest := func(among func(number) bool) bool {
		return !slices.ContainsFunc(others, func(other number) bool {
			return among(other) && other.compare(v) > 0
		})
	}
	all := newest(func(number) bool { return true })

	c := Channels{
		Version:     version,
		Prerelease:  v.candidate(),
		ImageTags:   []string{version + "-{distro}"},
		DefaultTags: []string{version},
		Snap:        []string{},
		SnapGrade:   "stable",
		Formulas:    []string{},
		Chocolatey:  chocolatey,
	}
	if v.candidate() {
		c.SnapGrade = "devel"
		if all {
			c.Snap = []string{"latest/beta", "latest/edge"}
			c.Formulas = []string{"glide-rc"}
		}
		return c, nil
	}

	c.Winget = true
	minor := fmt.Sprintf("%d.%d", v.major, v.minor)
	if newest(func(o number) bool { return !o.candidate() && o.major == v.major && o.minor == v.minor }) {
		c.tag(minor)
		c.Formulas = append(c.Formulas, "glide@"+minor)
	}
	// Version 0 promises nothing from minor to minor, so it has no tag of its own.
	if v.major > 0 && newest(func(o number) bool { return !o.candidate() && o.major == v.major }) {
		c.tag(fmt.Sprint(v.major))
	}
	if newest(func(o number) bool { return !o.candidate() }) {
		c.Latest = true
		c.tag("latest")
		c.Snap = append(c.Snap, "latest/stable", "latest/candidate")
		c.Formulas = append(c.Formulas, "glide")
	}
	// Who follows candidates gets the version that they led to.
	if all {
		c.Snap = append(c.Snap, "latest/beta", "latest/edge")
		c.Formulas = append(c.Formulas, "glide-rc")
	}
	return c, nil
}

// tag adds a moving tag to the images of every distribution.
func (c *Channels) tag(name string) {
	c.ImageTags = append(c.ImageTags, name+"-{distro}")
	c.DefaultTags = append(c.DefaultTags, name)
}

// Versions returns those of the given names that are versions, such as of a registry's tags.
func Versions(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, err := parse(name)
		return err != nil
	})
}
