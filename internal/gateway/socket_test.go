package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/einstack/glide/internal/testkit"
)

// A reply is a message of the gateway on a WebSocket.
type reply struct {
	ID       string
	Router   string `json:"router_id"`
	Metadata json.RawMessage
	Chunk    *struct {
		Model    string `json:"model_id"`
		Finish   string `json:"finish_reason"`
		Response struct {
			Message struct{ Content string }
			Usage   *struct {
				Total int `json:"total_tokens"`
			} `json:"token_usage"`
		} `json:"model_response"`
	}
	Error *struct {
		Name, Message string
		Finish        string `json:"finish_reason"`
	}
}

type wsClient struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
}

// dial opens a WebSocket to the router "pool".
func dial(t *testing.T, url string) *wsClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Deadline)
	t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, url+"/v1/language/pool/chatStream", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return &wsClient{t, ctx, conn}
}

func (c *wsClient) send(message string) {
	c.t.Helper()
	if err := c.conn.Write(c.ctx, websocket.MessageText, []byte(message)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *wsClient) ask(id string) {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"id":%q,"message":{"role":"user","content":"Hi"}}`, id))
}

func (c *wsClient) read() (r reply) {
	c.t.Helper()
	_, data, err := c.conn.Read(c.ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		c.t.Fatalf("%s: %v", data, err)
	}
	return r
}

// answer reads the answer to one chat, of which nothing else is running.
func (c *wsClient) answer() (text string, last reply) {
	c.t.Helper()
	for {
		r := c.read()
		if r.Error != nil {
			return text, r
		}
		if text += r.Chunk.Response.Message.Content; r.Chunk.Finish != "" {
			return text, r
		}
	}
}

func TestChatStream(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.Stream(testkit.Role, testkit.Chunk("fi"), testkit.Chunk("ne"), testkit.Stop,
		`data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}`+"\n\n", testkit.Done))
	c := dial(t, serve(t, pool("priority", "http://127.0.0.1:1", u.URL)))
	for _, id := range []string{"a", `b"\u00e4`} {
		c.send(`{"id":"` + strings.ReplaceAll(id, `"`, `\"`) + `","metadata":{"user": [1]},"message":{"role":"user","content":"Hi"}}`)
		text, last := c.answer()
		if text != "fine" || last.Error != nil || last.Chunk.Finish != "complete" || last.Chunk.Response.Usage.Total != 5 || last.Chunk.Model != "m1" ||
			last.Router != "pool" || string(last.Metadata) != `{"user": [1]}` || !strings.HasPrefix(last.ID, id[:1]) {
			t.Errorf("got %q, %+v", text, last)
		}
	}
	if sent := u.Requests()[0].Body; sent != `{"model":"real","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}}` {
		t.Errorf("the provider got %s", sent)
	}
}

// TestChatStreamSideBySide runs several chats on one WebSocket, which end in another order
// than they begin.
func TestChatStreamSideBySide(t *testing.T) {
	release := make(chan struct{})
	u := testkit.NewUpstream(t, nil)
	u.Answer(testkit.Then(func(w http.ResponseWriter, r *http.Request) {
		testkit.Stream(testkit.Chunk("sl"))(w, r)
		<-release
		testkit.Stream(testkit.Chunk("ow"), testkit.Stop, testkit.Done)(w, r)
	}, testkit.Stream(testkit.Chunk("quick"), testkit.Stop, testkit.Done)))
	c := dial(t, serve(t, "api: {websocket: {max_chats: 2}}\n"+strings.Replace(pool("priority", u.URL), hurry, "", 1)))
	c.ask("slow")
	if r := c.read(); r.ID != "slow" || r.Chunk.Response.Message.Content != "sl" {
		t.Fatalf("got %+v", r)
	}
	c.ask("slow")
	if r := c.read(); r.ID != "slow" || r.Error == nil || !strings.Contains(r.Error.Message, "still running") {
		t.Errorf("got %+v", r)
	}
	c.ask("quick")
	if text, last := c.answer(); text != "quick" || last.ID != "quick" || last.Error != nil {
		t.Errorf("got %q, %+v", text, last)
	}
	close(release)
	if text, last := c.answer(); text != "ow" || last.ID != "slow" || last.Error != nil {
		t.Errorf("got %q, %+v", text, last)
	}
	c.ask("slow") // the id is free again
	if text, last := c.answer(); text != "quick" || last.ID != "slow" {
		t.Errorf("got %q, %+v", text, last)
	}
}

