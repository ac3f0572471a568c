//go:build e2e

// Package kubernetes tests the chart in a real cluster: installed from a registry, scaled, upgraded,
// rolled back, broken, drained and uninstalled, most of it under load and without a failed request.
//
// The test program builds the images of this version and of a next one, starts the lab and then runs
// itself again within the lab, where the tests reach the registry, the API server, Services and pods.
package kubernetes

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// releasesVariable names the folder with the releases; it is set within the lab.
const releasesVariable = "GLIDE_TEST_RELEASES"

// nextVersion is what the tests upgrade to.
const nextVersion = "99.0.0-rc.1"

func TestMain(m *testing.M) {
	if os.Getenv(releasesVariable) != "" {
		os.Exit(m.Run())
	}
	status, err := enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// enter runs this program within the lab and returns its status.
func enter() (int, error) {
	releases, err := os.MkdirTemp("", "glide-releases-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(releases)
	if err := makeReleases(releases); err != nil {
		return 0, err
	}
	for _, args := range [][]string{{"down"}, {"up", "registry", "kubernetes"}} {
		if err := shown(repo.Lab(args...)).Run(); err != nil {
			return 0, fmt.Errorf("lab %s: %w", args[0], err)
		}
	}
	tests := shown(repo.Lab(append([]string{"exec"}, os.Args...)...))
	tests.Env = append(os.Environ(), releasesVariable+"="+releases)
	_ = tests.Run() // its status tells
	return tests.ProcessState.ExitCode(), shown(repo.Lab("down")).Run()
}

// makeReleases makes the folders "this" and "next", each with a source tree and the image of it.
func makeReleases(dir string) error {
	this := filepath.Join(dir, "this")
	next := filepath.Join(dir, "next")
	for _, root := range []string{this, next} {
		if err := os.Mkdir(root, 0o755); err != nil {
			return err
		}
		copied := shown(exec.Command("sh", "-c", `git ls-files -z | tar --null --files-from - --create | tar --extract --directory "$1"`, "sh", root))
		copied.Dir = repo.Root()
		if err := copied.Run(); err != nil {
			return fmt.Errorf("copy the source tree: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(next, tree.VersionFile), []byte(nextVersion+"\n"), 0o644); err != nil {
		return err
	}
	changelog := filepath.Join(next, tree.ChangelogFile)
	text, err := os.ReadFile(changelog)
	if err != nil {
		return err
	}
	section := "## [" + nextVersion + "] - 2099-01-01\n\n### Changed\n\n- The version.\n\n## ["
	if err := os.WriteFile(changelog, []byte(strings.Replace(string(text), "## [", section, 1)), 0o644); err != nil {
		return err
	}
	for _, root := range []string{this, next} {
		if err := repo.Build(context.Background(), root, "image-distroless-amd64", imageOf(root)); err != nil {
			return err
		}
	}
	return nil
}

// imageOf returns the archive of the image of a release.
func imageOf(root string) string { return root + ".tar" }

// shown lets a command write to where this program does.
func shown(cmd *exec.Cmd) *exec.Cmd {
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd
}
