package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/testkit"
)

// send writes text to a connection of its own and returns all that comes back.
func send(t *testing.T, url, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(testkit.Deadline)); err != nil {
		t.Fatal(err)
	}
	// A server that has heard enough may have closed the connection.
	_, _ = io.WriteString(conn, text)
	data, err := io.ReadAll(conn)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Fatalf("the connection was not closed after %q", data)
	}
	return string(data)
}

// head returns the beginning of a chat request with further headers.
func head(headers string) string {
	return "POST /v1/chat/completions HTTP/1.1\r\nHost: glide\r\nConnection: close\r\nContent-Type: application/json\r\n" + headers + "\r\n"
}

// TestRawRequests sends what no client's library would. Each gets one answer, and the
// provider never sees more than one request, nor a header that was smuggled in.
func TestRawRequests(t *testing.T) {
	length := fmt.Sprintf("Content-Length: %d\r\n", len(plain))
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(plain), plain)
	tests := []struct {
		name, request string
		status        string
		asked         int // requests that the provider gets
	}{
		{"plain", head(length) + plain, "200", 1},
		{"chunked", head("Transfer-Encoding: chunked\r\n") + chunked, "200", 1},
		{"two lengths", head(length+"Content-Length: 3\r\n") + plain, "400", 0},
		{"length and chunks", head(length+"Transfer-Encoding: chunked\r\n") + chunked + "POST /smuggled HTTP/1.1\r\n\r\n", "200", 1},
		{"unknown encoding", head("Transfer-Encoding: gzip, chunked\r\n") + chunked, "501", 0},
		{"line break in a header", head(length+"X-Request-Id: a\rX-Evil: 1\r\n") + plain, "400", 0},
		{"header in a header", head(length+"Openai-Beta: a\n X-Evil: 1\r\n") + plain, "200", 1},
		{"null in a header", head(length+"X-Request-Id: a\x00b\r\n") + plain, "400", 0},
		{"space in a name", head(length+"X-Evil : 1\r\n") + plain, "400", 0},
		{"no host", "GET /v1/models HTTP/1.1\r\n\r\n", "400", 0},
		{"too many headers", head(length+strings.Repeat("X-Filler: "+strings.Repeat("x", 1000)+"\r\n", 100)) + plain, "431", 0},
		{"not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400", 0},
		{"broken chunk", head("Transfer-Encoding: chunked\r\n") + "zz\r\n" + plain, "400", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, testkit.Completion("x")))
			got := send(t, serve(t, pool("priority", u.URL)), tt.request)
			if !strings.HasPrefix(got, "HTTP/1.1 "+tt.status+" ") || strings.Count(got, "HTTP/1.1 ") != 1 {
				t.Errorf("got %.300q", got)
			}
			requests := u.Requests()
			if len(requests) != tt.asked {
				t.Errorf("the provider got %d requests, want %d", len(requests), tt.asked)
			}
			for _, sent := range requests {
				if sent.Header.Get("X-Evil") != "" || sent.Path != "/v1/chat/completions" || !strings.Contains(sent.Body, `"Hi"`) {
					t.Errorf("the provider got %+v", sent)
				}
			}
		})
	}
}

// TestSlowHeaders closes connections whose headers do not come.
func TestSlowHeaders(t *testing.T) {
	url := serve(t, "api: {http: {read_timeout: 100ms}}\n"+pool("priority", "http://127.0.0.1:1"))
	for _, text := range []string{"P", "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-"} {
		if got := send(t, url, text); got != "" && !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("got %q", got)
		}
	}
}

// TestSlowBodyOfRefused closes connections whose requests are refused before the body that
// they announce has come.
func TestSlowBodyOfRefused(t *testing.T) {
	url := serve(t, strings.Replace(withKeys("http://127.0.0.1:1", ""), "api: {", "api: {http: {read_timeout: 100ms}, ", 1))
	const body = "Host: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
	for line, status := range map[string]string{
		"POST /v1/chat/completions": "401", "POST /v1/language/pool/chat": "401", "PUT /v1/messages": "405", "POST /nowhere": "404", "GET /v1/health": "200",
	} {
		if got := send(t, url, line+" HTTP/1.1\r\n"+body); !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") {
			t.Errorf("%s: got %q", line, got)
		}
	}
}

// TestSlowReader closes the connection of a client that asks and asks but does not read.
func TestSlowReader(t *testing.T) {
	url := serve(t, "api: {http: {write_timeout: 100ms}}\n"+pool("priority", "http://127.0.0.1:1"))
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(testkit.Deadline)); err != nil {
		t.Fatal(err)
	}
	request := strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 1000)
	for err == nil {
		_, err = io.WriteString(conn, request)
	}
	if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Error("a client that reads nothing is kept")
	}
}

