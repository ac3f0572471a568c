//go:build e2e

package install

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/apk"
)

// Debian has no apk. The one of apko takes the newest package of a repository, with what it depends on,
// holds files against their checksums and writes the database, but leaves scripts to be run.
func TestAlpine(t *testing.T) {
	program := filepath.Join(t.TempDir(), "apk")
	run(t, filepath.Join("testdata", "apk"), "go", "build", "-o", program, ".")
	packages := []string{installer(t, newer, ".apk"), installer(t, older, ".apk")}
	output, err := exec.CommandContext(t.Context(), program, append([]string{t.TempDir()}, packages...)...).CombinedOutput()
	if err == nil || !strings.Contains(string(output), `nothing provides "ca-certificates-bundle"`) {
		t.Errorf("without certificates apk says %v\n%s", err, output)
	}
	root := t.TempDir()
	run(t, root, program, append([]string{root, certificates(t)}, packages...)...)

	for name, want := range map[string]os.FileMode{
		"usr/bin/glide":                       0o755,
		"etc/init.d/glide":                    0o755,
		"etc/glide/config.yaml":               0o644,
		"usr/share/man/man1/glide.1.gz":       0o644,
		"usr/share/licenses/glide/LICENSE":    0o644,
		"usr/share/zsh/site-functions/_glide": 0o644,
	} {
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Mode() != want {
			t.Errorf("/%s is %v, %v, want %s", name, info, err, want)
		}
	}
	database := read(t, filepath.Join(root, "usr/lib/apk/db/installed"))
	if !strings.Contains(database, "\nP:glide\nV:"+newer+"-r0\n") {
		t.Errorf("apk installed\n%s", database)
	}

	addShell(t, root)
	write(t, filepath.Join(root, "script"), keptScript(t, root, ".pre-install"))
	run(t, root, "chroot", root, "/bin/sh", "/script")

	config := filepath.Join(root, "etc/glide/config.yaml")
	write(t, config, strings.Replace(read(t, config), "127.0.0.1:9099", "127.0.0.1:0", 1))
	// As OpenRC reads the service, which is a shell's script.
	words := run(t, root, "sh", "-c", `. etc/init.d/glide && echo "$command $command_args"`)
	chat(t, append([]string{"chroot", root}, strings.Fields(words)...)...)
}

// certificates makes a package of nothing with the name that Alpine has for certificates.
func certificates(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "certificates.apk")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	info := nfpm.WithDefaults(&nfpm.Info{Name: "ca-certificates-bundle", Arch: host.Arch, Version: "1", VersionSchema: "none", Maintainer: "none"})
	if err := errors.Join(apk.Default.Package(info, file), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// keptScript returns a script of glide's from those that apk keeps.
func keptScript(t *testing.T, root, suffix string) string {
	t.Helper()
	file, err := os.Open(filepath.Join(root, "usr/lib/apk/db/scripts.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for r := tar.NewReader(file); ; {
		header, err := r.Next()
		if err != nil {
			t.Fatalf("the script %s of glide: %v", suffix, err)
		}
		if strings.HasPrefix(header.Name, "glide-") && strings.HasSuffix(header.Name, suffix) {
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
}
