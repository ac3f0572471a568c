package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/dist"
)

func newInspect(f *factory) *cobra.Command {
	var targets, forbidden []string
	cmd := &cobra.Command{
		Use:   "inspect DIR",
		Short: "Check binaries against what a release promises",
		Long: `Inspect reads a folder of binaries, as "release build" or "nix build .#binaries" makes
it, and fails unless each is of its target, static, stripped, stamped with the version,
lists its modules with their checksums, holds no path of the machine that built it, and
has the sum that SHA256SUMS says.`,
		Example: `  release inspect dist/binaries`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			chosen, err := chooseTargets(t, targets)
			if err != nil {
				return err
			}
			binaries, err := dist.InspectDir(t, args[0], chosen, append(forbidden, t.Dir+"/", "/nix/store/"))
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
			for _, binary := range binaries {
				fmt.Fprintf(w, "%s\t%.1f MB\t  %s\n", binary.Target, float64(binary.Size)/1e6, binary.SHA256)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringSliceVar(&targets, "target", nil, "target such as linux/arm64; may be repeated (default all)")
	cmd.Flags().StringSliceVar(&forbidden, "forbid", nil, "path of the machine that no binary may hold; may be repeated")
	return cmd
}
