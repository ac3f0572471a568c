package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/lock"
)

func newLock(f *factory) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Write the source tree's generated files",
		Long: `Lock writes the files that are generated from others of the source tree: the hashes
of the Go modules for Nix (nix/lock.json, gomod2nix.toml), the matrix in README.md, the
configuration's reference and schema in docs, and of the Helm chart its version, schema,
table of values and dashboard.`,
		Example: `  release lock            # after a change of go.mod, nix/platforms.json, internal/config or the chart's values
  release lock --check    # fails if a file is stale`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			if check {
				return lock.Check(cmd.Context(), t)
			}
			changed, err := lock.Write(cmd.Context(), t)
			for _, name := range changed {
				fmt.Fprintln(cmd.OutOrStdout(), "wrote", name)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing, and fail if a file is stale")
	return cmd
}
