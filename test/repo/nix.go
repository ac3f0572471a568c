package repo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Nix runs Nix in a folder and returns its standard output; an error holds the other one. It is
// nix/host, whose packages are the machine's own tools, unless the variable GLIDE_NIX names another
// program, such as nix itself.
func Nix(ctx context.Context, dir string, args ...string) (string, error) {
	program := os.Getenv("GLIDE_NIX")
	if program == "" {
		program = filepath.Join(Root(), "nix", "host", "nix-host")
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("nix %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.String(), nil
}

// Build builds an attribute of the flake in dir, such as "glide", and copies the result, a folder or a
// file, to out, where nothing is yet, since the store of nix/host is not in sight.
func Build(ctx context.Context, dir, attribute, out string) error {
	if os.Getenv("GLIDE_NIX") != "" {
		path, err := Nix(ctx, dir, "build", ".#"+attribute, "--no-link", "--print-out-paths")
		if err != nil {
			return err
		}
		path = strings.TrimSpace(path)
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return os.CopyFS(out, os.DirFS(path))
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(out, content, 0o644)
	}
	scratch, err := os.MkdirTemp(filepath.Dir(out), "build-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	path, err := Nix(ctx, dir, "build", ".#"+attribute, "--copy-out", scratch)
	if err != nil {
		return err
	}
	return os.Rename(strings.TrimSpace(path), out)
}
