package image

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// rootsModule is the module whose CA roots images have: Mozilla's, as the Go project reads them.
// A module of go.mod is the same under any nixpkgs, unlike its cacert.
const rootsModule = "golang.org/x/crypto/x509roots/fallback"

// WriteData writes the files of the data layer to the folder out: CA roots, and the time zones
// of a Go toolchain's zoneinfo.zip.
func WriteData(out, zoneinfo string) error {
	at := -1
	info, ok := debug.ReadBuildInfo()
	if ok {
		at = slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == rootsModule })
	}
	if at < 0 {
		return fmt.Errorf("this program does not know its version of %s; build it as a module", rootsModule)
	}
	return errors.Join(
		writeRoots(filepath.Join(out, rootsFile), info.Deps[at].Version),
		writeZones(filepath.Join(out, filepath.Dir(zonesFile)), zoneinfo),
	)
}

func writeRoots(file, version string) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, rootsHeading+"\n", version)
	for root := range bundle.Roots() {
		// A file of roots can't say that only older certificates are to be trusted.
		if root.Constraint != nil {
			continue
		}
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "\n# %s\n", cert.Subject)
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}); err != nil {
			return err
		}
	}
	return writeFile(file, text.Bytes())
}

const rootsHeading = "# Mozilla's CA roots for servers, from " + rootsModule + " %s"

// rootsVersion reads the version from the heading of what writeRoots wrote.
func rootsVersion(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return "", err
	}
	var version string
	if _, err := fmt.Sscanf(line, rootsHeading, &version); err != nil {
		return "", fmt.Errorf("/%s: no version in its first line: %w", rootsFile, err)
	}
	return version, nil
}

// release is the line in the toolchain's script that says which release its zones are.
var release = regexp.MustCompile(`(?m)^DATA=([0-9]{4}[a-z])$`)

func writeZones(dir, zoneinfo string) error {
	script := filepath.Join(filepath.Dir(zoneinfo), "update.bash")
	text, err := os.ReadFile(script)
	if err != nil {
		return err
	}
	version := release.FindSubmatch(text)
	if version == nil {
		return fmt.Errorf("%s: no line DATA=... says which release the zones are", script)
	}
	if err := writeFile(filepath.Join(dir, filepath.Base(zonesFile)), append(version[1], '\n')); err != nil {
		return err
	}
	archive, err := zip.OpenReader(zoneinfo)
	if err != nil {
		return fmt.Errorf("%s: %w", zoneinfo, err)
	}
	defer archive.Close()
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("%s: %q is no name of a zone", zoneinfo, f.Name)
		}
		content, err := f.Open()
		if err != nil {
			return fmt.Errorf("%s: %w", zoneinfo, err)
		}
		zone, err := io.ReadAll(content)
		if err := errors.Join(err, content.Close()); err != nil {
			return fmt.Errorf("%s: %s: %w", zoneinfo, f.Name, err)
		}
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(f.Name)), zone); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}
