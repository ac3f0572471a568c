// Package choco makes the package of Chocolatey: a NuGet package that holds the archives for Windows,
// and the script that unpacks the one for the machine. Chocolatey puts the program on the PATH.
package choco

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/template"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/tree"
)

var (
	//go:embed glide.nuspec.tmpl
	nuspecText string
	//go:embed install.ps1.tmpl
	installText string
	//go:embed VERIFICATION.txt.tmpl
	verificationText string
	//go:embed core.psmdcp.tmpl
	coreText string
)

// The parts that every NuGet package has, as the format of OPC wants them.
const (
	contentTypes = xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
  <Default Extension="psmdcp" ContentType="application/vnd.openxmlformats-package.core-properties+xml" />
  <Default Extension="nuspec" ContentType="application/octet" />
  <Default Extension="ps1" ContentType="application/octet" />
  <Default Extension="txt" ContentType="application/octet" />
  <Default Extension="zip" ContentType="application/octet" />
</Types>
`
	relations = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/glide.nuspec" Id="R1" />
  <Relationship Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="/` + core + `" Id="R2" />
</Relationships>
`
	core = "package/services/metadata/core-properties/glide.psmdcp"
)

// facts are what the templates tell.
type facts struct {
	Version  string // of the release
	NuGet    string // as Chocolatey sorts it
	Year     int
	Date     string
	Homepage string
	X86, X64 pack.Download
}

// Name returns the file name of the package: "glide.0.1.0-rc0001.nupkg".
func Name(version policy.Channels) string {
	return "glide." + version.Chocolatey + ".nupkg"
}

// Write makes the package of the targets' archives in dir and returns its name.
func Write(k *pack.Kit, targets []tree.Target, dir string) (string, error) {
	channels, err := policy.Of(k.Tree.Version, nil)
	if err != nil {
		return "", err
	}
	f := facts{
		Version:  k.Tree.Version,
		NuGet:    channels.Chocolatey,
		Year:     k.Tree.Date.Year(),
		Date:     k.Tree.Date.Format("2006-01-02T15:04:05Z"),
		Homepage: pack.Homepage,
	}
	var files []pack.File
	add := func(name string, content []byte) {
		files = append(files, pack.File{Name: name, Mode: 0o644, Content: content})
	}
	for _, target := range targets {
		download, err := k.Download(archive.Name(k, target))
		if err != nil {
			return "", err
		}
		switch target.String() {
		case "windows/386":
			f.X86 = download
		case "windows/amd64":
			f.X64 = download
		default:
			return "", fmt.Errorf("%s: Chocolatey does not run on it", target)
		}
		content, err := os.ReadFile(filepath.Join(k.Archives, download.Name))
		if err != nil {
			return "", err
		}
		add("tools/"+download.Name, content)
	}
	if f.X86.Name == "" || f.X64.Name == "" {
		return "", fmt.Errorf("chocolatey: the package holds both windows/386 and windows/amd64; give both")
	}
	license, err := os.ReadFile(k.Tree.Path("LICENSE"))
	if err != nil {
		return "", err
	}
	add("tools/LICENSE.txt", license)
	add("[Content_Types].xml", []byte(contentTypes))
	add("_rels/.rels", []byte(relations))
	for name, text := range map[string]string{
		"glide.nuspec":                nuspecText,
		core:                          coreText,
		"tools/VERIFICATION.txt":      verificationText,
		"tools/chocolateyInstall.ps1": installText,
	} {
		content, err := fill(text, f)
		if err != nil {
			return "", err
		}
		add(name, content)
	}
	pack.SortFiles(files)
	name := Name(channels)
	err = pack.Write(filepath.Join(dir, name), func(w io.Writer) error { return archive.Zip(w, files, k.Tree.Date) })
	return name, err
}

func fill(text string, f facts) ([]byte, error) {
	t, err := template.New("").Parse(text)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	err = t.Execute(&content, f)
	return content.Bytes(), err
}
