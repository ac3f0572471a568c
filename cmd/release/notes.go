package main

import (
	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/changelog"
	"github.com/einstack/glide/internal/history"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/notes"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/tree"
)

func newNotes(f *factory) *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "notes",
		Short: "Write the text of the GitHub release",
		Long: `Notes prints what changed, how to get the release and how to verify it, all digests, and
who contributed, as Markdown: from CHANGELOG.md, release.json and git.`,
		Example: "  release notes --from result > notes.md",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			m, err := manifest.Read(from)
			if err != nil {
				return err
			}
			log, err := changelog.Read(t.Path(tree.ChangelogFile))
			if err != nil {
				return err
			}
			repo := history.Repository{Dir: t.Dir}
			tags, err := repo.Tags(cmd.Context())
			if err != nil {
				return err
			}
			var versions []string
			names := map[string]string{}
			for _, tag := range tags {
				versions = append(versions, tag.Version)
				names[tag.Version] = tag.Name
			}
			contributors, err := repo.Contributors(cmd.Context(), names[policy.Before(m.Version, versions)])
			if err != nil {
				return err
			}
			return notes.Write(cmd.OutOrStdout(), m, log, contributors)
		},
	}
	cmd.Flags().StringVar(&from, "from", "result", "folder of the release")
	return cmd
}
