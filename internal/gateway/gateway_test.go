package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/gateway"
	"github.com/einstack/glide/internal/testkit"
)

// serve starts a gateway with a configuration and returns its address.
func serve(t *testing.T, text string) string {
	t.Helper()
	return run(t, newGateway(t, text))
}

// run lets g serve until the test ends, and returns its address.
func run(t *testing.T, g *gateway.Gateway) string {
	t.Helper()
	url, stop, done := serveUntil(t, g)
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	return url
}

func newGateway(t *testing.T, text string) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(configure(t, text), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func configure(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// serveUntil lets g serve until stop is called; done tells how it ended.
func serveUntil(t *testing.T, g *gateway.Gateway) (url string, stop context.CancelFunc, done <-chan error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(ctx, ln) }()
	return "http://" + ln.Addr().String(), stop, ended
}

// hurry are the limits of a model that tests let stall. A loaded machine must keep them when it does not.
const hurry = "timeout: 4s, first_token_timeout: 2s, idle_timeout: 2s"

// pool returns a configuration with the router "pool" of models at the addresses. The
// first one, which tests let stall, has little time.
func pool(strategy string, urls ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "routers: {language: [{id: pool, strategy: %s, models: [\n", strategy)
	for i, url := range urls {
		timeouts := ""
		if i == 0 {
			timeouts = hurry
		}
		fmt.Fprintf(&b, "{id: m%d, client: {%s}, openai: {model: real, api_key: sk-%d, base_url: '%s/v1'}},\n", i, timeouts, i, url)
	}
	b.WriteString("]}]}\n")
	return b.String()
}

// post sends a chat request and returns the answer with its body. A body that is cut
// short comes with an error.
func post(t *testing.T, url, body string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res, string(data), err
}

const plain = `{"model":"pool","messages":[{"role":"user","content":"Hi"}]}`
const streamed = `{"model":"pool","stream":true,"messages":[{"role":"user","content":"Hi"}]}`

func TestPassThrough(t *testing.T) {
	const answer = `{"id":"x","choices":[{"message":{"content":"ä","vendor":1}}],  "big":12345678901234567890,"usage":null}`
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Ratelimit-Remaining-Tokens", "5")
		h.Set("Openai-Processing-Ms", "17")
		h.Set("Set-Cookie", "a=b")
		h.Set("Strict-Transport-Security", "max-age=1")
		testkit.JSON(http.StatusOK, answer)(w, r)
	})
	url := serve(t, strings.Replace(pool("priority", u.URL), "openai: {", "openai: {default_params: {temperature: 0, seed: 1}, ", 1))
	const body = ` {"seed": 12345678901234567890, "model" : "po\u006fl", "x":{"model":"inner"},"messages":[]}`
	res, got, err := post(t, url, body)
	if err != nil || res.StatusCode != http.StatusOK || got != answer {
		t.Errorf("got %s, %s, %v", res.Status, got, err)
	}
	for name, want := range map[string]string{
		"X-Ratelimit-Remaining-Tokens": "5", "Openai-Processing-Ms": "17", "Set-Cookie": "",
		"Strict-Transport-Security": "", "X-Glide-Model": "pool/m0", "Content-Type": "application/json",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	sent := u.Requests()[0]
	if want := ` {"temperature":0,"seed": 12345678901234567890, "model" : "real", "x":{"model":"inner"},"messages":[]}`; sent.Body != want {
		t.Errorf("the provider got\n%s, want\n%s", sent.Body, want)
	}
}

func TestHeadersOfClients(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, testkit.Completion("x")))
	url := serve(t, strings.Replace(pool("priority", u.URL), "client: {", "client: {forward_headers: [x-team], ", 1))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "X-Forwarded-For", "X-Amzn-Oidc-Data", "X-Team", "Openai-Beta", "Idempotency-Key"} {
		req.Header.Set(name, "of-the-client")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	got := u.Requests()[0].Header
	for name, want := range map[string]string{
		"Authorization": "Bearer sk-0", "Cookie": "", "X-Api-Key": "", "X-Forwarded-For": "", "X-Amzn-Oidc-Data": "",
		"X-Team": "of-the-client", "Openai-Beta": "of-the-client", "Idempotency-Key": "of-the-client",
	} {
		if got.Get(name) != want {
			t.Errorf("%s: the provider got %q, want %q", name, got.Get(name), want)
		}
	}
}

