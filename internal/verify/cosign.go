package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/publish"
)

// A Signer signs and checks signatures by cosign: with the identity of the release's workflow, or with
// a key.
type Signer struct {
	// Key is a key as cosign names it, such as env://COSIGN_PRIVATE_KEY; empty for the workflow's identity.
	Key string
}

// Sign signs the sums of a release, and with them all of it.
func (s Signer) Sign(ctx context.Context, dir string) error {
	return s.cosign(ctx, slices.Concat([]string{"sign-blob", "--yes", "--bundle", filepath.Join(dir, manifest.SignatureFile)},
		s.key(), []string{filepath.Join(dir, dist.SumsFile)}))
}

// SignImages signs what a registry has of the release, by digests, such as "ghcr.io/einstack/glide@sha256:...".
func (s Signer) SignImages(ctx context.Context, digests []string) error {
	if len(digests) == 0 {
		return nil
	}
	return s.cosign(ctx, slices.Concat([]string{"sign", "--yes"}, s.key(), digests))
}

// Check returns the rows of a report on the signatures of the sums, which the public gets from a
// channel, and of images.
func (s Signer) Check(ctx context.Context, r *publish.Release, channels []publish.Channel, digests []string) []Row {
	rows := []Row{s.checkSums(ctx, r, channels)}
	for _, digest := range digests {
		err := s.cosign(ctx, slices.Concat([]string{"verify", "--output", "text"}, s.identity(r), []string{digest}))
		rows = append(rows, signed(digest, err))
	}
	return rows
}

// checkSums checks the signature of the sums that are published; whether those are the ones that were made
// again, the channel's rows say.
func (s Signer) checkSums(ctx context.Context, r *publish.Release, channels []publish.Channel) Row {
	for _, name := range []string{manifest.SignatureFile, dist.SumsFile} {
		content, err := publish.Asset(ctx, channels, name)
		if err == nil {
			err = os.WriteFile(filepath.Join(r.Scratch, name), content, 0o600)
		}
		if err != nil {
			return signed(dist.SumsFile, err)
		}
	}
	return signed(dist.SumsFile, s.cosign(ctx, slices.Concat([]string{"verify-blob", "--bundle", filepath.Join(r.Scratch, manifest.SignatureFile)},
		s.identity(r), []string{filepath.Join(r.Scratch, dist.SumsFile)})))
}

func signed(name string, err error) Row {
	row := Row{"signature", name, Same, ""}
	switch {
	case errors.Is(err, publish.ErrNoAsset):
		row.Verdict, row.Detail = Unchecked, "it is not signed"
	case errors.Is(err, exec.ErrNotFound):
		row.Verdict, row.Detail = Unchecked, "install cosign to check it"
	case err != nil:
		row.Verdict, row.Detail = Different, err.Error()
	}
	return row
}

func (s Signer) key() []string {
	if s.Key == "" {
		return nil
	}
	return []string{"--key", s.Key}
}

// identity returns who must have signed.
func (s Signer) identity(r *publish.Release) []string {
	if s.Key != "" {
		return s.key()
	}
	return []string{
		"--certificate-identity", r.Source + "/.github/workflows/release.yml@refs/tags/" + r.Tag(),
		"--certificate-oidc-issuer", "https://token.actions.githubusercontent.com",
	}
}

func (s Signer) cosign(ctx context.Context, args []string) error {
	output, err := exec.CommandContext(ctx, "cosign", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cosign %s: %w: %s", args[0], err, bytes.TrimSpace(output))
	}
	return nil
}
