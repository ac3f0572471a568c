package linuxpkg

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2/files"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

//go:embed files
var static embed.FS

const description = `LLM gateway that starts in one command anywhere
Glide takes chat requests as the API of OpenAI does and sends each to a
healthy model, at OpenAI or anywhere else. Without a configuration it
answers from a simulated model, so that it can be tried without a key.`

// An entry is a file of a package, at its place in the system.
type entry struct {
	pack.File
	kind string // as nfpm calls it
}

func (e entry) content(source string, date time.Time) *files.Content {
	return &files.Content{
		Source:      source,
		Destination: "/" + e.Name,
		Type:        e.kind,
		FileInfo:    &files.ContentFileInfo{Owner: "root", Group: "root", Mode: e.Mode, MTime: date},
	}
}

// The places of completions, by the names they have in a kit.
var completions = map[string]string{
	"completions/_glide":     "usr/share/zsh/site-functions/_glide",
	"completions/glide.bash": "usr/share/bash-completion/completions/glide",
	"completions/glide.fish": "usr/share/fish/vendor_completions.d/glide.fish",
}

// contents returns the files of a target's package of a kind.
func contents(k *pack.Kit, kind string, target tree.Target) ([]entry, error) {
	binary, err := k.Binary(target)
	if err != nil {
		return nil, err
	}
	texts, err := k.Texts()
	if err != nil {
		return nil, err
	}
	var entries []entry
	add := func(name, as string, mode fs.FileMode, content []byte) {
		entries = append(entries, entry{pack.File{Name: name, Mode: mode, Content: content}, as})
	}
	add("usr/bin/glide", files.TypeFile, 0o755, binary.Content)
	add("etc/glide/config.yaml", files.TypeConfigNoReplace, 0o644, config.DefaultYAML())

	place := func(from, to string, mode fs.FileMode) error {
		content, err := static.ReadFile("files/" + from)
		add(to, files.TypeFile, mode, content)
		return err
	}
	if kind == "apk" {
		err = place("apk/glide.initd", "etc/init.d/glide", 0o755)
	} else {
		err = place("glide.service", "usr/lib/systemd/system/glide.service", 0o644)
	}
	if err != nil {
		return nil, err
	}

	// rpm alone marks documents, and nfpm leaves marked ones out of the others.
	docType, licenseType := files.TypeFile, files.TypeFile
	if kind == "rpm" {
		docType, licenseType = files.TypeRPMDoc, files.TypeRPMLicense
	}
	const doc = "usr/share/doc/glide/"
	for _, text := range texts {
		page, isPage := strings.CutPrefix(text.Name, "man/")
		switch {
		case completions[text.Name] != "":
			// Debian has a place of its own.
			to := completions[text.Name]
			if kind == "deb" && text.Name == "completions/_glide" {
				to = "usr/share/zsh/vendor-completions/_glide"
			}
			add(to, files.TypeFile, 0o644, text.Content)
		case isPage:
			add("usr/share/man/man1/"+page+".gz", docType, 0o644, compress(text.Content))
		case text.Name == "CHANGELOG.md" && kind == "deb":
			add(doc+"changelog.gz", files.TypeFile, 0o644, compress(text.Content))
		case slices.Contains([]string{"CHANGELOG.md", "README.md", pack.NoticesFile}, text.Name):
			add(doc+text.Name, docType, 0o644, text.Content)
		case text.Name == "LICENSE" && kind != "deb":
			add("usr/share/licenses/glide/LICENSE", licenseType, 0o644, text.Content)
		}
	}
	if kind != "deb" {
		return entries, nil
	}
	add(doc+"changelog.Debian.gz", files.TypeFile, 0o644, compress(debianChangelog(k.Tree)))
	if err := place("lintian-overrides", "usr/share/lintian/overrides/glide", 0o644); err != nil {
		return nil, err
	}
	return entries, place("copyright", doc+"copyright", 0o644)
}

// debianChangelog tells of the package, not of the program, which has its own.
func debianChangelog(t *tree.Tree) []byte {
	return fmt.Appendf(nil, "glide (%s-%s) unstable; urgency=medium\n\n  * Version %s.\n\n -- %s  %s\n",
		kinds["deb"].version.Replace(t.Version), kinds["deb"].release, t.Version, maintainer, t.Date.Format(time.RFC1123Z))
}

func compress(content []byte) []byte {
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is one
	}
	// A buffer takes all.
	_, _ = w.Write(content)
	_ = w.Close()
	return compressed.Bytes()
}
