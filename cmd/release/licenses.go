package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/license"
)

func newLicenses(f *factory) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "licenses",
		Short: "Find the licences of what the gateway is made of",
		Long: `Licenses writes the licences of the modules that the gateway is made of on any target:
the notices for people, and a list for the bills of materials.`,
		Example: "  release licenses --out dist/licenses",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			if out == "" {
				out = t.Path("dist/licenses")
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return err
			}
			return license.Write(cmd.Context(), t, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder to write to (default dist/licenses of the source tree)")
	return cmd
}
