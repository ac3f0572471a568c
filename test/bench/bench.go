// Package bench has what the programs share that measure Glide.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
)

// Main is the main function of a program that measures. It gives measure a folder, which is gone in the
// end, and a context, which an interrupt ends.
func Main(measure func(ctx context.Context, scratch string) error) {
	if err := run(measure); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run(measure func(ctx context.Context, scratch string) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	scratch, err := os.MkdirTemp("", "glide-bench-*")
	if err != nil {
		return err
	}
	defer func() {
		// Nix and Go make folders read-only.
		_ = exec.Command("chmod", "-R", "u+w", scratch).Run()
		_ = os.RemoveAll(scratch)
	}()
	return measure(ctx, scratch)
}

// Run runs a program in a folder. Its error has what the program wrote.
func Run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}

// Median returns the value in the middle, of which there must be one. It sorts the values.
func Median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}
