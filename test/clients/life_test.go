package clients

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/einstack/glide/internal/testkit"
)

// TestBanner tries what the banner tells people to try, to the letter.
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
	try := regexp.MustCompile(`(?m)^  Try +(.*)$`).FindStringSubmatch(g.Banner)
	if try == nil {
		t.Fatalf("no command to try in:\n%s", g.Banner)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", try[1])
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(testkit.Binary(t))+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Hello!") {
		t.Errorf("%s: got %s, %v", try[1], out, err)
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

// TestStartCallsNobody counts connections to a provider, a collector and a proxy. There is
// none before the first request.
func TestStartCallsNobody(t *testing.T) {
	var connections atomic.Int64
	u := httptest.NewUnstartedServer(testkit.JSON(http.StatusOK, testkit.Completion("fine")))
	u.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	u.Start()
	defer u.Close()
	t.Setenv("HTTP_PROXY", u.URL)
	t.Setenv("HTTPS_PROXY", u.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", u.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	g := testkit.Start(t, strings.ReplaceAll(`
telemetry: {logging: {encoding: console}}
routers: {language: [{id: pool, strategy: least_latency, models: [
  {id: a, openai: {model: m, base_url: "URL/v1"}}, {id: b, anthropic: {model: m, base_url: "URL/v1"}}, {id: c, gemini: {model: m}}, {id: d, cohere: {model: m}},
  {id: e, bedrock: {model: m, region: r, api_key: k}}, {id: f, ollama: {model: m, base_url: "URL"}}, {id: g, azure_openai: {deployment: m, base_url: "URL"}}]}]}
`, "URL", u.URL))
	for _, path := range []string{"/v1/health/ready", "/v1/models", "/metrics"} {
		res, err := http.Get(g.URL + path)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %v, %v", path, res, err)
		}
		res.Body.Close()
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections before the first request:\n%s", n, g.Log())
	}
	client := newOpenAI(g)
	if _, err := client.Chat.Completions.New(t.Context(), say("pool/a", "Hello")); err != nil || connections.Load() == 0 {
		t.Errorf("got %v by %d connections", err, connections.Load())
	}
}
