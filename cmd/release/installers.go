package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/choco"
	"github.com/einstack/glide/internal/homebrew"
	"github.com/einstack/glide/internal/linuxpkg"
	"github.com/einstack/glide/internal/scoop"
	"github.com/einstack/glide/internal/script"
	"github.com/einstack/glide/internal/snap"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/internal/winget"
)

func newInstallers(f *factory) *cobra.Command {
	var flags kitFlags
	cmd := &cobra.Command{
		Use:   "installers",
		Short: "Make the packages of package managers",
		Long: `Installers makes what the package managers of the matrix install, each from the very
binaries, with their SHA256SUMS. The bytes are those that "nix build .#installers" makes.`,
		Example: `  release build && release docs && release licenses && release archives && release installers
  release installers --target linux/arm64 --out out`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kit, targets, err := flags.kit(f, cmd.Name())
			if err != nil {
				return err
			}
			// each makes a job for each chosen target that is packaged as a kind.
			var jobs []job
			each := func(kind string, make func(tree.Target) (string, error)) {
				for _, target := range targets {
					if slices.Contains(target.Packages, kind) {
						jobs = append(jobs, one(flags.out, func() (string, error) { return make(target) }))
					}
				}
			}
			// all makes a job for what names all targets of a kind, if all are chosen.
			all := func(kind string, make func([]tree.Target) ([]string, error)) {
				packaged := kit.Tree.Matrix.Packaged(kind)
				if !slices.ContainsFunc(packaged, func(t tree.Target) bool { return !chosen(targets, t) }) {
					jobs = append(jobs, several(flags.out, func() ([]string, error) { return make(packaged) }))
				}
			}
			for _, kind := range linuxpkg.Kinds() {
				each(kind, func(t tree.Target) (string, error) { return linuxpkg.Write(kit, kind, t, flags.out) })
			}
			each("snap", func(t tree.Target) (string, error) { return snap.Write(cmd.Context(), kit, t, flags.out) })
			all("snap", func(ts []tree.Target) ([]string, error) { return list(snap.WriteSnapcraft(kit, ts, flags.out)) })
			all("archive", func(ts []tree.Target) ([]string, error) { return list(script.Write(kit, ts, flags.out)) })
			all("homebrew", func(ts []tree.Target) ([]string, error) { return homebrew.Write(kit, ts, flags.out) })
			all("chocolatey", func(ts []tree.Target) ([]string, error) { return list(choco.Write(kit, ts, flags.out)) })
			all("scoop", func(ts []tree.Target) ([]string, error) { return scoop.Write(kit, ts, flags.out) })
			all("winget", func(ts []tree.Target) ([]string, error) { return winget.Write(kit, ts, flags.out) })
			return runAll(cmd.Context(), flags.out, jobs)
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&flags.archives, "archives", "", "folder that release archives made (default dist/archives)")
	return cmd
}

func chosen(targets []tree.Target, target tree.Target) bool {
	return slices.ContainsFunc(targets, func(t tree.Target) bool { return t.Name() == target.Name() })
}
