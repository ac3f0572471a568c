package channels

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// GitHub serves the releases of one repository, einstack/glide, as docs.github.com/rest/releases says,
// with immutable releases: what was published is never changed.
type GitHub struct {
	URL string
	// Tags are the tags of the repository.
	Tags []string
	// Limit is how many questions without a token are refused, and Refused how many of them were.
	Limit, Refused int

	mu       sync.Mutex
	last     int64
	releases []*ghRelease
}

type ghRelease struct {
	ID         int64      `json:"id"`
	Tag        string     `json:"tag_name"`
	Name       string     `json:"name"`
	Body       string     `json:"body"`
	Draft      bool       `json:"draft"`
	Prerelease bool       `json:"prerelease"`
	Immutable  bool       `json:"immutable"`
	UploadURL  string     `json:"upload_url"`
	Assets     []*ghAsset `json:"assets"`
	latest     string
}

type ghAsset struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	State       string `json:"state"`
	Size        int64  `json:"size"`
	Digest      string `json:"digest,omitempty"`
	DownloadURL string `json:"browser_download_url"`
	content     []byte
}

func newGitHub() *GitHub { return &GitHub{} }

// A Published release is what the public sees.
type Published struct {
	Name       string
	Body       string
	Prerelease bool
	Latest     string
	Assets     map[string][]byte
}

// Published returns what is published of a tag, and how many drafts there are of it.
func (g *GitHub) Published(tag string) (published *Published, drafts int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.releases {
		if r.Tag != tag {
			continue
		}
		if r.Draft {
			drafts++
			continue
		}
		published = &Published{r.Name, r.Body, r.Prerelease, r.latest, map[string][]byte{}}
		for _, a := range r.Assets {
			published.Assets[a.Name] = a.content
		}
	}
	return published, drafts
}

// Tamper flips a bit of a published asset, and of its digest if told so.
func (g *GitHub) Tamper(tag, name string, at int, digest bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.releases {
		for _, a := range r.Assets {
			if r.Tag == tag && a.Name == name {
				a.content = slices.Clone(a.content)
				a.content[at%len(a.content)] ^= 1
				if digest {
					a.Digest = fmt.Sprintf("sha256:%x", sha256.Sum256(a.content))
				}
			}
		}
	}
}

func (g *GitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	authorized := r.Header.Get("Authorization") == "Bearer "+Secret
	if r.Header.Get("Authorization") != "" && !authorized {
		fail(w, http.StatusUnauthorized, "Bad credentials")
		return
	}
	path := r.URL.Path
	if upload, ok := strings.CutPrefix(path, "/uploads/repos/einstack/glide/releases/"); ok && r.Method == http.MethodPost {
		id, _, _ := strings.Cut(upload, "/")
		g.write(w, authorized, func() { g.upload(w, r, id) })
		return
	}
	if file, ok := strings.CutPrefix(path, "/einstack/glide/releases/download/"); ok {
		if authorized {
			fail(w, http.StatusBadRequest, "the test wants no token here")
			return
		}
		g.download(w, file)
		return
	}
	path, ok := strings.CutPrefix(path, "/repos/einstack/glide/")
	if !ok {
		fail(w, http.StatusNotFound, "Not Found")
		return
	}
	if !authorized && g.limited() {
		w.Header().Set("X-Ratelimit-Remaining", "0")
		w.Header().Set("X-Ratelimit-Reset", "0") // it is over when it is told
		fail(w, http.StatusForbidden, "API rate limit exceeded for 127.0.0.1.")
		return
	}
	route := r.Method + " " + path
	switch {
	case strings.HasPrefix(route, "GET git/ref/tags/"):
		if !slices.Contains(g.Tags, strings.TrimPrefix(path, "git/ref/tags/")) {
			fail(w, http.StatusNotFound, "Not Found")
			return
		}
		answer(w, http.StatusOK, map[string]string{"ref": "refs/" + strings.TrimPrefix(path, "git/ref/")})
	case route == "GET releases":
		g.list(w, r, authorized)
	case route == "POST releases":
		g.write(w, authorized, func() { g.create(w, r) })
	case strings.HasSuffix(route, "/assets"):
		g.assets(w, r, strings.TrimSuffix(strings.TrimPrefix(path, "releases/"), "/assets"), authorized)
	case strings.HasPrefix(route, "DELETE releases/assets/"):
		g.write(w, authorized, func() { g.deleteAsset(w, strings.TrimPrefix(path, "releases/assets/")) })
	case strings.HasPrefix(route, "DELETE releases/"):
		g.write(w, authorized, func() { g.deleteDraft(w, strings.TrimPrefix(path, "releases/")) })
	case strings.HasPrefix(route, "PATCH releases/"):
		g.write(w, authorized, func() { g.change(w, r, strings.TrimPrefix(path, "releases/")) })
	default:
		fail(w, http.StatusNotFound, "Not Found")
	}
}

// limited tells whether to refuse a question without a token.
func (g *GitHub) limited() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Refused >= g.Limit {
		return false
	}
	g.Refused++
	return true
}

func (g *GitHub) write(w http.ResponseWriter, authorized bool, act func()) {
	if !authorized {
		fail(w, http.StatusUnauthorized, "Requires authentication")
		return
	}
	act()
}

func (g *GitHub) list(w http.ResponseWriter, r *http.Request, authorized bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := []*ghRelease{}
	for _, release := range g.releases {
		if authorized || !release.Draft {
			seen = append(seen, release)
		}
	}
	answer(w, http.StatusOK, page(w, r, g.URL, seen))
}

