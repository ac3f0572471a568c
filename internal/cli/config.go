package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/config"
)

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check or print a configuration",
		Example: `  glide config default > glide.yaml
  glide config check glide.yaml`,
		Args: noArgs,
		RunE: group,
	}
	cmd.AddCommand(newConfigCheck(), newConfigDefault())
	return cmd
}

func newConfigCheck() *cobra.Command {
	var noLookup bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Report everything that is wrong with a configuration",
		Long: `Report everything that is wrong with a configuration file, one line for each problem:

  FILE:LINE: path: problem; remedy

Environment variables and files that it refers to must be there, but for --no-lookup,
which is for a check elsewhere than where Glide runs. The status is 1 if anything is wrong.`,
		Example: `  glide config check glide.yaml
  glide config check --no-lookup glide.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%s takes one file, but got %d; write: glide config check glide.yaml", cmd.CommandPath(), len(args))}
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			check := config.Lint
			if !noLookup {
				check = func(path string) error { _, err := config.Load(path); return err }
			}
			if err := check(args[0]); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", args[0])
			return nil
		},
	}
	cmd.Flags().BoolVar(&noLookup, "no-lookup", false, "accept references to variables and files without looking them up")
	return cmd
}

func newConfigDefault() *cobra.Command {
	return &cobra.Command{
		Use:   "default",
		Short: "Print the built-in configuration",
		Long:  "Print the configuration that Glide has without a file, as a file to begin with.",
		Example: `  glide config default > glide.yaml
  glide serve --config glide.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(config.DefaultYAML())
			return err
		},
	}
}
