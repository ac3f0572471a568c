// Package flake tests the flake: that it evaluates for every system, builds, and says what is wrong
// when something is.
package flake

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

func TestEvaluates(t *testing.T) {
	if _, err := repo.Nix(t.Context(), repo.Root(), "flake", "check", "--all-systems", "--no-build"); err != nil {
		t.Fatal(err)
	}
}

// Every target of the matrix has a package for every system that builds.
func TestPackages(t *testing.T) {
	source := open(t)
	output, err := repo.Nix(t.Context(), repo.Root(), "eval", "--raw", ".#packages", "--apply",
		`systems: builtins.concatStringsSep "\n" (builtins.concatLists (builtins.attrValues (builtins.mapAttrs
		  (system: packages: map (name: "${system} ${name}") (builtins.attrNames packages)) systems)))`)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(output) {
		listed[strings.TrimSpace(line)] = true
	}
	for _, system := range []string{"x86_64-linux", "aarch64-linux", "aarch64-darwin"} {
		for _, target := range source.Matrix.Targets {
			name := system + " glide-" + target.Name()
			if listed[name] != (target.Refused == "") {
				t.Errorf("package %s: listed %t, refused %q", name, listed[name], target.Refused)
			}
		}
	}
}

func TestBuildsGateway(t *testing.T) {
	source := open(t)
	out := filepath.Join(t.TempDir(), "glide")
	if err := repo.Build(t.Context(), repo.Root(), "glide", out); err != nil {
		t.Fatal(err)
	}
	version, err := exec.CommandContext(t.Context(), filepath.Join(out, "bin", "glide"), "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(version), source.Version) {
		t.Errorf("glide version printed %q, want version %s", version, source.Version)
	}
	for _, file := range []string{
		"share/man/man1/glide.1.gz",
		"share/bash-completion/completions/glide.bash",
		"share/fish/vendor_completions.d/glide.fish",
		"share/zsh/site-functions/_glide",
	} {
		if info, err := os.Stat(filepath.Join(out, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: missing or empty (%v)", file, err)
		}
	}
}

func TestChecks(t *testing.T) {
	system, err := repo.Nix(t.Context(), repo.Root(), "eval", "--impure", "--raw", "--expr", "builtins.currentSystem")
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []string{"lock", "incremental"} {
		t.Run(check, func(t *testing.T) {
			if _, err := repo.Nix(t.Context(), repo.Root(), "build", "--no-link", ".#checks."+system+"."+check); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestRefusesTarget(t *testing.T) {
	source := open(t)
	for _, target := range source.Matrix.Targets {
		if target.Refused == "" {
			continue
		}
		t.Run(target.Name(), func(t *testing.T) {
			// Of a failure that it has cached, Nix 2.8 forgets the reason.
			_, err := repo.Nix(t.Context(), repo.Root(), "build", "--no-link", "--option", "eval-cache", "false", ".#glide-"+target.Name())
			if err == nil || !strings.Contains(err.Error(), "is not built: "+target.Refused) {
				t.Fatalf("got %v, want an error with the reason %q", err, target.Refused)
			}
		})
	}
}

func TestRefusesVersion(t *testing.T) {
	root := t.TempDir()
	repo.Copy(t, root, time.Now())
	if err := os.WriteFile(filepath.Join(root, tree.VersionFile), []byte("v0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := repo.Nix(t.Context(), root, "eval", "path:"+root+"#glide.name")
	want := `VERSION:1: "v0.1" is not a version; write one such as 0.1.0 or 0.1.0-rc.1`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v, want %s", err, want)
	}
}

func open(t *testing.T) *tree.Tree {
	t.Helper()
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := source.Go.Modules[runtime.GOOS+"-"+runtime.GOARCH]; !ok {
		t.Fatalf("%s pins no toolchain for this platform", tree.ToolchainFile)
	}
	return source
}
