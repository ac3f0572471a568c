package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/internal/tree"
)

func newChart(f *factory) *cobra.Command {
	var images, out string
	cmd := &cobra.Command{
		Use:   "chart",
		Short: "Make the Helm chart",
		Long: `Chart makes the Helm chart, which installs the very images of a release by their digests.
The bytes are those that "nix build .#chart" makes.`,
		Example: `  nix build .#images --out-link dist/images && release chart
  release chart --images images --out out`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			if images == "" {
				images = t.Path("dist/images")
			}
			if out == "" {
				out = t.Path("dist/chart")
			}
			digests, err := imageDigests(t, images)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return err
			}
			_, err = chart.Write(t, digests, out)
			return err
		},
	}
	cmd.Flags().StringVar(&images, "images", "", "OCI layout of the release's images (default dist/images of the source tree)")
	cmd.Flags().StringVar(&out, "out", "", "folder to write to (default dist/chart)")
	return cmd
}

// imageDigests returns the digests of the indexes in a layout of images by distro.
func imageDigests(t *tree.Tree, dir string) (map[string]string, error) {
	file := filepath.Join(dir, image.ListFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w; name the layout that nix build .#images made with --images", err)
	}
	var list image.List
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	digests := map[string]string{}
	for _, tag := range list.Tags {
		if want := image.Tag(t, tag.Distro); tag.Tag != want {
			return nil, fmt.Errorf("%s: has the image %s, not %s; build the images of this source tree", file, tag.Tag, want)
		}
		digests[tag.Distro] = tag.Digest.String()
	}
	return digests, nil
}
