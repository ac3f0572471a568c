package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/license"
)

func newLicenses(f *factory) *cobra.Command {
	var binaries, out string
	var names []string
	cmd := &cobra.Command{
		Use:   "licenses",
		Short: "Find the licences of what the binaries are made of",
		Long: `Licenses reads from the binaries which modules they are made of, and writes the licences
of those: their notices for people and a list for the bills of materials.`,
		Example: "  release licenses --binaries dist/binaries --out dist/licenses",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			targets, err := chooseTargets(t, names)
			if err != nil {
				return err
			}
			if binaries == "" {
				binaries = t.Path("dist/binaries")
			}
			if out == "" {
				out = t.Path("dist/licenses")
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return err
			}
			return license.Write(cmd.Context(), t, binaries, targets, out)
		},
	}
	cmd.Flags().StringVar(&binaries, "binaries", "", "folder that release build made (default dist/binaries of the source tree)")
	cmd.Flags().StringVar(&out, "out", "", "folder to write to (default dist/licenses of the source tree)")
	cmd.Flags().StringSliceVar(&names, "target", nil, "target such as linux/arm64; may be repeated (default all)")
	return cmd
}
