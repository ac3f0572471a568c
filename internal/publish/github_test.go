package publish

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/test/channels"
)

// A publisher that was killed leaves as many unfinished uploads as it had under way.
func TestUnfinishedUploads(t *testing.T) {
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	dir := channels.Release(t, "0.2.0", "")
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	post := func(path, body string, size int64) {
		req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+channels.Secret)
		req.ContentLength = size
		w.GitHub.ServeHTTP(httptest.NewRecorder(), req)
	}
	draft := `{"tag_name":"v0.2.0","draft":true}`
	post("/repos/einstack/glide/releases", draft, int64(len(draft)))
	for _, a := range m.For("github") {
		post("/uploads/repos/einstack/glide/releases/1/assets?name="+a.Name, "half", 8)
	}
	wantComplete(t, publishTo(t, w, dir, []string{w.At("github")}, func(p *Publisher, _ *Release) { p.Jobs = 8 }))
	wantPublishedAssets(t, w, m)
}

// A file that is not what the release says is not read before, but nobody sees it.
func TestSpoiledAsset(t *testing.T) {
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	dir := channels.Release(t, "0.2.0", "")
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, m.For("github")[0].Name)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(content []byte) {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(bytes.Repeat([]byte("x"), len(whole)))
	to := []string{w.At("github")}
	result := publishTo(t, w, dir, to, nil)[0]
	if result.Err == nil || !strings.Contains(result.Err.Error(), file+" is sha256:") {
		t.Errorf("got %v", result.Err)
	}
	if published, _ := w.GitHub.Published(m.Tag()); published != nil {
		t.Error("it is published")
	}
	write(whole)
	wantComplete(t, publishTo(t, w, dir, to, nil))
	wantPublishedAssets(t, w, m)
}

func wantPublishedAssets(t *testing.T, w *channels.World, m *manifest.Manifest) {
	t.Helper()
	published, _ := w.GitHub.Published(m.Tag())
	if published == nil {
		t.Fatal("it is not published")
	}
	for _, a := range m.For("github") {
		if int64(len(published.Assets[a.Name])) != a.Size {
			t.Errorf("%s has %d bytes, not %d", a.Name, len(published.Assets[a.Name]), a.Size)
		}
	}
}

type answers struct {
	status int
	text   string
}

func (a answers) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.text))}, nil
}

// GitHub tells of its secondary limits by either status, and not always for how long.
func TestSecondaryLimits(t *testing.T) {
	const limited = `{"message":"You have exceeded a secondary rate limit."}`
	for _, tc := range []struct {
		answers
		want string
	}{
		{answers{403, limited}, "busy for 1m0s"},
		{answers{429, limited}, "busy for 1m0s"},
		{answers{429, "slow down"}, "busy for 0s"},
		{answers{403, "no"}, "403 no"},
	} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		res, err := courteous{tc.answers, time.Minute}.RoundTrip(req)
		got := ""
		if busy, ok := err.(*busyError); ok {
			got = fmt.Sprintf("busy for %s", busy.after)
		} else if text, err := io.ReadAll(res.Body); err == nil {
			got = fmt.Sprintf("%d %s", res.StatusCode, text)
		}
		if got != tc.want {
			t.Errorf("%d %s: got %s, want %s", tc.status, tc.text, got, tc.want)
		}
	}
}
