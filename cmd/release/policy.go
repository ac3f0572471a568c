package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/policy"
)

func newPolicy(f *factory) *cobra.Command {
	var published []string
	cmd := &cobra.Command{
		Use:   "policy [VERSION]",
		Short: "Print where a version goes",
		Long: `Policy prints as JSON the tags, channels and names that a version gets, by default the
source tree's. That depends on the version and on those that are out alone.`,
		Example: `  release policy
  release policy 0.1.1 --published 0.1.0,0.2.0`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				t, err := f.tree()
				if err != nil {
					return err
				}
				args = []string{t.Version}
			}
			channels, err := policy.Of(args[0], published)
			if err != nil {
				return err
			}
			out := json.NewEncoder(cmd.OutOrStdout())
			out.SetIndent("", "  ")
			return out.Encode(channels)
		},
	}
	cmd.Flags().StringSliceVar(&published, "published", nil, "versions that are out already; may be repeated")
	return cmd
}
