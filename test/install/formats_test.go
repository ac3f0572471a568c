//go:build e2e

package install

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/choco"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/test/kit"
)

var npmOnce sync.Once

// node runs a script of testdata/npm, with the packages that it uses.
func node(t *testing.T, script string, files ...string) (string, error) {
	t.Helper()
	dir := filepath.Join(scratch, "npm")
	npmOnce.Do(func() {
		if err := os.CopyFS(dir, os.DirFS("testdata/npm")); err != nil {
			t.Fatal(err)
		}
		run(t, dir, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock")
	})
	// It would compile the grammars for half a minute, to run for a moment.
	args := append([]string{"--liftoff-only", filepath.Join(dir, script)}, files...)
	output, err := exec.CommandContext(t.Context(), "node", args...).CombinedOutput()
	return string(output), err
}

// Bills of materials are what the libraries of CycloneDX and of SPDX take.
func TestBills(t *testing.T) {
	bill := filepath.Join(release(t, newer), "archives", kit.New(t, newer).Name(host))
	for _, form := range []struct {
		extension string
		check     func(file string) (string, error)
		good, bad string
	}{
		{".cdx.json", func(file string) (string, error) { return node(t, "cyclonedx.js", file) },
			`"type": "library"`, `"type": "shelf"`},
		{".spdx.json", func(file string) (string, error) {
			cmd := exec.CommandContext(t.Context(), "go", "run", ".", file)
			cmd.Dir = filepath.Join("testdata", "spdx")
			output, err := cmd.CombinedOutput()
			return string(output), err
		}, `"relatedSpdxElement": "SPDXRef-stdlib`, `"relatedSpdxElement": "SPDXRef-nothing`},
	} {
		if output, err := form.check(bill + form.extension); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
		text := read(t, bill+form.extension)
		wrong := filepath.Join(t.TempDir(), "wrong"+form.extension)
		write(t, wrong, strings.Replace(text, form.good, form.bad, 1))
		if output, err := form.check(wrong); err == nil || !strings.Contains(output, "wrong"+form.extension) {
			t.Errorf("of %s instead of %s it says %v\n%s", form.bad, form.good, err, output)
		}
	}
}

// What Chocolatey runs, and the completions, are PowerShell.
func TestPowerShell(t *testing.T) {
	k, dir := kit.New(t, newer), t.TempDir()
	name, err := choco.Write(k, k.Tree.Matrix.Packaged("chocolatey"), dir)
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "install.ps1")
	for _, file := range unzip(t, filepath.Join(dir, name)) {
		if file.Name == "tools/chocolateyInstall.ps1" {
			write(t, script, string(file.Content))
		}
	}
	completion := filepath.Join(release(t, newer), "docs", "completions", "glide.ps1")
	if output, err := node(t, "powershell.js", script, completion); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	write(t, script, read(t, script)+"if ($open {\n")
	if output, err := node(t, "powershell.js", script); err == nil || !strings.Contains(output, "install.ps1: is no PowerShell") {
		t.Errorf("of an open bracket it says %v\n%s", err, output)
	}
}

// NuGet installs the newest of Chocolatey's packages: the tenth candidate comes after the ninth, the
// release after both, and a candidate only to those who ask for it.
func TestNuGet(t *testing.T) {
	source := t.TempDir()
	install := func(options ...string) string {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		args := append([]string{"install", "glide", "-NonInteractive", "-Source", source, "-OutputDirectory", t.TempDir()}, options...)
		output, _ := exec.CommandContext(ctx, "nuget", args...).CombinedOutput()
		return string(output)
	}
	for _, tc := range []struct{ version, installs string }{
		{older, "0.7.0-rc0009"}, {"0.7.0-rc.10", "0.7.0-rc0010"}, {newer, newer},
	} {
		k := kit.New(t, tc.version)
		name, err := choco.Write(k, k.Tree.Matrix.Packaged("chocolatey"), source)
		if err != nil {
			t.Fatal(err)
		}
		forNuGet(t, filepath.Join(source, name), k.Tree.Date)
		if output, want := install("-Prerelease"), "Successfully installed 'glide "+tc.installs+"'"; !strings.Contains(output, want) {
			t.Errorf("NuGet says %q, want %q", output, want)
		}
		output := install()
		if got := strings.Contains(output, "Successfully installed"); got != (tc.version == newer) {
			t.Errorf("without candidates NuGet says %q", output)
		}
	}
}

// What Debian's old NuGet does not know in the description of a package: its namespace, and fields
// that are Chocolatey's own.
var (
	namespace  = regexp.MustCompile(`packaging/2015/06/nuspec`)
	chocolatey = regexp.MustCompile(`(?m)^ *<(packageSourceUrl|docsUrl|bugTrackerUrl)>.*\n`)
)

// forNuGet changes the description of a package so that an old NuGet reads it.
func forNuGet(t *testing.T, path string, date time.Time) {
	t.Helper()
	files := unzip(t, path)
	for i, file := range files {
		if file.Name == "glide.nuspec" {
			text := namespace.ReplaceAll(file.Content, []byte("packaging/2013/05/nuspec"))
			files[i].Content = chocolatey.ReplaceAll(text, nil)
		}
	}
	var packed bytes.Buffer
	if err := archive.Zip(&packed, files, date); err != nil {
		t.Fatal(err)
	}
	write(t, path, packed.String())
}

func unzip(t *testing.T, path string) []pack.File {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var files []pack.File
	for _, entry := range r.File {
		content, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, pack.File{Name: entry.Name, Mode: entry.Mode(), Content: text})
	}
	return files
}
