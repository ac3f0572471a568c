//go:build e2e

package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// A snap is mounted as snapd does it, and its service started as the snap says.
func TestSnap(t *testing.T) {
	image := installer(t, newer, ".snap")
	root := t.TempDir()
	run(t, "/", "mount", "-t", "squashfs", "-o", "loop,ro,nodev", image, root)
	t.Cleanup(func() {
		// The test's context has ended.
		if output, err := exec.Command("umount", root).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, output)
		}
	})
	facts := run(t, "/", "unsquashfs", "-stat", image)
	for _, want := range []string{"Compression xz", "Block size 131072", "Xattrs are not stored"} {
		if !strings.Contains(facts, want) {
			t.Errorf("the store's own snaps have %q, this one\n%s", want, facts)
		}
	}

	var snap struct {
		Name, Version, Base, Grade, Confinement string
		Architectures                           []string
		Apps                                    map[string]struct {
			Command     string
			Environment map[string]string
			Plugs       []string
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, filepath.Join(root, "meta/snap.yaml"))), &snap); err != nil {
		t.Fatal(err)
	}
	if snap.Name != "glide" || snap.Version != newer || snap.Base != "bare" || snap.Grade != "stable" || snap.Confinement != "strict" {
		t.Errorf("a snap of %+v", snap)
	}
	for name, app := range snap.Apps {
		if plugs := strings.Join(app.Plugs, " "); !strings.Contains(plugs, "network ") || !strings.Contains(plugs, "network-bind") {
			t.Errorf("%s can't serve a network with the plugs %q", name, plugs)
		}
	}

	common := t.TempDir()
	server := snap.Apps["server"]
	words := strings.Fields(server.Command)
	words[0] = filepath.Join(root, words[0])
	config := strings.ReplaceAll(server.Environment["GLIDE_CONFIG"], "$SNAP_COMMON", common)
	text := run(t, root, words[0], "config", "default")
	write(t, config, strings.Replace(text, "127.0.0.1:9099", "127.0.0.1:0", 1))
	t.Setenv("GLIDE_CONFIG", config)
	chat(t, words...)
}

// snapd has nothing to say against what is in a snap. It tells what is wrong on standard error, and ends
// with success.
func TestSnapPack(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	run(t, "/", "unsquashfs", "-quiet", "-no-progress", "-dest", root, installer(t, newer, ".snap"))
	if output := run(t, "/", "snap", "pack", "--check-skeleton", root); output != "" {
		t.Errorf("snap pack says\n%s", output)
	}
	// As it does of one whose program is missing.
	if err := os.Remove(filepath.Join(root, "bin", "glide")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "snap", "pack", "--check-skeleton", root)
	if output, _ := cmd.CombinedOutput(); !strings.Contains(string(output), "bin/glide") {
		t.Errorf("without a program snap pack says %q", output)
	}
}

// The store packs a snap again and wants the bytes that it got.
func TestSnapIsPackedAsTheStoreDoes(t *testing.T) {
	image := installer(t, newer, ".snap")
	dir := t.TempDir()
	root, again := filepath.Join(dir, "root"), filepath.Join(dir, "again.snap")
	run(t, dir, "unsquashfs", "-quiet", "-no-progress", "-dest", root, image)
	run(t, dir, "mksquashfs", root, again, "-noappend", "-quiet", "-no-progress",
		"-comp", "xz", "-all-root", "-no-xattrs", "-no-fragments", "-mkfs-time", "1767312000")
	if read(t, again) != read(t, image) {
		t.Error("packed again the snap has other bytes")
	}
}
