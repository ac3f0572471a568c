package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/bases"
	"github.com/einstack/glide/internal/image"
)

func newImages(f *factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "images",
		Short: "Put container images together",
		Long: `Images are the steps of "nix build .#images" that Nix leaves to this program: the data
that every image has, and the images themselves from layers and the blobs of bases.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImagesBuild(f), newImagesData())
	return cmd
}

func newImagesBuild(f *factory) *cobra.Command {
	var b image.Builder
	var name, out string
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Make the OCI layout of all images, or the archive of one",
		Example: `  release images build --archives archives --blobs blobs --out layout
  release images build --archives archives --blobs blobs --image alpine/arm64 --out image.tar`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if b.Tree, err = f.tree(); err != nil {
				return err
			}
			if b.Lock, err = bases.Read(b.Tree); err != nil {
				return err
			}
			if name == "" {
				return b.Build(cmd.Context(), out)
			}
			chosen, err := b.Tree.Matrix.Image(name)
			if err != nil {
				return err
			}
			if _, err := b.Lock.Platform(chosen); err != nil {
				return fmt.Errorf("image %s is not built: %w", chosen, err)
			}
			return b.BuildArchive(cmd.Context(), chosen, out)
		},
	}
	cmd.Flags().StringVar(&b.Archives, "archives", "", "folder with a docker archive of our layers for each target")
	cmd.Flags().StringVar(&b.Blobs, "blobs", "", "folder with the blobs of the bases, as blobs/sha256/HEX")
	cmd.Flags().StringVar(&b.Revision, "revision", "", "commit of the source tree")
	cmd.Flags().StringVar(&name, "image", "", "make only the archive of an image such as alpine/arm64")
	cmd.Flags().StringVar(&out, "out", "", "folder, or file with --image, to write")
	required(cmd, "archives", "blobs", "out")
	return cmd
}

func newImagesData() *cobra.Command {
	var zoneinfo, out string
	cmd := &cobra.Command{
		Use:     "data",
		Short:   "Write the CA roots and time zones of all images",
		Example: "  release images data --zoneinfo $(go env GOROOT)/lib/time/zoneinfo.zip --out data",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return image.WriteData(out, zoneinfo) },
	}
	cmd.Flags().StringVar(&zoneinfo, "zoneinfo", "", "the zoneinfo.zip of a Go toolchain")
	cmd.Flags().StringVar(&out, "out", "", "folder to write to")
	required(cmd, "zoneinfo", "out")
	return cmd
}

// required marks flags that a command defines as not to be left out.
func required(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		if err := cmd.MarkFlagRequired(flag); err != nil {
			panic(err)
		}
	}
}
