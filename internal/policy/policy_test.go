package policy

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for _, tc := range []struct {
		version   string
		published []string
		want      Channels
	}{
		{"0.1.0-rc.1", nil, Channels{
			Prerelease:  true,
			ImageTags:   []string{"0.1.0-rc.1-{distro}"},
			DefaultTags: []string{"0.1.0-rc.1"},
			Snap:        []string{"latest/beta", "latest/edge"},
			SnapGrade:   "devel",
			Formulas:    []string{"glide-rc"},
			Chocolatey:  "0.1.0-rc0001",
		}},
		{"1.2.3", []string{"1.2.2", "1.2.3-rc.1"}, Channels{
			Latest:      true,
			ImageTags:   []string{"1.2.3-{distro}", "1.2-{distro}", "1-{distro}", "latest-{distro}"},
			DefaultTags: []string{"1.2.3", "1.2", "1", "latest"},
			Snap:        []string{"latest/stable", "latest/candidate", "latest/beta", "latest/edge"},
			SnapGrade:   "stable",
			Formulas:    []string{"glide@1.2", "glide", "glide-rc"},
			Chocolatey:  "1.2.3",
			Winget:      true,
		}},
		// A patch of an old minor version, while a candidate of the next one is out.
		{"0.1.1", []string{"0.1.0", "0.2.0", "0.3.0-rc.1"}, Channels{
			ImageTags:   []string{"0.1.1-{distro}", "0.1-{distro}"},
			DefaultTags: []string{"0.1.1", "0.1"},
			Snap:        []string{},
			SnapGrade:   "stable",
			Formulas:    []string{"glide@0.1"},
			Chocolatey:  "0.1.1",
			Winget:      true,
		}},
		// A candidate of what is out already, by mistake or late, moves nothing.
		{"0.2.0-rc.9", []string{"0.2.0"}, Channels{
			Prerelease:  true,
			ImageTags:   []string{"0.2.0-rc.9-{distro}"},
			DefaultTags: []string{"0.2.0-rc.9"},
			Snap:        []string{},
			SnapGrade:   "devel",
			Formulas:    []string{},
			Chocolatey:  "0.2.0-rc0009",
		}},
	} {
		t.Run(tc.version, func(t *testing.T) {
			tc.want.Version = tc.version
			got, err := Of(tc.version, tc.published)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	for version, want := range map[string]string{
		"":                             "is not a version",
		"v0.1.0":                       "is not a version",
		"0.1":                          "is not a version",
		"0.01.0":                       "is not a version",
		"0.1.0-rc.0":                   "is not a version",
		"0.1.0-rc.01":                  "is not a version",
		"0.1.0-beta.1":                 "is not a version",
		"0.1.0 ":                       "is not a version",
		"-1.0.0":                       "is not a version",
		"0.1.99999999999999999999":     "is not a version",
		"0.1.0-rc.9223372036854775807": "is not a version",
		"0.1.0-rc.10000":               "Chocolatey sorts candidates up to rc.9999 only",
	} {
		if _, err := Of(version, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", version, err, want)
		}
	}
	if _, err := Of("0.1.0", []string{"nonsense"}); err == nil || !strings.Contains(err.Error(), "published versions") {
		t.Errorf("got %v", err)
	}
}

// Histories of random versions in random order, each of which is brought to its places.
func TestHistories(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		var published []string
		holders := map[string]number{}
		for range 40 {
			version := randomVersion(random)
			if slices.Contains(published, version) {
				continue
			}
			c, err := Of(version, published)
			if err != nil {
				t.Fatal(err)
			}
			v, err := parse(version)
			if err != nil {
				t.Fatal(err)
			}
			if v.candidate() != (c.SnapGrade == "devel") || v.candidate() != c.Prerelease {
				t.Errorf("seed %d: %s is marked wrongly: %+v", seed, version, c)
			}
			for _, place := range places(c) {
				if v.candidate() && !forCandidates(place, version) {
					t.Errorf("seed %d: candidate %s reaches %s", seed, version, place)
				}
				if before, ok := holders[place]; ok && before.compare(v) >= 0 {
					t.Errorf("seed %d: %s goes back from %s to %s", seed, place, before, version)
				}
				holders[place] = v
			}
			published = append(published, version)

			again, err := Of(version, published)
			if err != nil || !reflect.DeepEqual(again, c) {
				t.Errorf("seed %d: %s goes elsewhere when it is out: %+v, %v", seed, version, again, err)
			}
		}

		// Each place ends up with the newest version that may have it.
		newest := func(among func(number) bool) number {
			var found number
			for _, version := range published {
				if v, _ := parse(version); among(v) && v.compare(found) > 0 {
					found = v
				}
			}
			return found
		}
		stable := newest(func(v number) bool { return !v.candidate() })
		any := newest(func(number) bool { return true })
		for place, want := range map[string]number{
			"image latest-{distro}": stable, "image latest": stable, "github latest": stable,
			"snap latest/stable": stable, "snap latest/candidate": stable, "formula glide": stable,
			"snap latest/beta": any, "snap latest/edge": any, "formula glide-rc": any,
		} {
			if got := holders[place]; got != want {
				t.Errorf("seed %d: %s holds %s, want %s", seed, place, got, want)
			}
		}
	}
}

// Chocolatey sorts labels as text, and a version with a label before the one without.
func TestNuGetSortsAsVersions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := randomVersion(random), randomVersion(random)
		va, _ := parse(a)
		vb, _ := parse(b)
		na, err := va.nuget()
		if err != nil {
			t.Fatal(err)
		}
		nb, err := vb.nuget()
		if err != nil {
			t.Fatal(err)
		}
		if va.major != vb.major || va.minor != vb.minor || va.patch != vb.patch {
			continue
		}
		// With a character after all others, the version without a label comes last.
		if got, want := strings.Compare(na+"~", nb+"~"), va.compare(vb); got != want {
			t.Errorf("%s against %s: %d, want %d", na, nb, got, want)
		}
	}
}

// randomVersion returns one of few versions, so that histories have patches and candidates of each.
func randomVersion(random *rand.Rand) string {
	version := fmt.Sprintf("%d.%d.%d", random.IntN(3), random.IntN(3), random.IntN(3))
	if random.IntN(2) == 0 {
		version += fmt.Sprintf("-rc.%d", 1+random.IntN(12))
	}
	return version
}

func places(c Channels) []string {
	var all []string
	add := func(kind string, names ...string) {
		for _, name := range names {
			all = append(all, kind+" "+name)
		}
	}
	add("image", c.ImageTags...)
	add("image", c.DefaultTags...)
	add("snap", c.Snap...)
	add("formula", c.Formulas...)
	add("chocolatey", c.Chocolatey)
	if c.Latest {
		add("github", "latest")
	}
	if !c.Prerelease {
		add("github", "release "+c.Version)
	}
	if c.Winget {
		add("winget", c.Version)
	}
	return all
}

// forCandidates tells whether a place says that candidates may be in it, by its name or because it is
// of this version alone.
func forCandidates(place, version string) bool {
	_, name, _ := strings.Cut(place, " ")
	switch name {
	case "latest/beta", "latest/edge", "glide-rc", version, version + "-{distro}":
		return true
	}
	return strings.HasPrefix(place, "chocolatey ") && strings.Contains(name, "-rc")
}
