// Package homebrew makes the formulas of the tap einstack/homebrew-tap.
//
// They are formulas and not casks, since Homebrew quarantines what a cask installs, and macOS then
// refuses to start a binary that Apple has not notarised.
package homebrew

import (
	"bytes"
	_ "embed"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/tree"
)

// Tap is the tap as brew calls it.
const Tap = "einstack/tap"

//go:embed formula.rb.tmpl
var text string

var formula = template.Must(template.New("formula").Parse(text))

// A system is what Homebrew distinguishes, with its blocks' names.
type system struct {
	Block string // on_macos or on_linux
	Archs []archOf
}

type archOf struct {
	Block string // on_arm or on_intel
	pack.Download
}

var (
	systemBlocks = map[string]string{"darwin": "on_macos", "linux": "on_linux"}
	archBlocks   = map[string]string{"arm64": "on_arm", "amd64": "on_intel"}
)

// Write makes the formulas that a version may go to, in dir, and returns their names. Which of them
// the version does go to depends on what else is out, as package policy says.
func Write(k *pack.Kit, targets []tree.Target, dir string) ([]string, error) {
	channels, err := policy.Of(k.Tree.Version, nil)
	if err != nil {
		return nil, err
	}
	var systems []system
	for _, target := range targets {
		block, arch := systemBlocks[target.OS], archBlocks[target.Arch]
		if block == "" || arch == "" {
			return nil, fmt.Errorf("%s: Homebrew does not run on it", target)
		}
		download, err := k.Download(archive.Name(k, target))
		if err != nil {
			return nil, err
		}
		if len(systems) == 0 || systems[len(systems)-1].Block != block {
			systems = append(systems, system{Block: block})
		}
		last := &systems[len(systems)-1]
		// Homebrew's own order has arm first.
		last.Archs = slices.Insert(last.Archs, 0, archOf{arch, download})
	}
	var names []string
	for _, name := range channels.Formulas {
		var content bytes.Buffer
		if err := formula.Execute(&content, map[string]any{
			"Class":     className(name),
			"Homepage":  pack.Homepage,
			"Name":      name,
			"Version":   k.Tree.Version,
			"Versioned": strings.Contains(name, "@"),
			"Systems":   systems,
		}); err != nil {
			return nil, err
		}
		file := name + ".rb"
		if err := pack.WriteBytes(filepath.Join(dir, file), content.Bytes()); err != nil {
			return nil, err
		}
		names = append(names, file)
	}
	return names, nil
}

var separated = regexp.MustCompile(`(^|-)[a-z]`)

// className returns the name of the class that Homebrew expects in the file of a formula: GlideRc for
// glide-rc, GlideAT01 for glide@0.1.
func className(formula string) string {
	name, version, versioned := strings.Cut(formula, "@")
	name = separated.ReplaceAllStringFunc(name, func(s string) string {
		return strings.ToUpper(strings.TrimPrefix(s, "-"))
	})
	if versioned {
		name += "AT" + strings.ReplaceAll(version, ".", "")
	}
	return name
}
