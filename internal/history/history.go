// Package history asks git what a release wants to know of the history of its source.
package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// A Repository is a folder that git knows.
type Repository struct{ Dir string }

func (r Repository) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = r.Dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

func (r Repository) lines(ctx context.Context, args ...string) ([]string, error) {
	text, err := r.git(ctx, args...)
	if err != nil || text == "" {
		return nil, err
	}
	return strings.Split(text, "\n"), nil
}

// Changes returns what differs from the last commit, files that git does not know among them.
func (r Repository) Changes(ctx context.Context) ([]string, error) {
	return r.lines(ctx, "status", "--porcelain")
}

// TagsHere returns the tags of the last commit.
func (r Repository) TagsHere(ctx context.Context) ([]string, error) {
	return r.lines(ctx, "tag", "--points-at", "HEAD")
}

// A Tag is a version that was tagged.
type Tag struct {
	Name    string
	Version string // the name without the v that Glide's first tags lack
	Time    time.Time
}

// Tags returns the tags of versions, with the times of their making.
func (r Repository) Tags(ctx context.Context) ([]Tag, error) {
	lines, err := r.lines(ctx, "tag", "--list", "[0-9]*", "v[0-9]*", "--format", "%(refname:short) %(creatordate:iso-strict)")
	if err != nil {
		return nil, err
	}
	var tags []Tag
	for _, line := range lines {
		name, date, _ := strings.Cut(line, " ")
		made, err := time.Parse(time.RFC3339, date)
		if err != nil {
			return nil, fmt.Errorf("tag %s: %w", name, err)
		}
		tags = append(tags, Tag{name, strings.TrimPrefix(name, "v"), made})
	}
	return tags, nil
}

// IsIn tells whether a commit is in the history of a branch, or of that branch at the origin.
func (r Repository) IsIn(ctx context.Context, commit, branch string) (bool, error) {
	var errs []error
	for _, name := range []string{"refs/remotes/origin/" + branch, "refs/heads/" + branch} {
		_, err := r.git(ctx, "merge-base", "--is-ancestor", commit, name)
		var exit *exec.ExitError
		switch {
		case err == nil:
			return true, nil
		case errors.As(err, &exit) && exit.ExitCode() == 1:
			errs = nil
		default:
			errs = append(errs, err)
		}
	}
	if len(errs) == 2 {
		return false, fmt.Errorf("there is no branch %s: %w", branch, errs[1])
	}
	return false, nil
}

// Parents returns the commits that the last one came of.
func (r Repository) Parents(ctx context.Context) ([]string, error) {
	text, err := r.git(ctx, "rev-list", "--parents", "--max-count", "1", "HEAD")
	if err != nil {
		return nil, err
	}
	return strings.Fields(text)[1:], nil
}

// Differing returns the files in which a commit and the folder differ.
func (r Repository) Differing(ctx context.Context, commit string) ([]string, error) {
	return r.lines(ctx, "diff", "--name-only", commit)
}

// Contributors returns who wrote what is new since a commit, or since ever if that is empty, and who is
// named as an author too, sorted.
func (r Repository) Contributors(ctx context.Context, since string) ([]string, error) {
	span := "HEAD"
	if since != "" {
		span = since + "..HEAD"
	}
	names, err := r.lines(ctx, "log", "--format=%aN%n%(trailers:key=Co-authored-by,valueonly)", span)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		name, _, _ = strings.Cut(name, "<")
		names[i] = strings.TrimSpace(name)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" || strings.HasSuffix(name, "[bot]") })
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Export writes the files of a commit to a new folder.
func (r Repository) Export(ctx context.Context, commit, dir string) error {
	_, err := r.git(ctx, "worktree", "add", "--quiet", "--detach", dir, commit)
	return err
}

// Forget removes what Export wrote.
func (r Repository) Forget(ctx context.Context, dir string) error {
	_, err := r.git(ctx, "worktree", "remove", "--force", dir)
	return err
}
