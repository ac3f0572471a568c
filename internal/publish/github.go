package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/manifest"
)

// A gitHub is a repository's releases. All files are brought to a draft, which nobody sees; that is
// published last, and never changed afterwards, as GitHub's immutable releases want it.
//
// The API is that of docs.github.com/rest/releases, in the version below.
type gitHub struct {
	release *Release
	api     string // such as "https://api.github.com/repos/einstack/glide"
	client  *client
	public  *client  // has no token
	started sync.Map // by their IDs, assets whose upload was under way when last looked at
	current *ghRelease
}

type (
	ghRelease struct {
		ID        int64  `json:"id"`
		Tag       string `json:"tag_name"`
		Draft     bool   `json:"draft"`
		UploadURL string `json:"upload_url"`
	}
	ghAsset struct {
		ID     int64  `json:"id"`
		Name   string `json:"name"`
		State  string `json:"state"` // "uploaded", or "starter" while or after an upload fails
		Size   int64  `json:"size"`
		Digest string `json:"digest"` // "sha256:..."
		URL    string `json:"browser_download_url"`
	}
	ghChange struct {
		Tag        string `json:"tag_name"`
		Name       string `json:"name"`
		Body       string `json:"body"`
		Draft      bool   `json:"draft"`
		Prerelease bool   `json:"prerelease"`
		Latest     string `json:"make_latest"`
	}
)

func newGitHub(r *Release, place string) (Channel, error) {
	header := http.Header{"Accept": {"application/vnd.github+json"}, "X-Github-Api-Version": {"2022-11-28"}}
	token, err := r.secret("GITHUB_TOKEN")
	if r.Anonymous {
		token = os.Getenv("GITHUB_TOKEN")
	}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return &gitHub{release: r, api: place, client: newClient(r, header), public: newClient(r, http.Header{})}, err
}

func (g *gitHub) Name() string  { return "github" }
func (g *gitHub) Place() string { return g.api }

func (g *gitHub) Plan(ctx context.Context) ([]Stage, error) {
	if _, err := g.client.json(ctx, http.MethodGet, g.api+"/git/ref/tags/"+g.release.Tag(), nil, nil); refused(err, http.StatusNotFound) {
		return nil, setupError{fmt.Errorf("there is no tag %s; push it first, since GitHub would make it of whatever main is", g.release.Tag())}
	} else if err != nil {
		return nil, err
	}
	releases, err := g.releases(ctx)
	if err != nil {
		return nil, err
	}
	found, extra := g.own(releases)
	g.current = found

	draft := Item{Name: "draft", State: Equal}
	var assets []ghAsset
	if found == nil {
		draft.State, draft.Put = Absent, g.create
	} else if assets, err = list[ghAsset](ctx, g, fmt.Sprintf("/releases/%d/assets", found.ID)); err != nil {
		return nil, err
	}
	files, err := g.files(assets)
	if err != nil {
		return nil, err
	}
	for _, double := range extra {
		files = append(files, Item{Name: fmt.Sprintf("removal of draft %d, a double", double.ID), State: Absent, Put: func(ctx context.Context) error {
			return g.remove(ctx, fmt.Sprintf("/releases/%d", double.ID))
		}})
	}
	show := Item{Name: "release " + g.release.Tag(), State: Equal}
	if found == nil || found.Draft {
		if err := g.presentable(); err != nil {
			return nil, err
		}
		show.State, show.Put = Absent, func(ctx context.Context) error { return g.show(ctx, releases) }
	}
	return []Stage{{draft}, files, {show}}, nil
}

// presentable returns an error if the release would be published without what can't be added any more.
func (g *gitHub) presentable() error {
	if g.release.Bare || g.release.Anonymous {
		return nil
	}
	var errs []error
	if g.release.Notes == "" {
		errs = append(errs, errors.New("there are no notes; name those of release notes by --notes, or go without by --bare"))
	}
	if _, err := os.Stat(g.release.path(manifest.SignatureFile)); err != nil {
		errs = append(errs, fmt.Errorf("%w; run release sign, or go without by --bare", err))
	}
	if len(errs) == 0 {
		return nil
	}
	return setupError{errors.Join(errs...)}
}

