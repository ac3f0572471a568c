package dist

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/tree"
)

func TestBuildArgs(t *testing.T) {
	source := &tree.Tree{Version: "1.2.3-rc.4", Matrix: tree.Matrix{Build: tree.Build{
		Package: "./cmd/glide",
		Env:     map[string]string{"CGO_ENABLED": "0"},
		Flags:   []string{"-trimpath"},
		LDFlags: []string{"-s", "-buildid=glide-{version}-{target}"},
	}}}
	args, env := BuildArgs(source, tree.Target{OS: "linux", Arch: "arm", ARM: "7"})
	if want := []string{"build", "-trimpath", "-ldflags=-s -buildid=glide-1.2.3-rc.4-linux-armv7", "./cmd/glide"}; !slices.Equal(args, want) {
		t.Errorf("args %q, want %q", args, want)
	}
	if want := []string{"CGO_ENABLED=0", "GOARCH=arm", "GOARM=7", "GOOS=linux"}; !slices.Equal(env, want) {
		t.Errorf("env %q, want %q", env, want)
	}
}

func TestBuild(t *testing.T) {
	source, err := tree.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	// What a user has set must not change the bytes.
	t.Setenv("GOFLAGS", "-tags=none")
	t.Setenv("GOAMD64", "v3")
	t.Setenv("CGO_ENABLED", "1")
	g, err := NewGo(t.Context(), source.Go)
	if err != nil {
		t.Fatal(err)
	}
	target, err := source.Matrix.Target("linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	built, err := Build(t.Context(), g, source, target, dir)
	if err != nil {
		t.Fatal(err)
	}
	if built.Size > 11e6 {
		t.Errorf("the binary has %d bytes; does something ask for methods by name, as text/template does? Then the linker keeps all", built.Size)
	}
	if err := WriteSums(dir, map[string]string{target.Binary(): built.SHA256}); err != nil {
		t.Fatal(err)
	}
	inspected, err := InspectDir(source, dir, []tree.Target{target}, []string{source.Dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(inspected) != 1 || !reflect.DeepEqual(inspected[0], built) {
		t.Errorf("inspected %v, built %v", inspected, built)
	}

	t.Run("tampered", func(t *testing.T) {
		content, err := os.ReadFile(built.Path)
		if err != nil {
			t.Fatal(err)
		}
		tampered := t.TempDir()
		content[len(content)-1] ^= 1
		write(t, filepath.Join(tampered, target.Binary()), content)
		sums, err := os.ReadFile(filepath.Join(dir, SumsFile))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(tampered, SumsFile), sums)
		_, err = InspectDir(source, tampered, []tree.Target{target}, nil)
		wantError(t, err, "has the sum")
	})
	t.Run("other target", func(t *testing.T) {
		other, err := source.Matrix.Target("linux/arm64")
		if err != nil {
			t.Fatal(err)
		}
		_, err = Inspect(source, other, built.Path, nil)
		wantError(t, err, "made for EM_X86_64, not for linux/arm64", "not built with GOARCH=arm64", "not stamped")
	})
	t.Run("other system", func(t *testing.T) {
		other, err := source.Matrix.Target("darwin/arm64")
		if err != nil {
			t.Fatal(err)
		}
		_, err = Inspect(source, other, built.Path, nil)
		wantError(t, err, "no program for darwin/arm64")
	})
	t.Run("machine path", func(t *testing.T) {
		_, err := Inspect(source, target, built.Path, []string{"github.com/einstack/glide/cmd/glide"})
		wantError(t, err, "holds the machine's path github.com/einstack/glide/cmd/glide at byte ")
	})
}

// A binary of a plain go build, without the flags, breaks every promise.
func TestInspectFindsPlainBuild(t *testing.T) {
	source, err := tree.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	target, err := source.Matrix.Target("linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), target.Binary())
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", file, "./cmd/glide")
	cmd.Dir = source.Dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	_, err = Inspect(source, target, file, []string{source.Dir})
	wantError(t, err, "not stripped", "not built with -trimpath=true", "not stamped", "holds the machine's path")
}

func TestNewGoRefusesOtherSum(t *testing.T) {
	source, err := tree.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	forged := tree.Toolchain{Version: source.Go.Version, Modules: map[string]struct{ Sum string }{}}
	for platform := range source.Go.Modules {
		forged.Modules[platform] = struct{ Sum string }{"h1:AAAA"}
	}
	_, err = NewGo(t.Context(), forged)
	wantError(t, err, "pins h1:AAAA; don't trust the module proxy")

	_, err = NewGo(t.Context(), tree.Toolchain{Version: source.Go.Version})
	wantError(t, err, "has no toolchain for")
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q, want it to say %q", err, part)
		}
	}
}
