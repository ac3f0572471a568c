package main

import (
	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/internal/verify"
)

func newSign() *cobra.Command {
	var from, to, charts, key string
	var images bool
	cmd := &cobra.Command{
		Use:   "sign",
		Short: "Sign a release by cosign",
		Long: `Sign signs SHA256SUMS of a release, and by that all of it, or, with --images, what the
registries have of it, images and chart, by digests; those that it has signed before stay as they
are. It needs only the lists of digests, not the files.

In GitHub Actions cosign signs with the workflow's identity, and Sigstore's public log tells so.
Elsewhere it signs with a key, as cosign generate-key-pair makes one; that tells nobody, and needs
no network but to the registry. Who logs in there REGISTRY_USER and REGISTRY_PASSWORD say, or
docker login.`,
		Example: `  release sign --from result
  release sign --from result --images
  COSIGN_PASSWORD=... release sign --from result --key cosign.key
  COSIGN_PASSWORD=... release sign --from result --key cosign.key --images \
    --registry registry.example/glide --charts registry.example/charts/glide`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			release, done, err := openRelease(from)
			if err != nil {
				return err
			}
			defer done()
			signer := verify.Signer{Release: release, Key: key}
			if !images {
				return signer.Sign(cmd.Context())
			}
			var digests []string
			for _, a := range release.For("oci") {
				digests = append(digests, to+"@sha256:"+a.SHA256)
			}
			for _, a := range release.For("helm") {
				digests = append(digests, charts+"@"+a.OCI)
			}
			return signer.SignImages(cmd.Context(), digests)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "result", "folder with release.json and SHA256SUMS")
	flags.StringVar(&to, "registry", tree.Images, "repository of the images")
	flags.StringVar(&charts, "charts", chart.Repository+"/glide", "repository of the chart")
	flags.StringVar(&key, "key", "", "private key, as cosign names it (default the workflow's identity)")
	flags.BoolVar(&images, "images", false, "sign the images and the chart that are published")
	return cmd
}
