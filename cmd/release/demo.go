package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/demo"
)

func newDemo(f *factory) *cobra.Command {
	var images, out string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Pack the Docker Compose demo",
		Long: `Demo packs the folder demo of the source tree with the release's own image by digest, as
"nix build .#demo" does.`,
		Example: "  release demo --images dist/images --out dist/demo",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			name, err := demo.Write(t, images, out)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), name)
			return err
		},
	}
	cmd.Flags().StringVar(&images, "images", "", "folder that nix build .#images made")
	cmd.Flags().StringVar(&out, "out", "", "folder to write to")
	required(cmd, "images", "out")
	return cmd
}
