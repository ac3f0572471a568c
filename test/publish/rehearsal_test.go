//go:build e2e

package publish

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/channels"
	"github.com/einstack/glide/test/repo"
)

// The matrix of the rehearsal: of each operating system what its package managers want, and images on
// no base, which is all that can be made without a registry.
var targets = []string{"darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64", "windows-386", "windows-amd64"}

const (
	candidate = "0.9.0-rc.1"
	version   = "0.9.0"
)

// From a commit on develop to every channel and back: the commands of RELEASING.md, with a real release,
// made by both doors.
func TestRehearsal(t *testing.T) {
	release := tool(t)
	root := filepath.Join(t.TempDir(), "glide")
	repo.Copy(t, root, time.Now())
	shrink(t, filepath.Join(root, tree.MatrixFile))
	setVersion(t, root, candidate, "### Added\n\n- Everything.")
	run(t, root, nil, release, "lock")
	git := func(args ...string) {
		t.Helper()
		run(t, root, nil, "git", append([]string{"-c", "user.name=Ada Example", "-c", "user.email=ada@localhost"}, args...)...)
	}
	git("init", "--quiet", "--initial-branch", "main")
	git("commit", "--quiet", "--allow-empty", "--message", "begin")
	git("switch", "--quiet", "--create", "develop")
	git("add", "--all")
	git("commit", "--quiet", "--message", "glide "+candidate)

	// Not before it is merged and tagged.
	output, err := try(t, root, nil, release, "check")
	if err == nil || !strings.Contains(output, "has no tag v"+candidate) || !strings.Contains(output, "not on main") || !strings.Contains(output, "no merge of develop") {
		t.Fatalf("check on develop: %v\n%s", err, output)
	}
	git("switch", "--quiet", "main")
	git("merge", "--quiet", "--no-ff", "--message", "Merge develop", "develop")
	git("tag", "v"+candidate)
	run(t, root, nil, release, "check")

	made := filepath.Join(t.TempDir(), "release")
	start := time.Now()
	if err := repo.Build(t.Context(), root, "release", made); err != nil {
		t.Fatal(err)
	}
	t.Logf("made by Nix in %s", time.Since(start).Round(time.Second))
	m, err := manifest.Read(made)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(made); err != nil {
		t.Error(err)
	}
	sameByGo(t, release, root, made)

	notes := run(t, root, nil, release, "notes", "--from", made)
	for _, part := range []string{"- Everything.", "nix run github:einstack/glide/v" + candidate + "#verify", m.Artifacts[0].SHA256, "- Ada Example", "This is a candidate"} {
		if !strings.Contains(notes, part) {
			t.Errorf("the notes lack %q:\n%s", part, notes)
		}
	}
	write(t, filepath.Join(t.TempDir(), "notes.md"), notes)

	addr, certificate := startRegistry(t)
	w := channels.NewWith(t, frontOf(t, addr, certificate), "rehearsal")
	w.GitHub.Tags = []string{"v" + candidate}
	// No front, but TLS and the password of the registry itself.
	w.Registry = addr + "/rehearsal"
	env := append(w.Env, "SSL_CERT_FILE="+certificate)
	to := func(command string) []string {
		args := []string{command}
		for _, place := range w.To() {
			args = append(args, "--to", place)
		}
		return args
	}
	start = time.Now()
	run(t, root, env, release, append(to("publish"), "--from", made)...)
	t.Logf("published in %s", time.Since(start).Round(time.Millisecond))
	start = time.Now()
	output = run(t, root, env, release, append(to("publish"), "--from", made)...)
	if spent := time.Since(start); spent > 10*time.Second || strings.Count(output, "complete") != len(w.To()) || strings.Count(output, " 0 put") != len(w.To()) {
		t.Errorf("a second run took %s and said\n%s", spent, output)
	} else {
		t.Logf("published again in %s", spent.Round(time.Millisecond))
	}
	published, drafts := w.GitHub.Published("v" + candidate)
	if published == nil || drafts != 0 || !published.Prerelease || published.Latest != "false" {
		t.Fatalf("GitHub has %+v and %d drafts", published, drafts)
	}

	// What the public gets is what the source makes; of a registry with a password, nobody can tell.
	look := []string{"verify", "--rebuilt", made, "--html", filepath.Join(t.TempDir(), "report.html")}
	for _, name := range []string{"github", "homebrew", "scoop", "snap", "chocolatey"} {
		look = append(look, "--to", w.At(name))
	}
	run(t, root, env, release, look...)
	archive := "glide_" + candidate + "_windows_386.zip"
	w.GitHub.Tamper("v"+candidate, archive, len(published.Assets[archive])/2, true)
	output, err = try(t, root, env, release, look...)
	if err == nil || !regexp.MustCompile(`github: `+archive+` is different: .*(entry|byte)`).MatchString(output) {
		t.Errorf("verify of a tampered archive: %v\n%s", err, output)
	}

	t.Run("promotion", func(t *testing.T) {
		git("switch", "--quiet", "develop")
		output := run(t, root, nil, release, "promote")
		if !strings.Contains(output, "linux/amd64: but for the version the binary is that of v"+candidate) {
			t.Errorf("promote said\n%s", output)
		}
		git("commit", "--quiet", "--all", "--message", "glide "+version)
		git("switch", "--quiet", "main")
		git("merge", "--quiet", "--no-ff", "--message", "Merge develop", "develop")
		git("tag", "v"+version)
		output, err := try(t, root, nil, release, "check")
		if err == nil || !strings.Contains(output, candidate+" is out for ") || strings.Count(strings.TrimSpace(output), "\n") != 0 {
			t.Errorf("check of a young candidate: %v\n%s", err, output)
		}
		run(t, root, nil, release, "check", "--soak", "0")
	})
}

