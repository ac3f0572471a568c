package policy

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 12, 6, 12, 0, 0, 0, time.UTC)

// releasable returns facts against which nothing speaks.
func releasable(version string) Facts {
	return Facts{
		Version: version, Tags: []string{"v" + version}, OnMain: true, Merges: true, Section: "- A thing.", Now: now, Soak: Soak,
		Candidates: []Candidate{
			{Version: "0.2.0-rc.10", Tagged: now.Add(-4 * 24 * time.Hour), Differing: []string{"VERSION", "CHANGELOG.md"}},
			{Version: "0.2.0-rc.9", Tagged: now.Add(-time.Hour), Differing: []string{"cmd/glide/main.go"}},
			{Version: "0.3.0-rc.1", Tagged: now},
		},
	}
}

func TestCheck(t *testing.T) {
	for _, version := range []string{"0.2.0", "0.2.0-rc.11"} {
		if err := Check(releasable(version)); err != nil {
			t.Errorf("%s: %v", version, err)
		}
	}
	for _, tc := range []struct {
		name   string
		change func(*Facts)
		want   []string
	}{
		{"tag", func(f *Facts) { f.Tags = []string{"v0.1.9"} }, []string{"the commit has no tag v0.2.0, as VERSION says, but v0.1.9; run git tag v0.2.0"}},
		{"changes", func(f *Facts) { f.Changes = []string{" M go.mod"} }, []string{"not all is committed:  M go.mod"}},
		{"main", func(f *Facts) { f.OnMain = false }, []string{"the commit is not on main"}},
		{"merge", func(f *Facts) { f.Merges = false }, []string{"is no merge of develop into main"}},
		{"section", func(f *Facts) { f.Section = "" }, []string{"CHANGELOG.md says nothing of 0.2.0"}},
		{"drift", func(f *Facts) { f.Drift = errors.New("README.md:9: stale") }, []string{"generated files are stale: README.md:9: stale"}},
		{"no candidate", func(f *Facts) { f.Candidates = f.Candidates[2:] }, []string{"0.2.0 had no candidate; release 0.2.0-rc.1 first"}},
		{"young", func(f *Facts) { f.Candidates[0].Tagged = now.Add(-time.Hour) }, []string{"0.2.0-rc.10 is out for 1h0m0s only; wait until it is 72h0m0s"}},
		{"other", func(f *Facts) { f.Candidates[0].Differing = []string{"VERSION", "go.mod"} }, []string{"it is not the candidate 0.2.0-rc.10, but differs in go.mod"}},
		{"all at once", func(f *Facts) { f.Tags, f.OnMain, f.Candidates = nil, false, nil }, []string{"no tag", "not on main", "no candidate"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := releasable("0.2.0")
			tc.change(&f)
			err := Check(f)
			if err == nil || strings.Count(err.Error(), "\n") != len(tc.want)-1 {
				t.Fatalf("got %v, want %d reasons", err, len(tc.want))
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want %q", err, part)
				}
			}
		})
	}
	written := releasable("0.2.0")
	written.Candidates, written.Reason = nil, "a hole that is being used"
	if err := Check(written); err != nil {
		t.Errorf("with a reason: %v", err)
	}
}

func TestNext(t *testing.T) {
	for _, tc := range []struct {
		versions, kinds  string
		candidate, final string
	}{
		{"", "", "0.1.0-rc.1", ""},
		{"0.1.0-rc.9 0.1.0-rc.10", "", "0.1.0-rc.11", "0.1.0"},
		{"0.1.0 0.1.0-rc.10", "Fixed", "0.1.1-rc.1", ""},
		{"0.1.0", "Fixed Added", "0.2.0-rc.1", ""},
		{"0.9.0", "Removed", "0.10.0-rc.1", ""},
		{"1.2.3", "Changed Added", "2.0.0-rc.1", ""},
		{"1.2.3 nonsense", "Added", "1.3.0-rc.1", ""},
	} {
		got, err := Next(strings.Fields(tc.versions), strings.Fields(tc.kinds))
		if err != nil || got.Candidate != tc.candidate || got.Version != tc.final {
			t.Errorf("after %s with %s: %+v, %v", tc.versions, tc.kinds, got, err)
		}
	}
	if _, err := Next([]string{"0.1.0"}, nil); err == nil {
		t.Error("proposed a version of nothing")
	}
}

// Whatever was released, what is proposed is newer than all of it, and what it is before is older.
func TestNextIsNewer(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		var versions []string
		for range 1 + random.IntN(10) {
			versions = append(versions, randomVersion(random))
		}
		next, err := Next(versions, []string{[]string{"Added", "Fixed", "Removed"}[random.IntN(3)]})
		if err != nil {
			t.Fatal(err)
		}
		v, err := parse(next.Candidate)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range versions {
			if o, _ := parse(name); o.compare(v) >= 0 {
				t.Errorf("after %v comes %s", versions, next.Candidate)
			}
		}
		if before := Before(next.Candidate, versions); before == "" {
			t.Errorf("nothing is before %s of %v", next.Candidate, versions)
		}
	}
}
