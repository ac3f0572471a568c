package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/changelog"
	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/history"
	"github.com/einstack/glide/internal/lock"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

func newPromote(f *factory) *cobra.Command {
	var targets []string
	day := time.Now().UTC().Format(time.DateOnly)
	cmd := &cobra.Command{
		Use:   "promote",
		Short: "Make the version that the last candidate leads to",
		Long: `Promote changes the source tree of a candidate to that of the version it leads to: VERSION,
a section in CHANGELOG.md, and what is generated from them. Then it proves that nothing else
changes in the binaries: made with the candidate's version, they have the bytes of those made
from the candidate's tag. It commits nothing.`,
		Example: "  release promote && git commit --all --message 'glide 0.1.0'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			candidate := t.Version
			version, _, found := strings.Cut(candidate, "-rc.")
			if !found {
				return fmt.Errorf("%s is no candidate; there is nothing to promote", candidate)
			}
			chosen, err := chooseTargets(t, targets)
			if err != nil {
				return err
			}
			repo := history.Repository{Dir: t.Dir}
			differing, err := repo.Differing(cmd.Context(), "v"+candidate)
			if err != nil {
				return fmt.Errorf("%w; only what was tagged can be promoted", err)
			}
			if len(differing) > 0 {
				return fmt.Errorf("the tree is not v%s, but differs in %s; release a new candidate", candidate, strings.Join(differing, ", "))
			}
			if err := promote(t, version, day); err != nil {
				return err
			}
			if t, err = tree.Open(t.Dir); err != nil {
				return err
			}
			changed, err := lock.Write(cmd.Context(), t)
			if err != nil {
				return err
			}
			for _, name := range append([]string{tree.VersionFile, tree.ChangelogFile}, changed...) {
				fmt.Fprintln(cmd.OutOrStdout(), "wrote", name)
			}
			return prove(cmd, repo, t, candidate, chosen)
		},
	}
	cmd.Flags().StringSliceVar(&targets, "target", []string{"linux/amd64"}, "target whose binary is compared; may be repeated")
	cmd.Flags().StringVar(&day, "date", day, "day of the release")
	return cmd
}

// promote writes the version and its section in the changelog.
func promote(t *tree.Tree, version, day string) error {
	text, err := os.ReadFile(t.Path(tree.ChangelogFile))
	if err != nil {
		return err
	}
	log, err := changelog.Promote(string(text), t.Version, version, day)
	if err != nil {
		return fmt.Errorf("%s: %w", tree.ChangelogFile, err)
	}
	return errors.Join(
		pack.WriteBytes(t.Path(tree.ChangelogFile), []byte(log)),
		pack.WriteBytes(t.Path(tree.VersionFile), []byte(version+"\n")),
	)
}

// prove compares the binaries of the candidate's tag with those of the tree under its version.
func prove(cmd *cobra.Command, repo history.Repository, t *tree.Tree, candidate string, targets []tree.Target) (err error) {
	ctx := cmd.Context()
	scratch, err := os.MkdirTemp("", "glide-promote-*")
	if err != nil {
		return err
	}
	tagged := filepath.Join(scratch, "tagged")
	if err := repo.Export(ctx, "v"+candidate, tagged); err != nil {
		return errors.Join(err, os.RemoveAll(scratch))
	}
	defer func() {
		err = errors.Join(err, repo.Forget(context.WithoutCancel(ctx), tagged), os.RemoveAll(scratch))
	}()
	old, err := tree.Open(tagged)
	if err != nil {
		return err
	}
	g, err := dist.NewGo(ctx, t.Go)
	if err != nil {
		return err
	}
	if err := pack.WriteBytes(t.Path(tree.VersionFile), []byte(candidate+"\n")); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, pack.WriteBytes(t.Path(tree.VersionFile), []byte(t.Version+"\n")))
	}()
	now := *t
	now.Version = candidate
	for _, target := range targets {
		var sums []string
		for name, source := range map[string]*tree.Tree{"old": old, "new": &now} {
			dir := filepath.Join(scratch, name)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			binary, err := dist.Build(ctx, g, source, target, dir)
			if err != nil {
				return err
			}
			sums = append(sums, binary.SHA256)
		}
		if sums[0] != sums[1] {
			return fmt.Errorf("%s: the binary differs from the candidate's in more than the version; release a new candidate", target)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: but for the version the binary is that of v%s\n", target, candidate)
	}
	return nil
}
