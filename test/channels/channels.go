// Package channels gives tests every place that a release is published to: servers that speak the wire
// formats of GitHub, NuGet, the snap store and OCI registries, keep state, ask for secrets and check
// digests, and bare git repositories. Each call can be made to fail, in every way in which calls do.
package channels

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Secret is the password, token and key of all places.
const Secret = "correct-horse-battery"

// A World is all places, empty at first.
type World struct {
	Faults *Faults
	GitHub *GitHub
	NuGet  *NuGet
	Snaps  *SnapStore
	// Registry is "host:port", or "host:port/folder".
	Registry string
	// Git is a folder with the bare repositories tap, bucket and pages.
	Git string
	// Site is the URL of what the branch gh-pages of the repository pages has, while it is Served.
	Site   string
	Served bool
	// Dir is an empty folder.
	Dir string
	// Public says that the registry lets anyone read.
	Public bool
	// Env is what a publisher's environment has.
	Env []string

	spoilt string
}

// New makes all places, with a registry in memory.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{}
	w.open(t, w.registry(registry.New(registry.Logger(log.New(io.Discard, "", 0)))))
	return w
}

// NewWith makes all places, with a folder of a registry that a handler leads to.
func NewWith(t testing.TB, handler http.Handler, folder string) *World {
	t.Helper()
	w := &World{}
	w.open(t, handler)
	w.Registry = path.Join(w.Registry, folder)
	return w
}

func (w *World) open(t testing.TB, registry http.Handler) {
	t.Helper()
	w.Faults, w.Dir, w.Git = &Faults{}, t.TempDir(), t.TempDir()
	serve := func(name string, handler http.Handler) string {
		server := httptest.NewUnstartedServer(w.Faults.wrap(name, handler))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.TLS = &tls.Config{}
		server.Start()
		t.Cleanup(server.Close)
		return server.URL
	}
	w.GitHub = newGitHub()
	w.GitHub.URL = serve("github", w.GitHub)
	w.NuGet = newNuGet()
	w.NuGet.URL = serve("chocolatey", w.NuGet)
	w.Snaps = newSnapStore()
	w.Snaps.URL = serve("snap", w.Snaps)
	git := serve("git", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w.Served = true
	w.Site = serve("site", http.HandlerFunc(func(res http.ResponseWriter, r *http.Request) {
		content, _, err := w.Show(r.Context(), "pages", "gh-pages", strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil || !w.Served {
			http.NotFound(res, r)
			return
		}
		fmt.Fprint(res, content)
	}))
	w.Registry = strings.TrimPrefix(serve("registry", registry), "http://")
	for _, name := range []string{"tap", "bucket", "pages"} {
		if err := os.CopyFS(filepath.Join(w.Git, name), os.DirFS(bare(t))); err != nil {
			t.Fatal(err)
		}
	}
	w.Env = []string{
		"GITHUB_TOKEN=" + Secret, "REGISTRY_USER=release", "REGISTRY_PASSWORD=" + Secret,
		"CHOCOLATEY_API_KEY=" + Secret, "SNAPCRAFT_STORE_CREDENTIALS=" + Secret,
		"PATH=" + doubles(t) + string(os.PathListSeparator) + os.Getenv("PATH"),
		doubleVariable + "=" + w.Snaps.URL + " " + git,
	}
}

// bare returns an empty repository to copy, which is quicker than to make it.
func bare(t testing.TB) string {
	t.Helper()
	bareOnce.Do(func() {
		output, err := exec.Command("git", "init", "--quiet", "--bare", "--template=", "--initial-branch", "main", filepath.Join(scratch, "bare")).CombinedOutput()
		if err != nil {
			t.Fatalf("git init: %v\n%s", err, output)
		}
	})
	return filepath.Join(scratch, "bare")
}

var bareOnce sync.Once

// registry asks for the secret in front of a registry, and spoils a blob.
func (w *World) registry(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(res http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if password != Secret && !(w.Public && reads) {
			res.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(res, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		}
		if w.spoilt != "" && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, w.spoilt) {
			answer := &recorded{discard: discard{http.Header{}}, status: http.StatusOK}
			handler.ServeHTTP(answer, r)
			answer.body[len(answer.body)/2] ^= 1
			maps.Copy(res.Header(), answer.header)
			res.WriteHeader(answer.status)
			_, _ = res.Write(answer.body)
			return
		}
		handler.ServeHTTP(res, r)
	})
}

// TamperBlob has the registry flip a bit of a blob or manifest whenever it is read, of none if the
// digest is empty.
func (w *World) TamperBlob(digest string) { w.spoilt = digest }

// Blobs returns the digests of everything that a tag leads to.
func (w *World) Blobs(t testing.TB, repository, tag string) []string {
	t.Helper()
	ref, err := name.ParseReference(w.Registry + "/" + repository + ":" + tag)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, descriptor := range list.Manifests {
		image, err := index.Image(descriptor.Digest)
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := image.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, descriptor.Digest.String(), manifest.Config.Digest.String())
		for _, layer := range manifest.Layers {
			all = append(all, layer.Digest.String())
		}
	}
	return all
}

// Rewrite replaces what matches in a file of a bare repository, by a commit on all branches that have it.
func (w *World) Rewrite(t testing.TB, repository, file, pattern, text string) {
	t.Helper()
	for _, branch := range []string{"main", "gh-pages"} {
		content, _, err := w.Show(context.Background(), repository, branch, file)
		if err != nil {
			continue
		}
		dir := t.TempDir()
		git := func(args ...string) {
			cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@localhost"}, args...)...)
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("git %s: %v\n%s", args[0], err, output)
			}
		}
		git("clone", "--quiet", "--branch", branch, filepath.Join(w.Git, repository), ".")
		content = regexp.MustCompile(pattern).ReplaceAllString(content, text)
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		git("commit", "--quiet", "--all", "--message", "tamper")
		git("push", "--quiet", "origin", branch)
	}
}

// To returns the channels of the world as `release publish --to` takes them.
func (w *World) To() []string {
	return []string{
		"chocolatey=" + w.NuGet.URL,
		"dir=" + w.Dir,
		"github=" + w.GitHub.URL + "/repos/einstack/glide",
		"helm=" + w.Registry + "/einstack/charts file://" + w.Git + "/pages#gh-pages " + w.Site,
		"homebrew=file://" + w.Git + "/tap",
		"oci=" + w.Registry + "/einstack/glide",
		"scoop=file://" + w.Git + "/bucket",
		"snap=" + w.Snaps.URL,
	}
}

// At returns one of the channels.
func (w *World) At(channel string) string {
	to := w.To()
	return to[slices.IndexFunc(to, func(place string) bool { return strings.HasPrefix(place, channel+"=") })]
}

// Show returns a file of a bare repository's branch, and how many commits the branch has.
func (w *World) Show(ctx context.Context, repository, branch, file string) (content string, commits int, err error) {
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", filepath.Join(w.Git, repository)}, args...)...)
		output, err := cmd.Output()
		return string(output), err
	}
	if content, err = git("show", branch+":"+file); err != nil {
		return "", 0, fmt.Errorf("git show %s:%s: %w", branch, file, err)
	}
	log, err := git("rev-list", branch)
	return content, strings.Count(log, "\n"), err
}
