package bases

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/einstack/glide/internal/tree"
)

const baseName = "docker.io/library/alpine:3.24"

// matrix has images of one distro for two platforms, of which the base has but one.
var matrix = tree.Matrix{
	Distros: map[string]tree.Distro{"alpine": {Base: baseName}, "distroless": {}},
	Targets: []tree.Target{
		{OS: "linux", Arch: "arm64", Images: []string{"alpine", "distroless"}},
		{OS: "linux", Arch: "s390x", Images: []string{"alpine"}},
	},
}

// A mirror is a registry in front of which a test may put faults.
type mirror struct {
	*Registry
	image v1.Image
	fault atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
}

// newMirror starts a registry with an index of one image, whose config says it is for arch.
func newMirror(t *testing.T, arch string) *mirror {
	t.Helper()
	m := &mirror{}
	pass := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := m.fault.Load(); fault == nil || !(*fault)(w, r) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	m.Registry = &Registry{
		Silence: 200 * time.Millisecond, Backoff: time.Millisecond,
		Mirror: strings.TrimPrefix(server.URL, "http://"),
	}

	image, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.OS, config.Architecture = "linux", arch
	if m.image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{
		Add: m.image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}},
	})
	tag, err := name.NewTag(m.Mirror + "/" + baseName)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	return m
}

// fail puts a fault in front of all requests for what a part of the path names.
func (m *mirror) fail(part string, fault http.HandlerFunc) *atomic.Int32 {
	var asked atomic.Int32
	apply := func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, part) {
			return false
		}
		asked.Add(1)
		fault(w, r)
		return true
	}
	m.fault.Store(&apply)
	return &asked
}

func TestResolve(t *testing.T) {
	m := newMirror(t, "arm64")
	lock, err := m.Resolve(t.Context(), matrix)
	if err != nil {
		t.Fatal(err)
	}
	if len(lock) != 1 {
		t.Fatalf("locked %d bases", len(lock))
	}
	platform := lock["alpine"].Platforms["arm64"]
	digest, err := m.image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if platform.Manifest == nil || *platform.Manifest != digest || len(platform.Layers) != 2 || platform.Refused != "" {
		t.Errorf("locked %+v", platform)
	}
	if got := lock["alpine"].Platforms["s390x"].Refused; got != "the base has no linux/s390x" {
		t.Errorf("refused s390x: %q", got)
	}

	images := matrix.Images()
	if built := lock.Built(images); len(images) != 3 || len(built) != 2 {
		t.Errorf("of %v are built %v", images, built)
	}
	moved, err := m.Moved(t.Context(), matrix, lock)
	if err != nil || len(moved) != 0 {
		t.Errorf("moved: %q, %v", moved, err)
	}
	base := lock["alpine"]
	base.Index = digest
	lock["alpine"] = base
	moved, err = m.Moved(t.Context(), matrix, lock)
	if err != nil || len(moved) != 1 || !strings.HasPrefix(moved[0], "alpine: "+baseName+" moved from "+digest.String()) {
		t.Errorf("moved: %q, %v", moved, err)
	}
}