func TestChatStreamTooMany(t *testing.T) {
	u := testkit.NewUpstream(t, stall(testkit.Stream(testkit.Chunk("x"))))
	url := serve(t, "api: {websocket: {max_chats: 1, max_connections: 1}}\n"+pool("priority", "http://127.0.0.1:1", u.URL))
	c := dial(t, url)
	c.ask("a")
	c.read()
	c.ask("b")
	if r := c.read(); r.ID != "b" || r.Error == nil || r.Error.Name != "too_many_chats" || r.Error.Finish != "error" {
		t.Errorf("got %+v", r)
	}
	_, res, err := websocket.Dial(t.Context(), url+"/v1/language/pool/chatStream", nil)
	if err == nil || res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a second WebSocket opened: %v", err)
	}
}

// TestChatStreamBadMessages refuses each, and goes on with the next.
func TestChatStreamBadMessages(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.Cut(testkit.Stream(testkit.Chunk("x"))))
	c := dial(t, serve(t, pool("priority", u.URL)))
	tests := []struct{ message, id, name, text string }{
		{`{"id"`, "", "invalid_json", "not a JSON object"},
		{`{"message":{}}`, "", "invalid_request_error", "has no id"},
		{`{"id":"` + strings.Repeat("x", 200) + `"}`, "", "invalid_request_error", "or a long one"},
		{`{"id":"a","metadata":"` + strings.Repeat("x", 5000) + `"}`, "a", "invalid_request_error", "metadata are larger"},
		{`{"id":"a"}`, "a", "invalid_request_error", "message is missing"},
		{`{"id":"a","message":{"role":"user","content":"x"},"model":"x"}`, "a", "invalid_request_error", `"model" is not a field`},
		{`{"id":"a","message":{"role":"user","content":"x"}}`, "a", "stream_broken", "not the whole answer"},
	}
	for _, tt := range tests {
		c.send(tt.message)
		if _, r := c.answer(); r.Error == nil || r.ID != tt.id || r.Error.Name != tt.name || !strings.Contains(r.Error.Message, tt.text) || r.Error.Finish != "error" {
			t.Errorf("%.80s: got %+v, %+v", tt.message, r, r.Error)
		}
	}
	if n := len(u.Requests()); n != 1 {
		t.Errorf("the provider got %d requests, want 1", n)
	}
}

// TestChatStreamCancel breaks chats off, by a message and by going away: the provider
// notices.
func TestChatStreamCancel(t *testing.T) {
	gone := make(chan struct{})
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		testkit.Stream(testkit.Chunk("x"))(w, r)
		<-r.Context().Done()
		gone <- struct{}{}
	})
	url := serve(t, strings.Replace(pool("priority", u.URL), hurry, "", 1))
	wait := func() {
		t.Helper()
		select {
		case <-gone:
		case <-time.After(testkit.Deadline):
			t.Fatal("the provider was not told")
		}
	}
	c := dial(t, url)
	c.ask("a")
	c.read()
	c.send(`{"id":"other","cancel":true}`)
	c.send(`{"id":"a","cancel":true}`)
	wait()
	if r := c.read(); r.ID != "a" || r.Error == nil || r.Error.Name != "cancelled" {
		t.Errorf("got %+v", r)
	}
	c.ask("a")
	c.read()
	c.conn.CloseNow()
	wait()
	for open := ""; !strings.Contains(open, "\nglide_websockets_open 0\n"); {
		if _, open = testkit.Do(t, http.MethodGet, url+"/metrics", ""); c.ctx.Err() != nil {
			t.Fatal("the WebSocket is still there")
		}
	}
}

func TestChatStreamTooLarge(t *testing.T) {
	c := dial(t, serve(t, "api: {http: {max_body_size: 1KiB}}\n"+pool("priority", "http://127.0.0.1:1")))
	c.send(`{"id":"a","message":{"role":"user","content":"` + strings.Repeat("x", 1024) + `"}}`)
	if _, _, err := c.conn.Read(c.ctx); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("got %v", err)
	}
}

