package changelog

import (
	"slices"
	"strings"
	"testing"
)

const text = `# Changelog

## [Unreleased]

### Fixed

- A fault.

## [0.2.0-rc.2] - 2026-12-02

### Added

- More.

## [0.2.0-rc.1] - 2026-12-01

### Added

- A thing.

## [0.1.1] - 2026-11-30

Without a candidate: a hole that is being used.
`

func TestLog(t *testing.T) {
	log := Parse(text)
	if kinds := Kinds(log.Of(Unreleased)); !slices.Equal(kinds, []string{"Fixed"}) {
		t.Errorf("kinds: %q", kinds)
	}
	if got := log.Of("0.2.0-rc.2"); got != "### Added\n\n- More." {
		t.Errorf("section: %q", got)
	}
	if got := log.Of("0.3.0"); got != "" {
		t.Errorf("no section: %q", got)
	}
	if got := Reason(log.Of("0.1.1")); got != "a hole that is being used." {
		t.Errorf("reason: %q", got)
	}
}

func TestPromote(t *testing.T) {
	promoted, err := Promote(text, "0.2.0-rc.2", "0.2.0", "2026-12-06")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(promoted, "## [0.2.0] - 2026-12-06\n\n### Changed\n\n- Nothing but the version since 0.2.0-rc.2.\n\n## [0.2.0-rc.2] - 2026-12-02\n") {
		t.Errorf("got\n%s", promoted)
	}
	notes := Parse(promoted).Notes("0.2.0")
	for _, part := range []string{"Nothing but", "- More.", "- A thing."} {
		if !strings.Contains(notes, part) {
			t.Errorf("the notes lack %q:\n%s", part, notes)
		}
	}
	if strings.Contains(notes, "A fault.") || strings.Contains(notes, "Without a candidate") {
		t.Errorf("the notes tell of other versions:\n%s", notes)
	}
	if _, err := Promote(text, "0.3.0-rc.1", "0.3.0", "2026-12-06"); err == nil || !strings.Contains(err.Error(), `add the heading "## [0.3.0-rc.1] - YYYY-MM-DD"`) {
		t.Errorf("got %v", err)
	}
}
