package main

import (
	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/manifest"
)

func newAssemble(f *factory) *cobra.Command {
	var parts manifest.Parts
	var archives, installers, out string
	cmd := &cobra.Command{
		Use:   "assemble",
		Short: "Put a release together",
		Long: `Assemble puts what the other commands made into one folder, with ` + manifest.File + ` that lists
every artifact, and SHA256SUMS. The bytes are those that "nix build .#release" makes.`,
		Example: `  release build && release docs && release licenses && release archives && release installers
  release assemble --images dist/images --out dist/release`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			named := func(dir, name string) string {
				if dir != "" {
					return dir
				}
				return t.Path(name)
			}
			parts.Folders = []string{named(archives, "dist/archives"), named(installers, "dist/installers")}
			return manifest.Assemble(t, parts, named(out, "dist/release"))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&archives, "archives", "", "folder that release archives made (default dist/archives of the source tree)")
	flags.StringVar(&installers, "installers", "", "folder that release installers made (default dist/installers)")
	flags.StringVar(&parts.Images, "images", "", "OCI layout that nix build .#images made (default no images)")
	flags.StringVar(&parts.Chart, "chart", "", "packaged Helm chart (default no chart)")
	flags.StringVar(&out, "out", "", "folder to write to (default dist/release)")
	return cmd
}
