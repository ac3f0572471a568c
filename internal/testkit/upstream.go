// Package testkit holds what tests of several packages share: a scripted provider that is
// a real HTTP server, and the running glide binary.
package testkit

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// An Upstream is a provider that answers as it is told. Requests are recorded.
type Upstream struct {
	*httptest.Server

	mu       sync.Mutex
	answer   http.HandlerFunc
	requests []Request
}

// A Request is what the upstream was sent.
type Request struct {
	Path   string
	Header http.Header
	Body   string
}

// NewUpstream starts a provider that answers with h until the test ends.
func NewUpstream(t testing.TB, h http.HandlerFunc) *Upstream {
	u := &Upstream{answer: h}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

// Answer makes h answer from the next request on.
func (u *Upstream) Answer(h http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answer = h
}

// Requests returns what the upstream was sent so far.
func (u *Upstream) Requests() []Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]Request(nil), u.requests...)
}

// Count returns the number of requests so far.
func (u *Upstream) Count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.requests)
}

// Forget drops what was recorded.
func (u *Upstream) Forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests = nil
}

func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the gateway broke the request off
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	u.mu.Lock()
	u.requests = append(u.requests, Request{Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: string(body)})
	answer := u.answer
	u.mu.Unlock()
	answer(w, r)
}

// JSON answers with a status and a body.
func JSON(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// Stream answers with pieces of an event stream, each sent on its own.
func Stream(pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range pieces {
			fmt.Fprint(w, piece)
			Flush(w)
		}
	}
}

// Flush sends what was written.
func Flush(w http.ResponseWriter) {
	// A client that is gone is what some tests want.
	_ = http.NewResponseController(w).Flush()
}

// Then answers with first, and with rest afterwards.
func Then(first, rest http.HandlerFunc) http.HandlerFunc {
	var once sync.Once
	return func(w http.ResponseWriter, r *http.Request) {
		answer := rest
		once.Do(func() { answer = first })
		answer(w, r)
	}
}

// Cut answers with h and then breaks the connection.
func Cut(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h(w, r)
		Flush(w)
		panic(http.ErrAbortHandler)
	}
}

// Chunk returns an event of a chat completion's stream with content.
func Chunk(content string) string {
	return fmt.Sprintf(`data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":%q},"finish_reason":null}]}`+"\n\n", content)
}

// The other events of a chat completion's stream.
const (
	Role = `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n"
	Stop = `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	Done = "data: [DONE]\n\n"
)

// Completion returns a chat completion with content.
func Completion(content string) string {
	return fmt.Sprintf(`{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`, content)
}
