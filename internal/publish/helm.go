package publish

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"go.yaml.in/yaml/v4"

	"github.com/einstack/glide/internal/manifest"
)

// A helm channel is where Helm finds the chart: a registry, and for versions that are no candidates a
// repository of the classic form, whose index.yaml is a file of a git branch, served by the workflow site, and
// names the chart of the GitHub release. Artifact Hub finds the registry by a tag of its own.
type helm struct {
	release  *Release
	registry string // without the chart's name
	index    *gitRepository
	public   string // URL of index.yaml's folder
}

// newHelm takes a place of the form "REGISTRY GIT-URL#BRANCH PUBLIC-URL", or without the latter ones.
func newHelm(r *Release, place string) (Channel, error) {
	registry, git, _ := strings.Cut(place, " ")
	git, public, _ := strings.Cut(git, " ")
	h := &helm{release: r, registry: registry, public: public}
	if git == "" {
		return h, nil
	}
	var err error
	h.index, err = newGitRepository(r, git, "GITHUB_TOKEN")
	return h, err
}

func (h *helm) Name() string  { return "helm" }
func (h *helm) Place() string { return h.registry }

func (h *helm) Plan(ctx context.Context) ([]Stage, error) {
	var stages []Stage
	for _, artifact := range h.release.For("helm") {
		chart, err := manifest.ReadChart(h.release.path(artifact.Name))
		if err != nil {
			return nil, err
		}
		repo, err := newRepository(h.release, path.Join(h.registry, fmt.Sprint(chart.Metadata["name"])))
		if err != nil {
			return nil, err
		}
		image, err := chart.Image()
		if err != nil {
			return nil, err
		}
		tagged, err := repo.image(ctx, artifact.Name, repo.Tag(h.release.Version), image)
		if err != nil {
			return nil, err
		}
		stages = append(stages, Stage{tagged})
		places, err := h.release.places(nil)
		if err != nil {
			return nil, err
		}
		if h.index != nil && !places.Prerelease {
			listed, err := h.index.item(ctx, "glide "+h.release.Version, []gitFile{{"index.yaml", func(old []byte) ([]byte, error) {
				return h.list(old, chart.Metadata, artifact)
			}}})
			if err != nil {
				return nil, err
			}
			if h.public != "" && listed.State == Equal {
				listed.Check = func(ctx context.Context) error { return h.check(ctx, chart.Metadata, artifact) }
			}
			stages = append(stages, Stage{listed})
		}
		hub, err := h.artifactHub(ctx, repo)
		if err != nil {
			return nil, err
		}
		stages = append(stages, Stage{hub})
	}
	return stages, nil
}

// An index is the content of index.yaml. An entry is what Chart.yaml says, and where the chart is.
type index struct {
	APIVersion string                      `yaml:"apiVersion"`
	Entries    map[string][]map[string]any `yaml:"entries"`
	Generated  string                      `yaml:"generated"`
}

// list adds the chart to index.yaml.
func (h *helm) list(old []byte, metadata map[string]any, artifact manifest.Artifact) ([]byte, error) {
	known := index{APIVersion: "v1"}
	if err := yaml.Unmarshal(old, &known); err != nil && len(old) > 0 {
		return nil, err
	}
	if known.Entries == nil {
		known.Entries = map[string][]map[string]any{}
	}
	name := fmt.Sprint(metadata["name"])
	for _, entry := range known.Entries[name] {
		if entry["version"] != metadata["version"] {
			continue
		}
		if entry["digest"] != artifact.SHA256 {
			return nil, fmt.Errorf("it has digest %v, not %s", entry["digest"], artifact.SHA256)
		}
		return old, nil
	}
	entry := map[string]any{}
	for key, value := range metadata {
		entry[key] = value
	}
	date, err := time.Parse(time.DateOnly, h.release.Date)
	if err != nil {
		return nil, err
	}
	entry["created"] = date.Format(time.RFC3339)
	entry["digest"] = artifact.SHA256
	entry["urls"] = []string{h.release.Source + "/releases/download/" + h.release.Tag() + "/" + artifact.Name}
	known.Entries[name] = slices.Insert(known.Entries[name], 0, entry)
	known.Generated = entry["created"].(string)

	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(known), encoder.Close()); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// check reads the list as Helm does.
func (h *helm) check(ctx context.Context, metadata map[string]any, artifact manifest.Artifact) error {
	from := h.public + "/index.yaml"
	res, err := newClient(h.release, http.Header{}).do(ctx, http.MethodGet, from, nil, 0, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	served, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	listed, err := h.list(served, metadata, artifact)
	if err == nil && !bytes.Equal(listed, served) {
		err = errors.New("it does not list the chart; run the workflow site")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}

// Artifact Hub reads who owns a chart's repository from an artifact with this tag.
const (
	hubTag                     = "artifacthub.io"
	hubFile                    = "artifacthub-repo.yml"
	hubConfig  types.MediaType = "application/vnd.cncf.artifacthub.config.v1+yaml"
	hubContent types.MediaType = "application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml"
)

//go:embed artifacthub-repo.yml
var hubOwners []byte

// artifactHub returns the item of that tag, which moves, though it seldom has to.
func (h *helm) artifactHub(ctx context.Context, repo *repository) (Item, error) {
	layer, config := static.NewLayer(hubOwners, hubContent), static.NewLayer([]byte("{}"), hubConfig)
	content, err := partial.Descriptor(layer)
	if err != nil {
		return Item{}, err
	}
	content.Annotations = map[string]string{"org.opencontainers.image.title": hubFile}
	settings, err := partial.Descriptor(config)
	if err != nil {
		return Item{}, err
	}
	raw, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		Config:        *settings,
		Layers:        []v1.Descriptor{*content},
	})
	if err != nil {
		return Item{}, err
	}
	ref := repo.Tag(hubTag)
	return repo.item(ctx, hubTag, ref, rawManifest(raw), true, func(ctx context.Context) error {
		for _, blob := range []v1.Layer{layer, config} {
			if err := repo.pusher.Upload(ctx, repo.Repository, blob); err != nil {
				return err
			}
		}
		return repo.pusher.Put(ctx, ref, rawManifest(raw))
	})
}

// A rawManifest is one whose blobs are brought to the registry by other means.
type rawManifest []byte

func (m rawManifest) RawManifest() ([]byte, error)        { return m, nil }
func (m rawManifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
