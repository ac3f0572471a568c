package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newList(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the targets and images of the matrix",
		Long:    "List prints every target and image of the matrix, and why one is not built.",
		Example: "  release list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, lock, err := f.locked()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			list := func(name fmt.Stringer, refused string) {
				state := "built"
				if refused != "" {
					state = "not built: " + refused
				}
				fmt.Fprintf(w, "%s\t%s\n", name, state)
			}
			for _, target := range t.Matrix.Targets {
				list(target, target.Refused)
			}
			for _, image := range t.Matrix.Images() {
				refused := ""
				if _, err := lock.Platform(image); err != nil {
					refused = err.Error()
				}
				list(image, refused)
			}
			return w.Flush()
		},
	}
}
