// Package changelog reads the sections of CHANGELOG.md, whose form is that of Keep a Changelog.
package changelog

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Unreleased is the name of the section with what no version has yet.
const Unreleased = "Unreleased"

// A Section is what changed in a version.
type Section struct {
	Version string
	Text    string // Markdown, without the heading and the space around it
}

// A Log is the sections in the order of the file, the newest first.
type Log []Section

var heading = regexp.MustCompile(`^## \[([^\]]+)\]`)

// Read reads a file.
func Read(file string) (Log, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(string(text)), nil
}

// Parse reads the text of a changelog.
func Parse(text string) Log {
	var log Log
	for line := range strings.Lines(text) {
		if found := heading.FindStringSubmatch(line); found != nil {
			log = append(log, Section{Version: found[1]})
		} else if len(log) > 0 {
			log[len(log)-1].Text += line
		}
	}
	for i := range log {
		log[i].Text = strings.TrimSpace(log[i].Text)
	}
	return log
}

// Of returns the text of a version's section, empty if it has none.
func (l Log) Of(version string) string {
	at := slices.IndexFunc(l, func(s Section) bool { return s.Version == version })
	if at < 0 {
		return ""
	}
	return l[at].Text
}

// Notes returns what a version brings: its section, and for a version that had candidates, theirs too.
func (l Log) Notes(version string) string {
	parts := []string{l.Of(version)}
	for _, s := range l {
		if strings.HasPrefix(s.Version, version+"-rc.") {
			parts = append(parts, s.Text)
		}
	}
	return strings.TrimSpace(strings.Join(parts, "\n\n"))
}

// Kinds returns the headings in a section's text, such as "Added" and "Fixed".
func Kinds(text string) []string {
	var kinds []string
	for line := range strings.Lines(text) {
		if kind, ok := strings.CutPrefix(line, "### "); ok {
			kinds = append(kinds, strings.TrimSpace(kind))
		}
	}
	return kinds
}

// reason is a line by which a section says why a version had no candidate, or one not long enough.
var reason = regexp.MustCompile(`(?m)^Without a candidate: (.+)$`)

// Reason returns why a version was released without a candidate, empty if its section does not say so.
func Reason(text string) string {
	if found := reason.FindStringSubmatch(text); found != nil {
		return strings.TrimSpace(found[1])
	}
	return ""
}

// Promote returns the text of a changelog with a section for the version that a candidate becomes.
func Promote(text, candidate, version, day string) (string, error) {
	start := "## [" + candidate + "]"
	before, after, found := strings.Cut(text, start)
	if !found {
		return "", fmt.Errorf("version %s has no section; add the heading %q", candidate, start+" - YYYY-MM-DD")
	}
	return before + fmt.Sprintf("## [%s] - %s\n\n### Changed\n\n- Nothing but the version since %s.\n\n", version, day, candidate) + start + after, nil
}
