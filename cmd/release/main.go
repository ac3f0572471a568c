// Command release makes Glide's releases from a source tree, without Nix, and keeps the tree's
// generated files fresh. Run it as `go run ./cmd/release` or `nix run .#release`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/tree"
)

func main() {
	os.Exit(run())
}

// run runs the command of the process's arguments and returns its exit status.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := newCommand().ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(os.Stderr, "release: %s\n", strings.TrimSpace(line))
	}
	return 1
}

// A factory is what every command works on.
type factory struct {
	source string
}

// tree reads the source tree that the user named, by default the one around the working folder.
func (f *factory) tree() (*tree.Tree, error) {
	if f.source != "" {
		return tree.Open(f.source)
	}
	return tree.Find(".")
}

// locked reads the source tree, and what the bases of its images are locked to.
func (f *factory) locked() (*tree.Tree, bases.Lock, error) {
	t, err := f.tree()
	if err != nil {
		return nil, nil, err
	}
	lock, err := bases.Read(t)
	return t, lock, err
}

func newCommand() *cobra.Command {
	f := &factory{}
	root := &cobra.Command{
		Use:   "release",
		Short: "Make a release of Glide",
		Long: `Release makes Glide's releases from a source tree, without Nix, and keeps the
tree's generated files fresh.`,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().StringVar(&f.source, "source", "", "source tree (default the one around the working folder)")
	root.AddCommand(newArchives(f), newAssemble(f), newBases(f), newBuild(f), newChart(f), newCheck(f), newDemo(f), newDocs(f), newImages(f), newInspect(f), newInstallers(f), newLicenses(f), newList(f), newLock(f), newNext(f), newNotes(f), newPolicy(f), newPromote(f), newPublish(), newSign(), newVerify())
	return root
}

// noArgs refuses arguments, the first of which is most likely a mistyped command.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unknown command %q; see %s --help", args[0], cmd.CommandPath())
}
