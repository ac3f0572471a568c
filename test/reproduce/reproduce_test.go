//go:build e2e

// Package reproduce tests that a binary's bytes depend on the source, the version and the toolchain
// alone: built by Nix, and by plain Go in two folders with other times and empty caches, they are
// the same.
package reproduce

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

var names = flag.String("targets", "linux/amd64,darwin/arm64,windows/386", "targets to build, or all")

func TestSameBytes(t *testing.T) {
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	targets := source.Matrix.Built()
	if *names != "all" {
		targets = nil
		for name := range strings.SplitSeq(*names, ",") {
			target, err := source.Matrix.Target(name)
			if err != nil {
				t.Fatal(err)
			}
			targets = append(targets, target)
		}
	}

	var doors []string
	for _, copied := range []struct {
		folder string
		time   time.Time
	}{
		{"a", time.Date(2001, 9, 9, 1, 46, 40, 0, time.UTC)},
		{"another/much longer/path of a folder", time.Now().Add(24 * time.Hour)},
	} {
		root := filepath.Join(t.TempDir(), copied.folder)
		repo.Copy(t, root, copied.time)
		out := filepath.Join(t.TempDir(), "out")
		buildByGo(t, root, targets, out)
		if _, err := dist.InspectDir(source, out, targets, []string{root, repo.Root(), "/nix/store/"}); err != nil {
			t.Error(err)
		}
		doors = append(doors, out)
	}

	for _, target := range targets {
		t.Run(target.Name(), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			if err := repo.Build(t.Context(), repo.Root(), "glide-"+target.Name(), out); err != nil {
				t.Fatal(err)
			}
			found, err := filepath.Glob(filepath.Join(out, "bin", "*"))
			if err != nil || len(found) != 1 {
				t.Fatalf("nix built %v (%v), want one file", found, err)
			}
			want := read(t, found[0])
			for _, door := range doors {
				if got := read(t, filepath.Join(door, target.Binary())); !bytes.Equal(got, want) {
					t.Errorf("%s: plain Go made other bytes than Nix", filepath.Join(door, target.Binary()))
				}
			}
		})
	}
}

// buildByGo runs `release build` of the source tree in root with an empty build cache.
func buildByGo(t *testing.T, root string, targets []tree.Target, out string) {
	t.Helper()
	args := []string{"build", "--out", out}
	for _, target := range targets {
		args = append(args, "--target", target.String())
	}
	release := filepath.Join(t.TempDir(), "release")
	run(t, root, nil, "go", "build", "-o", release, "./cmd/release")
	run(t, root, []string{"GOCACHE=" + t.TempDir()}, release, args...)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func run(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, output)
	}
}
