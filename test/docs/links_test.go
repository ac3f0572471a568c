// Package docs tests the documentation: that its links lead somewhere, and that what it tells people to
// type works.
package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/test/repo"
)

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	marks   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// Links within the repository lead to files that git has, and to headings of theirs.
func TestLinks(t *testing.T) {
	tracked := files(t)
	checked := 0
	for _, page := range tracked {
		if filepath.Ext(page) != ".md" {
			continue
		}
		for _, match := range link.FindAllStringSubmatch(fence.ReplaceAllString(read(t, page), ""), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			checked++
			if err := follow(t, page, match[1], tracked); err != nil {
				t.Errorf("%s: the link to %s leads nowhere: %v", page, match[1], err)
			}
		}
	}
	if checked == 0 {
		t.Error("no page has a link")
	}
}

// follow returns why a link of a page leads nowhere, or nil.
func follow(t *testing.T, page, to string, tracked []string) error {
	name, anchor, _ := strings.Cut(to, "#")
	target := page
	if name != "" {
		target = filepath.ToSlash(filepath.Join(filepath.Dir(page), name))
	}
	known := slices.ContainsFunc(tracked, func(file string) bool { return file == target || strings.HasPrefix(file, target+"/") })
	if !known && target != "." {
		return fmt.Errorf("git has no %s", target)
	}
	if anchor == "" || filepath.Ext(target) != ".md" {
		return nil
	}
	for _, match := range heading.FindAllStringSubmatch(fence.ReplaceAllString(read(t, target), ""), -1) {
		slug := strings.ReplaceAll(marks.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-")
		if slug == anchor {
			return nil
		}
	}
	return fmt.Errorf("%s has no heading #%s", target, anchor)
}

// files returns all that git has, with slashes.
func files(t *testing.T) []string {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "git", "-C", repo.Root(), "ls-files", "-z").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	return strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00")
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repo.Root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
