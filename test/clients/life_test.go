package clients

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/einstack/glide/internal/testkit"
)

// TestBanner sends the very request that the banner tells people to try.
func TestBanner(t *testing.T) {
	g := testkit.Start(t, "")
	line := regexp.MustCompile(`curl (\S+) -H '([^:]+): ([^']+)' \\\s+-d '([^']+)'`).FindStringSubmatch(g.Banner)
	if line == nil {
		t.Fatalf("no curl line in:\n%s", g.Banner)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, line[1], strings.NewReader(line[4]))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(line[2], line[3])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || !strings.Contains(string(body), "Hello!") {
		t.Errorf("got %s: %s", res.Status, body)
	}
}

// TestHealth asks a running gateway by the command that images use as their probe.
func TestHealth(t *testing.T) {
	g := testkit.Start(t, "")
	out, err := exec.Command(testkit.Binary(t), "health", "--addr", strings.TrimPrefix(g.URL, "http://")).CombinedOutput()
	if err != nil || string(out) != "ready\n" {
		t.Errorf("got %s, %v", out, err)
	}
}

// TestHealthChat asks models by the command that charts use as their test.
func TestHealthChat(t *testing.T) {
	g := testkit.Start(t, "{routers: {language: [{id: well, models: [{id: m, simulated: {text: yes}}]}, {id: ill, models: [{id: m, simulated: {error_rate: 1}}]}]}, "+
		"telemetry: {logging: {encoding: console}}}")
	for model, want := range map[string]string{
		"well":    "yes\n",
		"ill":     "glide: the model ill on " + strings.TrimPrefix(g.URL, "http://") + " answers with status ",
		"unknown": "glide: the model unknown on " + strings.TrimPrefix(g.URL, "http://") + " answers with status 404: ",
	} {
		out, err := exec.Command(testkit.Binary(t), "health", "--addr", strings.TrimPrefix(g.URL, "http://"), "--chat", model).CombinedOutput()
		if (err == nil) != (model == "well") || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s: got %s, %v", model, out, err)
		}
	}
}

// TestDrain ends the gateway while a stream is running: it says that it is not ready,
// finishes the stream and ends without an error.
func TestDrain(t *testing.T) {
	more := make(chan struct{})
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		testkit.Stream(testkit.Role, testkit.Chunk("be"))(w, r)
		<-more
		testkit.Stream(testkit.Chunk("fore"), testkit.Stop, testkit.Done)(w, r)
	})
	config := strings.Replace(toUpstream(u), "routers:", "api: {http: {drain_delay: 1s}}\nrouters:", 1)
	g := testkit.Start(t, config)
	stream := newOpenAIStream(t, g)
	if !stream.Next() {
		t.Fatal(stream.Err())
	}
	g.Signal(t, syscall.SIGTERM)
	waitFor(t, "the gateway to be not ready", func() bool { return status(t, g.URL+"/v1/health/ready") == http.StatusServiceUnavailable })
	if got := status(t, g.URL+"/v1/health/live"); got != http.StatusOK {
		t.Errorf("live says %d while draining", got)
	}
	close(more)
	text := stream.Current().Choices[0].Delta.Content
	for stream.Next() {
		text += stream.Current().Choices[0].Delta.Content
	}
	if stream.Err() != nil || text != "before" {
		t.Errorf("got %q, %v", text, stream.Err())
	}
	if code := g.Wait(t); code != 0 {
		t.Errorf("glide ended with %d:\n%s", code, g.Log())
	}
}

// TestDrainDeadline cuts off what does not end.
func TestDrainDeadline(t *testing.T) {
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		testkit.Stream(testkit.Role, testkit.Chunk("never"))(w, r)
		<-r.Context().Done()
	})
	g := testkit.Start(t, strings.Replace(toUpstream(u), "routers:", "api: {http: {drain_timeout: 100ms}}\nrouters:", 1))
	stream := newOpenAIStream(t, g)
	if !stream.Next() {
		t.Fatal(stream.Err())
	}
	if code := g.Stop(t); code != 1 || !strings.Contains(g.Log(), "requests were still running after 100ms; raise api.http.drain_timeout") {
		t.Errorf("glide ended with %d:\n%s", code, g.Log())
	}
	for stream.Next() {
	}
	if stream.Err() == nil {
		t.Error("the stream that was cut ended as if it were whole")
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// waitFor waits until ok reports true.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Deadline)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestHangup reads the configuration again on SIGHUP. A bad one changes nothing.
func TestHangup(t *testing.T) {
	g := testkit.Start(t, simulated("first"))
	file := g.Config
	has := func(model string) bool { return status(t, g.URL+"/v1/models/"+model) == http.StatusOK }
	if !has("first") {
		t.Fatal("the router is not there")
	}
	rewrite(t, file, simulated("second"))
	g.Signal(t, syscall.SIGHUP)
	waitFor(t, "the new router", func() bool { return has("second") && !has("first") })
	rewrite(t, file, "routers: {}")
	g.Signal(t, syscall.SIGHUP)
	waitFor(t, "the refusal", func() bool { return strings.Contains(g.Log(), "routers.language: is missing") })
	if !has("second") {
		t.Error("a bad configuration took the old one away")
	}
}

func simulated(router string) string {
	return "telemetry: {logging: {encoding: console}}\nrouters: {language: [{id: " + router + ", models: [{id: m, simulated: {}}]}]}\n"
}

// rewrite replaces a file at once, as editors and Kubernetes do.
func rewrite(t *testing.T, file, text string) {
	t.Helper()
	next := filepath.Join(filepath.Dir(file), "next")
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, file); err != nil {
		t.Fatal(err)
	}
}
