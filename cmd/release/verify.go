package main

import (
	"cmp"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/publish"
	"github.com/einstack/glide/internal/verify"
)

func newVerify() *cobra.Command {
	var rebuilt, flake, page string
	var to []string
	var asJSON, login bool
	var signer verify.Signer
	cmd := &cobra.Command{
		Use:   "verify [TAG]",
		Short: "Compare what the public gets with what the source makes",
		Long: `Verify makes the release of a tag again, by Nix, downloads everything that is published of
it as anyone does, and compares every byte; it checks the signatures if cosign is there. It
fails if anything differs or is missing, and says which file, and where in it. With --key
cosign asks neither Sigstore nor its log, as whoever signed with a key did not. GitHub's API
answers more often if GITHUB_TOKEN is set.

Without Nix, name a folder with a release that you have made from the source of the tag;
see docs/verify.md.`,
		Example: `  release verify v0.1.0
  release verify --rebuilt dist/release --html report.html
  release verify v0.1.0 --to oci=registry.example/glide --login --key cosign.pub`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if rebuilt == "" {
				if len(args) == 0 {
					return errors.New("say what to verify: a tag such as v0.1.0, or --rebuilt DIR")
				}
				if rebuilt, err = rebuild(cmd, cmp.Or(flake, "github:"+repository+"/"+args[0]), args[0]); err != nil {
					return err
				}
			}
			release, done, err := openRelease(rebuilt)
			if err != nil {
				return err
			}
			defer done()
			if len(args) > 0 && args[0] != release.Tag() {
				return fmt.Errorf("%s is %s, not %s", rebuilt, release.Tag(), args[0])
			}
			release.Anonymous, release.Login, signer.Release = true, login, release
			release.Waits = func(wait time.Duration, why error) {
				fmt.Fprintf(cmd.ErrOrStderr(), "again in %s: %v\n", wait.Round(time.Second), why)
			}
			channels, err := publish.Open(release, to)
			if err != nil {
				return err
			}
			if err := release.Manifest.Check(release.Dir, nil); err != nil {
				return err
			}
			report := verify.Run(cmd.Context(), release, channels)
			report.Rows = append(report.Rows, signer.Check(cmd.Context(), channels, published(release, channels))...)
			if page != "" {
				if err := pack.Write(page, report.HTML); err != nil {
					return err
				}
			}
			if asJSON {
				err = report.JSON(cmd.OutOrStdout())
			} else {
				err = report.Table(cmd.OutOrStdout())
			}
			if err := errors.Join(err, report.Err()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "verified: what is published of %s is what its source makes\n", release.Tag())
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&rebuilt, "rebuilt", "", "folder with the release that was made again (default: made by Nix)")
	flags.StringVar(&flake, "flake", "", "flake of the source to make it from (default github:"+repository+"/TAG)")
	flags.StringSliceVar(&to, "to", []string{"github", "oci", "helm", "homebrew", "scoop", "snap", "chocolatey"}, "channel, or CHANNEL=PLACE; may be repeated")
	flags.StringVar(&page, "html", "", "file to write a page with the report to")
	flags.BoolVar(&asJSON, "json", false, "print the report as JSON")
	flags.BoolVar(&login, "login", false, "log in to registries, by REGISTRY_USER and REGISTRY_PASSWORD or as docker login did")
	flags.StringVar(&signer.Key, "key", "", "public key of the signatures, as cosign names it (default the release workflow's identity)")
	return cmd
}

// repository is the source on GitHub, OWNER/NAME.
var repository = strings.TrimPrefix(pack.Homepage, "https://github.com/")

// rebuild makes the release of a tag again, from a flake.
func rebuild(cmd *cobra.Command, flake, tag string) (string, error) {
	source := flake + "#release"
	nix := exec.CommandContext(cmd.Context(), "nix", "--extra-experimental-features", "nix-command flakes",
		"build", "--no-link", "--print-out-paths", source)
	nix.Stderr = cmd.ErrOrStderr()
	path, err := nix.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%w; install Nix, or make the release from the source of %s and name its folder with --rebuilt", err, tag)
	}
	if err != nil {
		return "", fmt.Errorf("nix build %s: %w", source, err)
	}
	return strings.TrimSpace(string(path)), nil
}

// published returns what the channels that are registries have of a release, as "REPOSITORY@DIGEST".
func published(release *publish.Release, channels []publish.Channel) []string {
	var all []string
	for _, channel := range channels {
		for _, a := range release.For(channel.Name()) {
			switch channel.Name() {
			case "oci":
				all = append(all, channel.Place()+"@sha256:"+a.SHA256)
			case "helm":
				all = append(all, channel.Place()+"/glide@"+a.OCI)
			}
		}
	}
	return all
}