// TestAccept tells a provider what the client accepts only where the answer is in the client's dialect.
func TestAccept(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, testkit.Completion("x")))
	url := serve(t, pool("priority", u.URL))
	for path, want := range map[string]string{"/v1/chat/completions": "application/json", "/v1/messages": ""} {
		u.Forget()
		if res, body := testkit.Do(t, http.MethodPost, url+path, plain, "Accept", "application/json", "Openai-Beta", "b"); res.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s: %s", path, res.Status, body)
		}
		if sent := u.Requests()[0].Header; sent.Get("Accept") != want || sent.Get("Openai-Beta") != "b" {
			t.Errorf("%s: the provider got %v", path, sent)
		}
	}
}

// TestNoStreams asks for streams of what has none. Some providers pass over the wish.
func TestNoStreams(t *testing.T) {
	const answer = `{"input_tokens":9,"data":[]}`
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, answer))
	embeddings, tokens := pool("priority", u.URL), strings.ReplaceAll(pool("priority", u.URL), "openai: {", "anthropic: {")
	for path, config := range map[string]string{"/v1/embeddings": embeddings, "/v1/messages/count_tokens": tokens} {
		if res, body := testkit.Do(t, http.MethodPost, serve(t, config)+path, streamed); res.StatusCode != http.StatusOK || body != answer {
			t.Errorf("%s: got %s: %s", path, res.Status, body)
		}
	}
}

func TestBadRequests(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, testkit.Completion("x")))
	url := serve(t, "api: {http: {max_body_size: 1KiB}}\n"+pool("priority", u.URL))
	tests := []struct {
		name, method, path, contentType, body string
		status                                int
		code, param, message                  string
	}{
		{"broken JSON", "POST", "/v1/chat/completions", "application/json", `{"model":"pool",`, 400, "invalid_json", "", "expected a key in quotes at byte 16"},
		{"no object", "POST", "/v1/chat/completions", "application/json", `[]`, 400, "invalid_json", "", "expected { at byte 0"},
		{"empty", "POST", "/v1/chat/completions", "application/json", ``, 400, "invalid_json", "", "not a JSON object"},
		{"no model", "POST", "/v1/chat/completions", "application/json", `{}`, 400, "", "model", "name a router"},
		{"model is a number", "POST", "/v1/chat/completions", "application/json", `{"model":1}`, 400, "", "model", "not a string"},
		{"model twice", "POST", "/v1/chat/completions", "application/json", `{"model":"pool","\u006dodel":"other"}`, 400, "", "model", "given twice"},
		{"model in another case", "POST", "/v1/chat/completions", "application/json", `{"model":"pool","M\u006fdel":"other"}`, 400, "", "Model", `write "model"`},
		{"stream in another case", "POST", "/v1/chat/completions", "application/json", `{"model":"pool","\u017ftream":true}`, 400, "", "ſtream", `write "stream"`},
		{"stream is a string", "POST", "/v1/chat/completions", "application/json", `{"model":"pool","stream":"yes"}`, 400, "", "stream", "neither true nor false"},
		{"unknown model", "POST", "/v1/chat/completions", "application/json", `{"model":"gpt\n4"}`, 404, "model_not_found", "model", `"gpt\n4" does not exist; use a router (pool)`},
		{"unknown model of a router", "POST", "/v1/chat/completions", "application/json", `{"model":"pool/m9"}`, 404, "model_not_found", "model", "does not exist"},
		{"content type", "POST", "/v1/chat/completions", "text/plain", `{"model":"pool"}`, 415, "unsupported_media_type", "", "Content-Type: application/json"},
		{"too large", "POST", "/v1/chat/completions", "application/json", `{"model":"pool","x":"` + strings.Repeat("x", 1024) + `"}`, 413, "body_too_large", "", "api.http.max_body_size"},
		{"method", "GET", "/v1/chat/completions", "", "", 405, "method_not_allowed", "", "use POST"},
		{"path", "POST", "/v2/chat", "application/json", "{}", 404, "route_not_found", "", "/v2/chat is not a path"},
		{"model by path", "GET", "/v1/models/none", "", "", 404, "model_not_found", "model", "does not exist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, url+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.contentType != "" {
				req.Header.Set("Content-Type", tt.contentType)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			data, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			e := decodeError(t, string(data))
			if res.StatusCode != tt.status || e.Code != tt.code || e.Param != tt.param || !strings.Contains(e.Message, tt.message) || e.Type != "invalid_request_error" {
				t.Errorf("got %d: %s", res.StatusCode, data)
			}
		})
	}
	if n := len(u.Requests()); n != 0 {
		t.Errorf("%d of the bad requests reached the provider", n)
	}
}