// shrink leaves the targets of the rehearsal in a matrix.
func shrink(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var matrix map[string]any
	if err := json.Unmarshal(text, &matrix); err != nil {
		t.Fatal(err)
	}
	matrix["targets"] = slices.DeleteFunc(matrix["targets"].([]any), func(target any) bool {
		of := target.(map[string]any)
		if of["images"] != nil {
			of["images"] = []string{"distroless"}
		}
		return !slices.Contains(targets, of["goos"].(string)+"-"+of["goarch"].(string))
	})
	if text, err = json.MarshalIndent(matrix, "", "  "); err != nil {
		t.Fatal(err)
	}
	write(t, file, string(text))
}

// setVersion gives a source tree a version with a section in its changelog.
func setVersion(t *testing.T, root, version, section string) {
	t.Helper()
	write(t, filepath.Join(root, tree.VersionFile), version+"\n")
	write(t, filepath.Join(root, tree.ChangelogFile), "# Changelog\n\n## ["+version+"] - 2026-01-02\n\n"+section+"\n")
}

// sameByGo makes all files by plain Go and compares the release with the one that Nix made. Images and
// chart are those of Nix.
func sameByGo(t *testing.T, release, root, made string) {
	t.Helper()
	dir := t.TempDir()
	for _, command := range []string{"build", "docs", "licenses", "archives", "installers"} {
		args := []string{command, "--out", filepath.Join(dir, command)}
		switch command {
		case "installers":
			args = append(args, "--archives", filepath.Join(dir, "archives"))
			fallthrough
		case "archives":
			args = append(args, "--binaries", filepath.Join(dir, "build"), "--docs", filepath.Join(dir, "docs"), "--licenses", filepath.Join(dir, "licenses"))
		}
		run(t, root, nil, release, args...)
	}
	args := []string{"assemble", "--archives", filepath.Join(dir, "archives"), "--installers", filepath.Join(dir, "installers"),
		"--images", filepath.Join(made, manifest.ImagesDir), "--out", filepath.Join(dir, "release")}
	if charts, _ := filepath.Glob(filepath.Join(made, "glide-*.tgz")); len(charts) == 1 {
		args = append(args, "--chart", charts[0])
	}
	run(t, root, nil, release, args...)
	want, err := dist.ReadSums(made)
	if err != nil {
		t.Fatal(err)
	}
	got, err := dist.ReadSums(filepath.Join(dir, "release"))
	if err != nil {
		t.Fatal(err)
	}
	for name, sum := range want {
		if got[name] != sum {
			t.Errorf("%s: plain Go made %s, Nix %s", name, got[name], sum)
		}
	}
}
