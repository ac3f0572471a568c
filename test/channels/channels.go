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
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Secret is the password, token and key of all places.
const Secret = "correct-horse-battery"

// A World is all places, empty at first.
type World struct {
	Faults *Faults
	GitHub *GitHub
	NuGet  *NuGet
	Snaps  *SnapStore
	// Registry is "host:port".
	Registry string
	// Git is a folder with the bare repositories tap, bucket and pages.
	Git string
	// Dir is an empty folder.
	Dir string
	// Env is what a publisher's environment has.
	Env []string
}

// New makes all places, with a registry in memory.
func New(t testing.TB) *World {
	t.Helper()
	return newWorld(t, "")
}

// NewWith makes all places but the registry, which is the one at "host:port".
func NewWith(t testing.TB, registryAt string) *World {
	t.Helper()
	return newWorld(t, registryAt)
}

func newWorld(t testing.TB, registryAt string) *World {
	w := &World{Faults: &Faults{}, Registry: registryAt, Dir: t.TempDir(), Git: t.TempDir()}
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
	if w.Registry == "" {
		quiet := registry.Logger(log.New(io.Discard, "", 0))
		w.Registry = strings.TrimPrefix(serve("registry", basicAuth(registry.New(quiet))), "http://")
	}
	for _, name := range []string{"tap", "bucket", "pages"} {
		output, err := exec.Command("git", "init", "--quiet", "--bare", "--initial-branch", "main", filepath.Join(w.Git, name)).CombinedOutput()
		if err != nil {
			t.Fatalf("git init: %v\n%s", err, output)
		}
	}
	w.Env = []string{
		"GITHUB_TOKEN=" + Secret, "REGISTRY_USER=release", "REGISTRY_PASSWORD=" + Secret,
		"CHOCOLATEY_API_KEY=" + Secret, "SNAPCRAFT_STORE_CREDENTIALS=" + Secret,
		"PATH=" + doubles(t) + string(os.PathListSeparator) + os.Getenv("PATH"),
		doubleVariable + "=" + w.Snaps.URL + " " + git,
	}
	return w
}

// basicAuth asks for the secret.
func basicAuth(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != Secret {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// To returns the channels of the world as `release publish --to` takes them.
func (w *World) To() []string {
	return []string{
		"chocolatey=" + w.NuGet.URL,
		"dir=" + w.Dir,
		"github=" + w.GitHub.URL + "/repos/einstack/glide",
		"helm=" + w.Registry + "/einstack/charts file://" + w.Git + "/pages#gh-pages",
		"homebrew=file://" + w.Git + "/tap",
		"oci=" + w.Registry + "/einstack/glide",
		"scoop=file://" + w.Git + "/bucket",
		"snap=" + w.Snaps.URL,
	}
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
