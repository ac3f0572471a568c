package lock

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/homebrew"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/scoop"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/internal/winget"
)

// install returns the page on the channels with its table of them.
func install(t *tree.Tree) (file, error) {
	table, err := channelTable(t)
	if err != nil {
		return file{}, err
	}
	return page(t, "docs/install.md", "channels", table)
}

// A channel is a way to install the version of a tree.
type channel struct {
	name string
	// kind is what the matrix calls the package; the channel is for the targets that have it.
	kind    string
	command string // empty if the version is not in the channel
}

// windowsArchive is the channel of archives for Windows, which alone are zip files.
const windowsArchive = "Archive for Windows"

// channels returns the channels with what installs the version, if no newer one is out.
func channels(t *tree.Tree) ([]channel, error) {
	places, err := policy.Of(t.Version, nil)
	if err != nil {
		return nil, err
	}
	k := &pack.Kit{Tree: t}
	const release = "$release/"
	linux, err := t.Matrix.Target("linux/amd64")
	if err != nil {
		return nil, err
	}
	zip := archive.Name(k, tree.Target{OS: "windows", Arch: "amd64"})
	download := func(extension string) string { return release + k.Name(linux) + extension }
	// Of the places that follow a version, the one that users name.
	formula := places.Formulas[0]
	if slices.Contains(places.Formulas, "glide") {
		formula = "glide"
	}
	chocolatey, wingetCommand := "choco install glide", "winget install "+winget.Identifier
	if places.Prerelease {
		chocolatey += " --prerelease"
	}
	if !places.Winget {
		wingetCommand = ""
	}
	return []channel{
		{"install.sh", "archive", "curl -fsSL " + release + "install.sh | sh"},
		{"Archive", "archive", "curl -fsSL " + download(".tar.gz") + " | tar -xz"},
		// For PowerShell, which has another form of variables.
		{windowsArchive, "archive", "curl.exe -fLO " + k.Downloads() + "/" + zip + "; tar -xf " + zip},
		{"Universal binary", "universal", "curl -fsSL " + release + "glide_" + t.Version + "_darwin_universal.tar.gz | tar -xz"},
		{"Homebrew", "homebrew", "brew install " + homebrew.Tap + "/" + formula},
		{"Snap", "snap", "sudo snap install glide --channel=" + places.Snap[0]},
		{"Debian, Ubuntu", "deb", "curl -fLO " + download(".deb") + " && sudo apt install ./" + k.Name(linux) + ".deb"},
		{"Fedora, RHEL", "rpm", "sudo dnf install " + download(".rpm")},
		{"SUSE", "rpm", "sudo zypper install --allow-unsigned-rpm " + download(".rpm")},
		{"Alpine", "apk", "wget " + download(".apk") + " && sudo apk add --allow-untrusted ./" + k.Name(linux) + ".apk"},
		// Of an address pacman wants a signature.
		{"Arch Linux", "archlinux", "curl -fLO " + download(".pkg.tar.zst") + " && sudo pacman -U ./" + k.Name(linux) + ".pkg.tar.zst"},
		{"Chocolatey", "chocolatey", chocolatey},
		{"winget", "winget", wingetCommand},
		{"Scoop", "scoop", "scoop bucket add einstack " + scoop.Bucket + "; scoop install einstack/" + formula},
	}, nil
}

// channelTable returns the channels as Markdown, and fails if the matrix has packages for none of them.
func channelTable(t *tree.Tree) (string, error) {
	all, err := channels(t)
	if err != nil {
		return "", err
	}
	var kinds []string
	var rows strings.Builder
	fmt.Fprintf(&rows, "```sh\nrelease=%s\n```\n\n", (&pack.Kit{Tree: t}).Downloads())
	rows.WriteString("| With | Command | For |\n|---|---|---|\n")
	for _, c := range all {
		kinds = append(kinds, c.kind)
		command := "not for candidates"
		if c.command != "" {
			command = "`" + strings.ReplaceAll(c.command, "|", `\|`) + "`"
		}
		targets := slices.DeleteFunc(t.Matrix.Packaged(c.kind), func(t tree.Target) bool {
			return c.kind == "archive" && (t.OS == "windows") != (c.name == windowsArchive)
		})
		fmt.Fprintf(&rows, "| %s | %s | %s |\n", c.name, command, platforms(targets))
	}
	for _, target := range t.Matrix.Built() {
		for _, kind := range target.Packages {
			if !slices.Contains(kinds, kind) {
				return "", fmt.Errorf("%s: %s is packaged as %q, which is no channel of internal/lock/install.go; add it there", tree.MatrixFile, target, kind)
			}
		}
	}
	return rows.String(), nil
}

// platforms lists targets for people: "macOS amd64, arm64; Windows amd64".
func platforms(targets []tree.Target) string {
	var order []string
	archs := map[string][]string{}
	for _, target := range targets {
		if archs[target.OS] == nil {
			order = append(order, target.OS)
		}
		_, arch, _ := strings.Cut(target.String(), "/")
		archs[target.OS] = append(archs[target.OS], arch)
	}
	for i, system := range order {
		order[i] = cmp.Or(systems[system], system) + " " + strings.Join(archs[system], ", ")
	}
	return strings.Join(order, "; ")
}
