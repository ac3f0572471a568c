// Package dist makes what a release consists of from a source tree, by plain Go: the same bytes
// that the Nix flake makes.
package dist

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/tree"
)

// SumsFile is the name of the file that holds the SHA-256 sums of the files beside it, in the
// form of sha256sum.
const SumsFile = "SHA256SUMS"

// BuildArgs returns the arguments of the go command that make the gateway's binary for a target,
// but for -o, and the environment variables that go with them.
func BuildArgs(t *tree.Tree, target tree.Target) (args, env []string) {
	fill := strings.NewReplacer("{version}", t.Version, "{target}", target.Name())
	args = append([]string{"build"}, t.Matrix.Build.Flags...)
	args = append(args, "-ldflags="+fill.Replace(strings.Join(t.Matrix.Build.LDFlags, " ")), t.Matrix.Build.Package)

	env = []string{"GOOS=" + target.OS, "GOARCH=" + target.Arch}
	if target.ARM != "" {
		env = append(env, "GOARM="+target.ARM)
	}
	for name, value := range t.Matrix.Build.Env {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return args, env
}

// A Binary is a compiled program.
type Binary struct {
	Target tree.Target
	Path   string
	SHA256 string // hexadecimal
	Size   int64  // bytes
}

// Build compiles the gateway for a target into dir and returns the binary, which appears there
// only when it is complete.
func Build(ctx context.Context, g *Go, t *tree.Tree, target tree.Target, dir string) (Binary, error) {
	name := filepath.Join(dir, target.Binary())
	scratch, err := os.MkdirTemp(dir, ".build-*")
	if err != nil {
		return Binary{}, err
	}
	defer os.RemoveAll(scratch)

	made := filepath.Join(scratch, "glide")
	args, env := BuildArgs(t, target)
	args = slices.Insert(args, 1, "-o", made)
	if _, err := g.Run(ctx, t.Dir, env, args...); err != nil {
		return Binary{}, fmt.Errorf("build %s: %w", target, err)
	}
	sum, size, err := Sum(made)
	if err != nil {
		return Binary{}, err
	}
	if err := os.Rename(made, name); err != nil {
		return Binary{}, err
	}
	return Binary{Target: target, Path: name, SHA256: sum, Size: size}, nil
}

// WriteSums writes dir's SumsFile, sorted by name, of hexadecimal SHA-256 sums by file name.
func WriteSums(dir string, sums map[string]string) error {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&text, "%s  %s\n", sums[name], name)
	}
	scratch := filepath.Join(dir, "."+SumsFile)
	if err := os.WriteFile(scratch, []byte(text.String()), 0o644); err != nil {
		return err
	}
	return os.Rename(scratch, filepath.Join(dir, SumsFile))
}

// ReadSums returns what dir's SumsFile says: hexadecimal SHA-256 sums by file name.
func ReadSums(dir string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, SumsFile))
	if err != nil {
		return nil, err
	}
	return ParseSums(text), nil
}

// ParseSums returns what the text of a SumsFile says, as ReadSums does.
func ParseSums(text []byte) map[string]string {
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		sums[name] = sum
	}
	return sums
}

// Sums returns the SHA-256 sums, hexadecimal, of some files of a folder by their names.
func Sums(dir string, names ...string) (map[string]string, error) {
	sums := make(map[string]string, len(names))
	for _, name := range names {
		sum, _, err := Sum(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		sums[name] = sum
	}
	return sums, nil
}

// Sum returns the SHA-256 of a file, hexadecimal, and its size in bytes.
func Sum(file string) (sum string, size int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)), size, err
}
