package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A tap is a git repository with a file for each name by which people install: Homebrew's formulas,
// and Scoop's manifests.
type tap struct {
	release    *Release
	name       string
	kind       string // of the artifacts
	folder     string // in the repository
	extension  string
	version    *regexp.Regexp // finds the version that a file says
	repository *gitRepository
}

func newHomebrew(r *Release, place string) (Channel, error) {
	repository, err := newGitRepository(r, place, "HOMEBREW_TAP_TOKEN")
	return &tap{r, "homebrew", "formula", "Formula", ".rb", regexp.MustCompile(`(?m)^  version "([^"]+)"$`), repository}, err
}

func newScoop(r *Release, place string) (Channel, error) {
	repository, err := newGitRepository(r, place, "SCOOP_BUCKET_TOKEN")
	return &tap{r, "scoop", "scoop", "bucket", ".json", regexp.MustCompile(`"version": "([^"]+)"`), repository}, err
}

func (t *tap) Name() string  { return t.name }
func (t *tap) Place() string { return t.repository.url }

func (t *tap) Plan(ctx context.Context) ([]Stage, error) {
	var files []gitFile
	for _, artifact := range t.release.For(t.name) {
		content, err := os.ReadFile(t.release.path(artifact.Name))
		if err != nil {
			return nil, err
		}
		files = append(files, gitFile{path.Join(t.folder, artifact.Name), func(old []byte) ([]byte, error) {
			return t.update(strings.TrimSuffix(artifact.Name, t.extension), old, content)
		}})
	}
	item, err := t.repository.item(ctx, "glide "+t.release.Version, files)
	return []Stage{{item}}, err
}

// update returns what a file should hold: the release's content. A newer version keeps its name, by the policy.
func (t *tap) update(name string, old, content []byte) ([]byte, error) {
	var published []string
	if found := t.version.FindSubmatch(old); found != nil {
		published = append(published, string(found[1]))
	} else if old != nil {
		return nil, errors.New("it says no version, so it is none of ours")
	}
	places, err := t.release.places(published)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(places.Formulas, name) {
		if old == nil {
			return nil, fmt.Errorf("it is no place for %s", t.release.Version)
		}
		return nil, errNewer
	}
	if len(published) > 0 && published[0] == t.release.Version && !bytes.Equal(old, content) {
		return nil, errors.New("it says something else of this version")
	}
	return content, nil
}
