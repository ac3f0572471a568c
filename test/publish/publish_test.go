//go:build e2e

// Package publish tests the release as a whole: from a tag to every channel and back, with Debian's
// registry, and with a publisher that is killed at every call that it makes.
package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/test/channels"
	"github.com/einstack/glide/test/repo"
)

func TestMain(m *testing.M) { os.Exit(channels.Main(m)) }

// tool builds the program release and returns its path.
func tool(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "release")
	run(t, repo.Root(), nil, "go", "build", "-o", path, "./cmd/release")
	return path
}

// cosign installs the program, of which it returns the path, among those that tools/go keeps.
func cosign(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(cache, "glide", "bin")
	run(t, os.TempDir(), []string{"GOBIN=" + bin, "CGO_ENABLED=0"}, filepath.Join(repo.Root(), "tools/go"), "install", "-ldflags=-s -w", "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3")
	return filepath.Join(bin, "cosign")
}

// prependPath puts folders before those of the PATH in an environment.
func prependPath(env []string, folders ...string) {
	for i, entry := range env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			env[i] = "PATH=" + strings.Join(append(folders, path), ":")
		}
	}
}

func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	output, err := try(t, dir, env, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
	return output
}

func try(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// A terminal is where commands are typed.
type terminal struct {
	dir string
	env []string
}

func (in *terminal) try(t *testing.T, script string) (string, error) {
	t.Helper()
	return try(t, in.dir, in.env, "bash", "-euo", "pipefail", "-c", script)
}

func (in *terminal) run(t *testing.T, script string) string {
	t.Helper()
	output, err := in.try(t, script)
	if err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, output)
	}
	return output
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A publisher is killed at each call in turn, when the server has done what was asked and not answered
// yet, and so before the next call too. At no time is anything visible that is not complete, and the
// next run ends complete.
func TestKilledAtEveryCall(t *testing.T) {
	program := tool(t)
	dir := channels.Release(t, "0.2.0", "")
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	notes := filepath.Join(t.TempDir(), "notes.md")
	write(t, notes, "What is new")
	addr, certificate := startRegistry(t)
	front := frontOf(t, addr, certificate)
	for _, place := range []string{"chocolatey", "github", "helm", "homebrew", "oci", "snap"} {
		t.Run(place, func(t *testing.T) {
			total := 0
			for n := 1; ; n++ {
				w := channels.NewWith(t, front, fmt.Sprintf("%s-%d", place, n))
				w.GitHub.Tags = []string{"v0.2.0"}
				args := []string{"publish", "--from", dir, "--notes", notes, "--to", w.At(place), "--jobs", "2", "--backoff", "5ms", "--json"}
				killed := runKilled(t, w, n, program, args)
				wantNothingHalf(t, w, m)
				w.Faults.Set(0, nil)
				wantEqual(t, run(t, repo.Root(), w.Env, program, append(args, "--tries", "8")...))
				wantOnce(t, w, place)
				if t.Failed() {
					t.Fatalf("killed at call %d", n)
				}
				if !killed {
					break
				}
				total++
			}
			t.Logf("killed at each of %d calls", total)
		})
	}
}

// wantEqual fails unless what was published is, by the JSON that publishing prints after its lines.
func wantEqual(t *testing.T, output string) {
	t.Helper()
	var results []struct {
		Items []struct{ Name, State string }
	}
	if err := json.Unmarshal([]byte(output[strings.Index(output, "[\n"):]), &results); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, item := range results[0].Items {
		if item.State != "equal" {
			t.Errorf("the next run ends with %s %s", item.Name, item.State)
		}
	}
}

// runKilled runs a program that is killed at its nth call and tells whether it made as many.
func runKilled(t *testing.T, w *channels.World, n int, program string, args []string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), w.Env...)
	var killed atomic.Bool
	started := make(chan struct{})
	kill := func() {
		<-started
		killed.Store(true)
		_ = cmd.Process.Kill() // it may have ended by itself
	}
	w.Faults.Set(n, func(server http.Handler, res http.ResponseWriter, r *http.Request) {
		server.ServeHTTP(httptest.NewRecorder(), r)
		kill()
		panic(http.ErrAbortHandler)
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !(killed.Load() && errors.As(err, &exit)) {
		t.Fatalf("it was not killed, but failed: %v", err)
	}
	return killed.Load()
}

// frontOf returns a handler that passes all on to a registry, so that calls to it can be made to fail.
func frontOf(t *testing.T, addr, certificate string) http.Handler {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: addr})
	proxy.Transport = trusting(t, certificate)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	return proxy
}

// wantNothingHalf fails if the public sees a part of a release without the rest.
func wantNothingHalf(t *testing.T, w *channels.World, m *manifest.Manifest) {
	t.Helper()
	if published, _ := w.GitHub.Published(m.Tag()); published != nil && len(published.Assets) != len(m.For("github"))+3 {
		t.Errorf("a release is published with %d assets, not %d", len(published.Assets), len(m.For("github"))+3)
	}
	for _, a := range m.For("oci") {
		if err := pullable(t.Context(), w.Registry+"/einstack/glide:"+a.Name); err != nil {
			t.Errorf("%s is visible, but %v", a.Name, err)
		}
	}
}

// pullable returns an error if a tag is there and anything that it leads to is not.
func pullable(ctx context.Context, tag string) error {
	ref, err := name.ParseReference(tag)
	if err != nil {
		return err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuth(&authn.Basic{Username: "release", Password: channels.Secret})}
	index, err := remote.Index(ref, options...)
	if err != nil {
		return nil // not there
	}
	list, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, descriptor := range list.Manifests {
		image, err := index.Image(descriptor.Digest)
		if err != nil {
			return err
		}
		layers, err := image.Layers()
		if err != nil {
			return err
		}
		for _, layer := range layers {
			content, err := layer.Compressed()
			if err != nil {
				return err
			}
			if err := content.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

func wantOnce(t *testing.T, w *channels.World, place string) {
	t.Helper()
	switch place {
	case "github":
		if published, drafts := w.GitHub.Published("v0.2.0"); published == nil || drafts > 0 {
			t.Errorf("published: %t, and %d drafts are left", published != nil, drafts)
		}
	case "snap":
		if _, revisions := w.Snaps.Released("amd64", "latest/stable"); revisions != 1 {
			t.Errorf("%d revisions for amd64", revisions)
		}
	case "homebrew":
		if _, commits, err := w.Show(t.Context(), "tap", "main", "Formula/glide.rb"); err != nil || commits != 1 {
			t.Errorf("%d commits, %v", commits, err)
		}
	case "helm":
		if index, commits, err := w.Show(t.Context(), "pages", "gh-pages", "index.yaml"); err != nil || commits != 1 || strings.Count(index, "digest:") != 1 {
			t.Errorf("%d commits, %v\n%s", commits, err, index)
		}
	}
}
