package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/license"
)

func newLicenses(f *factory) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "licenses [PACKAGE...]",
		Short: "Find the licences of what the gateway is made of",
		Long: `Licenses writes the licences of the modules that the gateway is made of on any target:
the notices for people, and a list for the bills of materials. It finds the modules by
the gateway's packages, or by those that are named: the packages of others that the
gateway imports are enough.`,
		Example: "  release licenses --out dist/licenses",
		RunE: func(cmd *cobra.Command, packages []string) error {
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
			if len(packages) == 0 {
				packages = []string{t.Matrix.Build.Package}
			}
			return license.Write(cmd.Context(), t, packages, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder to write to (default dist/licenses of the source tree)")
	return cmd
}
