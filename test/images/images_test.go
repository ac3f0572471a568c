//go:build e2e

// Package images tests the container images of a release: it locks bases of its own from a real
// registry, builds all images on them by Nix, checks what every image promises, and runs each in a
// Docker engine. Only the bases differ from a release's.
package images

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/dockerregistry"
	"github.com/einstack/glide/test/repo"
)

var (
	out     = flag.String("out", "", "folder to leave the images in")
	figures = flag.Bool("figures", false, "measure instead of testing")
)

// A release is a copy of the repository that is locked to test bases, and its images.
type release struct {
	layout.Path
	tree *tree.Tree
	list image.List
}

func TestImages(t *testing.T) {
	registry := dockerregistry.Start(t, nil)
	t.Setenv(bases.MirrorVariable, registry)
	for _, base := range testBases {
		base.push(t, registry, "first")
	}
	root := filepath.Join(t.TempDir(), "glide")
	repo.Copy(t, root, time.Now())
	t.Run("lock", func(t *testing.T) { testLock(t, registry, root) })
	r := build(t, root)
	if *figures {
		t.Run("figures", func(t *testing.T) { testFigures(t, r, root) })
		return
	}
	if *out != "" {
		if err := os.RemoveAll(*out); err != nil {
			t.Fatal(err)
		}
		copyTree(t, string(r.Path), *out)
	}

	t.Run("contract", func(t *testing.T) { testContract(t, r) })
	t.Run("chart", func(t *testing.T) { testChart(t, r, root) })
	t.Run("code change", func(t *testing.T) { testCodeChange(t, r, root) })
	t.Run("engine", func(t *testing.T) { testEngine(t, r, root) })
}

// testLock locks the copy to the test bases, by the commands that people use.
func testLock(t *testing.T, registry, root string) {
	command := filepath.Join(t.TempDir(), "release")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "../../cmd/release").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	run := func(args ...string) (string, error) {
		output, err := exec.CommandContext(t.Context(), command, append(args, "--source", root)...).CombinedOutput()
		return string(output), err
	}
	lock := filepath.Join(root, tree.BasesFile)
	committed := read(t, lock)

	if output, err := run("bases", "check"); err == nil || strings.Count(output, " moved from sha256:") != len(testBases) {
		t.Errorf("check of other bases: %v\n%s", err, output)
	}
	if output, err := run("bases", "update"); err != nil {
		t.Fatalf("update: %v\n%s", err, output)
	}
	if output, err := run("bases", "check"); err != nil {
		t.Errorf("check after update: %v\n%s", err, output)
	}
	locked := read(t, lock)
	if string(locked) == string(committed) {
		t.Error("update has not changed the lock")
	}

	// A tag that moves is told, and changes nothing before an update.
	testBases[0].push(t, registry, "second")
	output, err := run("bases", "check")
	if err == nil || !strings.Contains(output, "alpine: docker.io/library/alpine:3.24 moved from sha256:") || strings.Contains(output, "ubuntu") {
		t.Errorf("check of a moved tag: %v\n%s", err, output)
	}
	if now := read(t, lock); string(now) != string(locked) {
		t.Error("check has changed the lock")
	}
	// An image that says inside to be of another platform than its index does.
	wrong := testBases[1]
	wrong.archs, wrong.claim = []string{"amd64"}, "arm64"
	wrong.push(t, registry, "wrong")
	output, err = run("bases", "update")
	if err == nil || !strings.Contains(output, "image ubuntu/arm64: ") || !strings.Contains(output, "it is for linux/amd64, not for linux/arm64") {
		t.Errorf("update with a base of another platform: %v\n%s", err, output)
	}
	if now := read(t, lock); string(now) != string(locked) {
		t.Error("a failed update has changed the lock")
	}
}

// build builds all images of a copy and reads what was made.
func build(t *testing.T, root string) release {
	t.Helper()
	spent, r := timeImages(t, root)
	t.Logf("built all images in %s", spent.Round(time.Second))
	return r
}

// open reads the images in a folder that were made of a source tree.
func open(t *testing.T, root, dir string) release {
	t.Helper()
	source, err := tree.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	path, err := layout.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := release{Path: path, tree: source}
	if err := json.Unmarshal(read(t, filepath.Join(dir, image.ListFile)), &r.list); err != nil {
		t.Fatal(err)
	}
	return r
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
