package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Soak is how long a candidate is out at least before the version that it leads to.
const Soak = 3 * 24 * time.Hour

// Facts are what is known of a source tree that is to be released.
type Facts struct {
	Version string
	Tags    []string // of its commit
	Changes []string // what is not committed
	OnMain  bool     // whether the commit is in main's history
	Merges  bool     // whether the commit merges develop
	Section string   // what CHANGELOG.md says of the version
	Reason  string   // why it has no candidate, as the section says
	Drift   error    // what is stale of the generated files

	Candidates []Candidate // of any version
	Now        time.Time
	Soak       time.Duration
}

// A Candidate is a version that was tagged to be tried out.
type Candidate struct {
	Version string
	Tagged  time.Time
	// Differing are the files in which the tree is another.
	Differing []string
}

// Promoted are the files in which a version may differ from its last candidate: what says the version,
// and what is generated from that.
var Promoted = []string{
	"CHANGELOG.md", "README.md", "VERSION", "charts/glide/Chart.yaml", "demo/compose.yaml", "deploy/kustomize/glide.yaml",
	"docs/images.md", "docs/install.md", "docs/kubernetes.md",
}

// Check returns an error that joins every reason not to release a tree.
func Check(f Facts) error {
	v, err := parse(f.Version)
	if err != nil {
		return err
	}
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains(f.Tags, "v"+f.Version) {
		refuse("the commit has no tag v%s, as VERSION says, but %s; run git tag v%s", f.Version, orNone(f.Tags), f.Version)
	}
	if len(f.Changes) > 0 {
		refuse("not all is committed: %s", strings.Join(f.Changes, ", "))
	}
	if !f.OnMain {
		refuse("the commit is not on main; merge develop into main and tag that")
	}
	if !f.Merges {
		refuse("the commit is no merge of develop into main; run git merge --no-ff develop on main and tag that")
	}
	if f.Section == "" {
		refuse("CHANGELOG.md says nothing of %s; write its section", f.Version)
	}
	if f.Drift != nil {
		refuse("generated files are stale: %w", f.Drift)
	}
	if !v.candidate() && f.Reason == "" {
		errs = append(errs, checkCandidate(v, f))
	}
	return errors.Join(errs...)
}

// checkCandidate returns why a version is not the promotion of its last candidate.
func checkCandidate(v number, f Facts) error {
	var last *Candidate
	var highest int
	for i, c := range f.Candidates {
		o, err := parse(c.Version)
		if err != nil || !o.candidate() || o.major != v.major || o.minor != v.minor || o.patch != v.patch || o.rc < highest {
			continue
		}
		highest, last = o.rc, &f.Candidates[i]
	}
	const override = `; or say why not in its section of CHANGELOG.md, in a line "Without a candidate: REASON"`
	if last == nil {
		return fmt.Errorf("%s had no candidate; release %s-rc.1 first%s", v, v, override)
	}
	var errs []error
	if age := f.Now.Sub(last.Tagged); age < f.Soak {
		errs = append(errs, fmt.Errorf("%s is out for %s only; wait until it is %s%s", last.Version, age.Round(time.Minute), f.Soak, override))
	}
	other := slices.DeleteFunc(slices.Clone(last.Differing), func(name string) bool { return slices.Contains(Promoted, name) })
	if len(other) > 0 {
		errs = append(errs, fmt.Errorf("it is not the candidate %s, but differs in %s; release a new candidate%s", last.Version, strings.Join(other, ", "), override))
	}
	return errors.Join(errs...)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// A Proposal is what may be released next.
type Proposal struct {
	Candidate string `json:"candidate"`
	// Version is what the last candidate can be promoted to, empty if the last version is no candidate.
	Version string `json:"version,omitempty"`
}

// Next proposes what to release after the given versions, by the kinds of changes since then, as the
// headings of CHANGELOG.md name them.
func Next(versions, kinds []string) (Proposal, error) {
	var last *number
	for _, name := range Versions(versions) {
		if v, err := parse(name); err == nil && (last == nil || v.compare(*last) > 0) {
			last = &v
		}
	}
	if last == nil {
		return Proposal{Candidate: "0.1.0-rc.1"}, nil
	}
	next := *last
	if last.candidate() {
		next.rc = released
		return Proposal{Candidate: fmt.Sprintf("%s-rc.%d", next, last.rc+1), Version: next.String()}, nil
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(kinds, func(k string) bool { return slices.Contains(names, k) })
	}
	switch {
	case len(kinds) == 0:
		return Proposal{}, errors.New("CHANGELOG.md has no section [Unreleased] that says what changed; write it")
	case has("Changed", "Removed") && last.major > 0:
		next = number{major: last.major + 1}
	case has("Added", "Changed", "Removed", "Deprecated"):
		next = number{major: last.major, minor: last.minor + 1}
	default:
		next = number{major: last.major, minor: last.minor, patch: last.patch + 1}
	}
	next.rc = 1
	return Proposal{Candidate: next.String()}, nil
}

// Before returns the version that people had before another one, empty if there is none: candidates
// count only before a candidate.
func Before(version string, versions []string) string {
	v, err := parse(version)
	if err != nil {
		return ""
	}
	var before *number
	for _, name := range Versions(versions) {
		o, err := parse(name)
		if err != nil || o.compare(v) >= 0 || o.candidate() && !v.candidate() {
			continue
		}
		if before == nil || o.compare(*before) > 0 {
			before = &o
		}
	}
	if before == nil {
		return ""
	}
	return before.String()
}
