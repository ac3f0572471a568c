// Package cli is the command line of glide, one file per command.
//
// An error is one line on standard error that names the input, the place and the remedy,
// and a status of 1, or 2 for a command line that cannot be understood.
package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/einstack/glide"
)

// A usageError is a command line that cannot be understood.
type usageError struct{ error }

// Run executes the command line args, without the program's name, and returns the exit
// status.
func Run(args []string) int {
	cmd := New()
	cmd.SetArgs(args)
	cmd.SetOut(os.Stdout)
	cmd.SetErr(os.Stderr)
	err := cmd.Execute()
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(os.Stderr, "glide: "+strings.TrimSuffix(line, "\n"))
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

// New returns the root of the command tree, for running it or for making its pages.
func New() *cobra.Command {
	serve := newServe()
	var version bool
	root := &cobra.Command{
		Use:   "glide",
		Short: "Run the LLM gateway",
		Long: `Glide is an LLM gateway. It takes chat requests as OpenAI's API does and sends each
to a healthy model, at OpenAI or anywhere else.

Without a command it serves, as "glide serve" does. Without a configuration it answers
from a simulated model that needs no key and no network.`,
		Example: `  glide
  glide serve --config glide.yaml
  glide config default > glide.yaml
  glide config check glide.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if version {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "glide", glide.Version())
				return err
			}
			return serve.RunE(cmd, args)
		},
		SilenceErrors: true, // Run prints them
		SilenceUsage:  true, // a page of usage would bury the error
	}
	// Cobra's own flag would say "glide version", or take a template, for which the linker would
	// keep every method of every type: 1.7 MB.
	root.Flags().BoolVarP(&version, "version", "v", false, "print the version")
	root.CompletionOptions.DisableDefaultCmd = true
	root.Flags().AddFlagSet(serve.Flags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.AddCommand(serve, newConfig(), newChat(), newRouters(), newHealth(), newKey(), newVersion(), newCompletion())
	return root
}

// noArgs refuses arguments. On a command that has others below it, the first one is most
// likely a mistyped command.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasSubCommands() {
		return usageError{fmt.Errorf("%s takes no arguments, but got %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())}
	}
	remedy := "see " + cmd.CommandPath() + " --help"
	cmd.SuggestionsMinimumDistance = 2
	if meant := cmd.SuggestionsFor(args[0]); len(meant) > 0 {
		remedy = "did you mean " + cmd.CommandPath() + " " + meant[0] + "?"
	}
	return usageError{fmt.Errorf("%s has no command %q; %s", cmd.CommandPath(), args[0], remedy)}
}

// group is the action of a command that only holds others.
func group(cmd *cobra.Command, _ []string) error { return cmd.Help() }
