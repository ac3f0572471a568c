//go:build e2e

// Package install tests that what a release consists of can be installed: by the package managers
// themselves, in root folders of their own, with a chat through what they installed.
package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// The versions of the releases that tests install, one after the other.
const (
	older = "0.7.0-rc.9"
	newer = "0.7.0"
)

// scratch is where the releases are, for all tests.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "glide-install-"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(scratch)
		return m.Run()
	}())
}

var (
	toolOnce sync.Once
)

// host is the target of this machine, of which releases are made.
var host = tree.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}

func isHost(target tree.Target) bool { return target.Name() == host.Name() }

// release returns the folder of a version's release for this machine, with a folder for each command.
func release(t *testing.T, version string) string {
	t.Helper()
	dir := filepath.Join(scratch, version)
	tool(t)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	source := filepath.Join(t.TempDir(), "source")
	copyRelease(t, source, version)
	for _, command := range []string{"build", "docs", "licenses", "archives", "installers"} {
		runRelease(t, source, dir, command)
	}
	return dir
}

// tool builds the program release.
func tool(t *testing.T) {
	t.Helper()
	toolOnce.Do(func() { run(t, repo.Root(), "go", "build", "-o", filepath.Join(scratch, "release"), "./cmd/release") })
}

// copyRelease copies the repository, as it would be at a version.
func copyRelease(t *testing.T, to, version string) {
	t.Helper()
	repo.Copy(t, to, time.Now())
	write(t, filepath.Join(to, tree.VersionFile), version+"\n")
	write(t, filepath.Join(to, tree.ChangelogFile), "# Changelog\n\n## ["+version+"] - 2026-01-02\n")
}

// runRelease runs a command of release that writes to a folder of its name in dir.
func runRelease(t *testing.T, source, dir, command string) {
	t.Helper()
	args := []string{command, "--source", source, "--out", filepath.Join(dir, command)}
	switch command {
	case "build":
		args = append(args, "--target", host.String())
	case "archives", "installers":
		args = append(args, "--target", host.String(), "--binaries", filepath.Join(dir, "build"),
			"--docs", filepath.Join(dir, "docs"), "--licenses", filepath.Join(dir, "licenses"))
	}
	if command == "installers" {
		args = append(args, "--archives", filepath.Join(dir, "archives"))
	}
	run(t, source, filepath.Join(scratch, "release"), args...)
}

// installer returns the path of an installer of a release, by its extension.
func installer(t *testing.T, version, extension string) string {
	t.Helper()
	return filepath.Join(release(t, version), "installers", "glide_"+version+"_"+host.OS+"_"+host.Arch+extension)
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, output)
	}
	return string(output)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
