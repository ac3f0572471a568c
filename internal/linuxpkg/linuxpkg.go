// Package linuxpkg makes the packages of Linux distributions: deb, rpm, apk and archlinux. Each
// installs the program with its manual and completions, a configuration that an upgrade keeps, and a
// service that the administrator starts.
package linuxpkg

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/apk"
	"github.com/goreleaser/nfpm/v2/arch"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/rpm"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

const maintainer = "EinStack <contact@einstack.ai>"

// A kind is a format of packages.
type kind struct {
	packager  nfpm.Packager
	extension string
	// version writes a version such as 0.1.0-rc.1 so that the candidate is older than 0.1.0.
	version *strings.Replacer
	release string
	// archs are the format's names of GOARCH, with GOARM, where nfpm doesn't know them.
	archs map[string]string
}

// By the names that the matrix has for them.
var kinds = map[string]kind{
	"apk": {
		packager: apk.Default, extension: ".apk",
		version: strings.NewReplacer("-rc.", "_rc"), release: "r0",
	},
	"archlinux": {
		packager: arch.Default, extension: ".pkg.tar.zst",
		version: strings.NewReplacer("-rc.", "rc"), release: "1",
	},
	"deb": {
		packager: deb.Default, extension: ".deb",
		version: strings.NewReplacer("-", "~"), release: "1",
		archs: map[string]string{"ppc64le": "ppc64el"},
	},
	"rpm": {
		packager: rpm.DefaultRPM, extension: ".rpm",
		version: strings.NewReplacer("-", "~"), release: "1",
		archs: map[string]string{"386": "i686"},
	},
}

// Kinds returns the names of the formats, sorted.
func Kinds() []string {
	return []string{"apk", "archlinux", "deb", "rpm"}
}

// Name returns the file name of a target's package of a kind: "glide_0.1.0_linux_amd64.deb".
func Name(k *pack.Kit, name string, target tree.Target) string {
	return k.Name(target) + kinds[name].extension
}

// Write makes the package of a kind for a target in dir and returns its name.
func Write(k *pack.Kit, name string, target tree.Target, dir string) (string, error) {
	format, ok := kinds[name]
	if !ok || target.OS != "linux" {
		return "", fmt.Errorf("%s: no package of kind %q for it; the kinds for linux are %s", target, name, strings.Join(Kinds(), ", "))
	}
	entries, err := contents(k, name, target)
	if err != nil {
		return "", err
	}
	// nfpm takes files by their paths.
	scratch, err := os.MkdirTemp("", "glide-"+name+"-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	info, err := format.info(k, name, target, entries, scratch)
	if err != nil {
		return "", err
	}
	file := Name(k, name, target)
	err = pack.Write(filepath.Join(dir, file), func(w io.Writer) error { return format.packager.Package(info, w) })
	return file, err
}

func (f kind) info(k *pack.Kit, name string, target tree.Target, entries []entry, scratch string) (*nfpm.Info, error) {
	info := nfpm.WithDefaults(&nfpm.Info{
		Name:            "glide",
		Arch:            target.Arch + target.ARM,
		Platform:        "linux",
		Version:         f.version.Replace(k.Tree.Version),
		VersionSchema:   "none",
		Release:         f.release,
		Section:         "net",
		Priority:        "optional",
		Maintainer:      maintainer,
		Vendor:          "EinStack",
		Homepage:        "https://github.com/einstack/glide",
		License:         "Apache-2.0",
		Description:     description,
		DisableGlobbing: true,
		MTime:           k.Tree.Date,
	})
	if arch, ok := f.archs[info.Arch]; ok {
		info.Arch = arch
	}
	var errs []error
	write := func(file pack.File) string {
		path := filepath.Join(scratch, fmt.Sprintf("%03d", len(info.Contents))+filepath.Base(file.Name))
		// Of a script nfpm takes the time of its file.
		errs = append(errs, os.WriteFile(path, file.Content, 0o600), os.Chtimes(path, k.Tree.Date, k.Tree.Date))
		return path
	}
	for _, e := range entries {
		info.Contents = append(info.Contents, e.content(write(e.File), k.Tree.Date))
	}
	script := func(part string) string {
		file := name + "/" + part
		content, err := static.ReadFile("files/" + file)
		errs = append(errs, err)
		return write(pack.File{Name: part, Content: content})
	}
	summary, _, _ := strings.Cut(description, "\n")
	switch name {
	case "apk":
		info.Description = summary
		info.Depends = []string{"ca-certificates-bundle"}
		info.Scripts.PreInstall = script("preinstall")
	case "archlinux":
		info.Description = summary
		info.Depends = []string{"ca-certificates"}
		info.ArchLinux.Packager = maintainer
	case "deb":
		info.License = "" // the file copyright says it; the field is not Debian's
		info.Recommends = []string{"ca-certificates"}
		info.Scripts.PostInstall = script("postinst")
		info.Scripts.PreRemove = script("prerm")
		info.Scripts.PostRemove = script("postrm")
	case "rpm":
		info.Recommends = []string{"ca-certificates"}
		info.RPM.BuildHost = "localhost"
		info.RPM.Group = "System Environment/Daemons"
		info.RPM.Summary = summary
		info.Scripts.PostInstall = script("post")
		info.Scripts.PreRemove = script("preun")
		info.Scripts.PostRemove = script("postun")
	}
	return info, errors.Join(errs...)
}
