package publish

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A gitRepository is a branch in which people find something by its files: a tap, a bucket, an index.
type gitRepository struct {
	release *Release
	url     string
	branch  string // empty for the one that the repository says
	token   string
}

// newGitRepository opens a repository, "URL" or "URL#BRANCH". The secret for HTTPS is in a variable.
func newGitRepository(r *Release, place, secret string) (*gitRepository, error) {
	url, branch, _ := strings.Cut(place, "#")
	g := &gitRepository{release: r, url: url, branch: branch}
	var err error
	if strings.HasPrefix(url, "https://") {
		g.token, err = r.secret(secret)
	}
	return g, err
}

// A file of a repository, as it should be.
type gitFile struct {
	path string
	// update returns what the file should hold instead of old, which is nil if there is none: old
	// itself if it is right, errNewer if it is to stay without a comparison, and another error if it
	// says something else of the very version.
	update func(old []byte) ([]byte, error)
}

var errNewer = errors.New("a newer version has its place")

// item compares files with the branch's. To put it is one commit, pushed on top of what was seen: if
// another publisher pushed in between, it fails and is to be looked at again.
func (g *gitRepository) item(ctx context.Context, message string, files []gitFile) (Item, error) {
	item := Item{Name: message, State: Equal}
	dir, err := g.clone(ctx)
	if err != nil {
		return item, err
	}
	var details []string
	changed := map[string][]byte{}
	for _, file := range files {
		old, err := os.ReadFile(filepath.Join(dir, file.path))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return item, err
		}
		content, err := file.update(old)
		if err != nil {
			details = append(details, fmt.Sprintf("%s: %v", file.path, err))
		}
		switch {
		case errors.Is(err, errNewer):
		case err != nil:
			item.State = Different
		case old == nil || !bytes.Equal(old, content):
			changed[file.path] = content
		}
	}
	item.Detail = strings.Join(details, "; ")
	if item.State == Different || len(changed) == 0 {
		return item, nil
	}
	item.State = Absent
	item.Put = func(ctx context.Context) error { return g.commit(ctx, dir, message, changed) }
	return item, nil
}

func (g *gitRepository) clone(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp(g.release.Scratch, "clone-*")
	if err != nil {
		return "", err
	}
	args := []string{"clone", "--quiet", "--depth", "1"}
	if g.branch != "" {
		// A branch that is not there yet is made by the first commit.
		heads, err := g.git(ctx, dir, "ls-remote", g.url, "refs/heads/"+g.branch)
		if err != nil {
			return "", err
		}
		if heads != "" {
			args = append(args, "--branch", g.branch)
		} else {
			_, err := g.git(ctx, dir, "init", "--quiet", "--initial-branch", g.branch)
			if err == nil {
				_, err = g.git(ctx, dir, "remote", "add", "origin", g.url)
			}
			return dir, err
		}
	}
	_, err = g.git(ctx, dir, append(args, "--", g.url, ".")...)
	return dir, err
}

func (g *gitRepository) commit(ctx context.Context, dir, message string, changed map[string][]byte) error {
	for path, content := range changed {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(full, content, 0o644); err != nil {
			return err
		}
	}
	branch, err := g.git(ctx, dir, "symbolic-ref", "HEAD")
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"add", "--all"},
		{"commit", "--quiet", "--message", message},
		{"push", "--quiet", "origin", "HEAD:" + strings.TrimSpace(branch)},
	} {
		if _, err := g.git(ctx, dir, args...); err != nil {
			return err
		}
	}
	return nil
}

// git runs git undisturbed by the user's settings. The secret is in its environment alone.
func (g *gitRepository) git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GIT_TERMINAL_PROMPT=0", "GIT_HTTP_LOW_SPEED_LIMIT=1", "GIT_HTTP_LOW_SPEED_TIME=60",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Glide's releases", "GIT_AUTHOR_EMAIL=contact@einstack.ai",
		"GIT_COMMITTER_NAME=Glide's releases", "GIT_COMMITTER_EMAIL=contact@einstack.ai",
	)
	if g.token != "" {
		basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + g.token))
		cmd.Env = append(cmd.Env, "GIT_CONFIG_COUNT=1",
			"GIT_CONFIG_KEY_0=http.extraHeader", "GIT_CONFIG_VALUE_0=Authorization: Basic "+basic)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return "", setupError{fmt.Errorf("%w; install git", err)}
	}
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}
