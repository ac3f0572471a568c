package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newList(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the targets of the matrix",
		Long:    "List prints every target of the matrix, and why a target is not built.",
		Example: "  release list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, target := range t.Matrix.Targets {
				state := "built"
				if target.Refused != "" {
					state = "not built: " + target.Refused
				}
				fmt.Fprintf(w, "%s\t%s\n", target, state)
			}
			return w.Flush()
		},
	}
}