// TestIdleConnection closes connections on which nothing is asked any more.
func TestIdleConnection(t *testing.T) {
	url := serve(t, "api: {http: {idle_timeout: 50ms}}\n"+pool("priority", "http://127.0.0.1:1"))
	if got := send(t, url, "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("got %q", got)
	}
}

// TestBadInputByDialect gives the same faults to each API. Each tells them in its own
// shape.
func TestBadInputByDialect(t *testing.T) {
	url := serve(t, "api: {http: {max_body_size: 1KiB}}\n"+pool("priority", "http://127.0.0.1:1"))
	apis := map[string]func(body []byte) (kind string, ok bool){
		"/v1/chat/completions":      openAIKind,
		"/v1/embeddings":            openAIKind,
		"/v1/responses":             openAIKind,
		"/v1/messages":              anthropicKind,
		"/v1/messages/count_tokens": anthropicKind,
		"/v1/language/pool/chat":    glideKind,
	}
	tests := []struct {
		name, method, contentType, body string
		status                          int
		anthropic, glide                string // the error's type, and its name
	}{
		{"broken JSON", "POST", "application/json", `{"model":"pool",`, 400, "invalid_request_error", "invalid_json"},
		{"list", "POST", "application/json", `[{"model":"pool"}]`, 400, "invalid_request_error", "invalid_json"},
		{"binary", "POST", "application/json", "\xff\xfe\x00{", 400, "invalid_request_error", "invalid_json"},
		{"deep", "POST", "application/json", `{"model":"pool","x":` + strings.Repeat("[", 500) + strings.Repeat("{", 500), 400, "invalid_request_error", "invalid_json"},
		{"form", "POST", "application/x-www-form-urlencoded", "model=pool", 415, "invalid_request_error", "unsupported_media_type"},
		{"too large", "POST", "application/json", `{"model":"` + strings.Repeat("x", 1024) + `"}`, 413, "request_too_large", "body_too_large"},
		{"method", "PUT", "application/json", `{}`, 405, "invalid_request_error", "method_not_allowed"},
	}
	for path, kind := range apis {
		for _, tt := range tests {
			t.Run(path+"/"+tt.name, func(t *testing.T) {
				res, body := testkit.Do(t, tt.method, url+path, tt.body, "Content-Type", tt.contentType)
				got, ok := kind([]byte(body))
				want := map[string]string{"anthropic": tt.anthropic, "glide": tt.glide, "openai": "invalid_request_error"}
				dialect, name, _ := strings.Cut(got, "/")
				if !ok || res.StatusCode != tt.status || name != want[dialect] {
					t.Errorf("got %s: %s", res.Status, body)
				}
			})
		}
	}
	res, body := testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", "\x1f\x8b", "Content-Encoding", "gzip")
	if res.StatusCode != http.StatusUnsupportedMediaType || !strings.Contains(body, "send the body as it is") {
		t.Errorf("got %s: %s", res.Status, body)
	}
}

func openAIKind(body []byte) (string, bool) {
	var e struct {
		Error struct{ Message, Type string }
	}
	err := json.Unmarshal(body, &e)
	return "openai/" + e.Error.Type, err == nil && e.Error.Message != ""
}

func anthropicKind(body []byte) (string, bool) {
	var e struct {
		Type  string
		Error struct{ Message, Type string }
	}
	err := json.Unmarshal(body, &e)
	return "anthropic/" + e.Error.Type, err == nil && e.Type == "error" && e.Error.Message != ""
}

func glideKind(body []byte) (string, bool) {
	var e struct{ Name, Message string }
	err := json.Unmarshal(body, &e)
	return "glide/" + e.Name, err == nil && e.Message != ""
}

// TestLoopFallsBack lets the first model lead back to the gateway: the second answers, and
// the log of the provider shows that nothing goes round.
func TestLoopFallsBack(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, testkit.Completion("x")))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(pool("priority", "http://"+ln.Addr().String(), u.URL), "model: real", "model: pool", 1)
	server := &http.Server{Handler: newGateway(t, text).Handler(), ReadHeaderTimeout: testkit.Deadline}
	defer server.Close()
	go func() { _ = server.Serve(ln) }() // until it is closed
	res, body, err := post(t, "http://"+ln.Addr().String(), plain)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("X-Glide-Model") != "pool/m1" || len(u.Requests()) != 1 {
		t.Errorf("got %s: %s, %v", res.Status, body, err)
	}
}