// page returns a page of a list of two at most, so that every test has to turn pages.
func page[T any](w http.ResponseWriter, r *http.Request, base string, all []T) []T {
	const size = 2
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	n = max(n, 1)
	from := min((n-1)*size, len(all))
	if to := from + size; to < len(all) {
		query := url.Values{"per_page": {"100"}, "page": {strconv.Itoa(n + 1)}}
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next", <%s>; rel="last"`, base, r.URL.Path, query.Encode(), base))
		return all[from:to]
	}
	return all[from:]
}

func (g *GitHub) create(w http.ResponseWriter, r *http.Request) {
	release := &ghRelease{}
	if err := json.NewDecoder(r.Body).Decode(release); err != nil {
		fail(w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last++
	release.ID = g.last
	release.UploadURL = fmt.Sprintf("%s/uploads/repos/einstack/glide/releases/%d/assets{?name,label}", g.URL, release.ID)
	release.Assets = []*ghAsset{}
	if !release.Draft {
		fail(w, http.StatusUnprocessableEntity, "the test wants a draft first")
		return
	}
	g.releases = slices.Insert(g.releases, 0, release)
	answer(w, http.StatusCreated, release)
}

func (g *GitHub) find(id string) *ghRelease {
	for _, r := range g.releases {
		if fmt.Sprint(r.ID) == id {
			return r
		}
	}
	return nil
}

func (g *GitHub) assets(w http.ResponseWriter, r *http.Request, id string, authorized bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	release := g.find(id)
	if release == nil || (release.Draft && !authorized) {
		fail(w, http.StatusNotFound, "Not Found")
		return
	}
	answer(w, http.StatusOK, page(w, r, g.URL, release.Assets))
}

func (g *GitHub) upload(w http.ResponseWriter, r *http.Request, id string) {
	name := r.URL.Query().Get("name")
	g.mu.Lock()
	release := g.find(id)
	switch {
	case release == nil:
		g.mu.Unlock()
		fail(w, http.StatusNotFound, "Not Found")
		return
	case !release.Draft:
		g.mu.Unlock()
		fail(w, http.StatusUnprocessableEntity, "Cannot upload assets to an immutable release.")
		return
	case slices.ContainsFunc(release.Assets, func(a *ghAsset) bool { return a.Name == name }):
		g.mu.Unlock()
		fail(w, http.StatusUnprocessableEntity, "Validation Failed: already_exists")
		return
	}
	g.last++
	asset := &ghAsset{
		ID: g.last, Name: name, ContentType: r.Header.Get("Content-Type"), State: "starter",
		DownloadURL: fmt.Sprintf("%s/einstack/glide/releases/download/%s/%s", g.URL, release.Tag, name),
	}
	release.Assets = append(release.Assets, asset)
	g.mu.Unlock()

	content, err := io.ReadAll(r.Body)
	if err != nil || r.ContentLength != int64(len(content)) {
		fail(w, http.StatusBadRequest, "Bad Content-Length") // and the starter stays
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(release.Assets, asset) || !release.Draft {
		fail(w, http.StatusNotFound, "Not Found")
		return
	}
	asset.content, asset.Size, asset.State = content, int64(len(content)), "uploaded"
	asset.Digest = fmt.Sprintf("sha256:%x", sha256.Sum256(content))
	answer(w, http.StatusCreated, asset)
}

func (g *GitHub) deleteAsset(w http.ResponseWriter, id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, release := range g.releases {
		at := slices.IndexFunc(release.Assets, func(a *ghAsset) bool { return fmt.Sprint(a.ID) == id })
		if at < 0 {
			continue
		}
		if !release.Draft {
			fail(w, http.StatusUnprocessableEntity, "Cannot delete asset from an immutable release")
			return
		}
		release.Assets = slices.Delete(release.Assets, at, at+1)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	fail(w, http.StatusNotFound, "Not Found")
}

func (g *GitHub) deleteDraft(w http.ResponseWriter, id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	release := g.find(id)
	if release == nil || !release.Draft {
		fail(w, http.StatusNotFound, "Not Found")
		return
	}
	g.releases = slices.DeleteFunc(g.releases, func(r *ghRelease) bool { return r == release })
	w.WriteHeader(http.StatusNoContent)
}

func (g *GitHub) change(w http.ResponseWriter, r *http.Request, id string) {
	var change struct {
		Tag        string `json:"tag_name"`
		Name       string `json:"name"`
		Body       string `json:"body"`
		Draft      bool   `json:"draft"`
		Prerelease bool   `json:"prerelease"`
		Latest     string `json:"make_latest"`
	}
	if err := json.NewDecoder(r.Body).Decode(&change); err != nil {
		fail(w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	release := g.find(id)
	switch {
	case release == nil:
		fail(w, http.StatusNotFound, "Not Found")
		return
	case !change.Draft && slices.ContainsFunc(g.releases, func(o *ghRelease) bool { return o != release && o.Tag == change.Tag && !o.Draft }):
		fail(w, http.StatusUnprocessableEntity, "Validation Failed: tag_name already_exists")
		return
	case release.Draft:
		release.Draft, release.Immutable = change.Draft, !change.Draft
		release.Prerelease, release.latest = change.Prerelease, change.Latest
	}
	release.Name, release.Body = change.Name, change.Body
	answer(w, http.StatusOK, release)
}

func (g *GitHub) download(w http.ResponseWriter, file string) {
	tag, name, _ := strings.Cut(file, "/")
	published, _ := g.Published(tag)
	if published == nil || published.Assets[name] == nil {
		fail(w, http.StatusNotFound, "Not Found")
		return
	}
	_, _ = w.Write(published.Assets[name])
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func fail(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"message": message})
}
