//go:build e2e

package publish

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/test/bench"
	"github.com/einstack/glide/test/channels"
)

var figures = flag.Bool("figures", false, "measure instead of testing")

// measure prints the figures of `make bench-release`.
func (r *rehearsal) measure(t *testing.T) {
	clock := func(what string, do func()) time.Duration {
		start := time.Now()
		do()
		spent := time.Since(start)
		t.Logf("%-50s %8.1f s", what, spent.Seconds())
		return spent
	}
	t.Logf("%d processors, load %s", runtime.NumCPU(), load(t))
	build := func() { r.run(t, "nix build .#release") }
	build()
	clock("nothing changed", build)
	write(t, filepath.Join(r.dir, "cmd/glide/stamp.go"), "package main\n\nvar _ = \""+time.Now().String()+"\"\n")
	r.run(t, "git add --all")
	clock("the gateway's code changed, dependencies compiled", build)

	made, err := filepath.EvalSymlinks(filepath.Join(r.dir, "result"))
	if err != nil {
		t.Fatal(err)
	}
	// Each turn goes to places where nothing is yet.
	compare := func(what string, plain, published func(turn int)) {
		var a, b []time.Duration
		for turn := range 5 {
			a = append(a, clock(what+", plainly", func() { plain(turn) }))
			b = append(b, clock(what+", by release publish", func() { published(turn) }))
		}
		t.Logf("%-50s %8.2f", what+", to plainly", bench.Median(b).Seconds()/bench.Median(a).Seconds())
	}
	repository := func(kind string, turn int) string { return fmt.Sprintf("%s/%s%d", r.Registry, kind, turn) }
	compare("images pushed", func(turn int) { pushAll(t, r, made, repository("plain", turn)) }, func(turn int) {
		r.run(t, "release publish --to 'oci="+repository("published", turn)+"'")
	})
	var worlds []*channels.World
	for range 5 {
		world := channels.NewWith(t, frontOf(t, r.Registry, r.certificate), "")
		world.GitHub.Tags = r.GitHub.Tags
		worlds = append(worlds, world)
	}
	compare("files uploaded", func(turn int) { uploadAll(t, made, worlds[turn].GitHub.URL) }, func(turn int) {
		r.run(t, "release publish --bare --to '"+worlds[turn].At("github")+"'")
	})
	to := " --bare --to '" + strings.Join(r.To(), "' --to '") + "'"
	clock("published to every channel", func() { r.run(t, "release publish"+to) })
	clock("published again", func() { r.run(t, "release publish"+to) })
}

func load(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))[0]
}

// pushAll pushes every index with all that it lists to a repository.
func pushAll(t *testing.T, r *rehearsal, made, repository string) {
	t.Helper()
	images, err := layout.ImageIndexFromPath(filepath.Join(made, manifest.ImagesDir))
	if err != nil {
		t.Fatal(err)
	}
	list, err := images.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, descriptor := range list.Manifests {
		index, err := images.ImageIndex(descriptor.Digest)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := name.ParseReference(repository + ":" + descriptor.Annotations["org.opencontainers.image.ref.name"])
		if err != nil {
			t.Fatal(err)
		}
		err = remote.WriteIndex(ref, index, remote.WithTransport(trusting(t, r.certificate)),
			remote.WithAuth(&authn.Basic{Username: "release", Password: channels.Secret}))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// uploadAll uploads every file to a draft, as many at the same time as release publish.
func uploadAll(t *testing.T, made, github string) {
	t.Helper()
	post := func(url string, body io.Reader) ([]byte, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
		if err != nil {
			return nil, err
		}
		req.Header = http.Header{"Authorization": {"Bearer " + channels.Secret}, "Content-Type": {"application/octet-stream"}}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusCreated {
			err = fmt.Errorf("POST %s: %s\n%s", url, res.Status, answer)
		}
		return answer, err
	}
	answer, err := post(github+"/repos/einstack/glide/releases", strings.NewReader(`{"tag_name": "plain", "draft": true}`))
	if err != nil {
		t.Fatal(err)
	}
	var draft struct {
		UploadURL string `json:"upload_url"`
	}
	if err := json.Unmarshal(answer, &draft); err != nil {
		t.Fatal(err)
	}
	to, _, _ := strings.Cut(draft.UploadURL, "{")
	m, err := manifest.Read(made)
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	group.SetLimit(8)
	for _, a := range m.For("github") {
		group.Go(func() error {
			content, err := os.ReadFile(filepath.Join(made, a.Name))
			if err == nil {
				_, err = post(to+"?name="+a.Name, bytes.NewReader(content))
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}
