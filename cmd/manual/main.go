// Command manual writes what the gateway's command line says of itself: its man pages and shell
// completions. `release docs` and Nix run it. It is a program of its own so that release does not
// depend on the gateway, and a change of the gateway makes anew only what is made of it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra/doc"

	"github.com/einstack/glide/internal/cli"
	"github.com/einstack/glide/internal/tree"
)

func main() {
	source := flag.String("source", ".", "source tree")
	out := flag.String("out", "dist/docs", "folder to write to")
	flag.Parse()
	t, err := tree.Open(*source)
	if err == nil {
		err = write(t, *out)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "manual: %v\n", err)
		os.Exit(1)
	}
}

// write writes the man pages to the folder man, dated as CHANGELOG.md dates the version, and the
// completions to the folder completions.
func write(t *tree.Tree, out string) error {
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
}
