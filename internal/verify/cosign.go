package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/publish"
)

// A Signer signs a release and checks its signatures by cosign 3: with the identity of the release's
// workflow, which Sigstore certifies and logs in public, or with a key, for which cosign needs no service
// and tells nobody.
type Signer struct {
	Release *publish.Release
	// Key is a key as cosign names it, such as env://COSIGN_PRIVATE_KEY; empty for the workflow's identity.
	Key string
}

// Sign signs the sums of the release, and with them all of it.
func (s Signer) Sign(ctx context.Context) error {
	services, err := s.services()
	if err != nil {
		return err
	}
	_, err = s.cosign(ctx, nil, slices.Concat([]string{"sign-blob", "--yes", "--bundle", filepath.Join(s.Release.Dir, manifest.SignatureFile)},
		services, []string{filepath.Join(s.Release.Dir, dist.SumsFile)})...)
	return err
}

// SignImages signs what a registry has of the release, by digests, such as "ghcr.io/einstack/glide@sha256:...".
// What it has signed before stays as it is.
func (s Signer) SignImages(ctx context.Context, digests []string) error {
	services, err := s.services()
	if err != nil {
		return err
	}
	check := s
	if s.Key != "" {
		check.Key = filepath.Join(s.Release.Scratch, "cosign.pub")
		public, err := s.cosign(ctx, nil, "public-key", "--key", s.Key)
		if err == nil {
			err = os.WriteFile(check.Key, public, 0o600)
		}
		if err != nil {
			return err
		}
	}
	digests = slices.DeleteFunc(slices.Clone(digests), func(digest string) bool { return check.image(ctx, digest) == nil })
	if len(digests) == 0 {
		return nil
	}
	_, err = s.cosign(ctx, digests, slices.Concat([]string{"sign", "--yes"}, services)...)
	return err
}

// services returns by what a signature is made. With a key neither log nor authority has a part in it; cosign
// would ask Sigstore's own otherwise, even for their names.
func (s Signer) services() ([]string, error) {
	if s.Key == "" {
		return nil, nil
	}
	config, root := filepath.Join(s.Release.Scratch, "signing_config.json"), filepath.Join(s.Release.Scratch, "trusted_root.json")
	return []string{"--key", s.Key, "--signing-config", config, "--trusted-root", root}, errors.Join(
		os.WriteFile(config, []byte(`{"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"}`), 0o600),
		os.WriteFile(root, []byte(`{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`), 0o600),
	)
}

// Check returns the rows of a report on the signatures of the sums, if the public gets those from one of
// the channels, and of images.
func (s Signer) Check(ctx context.Context, channels []publish.Channel, digests []string) []Row {
	var rows []Row
	if slices.ContainsFunc(channels, func(c publish.Channel) bool { return c.Name() == "github" }) {
		rows = append(rows, signed(dist.SumsFile, s.sums(ctx, channels)))
	}
	for _, digest := range digests {
		rows = append(rows, signed(digest, s.image(ctx, digest)))
	}
	return rows
}

// sums checks the signature of the sums that are published; whether those are the ones that were made
// again, the channel's rows say.
func (s Signer) sums(ctx context.Context, channels []publish.Channel) error {
	for _, name := range []string{manifest.SignatureFile, dist.SumsFile} {
		content, err := publish.Asset(ctx, channels, name)
		if err == nil {
			err = os.WriteFile(filepath.Join(s.Release.Scratch, name), content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	_, err := s.cosign(ctx, nil, slices.Concat([]string{"verify-blob", "--bundle", filepath.Join(s.Release.Scratch, manifest.SignatureFile)},
		s.identity(), []string{filepath.Join(s.Release.Scratch, dist.SumsFile)})...)
	return err
}

// image checks the signature of what a registry has.
func (s Signer) image(ctx context.Context, digest string) error {
	_, err := s.cosign(ctx, []string{digest}, slices.Concat([]string{"verify", "--output", "text"}, s.identity())...)
	return err
}

// unsigned is the status by which cosign says that an image has no signature at all.
const unsigned = 10

func signed(name string, err error) Row {
	row := Row{"signature", name, Same, ""}
	var status *exec.ExitError
	switch {
	case errors.As(err, &status) && status.ExitCode() == unsigned, errors.Is(err, publish.ErrNoAsset):
		row.Verdict, row.Detail = Missing, "it is not signed"
	case errors.Is(err, exec.ErrNotFound):
		row.Verdict, row.Detail = Unchecked, "install cosign 3 to check it"
	case status != nil:
		row.Verdict, row.Detail = Different, err.Error()
	case err != nil:
		row.Verdict, row.Detail = Unread, err.Error()
	}
	return row
}

// identity returns who must have signed.
func (s Signer) identity() []string {
	if s.Key != "" {
		return []string{"--key", s.Key, "--insecure-ignore-tlog"}
	}
	return []string{
		"--certificate-identity-regexp", pack.Signer + regexp.QuoteMeta(s.Release.Version) + "$",
		"--certificate-oidc-issuer", "https://token.actions.githubusercontent.com",
	}
}

// cosign runs cosign, of digests in registries that it logs in to as the release does, and returns what it
// printed.
func (s Signer) cosign(ctx context.Context, digests []string, args ...string) ([]byte, error) {
	login, err := s.Release.DockerConfig(digests)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "cosign", slices.Concat(args, digests)...)
	cmd.Env = append(os.Environ(), login...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("%w; install cosign 3, see https://docs.sigstore.dev", err)
	}
	if err != nil {
		return nil, fmt.Errorf("cosign %s: %w: %s", args[0], err, reason(stderr.String()))
	}
	return output, nil
}

// reason returns the error of what cosign said, in one line.
func reason(said string) string {
	if _, last, found := strings.Cut(said, "error during command execution: "); found {
		said = last
	}
	return strings.Join(strings.Fields(said), " ")
}
