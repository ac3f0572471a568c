package main

import (
	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/internal/pack"
)

func newImages(f *factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "images",
		Short: "Put container images together",
		Long: `Images are the steps of "nix build .#images" that Nix leaves to this program: the data
that every image has, the parts that images share, each with its layers ready, and the
images themselves.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImagesBase(f), newImagesBuild(f), newImagesData(), newImagesLayer())
	return cmd
}

func newImagesBase(f *factory) *cobra.Command {
	var name, blobs, out string
	cmd := &cobra.Command{
		Use:     "base",
		Short:   "Make the part of an image's base, and check its blobs",
		Example: `  release images base --image alpine/arm64 --blobs blobs --out parts/alpine-arm64`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			t, lock, err := f.locked()
			if err != nil {
				return err
			}
			chosen, err := t.Matrix.Image(name)
			if err != nil {
				return err
			}
			return image.WriteBase(lock, chosen, blobs, out)
		},
	}
	cmd.Flags().StringVar(&name, "image", "", "image such as alpine/arm64 that stands on the base")
	cmd.Flags().StringVar(&blobs, "blobs", "", "folder with the blobs of the base, as blobs/sha256/HEX")
	cmd.Flags().StringVar(&out, "out", "", "folder to write")
	required(cmd, "image", "blobs", "out")
	return cmd
}

func newImagesLayer() *cobra.Command {
	var origin, out string
	cmd := &cobra.Command{
		Use:     "layer ARCHIVE",
		Short:   "Make the part of a layer that dockerTools made",
		Example: `  release images layer --origin binary --out parts/linux-arm64 linux-arm64.tar`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return image.WriteLayer(args[0], origin, out) },
	}
	cmd.Flags().StringVar(&origin, "origin", "", "what the layer is for: skeleton, data or binary")
	cmd.Flags().StringVar(&out, "out", "", "folder to write")
	required(cmd, "origin", "out")
	return cmd
}

func newImagesBuild(f *factory) *cobra.Command {
	var b image.Builder
	var kit pack.Kit
	var name, out string
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Make the OCI layout of all images, or the archive of one",
		Example: `  release images build --parts parts --binaries binaries --licenses licenses --out layout
  release images build --parts parts --binaries binaries --licenses licenses --image alpine/arm64 --out image.tar`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if kit.Tree, b.Lock, err = f.locked(); err != nil {
				return err
			}
			b.Kit = &kit
			if name == "" {
				return b.Build(cmd.Context(), out)
			}
			chosen, err := kit.Tree.Matrix.Image(name)
			if err != nil {
				return err
			}
			return b.BuildArchive(cmd.Context(), chosen, out)
		},
	}
	cmd.Flags().StringVar(&b.Parts, "parts", "", "folder with the parts: skeleton, data, linux-ARCH, DISTRO-ARCH")
	cmd.Flags().StringVar(&kit.Binaries, "binaries", "", "folder that release build made")
	cmd.Flags().StringVar(&kit.Licenses, "licenses", "", "folder that release licenses made")
	cmd.Flags().StringVar(&b.Revision, "revision", "", "commit of the source tree")
	cmd.Flags().StringVar(&name, "image", "", "make only the archive of an image such as alpine/arm64")
	cmd.Flags().StringVar(&out, "out", "", "folder, or file with --image, to write")
	required(cmd, "parts", "binaries", "licenses", "out")
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