func TestBodyTooLargeWithoutLength(t *testing.T) {
	url := serve(t, "api: {http: {max_body_size: 1KiB}}\n"+pool("priority", "http://127.0.0.1:1"))
	body := io.MultiReader(strings.NewReader(`{"model":"`), strings.NewReader(strings.Repeat("x", 2000))) // sent in chunks
	res, err := http.Post(url+"/v1/chat/completions", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %s", res.Status)
	}
}

type wireError struct{ Message, Type, Param, Code string }

func decodeError(t *testing.T, body string) wireError {
	t.Helper()
	var e struct{ Error *wireError }
	if err := json.Unmarshal([]byte(body), &e); err != nil || e.Error == nil {
		t.Fatalf("%q is not an error: %v", body, err)
	}
	return *e.Error
}

// TestSlowBody sends a part of a body and nothing more.
func TestSlowBody(t *testing.T) {
	url := serve(t, "api: {http: {read_timeout: 100ms}}\n"+pool("priority", "http://127.0.0.1:1"))
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"model\"")
	if err := conn.SetReadDeadline(time.Now().Add(testkit.Deadline)); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(data), "HTTP/1.1 408 ") || !strings.Contains(string(data), "request_timeout") {
		t.Errorf("got %q, %v", data, err)
	}
}

// TestDrainMovesClients asks a gateway that drains: it answers, and lets no client stay.
func TestDrainMovesClients(t *testing.T) {
	g, err := gateway.New(config.Default(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g.Handler())
	t.Cleanup(server.Close)
	for _, draining := range []bool{false, true} {
		if draining {
			g.Drain()
		}
		res, err := http.Get(server.URL + "/v1/models")
		if err != nil {
			t.Fatal(err)
		}
		testkit.ReadAll(t, res)
		res.Body.Close()
		if res.StatusCode != http.StatusOK || res.Close != draining {
			t.Errorf("draining %t: status %d, the connection is closed: %t", draining, res.StatusCode, res.Close)
		}
	}
}

// TestDrainAfterStream sends a request on the connection of a stream that began before the drain and
// ended when the listener was closed already.
func TestDrainAfterStream(t *testing.T) {
	end := make(chan struct{})
	u := testkit.NewUpstream(t, testkit.Then(func(w http.ResponseWriter, r *http.Request) {
		testkit.Stream(testkit.Role, testkit.Chunk("long"))(w, r)
		<-end
		testkit.Stream(testkit.Stop, testkit.Done)(w, r)
	}, testkit.JSON(http.StatusOK, testkit.Completion("again"))))
	cfg, err := config.Parse("test.yaml", []byte("{api: {http: {drain_delay: 500ms}}, routers: {language: [{id: pool, models: [{id: m, openai: {model: m, base_url: '"+u.URL+"/v1'}}]}]}}"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Serve(ctx, ln) }()

	client := &http.Client{Transport: &http.Transport{}}
	ask := func(body string) *http.Response {
		res, err := client.Post("http://"+ln.Addr().String()+"/v1/chat/completions", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	stream := ask(`{"model": "pool", "stream": true, "messages": [{"role": "user", "content": "x"}]}`)
	stop()
	for { // until nobody new is let in
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	close(end)
	if got := testkit.ReadAll(t, stream); !strings.HasSuffix(got, testkit.Done) {
		t.Errorf("the stream ended with %q", got)
	}
	res := ask(`{"model": "pool", "messages": [{"role": "user", "content": "x"}]}`)
	if got := testkit.ReadAll(t, res); !strings.Contains(got, "again") || !res.Close {
		t.Errorf("got %q, the connection is closed: %t", got, res.Close)
	}
	if err := <-done; err != nil {
		t.Errorf("the gateway ended with %v", err)
	}
}

// TestLoop lets a model's base_url lead back to the gateway itself.
func TestLoop(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGateway(t, strings.ReplaceAll(pool("priority", "http://"+ln.Addr().String()), "model: real", "model: pool"))
	server := &httptest.Server{Listener: ln, Config: &http.Server{Handler: g.Handler()}}
	server.Start()
	defer server.Close()
	res, body, err := post(t, server.URL, plain)
	if err != nil || res.StatusCode != http.StatusLoopDetected || decodeError(t, body).Code != "loop_detected" {
		t.Errorf("got %s, %s, %v", res.Status, body, err)
	}
}

// TestCancel lets the client go away: the provider notices at once.
func TestCancel(t *testing.T) {
	asked, gone := make(chan struct{}), make(chan struct{})
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
		close(gone)
	})
	url := serve(t, pool("priority", u.URL))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case <-gone:
	case <-time.After(testkit.Deadline):
		t.Error("the provider was not told")
	}
}
