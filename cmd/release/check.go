package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/changelog"
	"github.com/einstack/glide/internal/history"
	"github.com/einstack/glide/internal/lock"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/tree"
)

func newCheck(f *factory) *cobra.Command {
	var soak time.Duration
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell whether the source tree may be released",
		Long: `Check says every reason at once not to release the source tree: a tag that is not VERSION's,
changes that are not committed, a commit that is not a merge of develop on main, no section
in CHANGELOG.md, stale generated files; and for a version that is no candidate, that its
last candidate is missing, too young, or another tree. A line "Without a candidate: REASON"
in its section lifts the last three, and goes into the notes.`,
		Example: "  release check",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			repo := history.Repository{Dir: t.Dir}
			log, err := changelog.Read(t.Path(tree.ChangelogFile))
			if err != nil {
				return err
			}
			facts := policy.Facts{
				Version: t.Version,
				Section: log.Of(t.Version),
				Reason:  changelog.Reason(log.Of(t.Version)),
				Drift:   lock.Check(ctx, t),
				Now:     time.Now(),
				Soak:    soak,
			}
			if facts.Tags, err = repo.TagsHere(ctx); err != nil {
				return err
			}
			if facts.Changes, err = repo.Changes(ctx); err != nil {
				return err
			}
			if facts.OnMain, err = repo.IsIn(ctx, "HEAD", "main"); err != nil {
				return err
			}
			parents, err := repo.Parents(ctx)
			if err != nil {
				return err
			}
			if len(parents) == 2 {
				if facts.Merges, err = repo.IsIn(ctx, parents[1], "develop"); err != nil {
					return err
				}
			}
			tags, err := repo.Tags(ctx)
			if err != nil {
				return err
			}
			for _, tag := range tags {
				if !strings.HasPrefix(tag.Version, t.Version+"-rc.") {
					continue
				}
				differing, err := repo.Differing(ctx, tag.Name)
				if err != nil {
					return err
				}
				facts.Candidates = append(facts.Candidates, policy.Candidate{Version: tag.Version, Tagged: tag.Time, Differing: differing})
			}
			if err := policy.Check(facts); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "v%s may be released\n", t.Version)
			return nil
		},
	}
	cmd.Flags().DurationVar(&soak, "soak", policy.Soak, "how long a candidate is out at least")
	return cmd
}

func newNext(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "next",
		Short: "Propose the next version",
		Long: `Next proposes what to release next, from the tags and from what the section [Unreleased] of
CHANGELOG.md says has changed.`,
		Example: "  release next",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			tags, err := history.Repository{Dir: t.Dir}.Tags(cmd.Context())
			if err != nil {
				return err
			}
			log, err := changelog.Read(t.Path(tree.ChangelogFile))
			if err != nil {
				return err
			}
			var versions []string
			for _, tag := range tags {
				versions = append(versions, tag.Version)
			}
			next, err := policy.Next(versions, changelog.Kinds(log.Of(changelog.Unreleased)))
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "candidate  %s\n", next.Candidate)
			if next.Version != "" {
				fmt.Fprintf(cmd.OutOrStdout(), "promotion  %s  (by release promote)\n", next.Version)
			}
			return nil
		},
	}
}
