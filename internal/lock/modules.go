package lock

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nix-community/go-nix/pkg/nar"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/tree"
)

const modulesFile = "nix/lock.json"

// locked is the content of modulesFile.
type locked struct {
	// GoMod is the hash of go.mod and go.sum that VendorHash was made for.
	GoMod string `json:"goMod"`
	// VendorHash is the hash of the modules' downloads, as nixpkgs' buildGoModule wants it.
	VendorHash string `json:"vendorHash"`
}

// A vendorHasher returns the vendorHash of the tree, whose go.mod and go.sum have the given hash.
type vendorHasher func(ctx context.Context, t *tree.Tree, goMod string) (string, error)

func modules(ctx context.Context, t *tree.Tree, vendorHash vendorHasher) (file, error) {
	goMod, err := hashFiles(t, "go.mod", "go.sum")
	if err != nil {
		return file{}, err
	}
	l := locked{GoMod: goMod}
	if l.VendorHash, err = vendorHash(ctx, t, goMod); err != nil {
		return file{}, err
	}
	content, err := json.MarshalIndent(l, "", "  ")
	return file{modulesFile, append(content, '\n')}, err
}

// recordedHash returns the vendorHash of modulesFile, or nothing if it was made for another go.mod.
func recordedHash(_ context.Context, t *tree.Tree, goMod string) (string, error) {
	var l locked
	text, err := os.ReadFile(t.Path(modulesFile))
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return "", fmt.Errorf("%s: %w", modulesFile, err)
	}
	if l.GoMod != goMod {
		return "", nil
	}
	return l.VendorHash, nil
}

// hashDownloads downloads the modules to an empty module cache, as buildGoModule does with
// proxyVendor, and returns the hash of what is then there.
func hashDownloads(ctx context.Context, t *tree.Tree, _ string) (string, error) {
	scratch, err := os.MkdirTemp("", "glide-lock-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	env := []string{"GOMODCACHE=" + scratch, "GOFLAGS=-modcacherw"}
	if _, err := dist.InstalledGo(t.Go).Run(ctx, t.Dir, env, "mod", "download"); err != nil {
		return "", err
	}
	downloads := filepath.Join(scratch, "cache", "download")
	if err := os.RemoveAll(filepath.Join(downloads, "sumdb")); err != nil {
		return "", err
	}
	return hashPath(downloads)
}

// hashFiles returns the hash of the contents of files of the tree, one after the other.
func hashFiles(t *tree.Tree, names ...string) (string, error) {
	h := sha256.New()
	for _, name := range names {
		text, err := os.ReadFile(t.Path(name))
		if err != nil {
			return "", err
		}
		h.Write(text)
	}
	return sri(h.Sum(nil)), nil
}

// hashPath returns the hash that Nix gives a file or folder: that of its archive.
func hashPath(path string) (string, error) {
	h := sha256.New()
	if err := nar.DumpPath(h, path); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	return sri(h.Sum(nil)), nil
}

// sri returns a SHA-256 sum in the form of subresource integrity, as Nix writes it.
func sri(sum []byte) string {
	return "sha256-" + base64.StdEncoding.EncodeToString(sum)
}

// gomod2nix returns gomod2nix.toml as the program of that name writes it, in the form of schema 3.
// It hashes the modules anew, where the program takes what the file has for a version.
func gomod2nix(ctx context.Context, t *tree.Tree) (file, error) {
	output, err := dist.InstalledGo(t.Go).Run(ctx, t.Dir, nil, "mod", "download", "-json")
	if err != nil {
		return file{}, err
	}
	var entries []string
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		var module struct{ Path, Version, Dir string }
		if err := decoder.Decode(&module); err != nil {
			return file{}, fmt.Errorf("go mod download: %w", err)
		}
		hash, err := hashPath(module.Dir)
		if err != nil {
			return file{}, err
		}
		entries = append(entries, fmt.Sprintf("  [mod.%q]\n    version = %q\n    hash = %q\n", module.Path, module.Version, hash))
	}
	slices.Sort(entries)
	return file{"gomod2nix.toml", []byte("schema = 3\n\n[mod]\n" + strings.Join(entries, ""))}, nil
}
