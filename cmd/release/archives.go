package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/sbom"
	"github.com/einstack/glide/internal/tree"
)

func newArchives(f *factory) *cobra.Command {
	var flags kitFlags
	cmd := &cobra.Command{
		Use:   "archives",
		Short: "Pack the binaries, and list what they are made of",
		Long: `Archives packs each binary with the licence, the manual and the completions, macOS' ones
also as a universal binary, and writes the bill of materials of each as CycloneDX and as
SPDX, all with their SHA256SUMS. The bytes are those that "nix build .#archives" makes.`,
		Example: `  release build && release docs && release licenses && release archives
  release archives --target linux/arm64 --out out`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kit, targets, err := flags.kit(f, cmd.Name())
			if err != nil {
				return err
			}
			var jobs []job
			var universal []tree.Target
			for _, target := range targets {
				if slices.Contains(target.Packages, "archive") {
					jobs = append(jobs, one(flags.out, func() (string, error) { return archive.Write(kit, target, flags.out) }))
				}
				if slices.Contains(target.Packages, "universal") {
					universal = append(universal, target)
				}
				jobs = append(jobs, several(flags.out, func() ([]string, error) { return sbom.Write(kit, target, flags.out) }))
			}
			if len(universal) > 0 && len(universal) == len(kit.Tree.Matrix.Packaged("universal")) {
				jobs = append(jobs, one(flags.out, func() (string, error) { return archive.WriteUniversal(kit, universal, flags.out) }))
			}
			return runAll(cmd.Context(), flags.out, jobs)
		},
	}
	flags.add(cmd)
	return cmd
}
