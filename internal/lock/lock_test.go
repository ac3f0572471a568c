package lock

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// A copy of the tree without anything but what the generators read is enough to find staleness.
func TestCheckNamesWhatIsStale(t *testing.T) {
	source, err := tree.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate(t.Context(), source, recordedHash)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range files {
		names[f.name] = true
		old, err := os.ReadFile(source.Path(f.name))
		if err != nil {
			t.Fatal(err)
		}
		if line := firstDifference(old, f.content); line > 0 {
			t.Errorf("%s:%d: stale; run make lock", f.name, line)
		}
	}
	for _, name := range []string{"nix/lock.json", "gomod2nix.toml", "README.md", "docs/install.md", "docs/configuration.md", "docs/configuration.schema.json",
		"charts/glide/Chart.yaml", "charts/glide/values.schema.json", "charts/glide/README.md", "charts/glide/dashboards/glide.json",
		"demo/compose.yaml", "deploy/kustomize/glide.yaml"} {
		if !names[name] {
			t.Errorf("%s is not generated", name)
		}
	}
}

// A wrong hash of a module is found, though its version is right. The modules are in the order in
// which the program gomod2nix writes them.
func TestCheckHashesModules(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "glide")
	repo.Copy(t, dir, time.Now())
	name := filepath.Join(dir, "gomod2nix.toml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	modules := regexp.MustCompile(`(?m)^  \[mod\..*`).FindAllString(string(text), -1)
	if len(modules) == 0 || !slices.IsSorted(modules) {
		t.Errorf("got the modules %q", modules)
	}
	write(t, name, strings.Replace(string(text), `hash = "sha256-`, `hash = "sha256-A`, 1))
	source, err := tree.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), source); err == nil || err.Error() != "gomod2nix.toml:6: stale; run make lock" {
		t.Errorf("got %v", err)
	}
}

// A version differs from its candidate in exactly the files that the policy lets it differ in.
func TestPromotedFiles(t *testing.T) {
	generated := map[string]map[string][]byte{}
	for _, version := range []string{"0.9.0-rc.1", "0.9.0"} {
		dir := filepath.Join(t.TempDir(), "glide")
		repo.Copy(t, dir, time.Now())
		write(t, filepath.Join(dir, tree.VersionFile), version+"\n")
		write(t, filepath.Join(dir, tree.ChangelogFile), "# Changelog\n\n## ["+version+"] - 2026-01-02\n\n### Added\n\n- All.\n")
		source, err := tree.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		files, err := generate(t.Context(), source, recordedHash)
		if err != nil {
			t.Fatal(err)
		}
		generated[version] = map[string][]byte{}
		for _, f := range files {
			generated[version][f.name] = f.content
		}
	}
	differing := []string{tree.ChangelogFile, tree.VersionFile}
	for name, content := range generated["0.9.0"] {
		if !bytes.Equal(content, generated["0.9.0-rc.1"][name]) {
			differing = append(differing, name)
		}
	}
	slices.Sort(differing)
	if !slices.Equal(differing, policy.Promoted) {
		t.Errorf("got %v, want %v", differing, policy.Promoted)
	}
}

// A vendorHash counts only for the go.mod and go.sum that it was made for.
func TestRecordedHash(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "nix", "lock.json"), `{"goMod": "sha256-a", "vendorHash": "sha256-b"}`)
	source := &tree.Tree{Dir: dir}
	for goMod, want := range map[string]string{"sha256-a": "sha256-b", "sha256-other": ""} {
		got, err := recordedHash(t.Context(), source, goMod)
		if err != nil || got != want {
			t.Errorf("for %s: got %q, %v, want %q", goMod, got, err, want)
		}
	}
}

// The hash of a file is that of `nix hash path` for the same content.
func TestHashPath(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hello")
	write(t, file, "hello\n")
	got, err := hashPath(file)
	if want := "sha256-HDfQGvQL4ugGkd48w99EN3ppmvuxfGjwgJZLL9Bx/BM="; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestTable(t *testing.T) {
	got := table(tree.Matrix{Targets: []tree.Target{
		{OS: "linux", Arch: "amd64"},
		{OS: "linux", Arch: "arm", ARM: "7"},
		{OS: "freebsd", Arch: "s390x", Refused: "no port"},
	}})
	want := "| Platform | Architectures | Not built |\n|---|---|---|\n" +
		"| Linux | amd64, armv7 |  |\n" +
		"| FreeBSD |  | s390x: no port |\n"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestImageTable(t *testing.T) {
	m := tree.Matrix{
		Distros: map[string]tree.Distro{"ubuntu": {Base: "ubuntu:26.04"}, "distroless": {}},
		Targets: []tree.Target{
			{OS: "linux", Arch: "amd64", Images: []string{"distroless", "ubuntu"}},
			{OS: "linux", Arch: "386", Images: []string{"ubuntu"}},
		},
	}
	got := imageTable(m, bases.Lock{"ubuntu": {Platforms: map[string]bases.Platform{"amd64": {}, "386": {Refused: "there is none"}}}})
	want := "| Image | Base | Architectures | Not built |\n|---|---|---|---|\n" +
		"| `{version}-distroless` | none | amd64 |  |\n" +
		"| `{version}-ubuntu` | ubuntu:26.04 | amd64 | 386: there is none |\n"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestReadmeNeedsPlace(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "README.md"), "# Glide\n")
	if _, err := page(&tree.Tree{Dir: dir}, "README.md", "matrix", ""); err == nil || !strings.Contains(err.Error(), "add the lines") {
		t.Errorf("got %v", err)
	}
}

func TestFirstDifference(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"a\nb\n", "a\nb\n", 0},
		{"a\nb\n", "a\nc\n", 2},
		{"a\n", "a\nb\n", 2},
	} {
		if got := firstDifference([]byte(tc.a), []byte(tc.b)); got != tc.want {
			t.Errorf("firstDifference(%q, %q) = %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
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
