// Package winget makes the manifests of the Windows Package Manager: three files for a version, which
// go to the repository microsoft/winget-pkgs.
package winget

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/tree"
)

// Identifier is the package's name at winget.
const Identifier = "EinStack.Glide"

const schema = "1.10.0"

// winget's names of architectures, by GOARCH.
var archs = map[string]string{"386": "x86", "amd64": "x64", "arm64": "arm64"}

type (
	header struct {
		Identifier string `yaml:"PackageIdentifier"`
		Version    string `yaml:"PackageVersion"`
	}
	footer struct {
		Type   string `yaml:"ManifestType"`
		Schema string `yaml:"ManifestVersion"`
	}
	versionFile struct {
		header        `yaml:",inline"`
		DefaultLocale string `yaml:"DefaultLocale"`
		footer        `yaml:",inline"`
	}
	localeFile struct {
		header           `yaml:",inline"`
		Locale           string   `yaml:"PackageLocale"`
		Publisher        string   `yaml:"Publisher"`
		PublisherURL     string   `yaml:"PublisherUrl"`
		Name             string   `yaml:"PackageName"`
		URL              string   `yaml:"PackageUrl"`
		License          string   `yaml:"License"`
		LicenseURL       string   `yaml:"LicenseUrl"`
		ShortDescription string   `yaml:"ShortDescription"`
		Moniker          string   `yaml:"Moniker"`
		Tags             []string `yaml:"Tags"`
		ReleaseNotesURL  string   `yaml:"ReleaseNotesUrl"`
		footer           `yaml:",inline"`
	}
	installerFile struct {
		header              `yaml:",inline"`
		InstallerType       string      `yaml:"InstallerType"`
		NestedInstallerType string      `yaml:"NestedInstallerType"`
		Commands            []string    `yaml:"Commands"`
		ReleaseDate         string      `yaml:"ReleaseDate"`
		Installers          []installer `yaml:"Installers"`
		footer              `yaml:",inline"`
	}
	installer struct {
		Architecture string   `yaml:"Architecture"`
		NestedFiles  []nested `yaml:"NestedInstallerFiles"`
		URL          string   `yaml:"InstallerUrl"`
		SHA256       string   `yaml:"InstallerSha256"`
	}
	nested struct {
		Path  string `yaml:"RelativeFilePath"`
		Alias string `yaml:"PortableCommandAlias"`
	}
)

// Write makes the manifests of a version in dir and returns their names: none for a candidate, which
// winget has no place for.
func Write(k *pack.Kit, targets []tree.Target, dir string) ([]string, error) {
	channels, err := policy.Of(k.Tree.Version, nil)
	if err != nil || !channels.Winget {
		return nil, err
	}
	head := header{Identifier, k.Tree.Version}
	var installers []installer
	for _, target := range targets {
		arch, ok := archs[target.Arch]
		if !ok || target.OS != "windows" {
			return nil, fmt.Errorf("%s: winget does not run on it", target)
		}
		download, err := k.Download(archive.Name(k, target))
		if err != nil {
			return nil, err
		}
		installers = append(installers, installer{
			Architecture: arch,
			NestedFiles:  []nested{{k.Name(target) + `\glide.exe`, "glide"}},
			URL:          download.URL,
			SHA256:       strings.ToUpper(download.SHA256),
		})
	}
	const locale = "en-US"
	tag := pack.Homepage + "/blob/v" + k.Tree.Version
	var names []string
	for _, file := range []struct {
		suffix, kind string
		content      func(footer) any
	}{
		{"", "version", func(foot footer) any { return versionFile{head, locale, foot} }},
		{".locale." + locale, "defaultLocale", func(foot footer) any {
			return localeFile{
				header:           head,
				Locale:           locale,
				Publisher:        "EinStack",
				PublisherURL:     "https://github.com/einstack",
				Name:             "Glide",
				URL:              pack.Homepage,
				License:          "Apache-2.0",
				LicenseURL:       tag + "/LICENSE",
				ShortDescription: "LLM gateway that starts in one command anywhere",
				Moniker:          "glide",
				Tags:             []string{"ai", "gateway", "llm", "openai"},
				ReleaseNotesURL:  pack.Homepage + "/releases/tag/v" + k.Tree.Version,
				footer:           foot,
			}
		}},
		{".installer", "installer", func(foot footer) any {
			return installerFile{
				header:              head,
				InstallerType:       "zip",
				NestedInstallerType: "portable",
				Commands:            []string{"glide"},
				ReleaseDate:         k.Tree.Date.Format("2006-01-02"),
				Installers:          installers,
				footer:              foot,
			}
		}},
	} {
		var text bytes.Buffer
		fmt.Fprintf(&text, "# yaml-language-server: $schema=https://aka.ms/winget-manifest.%s.%s.schema.json\n", file.kind, schema)
		encoder := yaml.NewEncoder(&text)
		encoder.SetIndent(2)
		if err := encoder.Encode(file.content(footer{file.kind, schema})); err != nil {
			return nil, err
		}
		if err := encoder.Close(); err != nil {
			return nil, err
		}
		name := Identifier + file.suffix + ".yaml"
		if err := pack.WriteBytes(filepath.Join(dir, name), text.Bytes()); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}
