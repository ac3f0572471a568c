package clients

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/testkit"
)

// TestReload changes the configuration as editors do. A bad one is refused while the old
// one serves, and taken once it is good.
func TestReload(t *testing.T) {
	g := testkit.Start(t, simulated("first"))
	has := func(model string) bool { return status(t, g.URL+"/v1/models/"+model) == http.StatusOK }
	rewrite(t, g.Config, simulated("second"))
	waitFor(t, "the new router", func() bool { return has("second") && !has("first") })

	key := filepath.Join(filepath.Dir(g.Config), "key")
	rewrite(t, g.Config, strings.Replace(simulated("third"), "simulated: {}", "simulated: {text: '${file:key}'}", 1))
	waitFor(t, "the refusal", func() bool { return strings.Contains(g.Log(), "cannot read "+key) })
	if !has("second") {
		t.Error("a bad configuration took the old one away")
	}
	rewrite(t, key, "here it is")
	waitFor(t, "the file that was missing", func() bool { return has("third") })
	if n := strings.Count(g.Log(), "configuration refused"); n != 1 {
		t.Errorf("the same refusal is told %d times", n)
	}
}

// TestReloadTellsWhatNeedsRestart changes keys that are read only at the start. The address is
// that of --addr whatever the file says.
func TestReloadTellsWhatNeedsRestart(t *testing.T) {
	g := testkit.Start(t, simulated("first"))
	rewrite(t, g.Config, "api: {http: {listen_addr: '127.0.0.1:1', idle_timeout: 1m}}\n"+simulated("second"))
	waitFor(t, "the warning", func() bool { return strings.Contains(g.Log(), "keys that need a restart") })
	if log := g.Log(); !strings.Contains(log, "keys=[api.http.idle_timeout]") {
		t.Errorf("got\n%s", log)
	}
	if got := status(t, g.URL+"/v1/models/second"); got != http.StatusOK {
		t.Errorf("the rest is not applied: %d", got)
	}
}

// TestReloadMounted replaces what a pod mounts in the way of the kubelet: by a link to a
// folder with all the new files. A request that is running keeps what it began with.
func TestReloadMounted(t *testing.T) {
	more := make(chan struct{})
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		testkit.Stream(testkit.Chunk("be"))(w, r)
		<-more
		testkit.Stream(testkit.Chunk("fore"), testkit.Stop, testkit.Done)(w, r)
	})
	dir := t.TempDir()
	mount := func(version, config, key string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		rewrite(t, filepath.Join(dir, version, "glide.yaml"), config)
		rewrite(t, filepath.Join(dir, version, "key"), key)
		link(t, version, filepath.Join(dir, "..data"))
	}
	config := strings.Replace(toUpstream(u), "sk-upstream", "'${file:key}'", 1)
	mount("v1", config, "sk-1")
	link(t, filepath.Join("..data", "glide.yaml"), filepath.Join(dir, "glide.yaml"))
	link(t, filepath.Join("..data", "key"), filepath.Join(dir, "key"))
	g := testkit.StartFile(t, filepath.Join(dir, "glide.yaml"))
	stream := newOpenAIStream(t, g)

	// The secret alone, then the configuration too.
	mount("v2", config, "sk-2")
	waitFor(t, "the new key", func() bool { return strings.Contains(g.Log(), "configuration applied") })
	running := newOpenAIStream(t, g)
	requests := u.Requests()
	if got := requests[len(requests)-1].Header.Get("Authorization"); got != "Bearer sk-2" {
		t.Errorf("the provider got %q", got)
	}
	mount("v3", simulated("other"), "sk-3")
	waitFor(t, "the new router", func() bool { return status(t, g.URL+"/v1/models/other") == http.StatusOK })
	close(more)
	for range 2 {
		text := stream.Current().Choices[0].Delta.Content
		for stream.Next() {
			text += stream.Current().Choices[0].Delta.Content
		}
		if stream.Err() != nil || text != "before" {
			t.Errorf("got %q, %v", text, stream.Err())
		}
		stream = running
	}
}

// link makes path a link to target at once, in place of another one.
func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path+"_tmp"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"_tmp", path); err != nil {
		t.Fatal(err)
	}
}
