package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/wire"
)

// A Release is what is published.
type Release struct {
	*manifest.Manifest
	Dir     string // its folder
	Notes   string // text of the GitHub release, Markdown
	Bare    bool   // whether the GitHub release may be without notes and signature
	Scratch string // folder for copies of repositories
	// Silence is how long a server may send nothing; no time at all stands for a minute.
	Silence time.Duration
	// Pause is how long a server is left alone that wants to be but doesn't say for how long; no time at
	// all stands for a minute, as GitHub has it.
	Pause time.Duration
	// Anonymous says that only what the public sees counts, so no secret is used, but a token for the
	// limits of GitHub's API if there is one.
	Anonymous bool
	// Login says that registries are read with their secret even so, as a company's own let nobody read without.
	Login bool
	// Waits hears for how long an anonymous reader waits, and why; may be nil.
	Waits func(time.Duration, error)
}

func (r *Release) path(name string) string { return filepath.Join(r.Dir, name) }

// Check reads what goes to the channels and reports all that is missing, or is not what the release says.
// What goes only where uploads are checked is left to those.
func (r *Release) Check(channels []Channel) error {
	return r.Manifest.Check(r.Dir, func(a manifest.Artifact) bool {
		return slices.ContainsFunc(channels, func(c Channel) bool {
			name := c.Name()
			return name == "dir" || !kinds[name].checked && slices.Contains(a.Channels, name)
		})
	})
}

// sum returns the SHA-256 of a file of the release, hexadecimal. Most are known, and right after
// [Release.Check].
func (r *Release) sum(name string) (string, error) {
	for _, a := range r.Artifacts {
		if a.Name == name && a.Kind != "image" {
			return a.SHA256, nil
		}
	}
	if dir, base := filepath.Split(name); dir == filepath.Join(manifest.ImagesDir, "blobs", "sha256")+string(filepath.Separator) {
		return base, nil
	}
	sum, _, err := dist.Sum(r.path(name))
	return sum, err
}

func (r *Release) transport() http.RoundTripper {
	transport := courteous{
		&wire.Impatient{Base: http.DefaultTransport, Silence: cmp.Or(r.Silence, time.Minute)},
		cmp.Or(r.Pause, time.Minute),
	}
	if r.Anonymous {
		return patient{transport, r.Waits}
	}
	return transport
}

// places returns where the version goes, given those that a channel has.
func (r *Release) places(names []string) (policy.Channels, error) {
	return policy.Of(r.Version, policy.Versions(names))
}

// secret returns a secret, or nothing for the public.
func (r *Release) secret(name string) (string, error) {
	if r.Anonymous {
		return "", nil
	}
	return secret(name)
}

// errNoSecret says that nobody has named a secret.
var errNoSecret = errors.New("no secret")

// secret returns what an environment variable holds, or the file that NAME_FILE names.
func secret(name string) (string, error) {
	if value := os.Getenv(name); value != "" {
		return value, nil
	}
	if file := os.Getenv(name + "_FILE"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", setupError{fmt.Errorf("%s_FILE: %w", name, err)}
		}
		return strings.TrimSpace(string(text)), nil
	}
	return "", setupError{fmt.Errorf("%w; set %s, or %s_FILE to a file that holds it", errNoSecret, name, name)}
}

// A kind of channel.
type kind struct {
	place   string // if nobody says otherwise
	open    func(r *Release, place string) (Channel, error)
	after   []string // the channels that have what it points to
	checked bool     // whether it says the digest of what has arrived, before anyone can see that
}

var kinds = map[string]kind{
	"chocolatey": {"https://push.chocolatey.org", newChocolatey, nil, false},
	"dir":        {"", newDir, nil, false},
	"github":     {"https://api.github.com/repos/einstack/glide", newGitHub, nil, true},
	"helm":       {chart.Repository + " https://github.com/einstack/glide.git#gh-pages " + chart.Classic, newHelm, []string{"github", "oci"}, false},
	"homebrew":   {"https://github.com/einstack/homebrew-tap.git", newHomebrew, []string{"github"}, false},
	"oci":        {"ghcr.io/einstack/glide", newOCI, nil, false},
	"scoop":      {"https://github.com/einstack/scoop-bucket.git", newScoop, []string{"github"}, false},
	"snap":       {"https://api.snapcraft.io", newSnap, nil, false},
}

// Names returns the names of all channels.
func Names() []string { return slices.Sorted(maps.Keys(kinds)) }

// A closed channel is one that can't be opened, for want of a secret for example. The others go on.
type closed struct {
	name, place string
	err         error
}

func (c closed) Name() string                          { return c.name }
func (c closed) Place() string                         { return c.place }
func (c closed) Plan(context.Context) ([]Stage, error) { return nil, setupError{c.err} }

// Open returns the channels that are named, each as NAME or NAME=PLACE. It fails only if a name is wrong.
func Open(r *Release, named []string) ([]Channel, error) {
	var channels []Channel
	var errs []error
	for _, text := range named {
		name, place, _ := strings.Cut(text, "=")
		k, ok := kinds[name]
		if place == "" {
			place = k.place
		}
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("unknown channel %q; the channels are %s", name, strings.Join(Names(), ", ")))
		case place == "":
			errs = append(errs, fmt.Errorf("channel %s: say where; write %s=PLACE", name, name))
		default:
			channel, err := k.open(r, place)
			if err != nil {
				channel = closed{name, place, err}
			}
			channels = append(channels, channel)
		}
	}
	return channels, errors.Join(errs...)
}
