package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/tree"
)

func newBuild(f *factory) *cobra.Command {
	var targets []string
	var out string
	var print bool
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Compile the gateway for targets of the matrix",
		Long: `Build compiles the gateway by plain Go, with the pinned toolchain and the flags of
nix/platforms.json, and writes the binaries and their SHA256SUMS to a folder. The
bytes are those that "nix build .#binaries" makes.`,
		Example: `  release build                                 # every target, to dist/binaries
  release build --target linux/arm64 --out out
  release build --target linux/arm64 --print    # the go command, to type by hand`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			chosen, err := chooseTargets(t, targets)
			if err != nil {
				return err
			}
			if print {
				for _, target := range chosen {
					fmt.Fprintln(cmd.OutOrStdout(), commandLine(t, target))
				}
				return nil
			}
			if out == "" {
				out = t.Path("dist/binaries")
			}
			return build(cmd, t, chosen, out)
		},
	}
	cmd.Flags().StringSliceVar(&targets, "target", nil, "target such as linux/arm64; may be repeated (default all)")
	cmd.Flags().StringVar(&out, "out", "", "folder to write to (default dist/binaries of the source tree)")
	cmd.Flags().BoolVar(&print, "print", false, "print the go commands instead of running them")
	return cmd
}

func chooseTargets(t *tree.Tree, names []string) ([]tree.Target, error) {
	if len(names) == 0 {
		return t.Matrix.Built(), nil
	}
	var chosen []tree.Target
	for _, name := range names {
		target, err := t.Matrix.Target(name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, target)
	}
	return chosen, nil
}

func build(cmd *cobra.Command, t *tree.Tree, targets []tree.Target, out string) error {
	g, err := dist.NewGo(cmd.Context(), t.Go)
	if err != nil {
		return err
	}
	var printing sync.Mutex
	var jobs []job
	for _, target := range targets {
		jobs = append(jobs, func() (map[string]string, error) {
			binary, err := dist.Build(cmd.Context(), g, t, target, out)
			if err != nil {
				return nil, err
			}
			printing.Lock()
			defer printing.Unlock()
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", binary.SHA256, binary.Path)
			return map[string]string{filepath.Base(binary.Path): binary.SHA256}, err
		})
	}
	// Linking takes one processor, and is most of the work once the packages are compiled.
	return runAll(cmd.Context(), out, jobs)
}

// commandLine returns the go command that makes a target's binary, for a POSIX shell.
func commandLine(t *tree.Tree, target tree.Target) string {
	args, env := dist.BuildArgs(t, target)
	words := append(env, "GOTOOLCHAIN=go"+t.Go.Version, "go", args[0], "-o", target.Binary())
	for _, arg := range args[1:] {
		if strings.Contains(arg, " ") {
			arg = "'" + arg + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}