// TestChatStreamSlowMessage cuts off a client that begins a message and does not end it.
func TestChatStreamSlowMessage(t *testing.T) {
	c := dial(t, serve(t, "api: {http: {read_timeout: 100ms}}\n"+pool("priority", "http://127.0.0.1:1")))
	w, err := c.conn.Writer(c.ctx, websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(strings.Repeat("x", 10<<10))); err != nil { // more than is buffered
		t.Fatal(err)
	}
	if _, _, err := c.conn.Read(c.ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestChatStreamPing cuts off a client that does not answer.
func TestChatStreamPing(t *testing.T) {
	url := serve(t, "api: {websocket: {ping_interval: 50ms}}\n"+pool("priority", "http://127.0.0.1:1"))
	c := dial(t, url)
	pings := make(chan struct{})
	alive, _, err := websocket.Dial(c.ctx, url+"/v1/language/pool/chatStream", &websocket.DialOptions{
		OnPingReceived: func(context.Context, []byte) bool { pings <- struct{}{}; return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer alive.CloseNow()
	alive.CloseRead(c.ctx) // answers pings
	for range 3 {
		select {
		case <-pings:
		case <-c.ctx.Done():
			t.Fatal("no ping came")
		}
	}
	// The other one read nothing meanwhile. What it writes, it writes to no one.
	for err == nil {
		err = c.conn.Write(c.ctx, websocket.MessageText, []byte(`{"id":"a","cancel":true}`))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		t.Error("a client that does not answer pings was not cut off")
	}
}

func TestChatStreamRefusals(t *testing.T) {
	url := serve(t, pool("priority", "http://127.0.0.1:1"))
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}
	tests := []struct {
		name, path string
		headers    []string
		status     int
		text       string
	}{
		{"no upgrade", "pool", nil, http.StatusUpgradeRequired, `"name":"upgrade_required"`},
		{"unknown router", "none", upgrade, http.StatusNotFound, `"name":"router_not_found"`},
		{"other origin", "pool", append([]string{"Origin", "https://evil.example.com"}, upgrade...), http.StatusForbidden, "not authorized"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, body := testkit.Do(t, http.MethodGet, url+"/v1/language/"+tt.path+"/chatStream", "", tt.headers...)
			if res.StatusCode != tt.status || !strings.Contains(body, tt.text) {
				t.Errorf("got %s: %s", res.Status, body)
			}
		})
	}
}

// TestChatStreamDrain ends the gateway: an idle WebSocket closes at once, a busy one when
// its chat is over, and no other chat begins.
func TestChatStreamDrain(t *testing.T) {
	more := make(chan struct{})
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		testkit.Stream(testkit.Chunk("be"))(w, r)
		<-more
		testkit.Stream(testkit.Chunk("fore"), testkit.Stop, testkit.Done)(w, r)
	})
	url, stop, done := serveUntil(t, newGateway(t, strings.Replace(pool("priority", u.URL), hurry, "", 1)))
	idle, busy := dial(t, url), dial(t, url)
	busy.ask("a")
	busy.read()
	stop()
	if _, _, err := idle.conn.Read(idle.ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the idle WebSocket ended with %v", err)
	}
	busy.ask("b")
	if r := busy.read(); r.ID != "b" || r.Error == nil || r.Error.Name != "draining" {
		t.Errorf("got %+v", r)
	}
	close(more)
	if text, last := busy.answer(); text != "fore" || last.Error != nil {
		t.Errorf("got %q, %+v", text, last)
	}
	if _, _, err := busy.conn.Read(busy.ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the busy WebSocket ended with %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("the gateway ended with %v", err)
	}
}

// TestChatStreamDrainDeadline cuts off a WebSocket whose chat does not end.
func TestChatStreamDrainDeadline(t *testing.T) {
	u := testkit.NewUpstream(t, stall(testkit.Stream(testkit.Chunk("x"))))
	url, stop, done := serveUntil(t, newGateway(t, "api: {http: {drain_timeout: 50ms}}\n"+pool("priority", "http://127.0.0.1:1", u.URL)))
	c := dial(t, url)
	c.ask("a")
	c.read()
	stop()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "raise api.http.drain_timeout") {
		t.Errorf("the gateway ended with %v", err)
	}
	for {
		if _, _, err := c.conn.Read(c.ctx); err != nil {
			break
		}
	}
}

// TestChatStreamSlowReader cuts off a client that does not take its answer.
func TestChatStreamSlowReader(t *testing.T) {
	gone := make(chan struct{})
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		big := testkit.Chunk(strings.Repeat("x", 100<<10))
		for r.Context().Err() == nil {
			testkit.Stream(big)(w, r)
		}
	})
	c := dial(t, serve(t, "api: {http: {write_timeout: 200ms}}\n"+pool("priority", "http://127.0.0.1:1", u.URL)))
	c.ask("a")
	select {
	case <-gone:
	case <-c.ctx.Done():
		t.Error("the chat of a client that reads nothing goes on")
	}
}
