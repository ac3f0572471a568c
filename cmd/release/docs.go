package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/dist"
)

func newDocs(f *factory) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "docs",
		Short: "Write the gateway's man pages and shell completions",
		Long: `Docs writes the man pages of the glide command to the folder man, dated as
CHANGELOG.md dates the version, and its completions to the folder completions. It is
"go run ./cmd/manual".`,
		Example: "  release docs --out dist/docs",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			if out == "" {
				out = t.Path("dist/docs")
			}
			// The go command runs in the tree.
			dir, err := filepath.Abs(out)
			if err != nil {
				return err
			}
			_, err = dist.InstalledGo(t.Go).Run(cmd.Context(), t.Dir, nil, "run", "./cmd/manual", "--out", dir)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder to write to (default dist/docs of the source tree)")
	return cmd
}
