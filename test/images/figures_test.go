//go:build e2e

package images

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// testFigures prints what images cost, each figure beside its goal, and fails beyond it. It is
// `make bench-images`.
func testFigures(t *testing.T, r release, root string) {
	fmt.Println("| figure | goal | measured |")
	fmt.Println("|---|---|---|")
	row := func(figure, goal, measured string, ok bool) {
		fmt.Printf("| %s | %s | %s |\n", figure, goal, measured)
		if !ok {
			t.Errorf("%s: %s, the goal is %s", figure, measured, goal)
		}
	}

	ours, binary := int64(0), int64(0)
	for _, layer := range listed(t, r, "distroless", "linux-amd64").Layers {
		ours += layer.Size
		if layer.Origin == "binary" {
			binary = layer.Size
		}
	}
	row("distroless on amd64, compressed", "the binary + 700 KB",
		fmt.Sprintf("%d KB, the binary + %d KB", ours/1000, (ours-binary)/1000), ours-binary <= budget)

	// These make every part anew, ours and the bases'; the binaries are there.
	replace(t, filepath.Join(root, "nix", "images", "layers.nix"), `tag = "layer"`, `tag = "anew"`)
	replace(t, filepath.Join(root, tree.ChangelogFile), "# Changelog\n", "# Changes\n")
	spent, _ := timeImages(t, root)
	row("all images from built binaries", "60 s", spent.Round(time.Second).String(), spent <= time.Minute)

	replace(t, filepath.Join(root, "internal", "cli", "health.go"), `"ready"`, `"ready, and changed"`)
	for _, target := range r.tree.Matrix.Targets {
		if len(target.Images) > 0 {
			if err := repo.Build(t.Context(), root, "glide-"+target.Name(), filepath.Join(t.TempDir(), target.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	spent, changed := timeImages(t, root)
	row("all images after a change of code", "30 s", spent.Round(time.Second).String(), spent <= 30*time.Second)

	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage); err != nil {
		t.Fatal(err)
	}
	row("memory of the largest process", "1000 MB", fmt.Sprintf("%d MB", usage.Maxrss/1000), usage.Maxrss <= 1_000_000)

	// Elsewhere, with other times of the files.
	other := filepath.Join(t.TempDir(), "another/longer/path")
	copyTree(t, root, other)
	_, again := timeImages(t, other)
	row("digests of a build elsewhere", "equal", fmt.Sprintf("equal: %t", reflect.DeepEqual(changed.list, again.list)), reflect.DeepEqual(changed.list, again.list))
}

func timeImages(t *testing.T, root string) (time.Duration, release) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "images")
	start := time.Now()
	if err := repo.Build(t.Context(), root, "images", out); err != nil {
		t.Fatal(err)
	}
	return time.Since(start), open(t, root, out)
}

func replace(t *testing.T, file, from, to string) {
	t.Helper()
	text := string(read(t, file))
	if !strings.Contains(text, from) {
		t.Fatalf("%s does not hold %q", file, from)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(text, from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
