// Package license finds out under which licences the modules of the gateway are, and writes the notices
// that those licences ask for.
package license

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/google/licensecheck"
	"golang.org/x/sync/errgroup"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// File is the name of the file of licences that Write makes beside the notices.
const File = "licenses.json"

// StandardLibrary is the path that stands for Go's standard library, of which each binary has parts.
const StandardLibrary = "std"

// A Module is a module that the gateway is made of.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"` // as go.mod has it; that of Go for the standard library
	SPDX    string `json:"spdx"`    // expression of SPDX identifiers

	texts [][]byte
}

// Less than this part of a licence's file, in percent, may not be left unrecognised.
const coverage = 75

// Write finds the licences of all modules that packages are made of for any target, and writes File
// and the notices to dir. It needs the modules, so the module proxy if they aren't in the module
// cache.
func Write(ctx context.Context, t *tree.Tree, packages []string, dir string) error {
	g := dist.InstalledGo(t.Go)
	versions, err := list(ctx, g, t, packages)
	if err != nil {
		return err
	}
	modules, err := find(ctx, g, t, versions)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(modules, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(
		pack.WriteBytes(filepath.Join(dir, File), append(text, '\n')),
		pack.WriteBytes(filepath.Join(dir, pack.NoticesFile), notices(modules)),
	)
}

// Read returns the identifiers of the licences that Write found, by the path of the module.
func Read(dir string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		return nil, fmt.Errorf("%w; run release licenses --out %s", err, dir)
	}
	var modules []Module
	if err := json.Unmarshal(text, &modules); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, File), err)
	}
	ids := map[string]string{}
	for _, m := range modules {
		ids[m.Path] = m.SPDX
	}
	return ids, nil
}

// list returns the versions of the modules that packages are made of, for all targets alike.
func list(ctx context.Context, g *dist.Go, t *tree.Tree, packages []string) (map[string]string, error) {
	var mu sync.Mutex
	versions := map[string]string{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, target := range t.Matrix.Built() {
		group.Go(func() error {
			_, env := dist.BuildArgs(t, target)
			// What a target cannot compile is not in its binary; that of others has the module.
			args := append([]string{"list", "-e", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}"}, packages...)
			output, err := g.Run(ctx, t.Dir, env, args...)
			if err != nil {
				return fmt.Errorf("modules for %s: %w", target, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for line := range strings.Lines(string(output)) {
				// The gateway's own module has no version.
				if path, version, _ := strings.Cut(strings.TrimSpace(line), " "); version != "" {
					versions[path] = version
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, fmt.Errorf("%s: no modules are found for it; name packages of %s", strings.Join(packages, " "), t.Dir)
	}
	return versions, nil
}

func find(ctx context.Context, g *dist.Go, t *tree.Tree, versions map[string]string) ([]Module, error) {
	// The toolchain that compiled the binaries has the licence of the standard library.
	goroot, err := g.Run(ctx, t.Dir, nil, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	std, err := inspect(StandardLibrary, "go"+t.Go.Version, strings.TrimSpace(string(goroot)))
	if err != nil {
		return nil, err
	}
	modules := []Module{std}

	args := []string{"mod", "download", "-json"}
	for path, version := range versions {
		args = append(args, path+"@"+version)
	}
	output, err := g.Run(ctx, t.Dir, nil, args...)
	if err != nil {
		return nil, err
	}
	var errs []error
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		var module struct{ Path, Version, Dir string }
		if err := decoder.Decode(&module); err != nil {
			return nil, fmt.Errorf("go mod download: %w", err)
		}
		m, err := inspect(module.Path, module.Version, module.Dir)
		errs = append(errs, err)
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return modules, errors.Join(errs...)
}

// inspect reads the licence of the module in dir.
func inspect(path, version, dir string) (Module, error) {
	m := Module{Path: path, Version: version}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return m, err
	}
	var ids []string
	for _, entry := range entries {
		name := strings.ToUpper(entry.Name())
		isLicense := strings.HasPrefix(name, "LICEN") || strings.HasPrefix(name, "COPYING")
		if entry.IsDir() || !isLicense && !strings.HasPrefix(name, "NOTICE") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return m, err
		}
		m.texts = append(m.texts, text)
		if !isLicense {
			continue
		}
		found := licensecheck.Scan(text)
		if found.Percent < coverage {
			return m, fmt.Errorf("%s %s: its %s is no licence known to SPDX; use another module", path, version, entry.Name())
		}
		for _, match := range found.Match {
			ids = append(ids, match.ID)
		}
	}
	if len(ids) == 0 {
		return m, fmt.Errorf("%s %s: has no licence, so it may not be used; use another module", path, version)
	}
	slices.Sort(ids)
	m.SPDX = strings.Join(slices.Compact(ids), " AND ")
	return m, nil
}

func notices(modules []Module) []byte {
	var text bytes.Buffer
	text.WriteString("Glide is made of its own code and of the software below.\n")
	for _, m := range modules {
		name := m.Path
		if name == StandardLibrary {
			name = "The standard library of Go"
		}
		title := fmt.Sprintf("%s %s (%s)", name, m.Version, m.SPDX)
		fmt.Fprintf(&text, "\n\n%s\n%s\n", title, strings.Repeat("=", len(title)))
		for _, part := range m.texts {
			fmt.Fprintf(&text, "\n%s\n", bytes.Trim(bytes.ReplaceAll(part, []byte("\r\n"), []byte("\n")), "\n"))
		}
	}
	return text.Bytes()
}
