// Command apk installs glide into a root folder as Alpine's apk does, by apko's implementation of it, from
// a repository that it makes of packages: go run . ROOT PACKAGE...
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"chainguard.dev/apko/pkg/apk/apk"
	"chainguard.dev/apko/pkg/apk/fs"
)

func main() {
	if err := install(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func install(ctx context.Context, root string, packages []string) error {
	repository, err := os.MkdirTemp("", "apk-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(repository)
	arch := apk.ArchToAPK(runtime.GOARCH)
	if err := index(ctx, filepath.Join(repository, arch), packages); err != nil {
		return err
	}
	manager, err := apk.New(ctx, apk.WithArch(arch), apk.WithFS(fs.DirFS(ctx, root)),
		apk.WithIgnoreIndexSignatures(true), apk.WithIgnoreMknodErrors(true))
	if err != nil {
		return err
	}
	if err := manager.InitDB(ctx); err != nil {
		return err
	}
	if err := manager.SetRepositories(ctx, []string{repository}); err != nil {
		return err
	}
	if err := manager.SetWorld(ctx, []string{"glide"}); err != nil {
		return err
	}
	_, err = manager.FixateWorld(ctx, nil)
	return err
}

// index copies packages to a folder, by the names that a repository has for them, and writes their index.
func index(ctx context.Context, dir string, packages []string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	var of apk.APKIndex
	for _, path := range packages {
		content, err := os.Open(path)
		if err != nil {
			return err
		}
		defer content.Close()
		stat, err := content.Stat()
		if err != nil {
			return err
		}
		described, err := apk.ParsePackage(ctx, content, uint64(stat.Size()))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		of.Packages = append(of.Packages, described)
		if _, err := content.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := write(filepath.Join(dir, described.Filename()), content); err != nil {
			return err
		}
	}
	archive, err := apk.ArchiveFromIndex(&of)
	if err != nil {
		return err
	}
	return write(filepath.Join(dir, "APKINDEX.tar.gz"), archive)
}

func write(path string, content io.Reader) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
