package main

import (
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/tree"
)

func newBases(f *factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bases",
		Short: "Pin the base images",
		Long: `Bases are the images that container images stand on. nix/platforms.json names them by
tag, and ` + tree.BasesFile + ` pins what the tags meant. A registry named by the
environment variable ` + bases.MirrorVariable + ` is asked before all others.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBasesUpdate(f), newBasesCheck(f), newBasesFetch(f))
	return cmd
}

func newBasesUpdate(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "update",
		Short: "Pin what the bases' tags mean now",
		Long: `Update resolves the tag of every base, reads all of its images, checks each byte against
its digest and the platform said inside each image, and writes ` + tree.BasesFile + `.
If anything is wrong it writes nothing.`,
		Example: "  release bases update",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			lock, err := bases.NewRegistry().Resolve(cmd.Context(), t.Matrix)
			if err != nil {
				return err
			}
			return lock.Write(t)
		},
	}
}

func newBasesCheck(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:     "check",
		Short:   "Tell which tags mean something else than what is pinned",
		Long:    "Check prints a line for each base whose tag has moved since it was pinned, and fails then.",
		Example: "  release bases check || release bases update",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, lock, err := f.locked()
			if err != nil {
				return err
			}
			moved, err := bases.NewRegistry().Moved(cmd.Context(), t.Matrix, lock)
			for _, line := range moved {
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			if len(moved) > 0 {
				err = errors.Join(err, errors.New("bases have moved; run release bases update"))
			}
			return err
		},
	}
}

func newBasesFetch(f *factory) *cobra.Command {
	var name, kind, out string
	cmd := &cobra.Command{
		Use:     "fetch DIGEST",
		Short:   "Download a blob of a base",
		Example: "  release bases fetch --image alpine/arm64 --kind layer --out blob sha256:a9986cd6...",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			image, err := t.Matrix.Image(name)
			if err != nil {
				return err
			}
			digest, err := v1.NewHash(args[0])
			if err != nil {
				return fmt.Errorf("%q is no digest; write one such as sha256:a9986cd6...: %w", args[0], err)
			}
			return bases.NewRegistry().Fetch(cmd.Context(), t.Matrix.Distros[image.Distro], image.String(), kind, digest, out)
		},
	}
	cmd.Flags().StringVar(&name, "image", "", "image such as alpine/arm64 that stands on the base")
	cmd.Flags().StringVar(&kind, "kind", "layer", "what the blob is: manifest, config or layer")
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	required(cmd, "image", "out")
	return cmd
}
