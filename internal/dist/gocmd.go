package dist

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/tree"
)

// A Go runs the go command of a pinned toolchain, undisturbed by the user's settings: of those
// only what says where modules come from and where caches are is kept.
type Go struct {
	program string
	env     []string
}

// Settings of the user that can't change a build's result.
var keptSettings = []string{
	"GOCACHE", "GOMODCACHE", "GOPATH",
	"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE",
}

// NewGo downloads the toolchain as a module, with any installed Go from 1.21 on, and checks it
// against its pinned sum. The installed Go itself won't do even if its version is the same: those
// of distributions are patched, so their binaries differ.
func NewGo(ctx context.Context, toolchain tree.Toolchain) (*Go, error) {
	installed := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=off")
		// Outside any module, since go.mod may ask for a newer Go than is installed.
		cmd.Dir = os.TempDir()
		return run(cmd)
	}

	output, err := installed(append([]string{"env", "-json"}, keptSettings...)...)
	if err != nil {
		return nil, fmt.Errorf("ask for Go's settings: %w\ninstall Go 1.21 or newer", err)
	}
	var settings map[string]string
	if err := json.Unmarshal(output, &settings); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}

	platform := runtime.GOOS + "-" + runtime.GOARCH
	pinned, ok := toolchain.Modules[platform]
	if !ok {
		return nil, fmt.Errorf("%s has no toolchain for %s; build on another platform", tree.ToolchainFile, platform)
	}
	name := "golang.org/toolchain@v0.0.1-go" + toolchain.Version + "." + platform
	output, err = installed("mod", "download", "-json", name)
	if err != nil {
		return nil, fmt.Errorf("download Go %s: %w", toolchain.Version, err)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(output, &module); err != nil {
		return nil, fmt.Errorf("go mod download %s: %w", name, err)
	}
	if module.Sum != pinned.Sum {
		return nil, fmt.Errorf("%s has the sum %s, but %s pins %s; don't trust the module proxy", name, module.Sum, tree.ToolchainFile, pinned.Sum)
	}
	if err := markPrograms(module.Dir); err != nil {
		return nil, err
	}

	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "GO") || strings.HasPrefix(entry, "CGO_")
	})
	env = append(env, "GOENV=off", "GOTOOLCHAIN=local", "GOWORK=off")
	for _, name := range keptSettings {
		env = append(env, name+"="+settings[name])
	}
	return &Go{program: filepath.Join(module.Dir, "bin", "go"), env: env}, nil
}

// InstalledGo returns the go command of the PATH, with all settings of the user, which changes to the
// version of the toolchain if it is another. It is for what depends on the version alone, such as a
// list of packages: a binary depends on who built the toolchain too.
func InstalledGo(toolchain tree.Toolchain) *Go {
	return &Go{program: "go", env: append(os.Environ(), "GOTOOLCHAIN=go"+toolchain.Version, "GOWORK=off")}
}

// markPrograms makes a toolchain's programs executable, which a module's zip can't say. The go
// command does the same when it changes to a toolchain.
func markPrograms(goroot string) error {
	for _, pattern := range []string{"bin/*", "pkg/tool/*/*"} {
		programs, err := filepath.Glob(filepath.Join(goroot, filepath.FromSlash(pattern)))
		if err != nil {
			return err
		}
		for _, program := range programs {
			if err := os.Chmod(program, 0o555); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run runs the go command in dir with more environment variables and returns its output.
func (g *Go) Run(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, g.program, args...)
	cmd.Dir = dir
	cmd.Env = append(slices.Clone(g.env), env...)
	return run(cmd)
}

// run returns the standard output of cmd; what it wrote to standard error is part of an error.
func run(cmd *exec.Cmd) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}
