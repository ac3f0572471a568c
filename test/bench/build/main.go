// Command build measures what building Glide costs, each figure beside what it is held against, on
// the same machine in the same run. It is `make bench-build`.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/tree"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context) error {
	source, err := tree.Find(".")
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "glide-bench-*")
	if err != nil {
		return err
	}
	defer removeAll(scratch)

	fmt.Println("| figure | goal | measured |")
	fmt.Println("|---|---|---|")
	return builds(ctx, source, scratch)
}

func row(figure, goal, format string, args ...any) {
	fmt.Printf("| %s | %s | %s |\n", figure, goal, fmt.Sprintf(format, args...))
}

// builds compares Nix with a loop of go build over all targets, both with empty build caches but
// with the modules and the toolchain there, and then Nix after a change of one line with both.
func builds(ctx context.Context, source *tree.Tree, scratch string) error {
	checkout := filepath.Join(scratch, "checkout")
	if err := run(ctx, source.Dir, nil, "git", "clone", "-q", source.Dir, checkout); err != nil {
		return err
	}
	store := "NIX_HOST_ROOT=" + filepath.Join(scratch, "nix")
	nix := func(args ...string) (time.Duration, error) {
		return timed(func() error {
			return run(ctx, checkout, []string{store}, filepath.Join(checkout, "nix/host/nix-host"), args...)
		})
	}
	if _, err := nix("build", "--no-link", ".#glide-linux-amd64.goModules", ".#glide-linux-amd64.go"); err != nil {
		return err
	}
	cold, err := nix("build", "--no-link", ".#binaries")
	if err != nil {
		return err
	}

	g, err := dist.NewGo(ctx, source.Go)
	if err != nil {
		return err
	}
	out := filepath.Join(scratch, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	loop, err := timed(func() error {
		for _, target := range source.Matrix.Built() {
			args, env := dist.BuildArgs(source, target)
			env = append(env, "GOCACHE="+filepath.Join(scratch, "cache"))
			args = slices.Insert(args, 1, "-o", filepath.Join(out, target.Binary()))
			if _, err := g.Run(ctx, source.Dir, env, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	row("all binaries by Nix, cold, to a loop of go build", "≤ 1.15", "%.2f (%.0f s to %.0f s)", cold.Seconds()/loop.Seconds(), cold.Seconds(), loop.Seconds())

	change, err := os.OpenFile(filepath.Join(checkout, "internal/gateway/bench.go"), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	fmt.Fprintln(change, "package gateway\n\nfunc init() { println() }")
	if err := change.Close(); err != nil {
		return err
	}
	if err := run(ctx, checkout, nil, "git", "add", "-A"); err != nil {
		return err
	}
	warm, err := nix("build", "--no-link", ".#binaries")
	if err != nil {
		return err
	}
	row("all binaries by Nix after a change in internal/gateway, to cold", "≤ 0.25", "%.2f (%.0f s)", warm.Seconds()/cold.Seconds(), warm.Seconds())

	evaluation, err := nix("flake", "check", "--all-systems", "--no-build")
	if err != nil {
		return err
	}
	row("evaluation of the flake for all systems", "≤ 5 s", "%.1f s", evaluation.Seconds())
	return nil
}

func timed(f func() error) (time.Duration, error) {
	begin := time.Now()
	err := f()
	return time.Since(begin), err
}

func run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output.Bytes())
	}
	return nil
}

// removeAll removes a folder that Nix may have made read-only.
func removeAll(dir string) {
	_ = exec.Command("chmod", "-R", "u+w", dir).Run()
	_ = os.RemoveAll(dir)
}