// own returns the release of the tag, the published one or else the oldest draft, which all publishers
// agree on, and the drafts that another publisher made of it at the same time.
func (g *gitHub) own(releases []ghRelease) (found *ghRelease, extra []ghRelease) {
	mine := slices.DeleteFunc(slices.Clone(releases), func(r ghRelease) bool { return r.Tag != g.release.Tag() })
	slices.SortFunc(mine, func(a, b ghRelease) int {
		if a.Draft != b.Draft {
			if b.Draft {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.ID, b.ID)
	})
	if len(mine) == 0 {
		return nil, nil
	}
	return &mine[0], mine[1:]
}

// create makes the draft. GitHub allows any number of drafts of a tag, so it looks whose is the oldest.
func (g *gitHub) create(ctx context.Context) error {
	change, err := g.change(nil, true)
	if err != nil {
		return err
	}
	if _, err := g.client.json(ctx, http.MethodPost, g.api+"/releases", change, nil); err != nil {
		return err
	}
	releases, err := g.releases(ctx)
	if err != nil {
		return err
	}
	g.current, _ = g.own(releases)
	if g.current == nil {
		return errors.New("the draft is not listed yet")
	}
	return nil
}

// files compares the release's files with assets.
func (g *gitHub) files(assets []ghAsset) (Stage, error) {
	published := g.current != nil && !g.current.Draft
	there := map[string]ghAsset{}
	for _, asset := range assets {
		there[asset.Name] = asset
	}
	var stage Stage
	add := func(name, mediaType, sum string, size int64) {
		asset, found := there[name]
		delete(there, name)
		stage = append(stage, g.file(name, mediaType, "sha256:"+sum, size, asset, found, published))
	}
	for _, a := range g.release.For("github") {
		add(a.Name, a.MediaType, a.SHA256, a.Size)
	}
	for _, name := range []string{manifest.File, dist.SumsFile} {
		sum, size, err := dist.Sum(g.release.path(name))
		if err != nil {
			return nil, err
		}
		add(name, "application/octet-stream", sum, size)
	}
	// A signature is another each time it is made, so the one that is there counts.
	if sum, size, err := dist.Sum(g.release.path(manifest.SignatureFile)); err == nil {
		if asset, found := there[manifest.SignatureFile]; found && asset.State == "uploaded" {
			stage = append(stage, Item{Name: manifest.SignatureFile, State: Equal})
		} else {
			add(manifest.SignatureFile, "application/json", sum, size)
		}
	}
	delete(there, manifest.SignatureFile)
	for _, name := range slices.Sorted(maps.Keys(there)) {
		stage = append(stage, Item{Name: name, State: Different, Detail: "it is not of this release"})
	}
	return stage, nil
}

func (g *gitHub) file(name, mediaType, digest string, size int64, asset ghAsset, found, published bool) Item {
	item := Item{Name: name, Size: size}
	check := func(ctx context.Context) error { return g.public.same(ctx, asset.URL, g.release.path(name)) }
	switch {
	case found && asset.State == "uploaded" && asset.Digest == digest && asset.Size == size:
		item.State, item.Check = Equal, check
	case found && asset.State == "uploaded":
		item.State, item.Check, item.Detail = Different, check, fmt.Sprintf("GitHub says %s, not %s", asset.Digest, digest)
	case published:
		item.State, item.Detail = Different, "the release is published without it"
	case found:
		item.State, item.Put = Absent, func(ctx context.Context) error { return g.restart(ctx, asset, name, mediaType, digest) }
	default:
		item.State, item.Put = Absent, func(ctx context.Context) error { return g.upload(ctx, name, mediaType, digest) }
	}
	return item
}

// restart uploads an asset again that an earlier upload has left unfinished. Another publisher may be
// at it: only what is unfinished when looked at once more is taken for left.
func (g *gitHub) restart(ctx context.Context, asset ghAsset, name, mediaType, digest string) error {
	if _, before := g.started.LoadOrStore(asset.ID, true); !before {
		return againError{errors.New("an upload of it is under way, or was given up")}
	}
	if err := g.remove(ctx, fmt.Sprintf("/releases/assets/%d", asset.ID)); err != nil {
		return err
	}
	return g.upload(ctx, name, mediaType, digest)
}

// template is the part of an upload_url that stands for parameters.
var template = regexp.MustCompile(`\{.*\}$`)

func (g *gitHub) upload(ctx context.Context, name, mediaType, digest string) error {
	to := template.ReplaceAllString(g.current.UploadURL, "") + "?name=" + url.QueryEscape(name)
	var asset ghAsset
	err := g.client.upload(ctx, to, g.release.path(name), mediaType, &asset)
	if refused(err, http.StatusUnprocessableEntity, http.StatusNotFound) {
		return againError{err} // another publisher has the name, or has removed a double
	}
	if err != nil {
		return err
	}
	if asset.State == "uploaded" && asset.Digest == digest {
		return nil
	}
	// Nobody has seen it, and it is this run's own.
	err = fmt.Errorf("it arrived as %q %s, not %s", asset.State, asset.Digest, digest)
	if sum, _, sumErr := dist.Sum(g.release.path(name)); sumErr == nil && "sha256:"+sum != digest {
		err = setupError{fmt.Errorf("%s is sha256:%s, but %s says %s; make the release again", g.release.path(name), sum, manifest.File, digest)}
	}
	if removed := g.remove(ctx, fmt.Sprintf("/releases/assets/%d", asset.ID)); removed != nil {
		return againError{fmt.Errorf("%w; removing it: %w", err, removed)}
	}
	return err
}

// remove deletes what is part of a draft.
func (g *gitHub) remove(ctx context.Context, path string) error {
	_, err := g.client.json(ctx, http.MethodDelete, g.api+path, nil, nil)
	if refused(err, http.StatusNotFound) {
		return nil // another publisher was faster
	}
	return err
}

// show publishes the draft, after a last look at whether it is complete.
func (g *gitHub) show(ctx context.Context, releases []ghRelease) error {
	assets, err := list[ghAsset](ctx, g, fmt.Sprintf("/releases/%d/assets", g.current.ID))
	if err != nil {
		return err
	}
	files, err := g.files(assets)
	if err != nil {
		return err
	}
	if absent, different := count(files); absent > 0 || different != nil {
		return againError{fmt.Errorf("the draft is not complete: %d assets are absent", absent)}
	}
	change, err := g.change(releases, false)
	if err != nil {
		return err
	}
	_, err = g.client.json(ctx, http.MethodPatch, fmt.Sprintf("%s/releases/%d", g.api, g.current.ID), change, nil)
	if refused(err, http.StatusUnprocessableEntity, http.StatusNotFound) {
		return againError{err}
	}
	return err
}

// change describes the release, which is the latest if it is so among those that are published.
func (g *gitHub) change(releases []ghRelease, draft bool) (ghChange, error) {
	var published []string
	for _, r := range releases {
		if !r.Draft {
			published = append(published, strings.TrimPrefix(r.Tag, "v"))
		}
	}
	places, err := g.release.places(published)
	return ghChange{
		Tag:        g.release.Tag(),
		Name:       "Glide " + g.release.Version,
		Body:       g.release.Notes,
		Draft:      draft,
		Prerelease: places.Prerelease,
		Latest:     fmt.Sprint(places.Latest && !draft),
	}, err
}

func (g *gitHub) releases(ctx context.Context) ([]ghRelease, error) {
	all, err := list[ghRelease](ctx, g, "/releases")
	// The public sees no drafts, but a token might.
	return slices.DeleteFunc(all, func(r ghRelease) bool { return r.Draft && g.release.Anonymous }), err
}

var next = regexp.MustCompile(`<([^>]+)>; rel="next"`)

// list returns all pages of a list.
func list[T any](ctx context.Context, g *gitHub, path string) ([]T, error) {
	var all []T
	for at := g.api + path + "?per_page=100"; at != ""; {
		var page []T
		res, err := g.client.json(ctx, http.MethodGet, at, nil, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		at = ""
		if link := next.FindStringSubmatch(res.Header.Get("Link")); link != nil {
			at = link[1]
		}
	}
	return all, nil
}

// ErrNoAsset says that a release has no such asset.
var ErrNoAsset = errors.New("no such asset")

// Asset returns what the public gets of an asset of a GitHub release that is among the channels.
func Asset(ctx context.Context, channels []Channel, name string) ([]byte, error) {
	for _, channel := range channels {
		g, ok := channel.(*gitHub)
		if !ok {
			continue
		}
		releases, err := g.releases(ctx)
		if err != nil {
			return nil, err
		}
		found, _ := g.own(releases)
		if found == nil {
			return nil, ErrNoAsset
		}
		assets, err := list[ghAsset](ctx, g, fmt.Sprintf("/releases/%d/assets", found.ID))
		if err != nil {
			return nil, err
		}
		for _, asset := range assets {
			if asset.Name != name {
				continue
			}
			res, err := g.public.do(ctx, http.MethodGet, asset.URL, nil, 0, "")
			if err != nil {
				return nil, err
			}
			defer res.Body.Close()
			return io.ReadAll(res.Body)
		}
	}
	return nil, ErrNoAsset
}
