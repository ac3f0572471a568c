package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/einstack/glide/internal/cli"
)

func newDocs(f *factory) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "docs",
		Short: "Write the gateway's man pages and shell completions",
		Long: `Docs writes the man pages of the glide command to the folder man, dated as
CHANGELOG.md dates the version, and its completions to the folder completions.`,
		Example: "  release docs --out dist/docs",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := f.tree()
			if err != nil {
				return err
			}
			if out == "" {
				out = t.Path("dist/docs")
			}
			man, completions := filepath.Join(out, "man"), filepath.Join(out, "completions")
			for _, dir := range []string{man, completions} {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					return err
				}
			}

			glide := cli.New()
			glide.DisableAutoGenTag = true
			header := &doc.GenManHeader{
				Title:   "GLIDE",
				Section: "1",
				Date:    &t.Date,
				Source:  "Glide " + t.Version,
				Manual:  "Glide Manual",
			}
			if err := doc.GenManTree(glide, header, man); err != nil {
				return err
			}
			// Each under the name by which its shell finds it.
			for name, write := range map[string]func(string) error{
				"glide.bash": func(file string) error { return glide.GenBashCompletionFileV2(file, true) },
				"_glide":     glide.GenZshCompletionFile,
				"glide.fish": func(file string) error { return glide.GenFishCompletionFile(file, true) },
				"glide.ps1":  glide.GenPowerShellCompletionFileWithDesc,
			} {
				if err := write(filepath.Join(completions, name)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder to write to (default dist/docs of the source tree)")
	return cmd
}
