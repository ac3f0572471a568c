// Package notes writes the text of a release for people: what changed, how to get it and how to
// verify it.
package notes

import (
	_ "embed"
	"io"
	"strings"
	"text/template"

	"github.com/einstack/glide/internal/changelog"
	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/policy"
)

//go:embed notes.md.tmpl
var text string

var page = template.Must(template.New("notes").Parse(text))

// A Command installs the release.
type Command struct{ With, Command string }

// Write writes the notes of a release, given its changelog and who contributed to it.
func Write(w io.Writer, m *manifest.Manifest, log changelog.Log, contributors []string) error {
	places, err := policy.Of(m.Version, nil)
	if err != nil {
		return err
	}
	var files []manifest.Artifact
	for _, a := range m.Artifacts {
		if a.Kind != "image" {
			files = append(files, a)
		}
	}
	return page.Execute(w, map[string]any{
		"Changes":      log.Notes(m.Version),
		"Reason":       changelog.Reason(log.Of(m.Version)),
		"Install":      install(m, places),
		"Images":       m.For("oci"),
		"Files":        files,
		"Repository":   m.Images,
		"Source":       m.Source,
		"Flake":        "github:" + strings.TrimPrefix(m.Source, "https://github.com/"),
		"Tag":          m.Tag(),
		"Prerelease":   places.Prerelease,
		"Contributors": contributors,
	})
}

// install returns how the release is installed from the channels that it goes to.
func install(m *manifest.Manifest, places policy.Channels) []Command {
	name, snap := "glide", ""
	if places.Prerelease {
		name, snap = "glide-rc", " --beta"
	}
	commands := []Command{
		{"a shell", "curl -fsSL " + m.Source + "/releases/download/" + m.Tag() + "/install.sh | sh"},
		{"Docker", "docker run --rm -p 127.0.0.1:9099:9099 " + m.Images + ":" + m.Version + "-" + policy.DefaultDistro},
		{"Homebrew", "brew install einstack/tap/" + name},
		{"Snap", "sudo snap install glide" + snap},
		{"Chocolatey", "choco install glide --version " + places.Chocolatey},
		{"Nix", "nix run github:" + strings.TrimPrefix(m.Source, "https://github.com/") + "/" + m.Tag()},
	}
	if len(m.For("helm")) > 0 {
		commands = append(commands, Command{"Helm", "helm install glide oci://" + chart.Repository + "/glide --version " + m.Version})
	}
	return commands
}
