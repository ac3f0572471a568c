//go:build e2e

// Package site tests the documentation as the site that Nix makes of it.
package site

import (
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/einstack/glide/test/repo"
)

// standIn tells whether it is made by nix/host.
var standIn = os.Getenv("GLIDE_NIX") == ""

// The site has all pages, its links lead somewhere, it can be searched, and no page of it asks another
// host for anything.
func TestSite(t *testing.T) {
	if standIn {
		// mdBook is not among the machine's own programs.
		folder, err := exec.CommandContext(t.Context(), "bash", "-c", `eval "$(`+repo.Lab("env").String()+`)"; echo "$NIX_HOST_BIN"`).Output()
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("NIX_HOST_BIN", strings.TrimSpace(string(folder)))
	}
	site := filepath.Join(t.TempDir(), "site")
	if err := repo.Build(t.Context(), repo.Root(), "site", site); err != nil {
		t.Fatal(err)
	}
	pages := map[string]*html.Node{}
	for _, file := range pagesOf(t, site) {
		content, err := os.Open(filepath.Join(site, file))
		if err != nil {
			t.Fatal(err)
		}
		pages[file], err = html.Parse(content)
		content.Close()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	for _, file := range []string{"index.html", "RELEASING.html", "charts/glide/index.html", "docs/configuration.html"} {
		if pages[file] == nil {
			t.Errorf("there is no %s", file)
		}
	}
	for file, page := range pages {
		for node := range page.Descendants() {
			for _, attribute := range node.Attr {
				if attribute.Key == "href" || attribute.Key == "src" {
					follow(t, site, file, node.Data, attribute.Val, pages)
				}
			}
		}
	}
	indexes, err := filepath.Glob(filepath.Join(site, "searchindex*"))
	if err != nil || len(indexes) == 0 {
		t.Fatalf("there is nothing to search: %v", err)
	}
	if index, err := os.ReadFile(indexes[0]); err != nil || !strings.Contains(string(index), "drain_timeout") {
		t.Errorf("a search finds no drain_timeout: %v", err)
	}
}

// pagesOf returns the HTML files below a folder, but for the frame of the outline, which is no page.
func pagesOf(t *testing.T, site string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(site), ".", func(name string, _ fs.DirEntry, err error) error {
		if path.Ext(name) == ".html" && name != "toc.html" {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// follow looks where an element of a page leads.
func follow(t *testing.T, site, file, element, to string, pages map[string]*html.Node) {
	t.Helper()
	link, err := url.Parse(to)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	if link.IsAbs() || link.Host != "" {
		if element != "a" {
			t.Errorf("%s: the element %s needs %s", file, element, to)
		}
		return
	}
	target := file
	if link.Path != "" {
		target = path.Join(path.Dir(file), link.Path)
	}
	if standIn && (path.Base(target) == "book.js" || path.Base(target) == "fonts.css") {
		return // Debian's mdBook is without them
	}
	if info, err := os.Stat(filepath.Join(site, target)); err != nil || info.IsDir() {
		t.Errorf("%s: the link to %s leads nowhere", file, to)
		return
	}
	if link.Fragment == "" || pages[target] == nil {
		return
	}
	for node := range pages[target].Descendants() {
		for _, attribute := range node.Attr {
			if attribute.Key == "id" && attribute.Val == link.Fragment {
				return
			}
		}
	}
	t.Errorf("%s: %s has no #%s", file, target, link.Fragment)
}