func TestLockIsWrittenWhole(t *testing.T) {
	m := newMirror(t, "arm64")
	lock, err := m.Resolve(t.Context(), matrix)
	if err != nil {
		t.Fatal(err)
	}
	source := &tree.Tree{Dir: t.TempDir(), Matrix: matrix}
	if err := os.MkdirAll(filepath.Dir(source.Path(tree.BasesFile)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := lock.Write(source); err != nil {
		t.Fatal(err)
	}
	read, err := Read(source)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := encode(t, lock), encode(t, read); a != b {
		t.Errorf("wrote %s, read %s", a, b)
	}

	// The matrix names another base than was locked.
	source.Matrix.Distros = map[string]tree.Distro{"alpine": {Base: "docker.io/library/alpine:4"}}
	_, err = Read(source)
	wantError(t, err, `alpine is locked to "`+baseName+`"`, `says "docker.io/library/alpine:4"`, "run release bases update")
	if err := os.WriteFile(source.Path(tree.BasesFile), []byte(`{"alpine": {"index": "md5"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Read(source)
	wantError(t, err, tree.BasesFile, "run release bases update")
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Whatever a registry answers, an error names the image, the blob and the registry, and there is
// no lock.
func TestResolveFails(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, tc := range []struct {
		name  string
		part  string // of the path that the fault is in
		fault http.HandlerFunc
		want  []string
	}{
		{"tag 404", "/manifests/3.24", status(404), []string{"images of alpine: ", "/library/alpine:3.24", "404"}},
		{"tag 401", "/manifests/3.24", status(401), []string{"images of alpine: ", "401"}},
		{"blob 404", "/blobs/", status(404), []string{"image alpine/arm64: ", "config sha256:", "404"}},
		{"blob 429", "/blobs/", status(429), []string{"image alpine/arm64: ", "config sha256:", "429"}},
		{"blob 500", "/blobs/", status(500), []string{"image alpine/arm64: ", "config sha256:", "500"}},
		{"hangs", "/blobs/", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			[]string{"image alpine/arm64: ", "config sha256:", "no answer for 200ms"}},
		{"falls silent", "/blobs/", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("{"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, []string{"image alpine/arm64: ", "config sha256:", "no answer for 200ms"}},
		{"truncated", "/blobs/", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("{"))
		}, []string{"image alpine/arm64: ", "config sha256:", "unexpected EOF"}},
		{"other bytes", "/blobs/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) },
			[]string{"image alpine/arm64: ", "config sha256:", "verifying sha256"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t, "arm64")
			m.fail(tc.part, tc.fault)
			_, err := m.Resolve(t.Context(), matrix)
			wantError(t, err, tc.want...)
		})
	}
	t.Run("other platform", func(t *testing.T) {
		_, err := newMirror(t, "amd64").Resolve(t.Context(), matrix)
		wantError(t, err, "image alpine/arm64: ", "config sha256:", "it is for linux/amd64, not for linux/arm64")
	})
}

func TestFetch(t *testing.T) {
	m := newMirror(t, "arm64")
	manifest, err := m.image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := m.image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	layer, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	alpine := matrix.Distros["alpine"]
	for kind, digest := range map[string]v1.Hash{"manifest": manifest, "layer": layer} {
		out := filepath.Join(t.TempDir(), "blob")
		if err := m.Fetch(t.Context(), alpine, "alpine/arm64", kind, digest, out); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := v1.SHA256(bytes.NewReader(content)); err != nil || got != digest {
			t.Errorf("fetched %s, %v, want %s", got, err, digest)
		}
	}

	t.Run("retries", func(t *testing.T) {
		for name, fault := range map[string]http.HandlerFunc{
			"429":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) },
			"truncated": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "9999") },
		} {
			var failed atomic.Bool
			once := func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "/blobs/") || failed.Swap(true) {
					return false
				}
				fault(w, r)
				return true
			}
			m.fault.Store(&once)
			if err := m.Fetch(t.Context(), alpine, "alpine/arm64", "layer", layer, filepath.Join(t.TempDir(), "blob")); err != nil || !failed.Load() {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("mirror", func(t *testing.T) {
		// The base's own registry has nothing, and the next repository has it.
		other := newMirror(t, "arm64")
		elsewhere := tree.Distro{Base: other.Mirror + "/nothing:1", Mirrors: []string{m.Mirror + "/docker.io/library/alpine"}}
		plain := &Registry{Silence: time.Second, Backoff: time.Millisecond}
		m.fault.Store(nil)
		if err := plain.Fetch(t.Context(), elsewhere, "alpine/arm64", "layer", layer, filepath.Join(t.TempDir(), "blob")); err != nil {
			t.Error(err)
		}
	})
	t.Run("fails", func(t *testing.T) {
		dir := t.TempDir()
		asked := m.fail("/blobs/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
		only := &Registry{Silence: time.Second, Backoff: time.Millisecond}
		local := tree.Distro{Base: m.Mirror + "/" + baseName}
		err := only.Fetch(t.Context(), local, "alpine/arm64", "layer", layer, filepath.Join(dir, "blob"))
		wantError(t, err, "image alpine/arm64: layer "+layer.String()+": ", m.Mirror+"/docker.io/library/alpine", "503")
		if n := asked.Load(); n != attempts {
			t.Errorf("asked %d times, want %d", n, attempts)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}

func TestRepositories(t *testing.T) {
	r := &Registry{Mirror: "127.0.0.1:5000"}
	tag, all, err := r.repositories(tree.Distro{Base: baseName, Mirrors: []string{"mirror.gcr.io/library/alpine"}})
	if err != nil {
		t.Fatal(err)
	}
	if tag.String() != "127.0.0.1:5000/docker.io/library/alpine:3.24" || tag.Scheme() != "http" {
		t.Errorf("the tag is %s by %s", tag, tag.Scheme())
	}
	var names []string
	for _, repository := range all {
		names = append(names, repository.Name())
	}
	want := "127.0.0.1:5000/docker.io/library/alpine index.docker.io/library/alpine mirror.gcr.io/library/alpine"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q, want it to say %q", err, part)
		}
	}
}
