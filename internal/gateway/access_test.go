package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/testkit"
)

// withKeys returns a configuration with two routers, of which the key "few" may use one.
func withKeys(url, limits string) string {
	one := strings.TrimSuffix(pool("priority", url), "]}\n")
	other := strings.TrimPrefix(strings.ReplaceAll(pool("priority", url), "id: pool", "id: other"), "routers: {language: [")
	return "api: {keys: [{id: all, hash: '" + config.HashKey("key-all").String() + "'" + limits + "}, {id: few, hash: '" +
		config.HashKey("key-few").String() + "', routers: [pool]}]}\n" + one + "," + other
}

func TestKeys(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, testkit.Completion("x")))
	url := serve(t, strings.ReplaceAll(withKeys(u.URL, ""), "client: {", "client: {forward_headers: [Authorization, X-Api-Key], "))
	const messages = `{"model":"pool","max_tokens":5,"messages":[{"role":"user","content":"x"}]}`
	const language = `{"message":{"role":"user","content":"x"}}`
	bearer, other := []string{"Authorization", "Bearer key-few"}, []string{"X-Api-Key", "key-few"}
	tests := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		text                     string
	}{
		{"bearer", "POST", "/v1/chat/completions", plain, bearer, 200, `"x"`},
		{"x-api-key", "POST", "/v1/chat/completions", plain, other, 200, `"x"`},
		{"messages", "POST", "/v1/messages", messages, other, 200, `"text":"x"`},
		{"language", "POST", "/v1/language/pool/chat", language, other, 200, `"x"`},
		{"models", "GET", "/v1/models", "", bearer, 200, `{"object":"list","data":[{"id":"pool",`},
		{"routers", "GET", "/v1/language", "", bearer, 200, `{"routers":[{"id":"pool"`},
		{"health", "GET", "/v1/health", "", nil, 200, "true"},
		{"metrics", "GET", "/metrics", "", nil, 200, "glide_requests_total"},
		{"description", "GET", "/openapi.json", "", nil, 200, `"/v1/chat/completions"`},
		{"no key", "POST", "/v1/chat/completions", plain, nil, 401, `"code":"invalid_api_key"`},
		{"no key for messages", "POST", "/v1/messages", messages, nil, 401, `{"type":"error","error":{"type":"authentication_error"`},
		{"no key for language", "POST", "/v1/language/pool/chat", language, nil, 401, `{"name":"invalid_api_key"`},
		{"no key for models", "GET", "/v1/models", "", nil, 401, `"code":"invalid_api_key"`},
		{"no key for a model", "GET", "/v1/models/pool", "", nil, 401, `"code":"invalid_api_key"`},
		{"no key for routers", "GET", "/v1/language", "", nil, 401, `{"name":"invalid_api_key"`},
		{"no key for a WebSocket", "GET", "/v1/language/pool/chatStream", "", []string{"Upgrade", "websocket", "Connection", "Upgrade"}, 401, `{"name":"invalid_api_key"`},
		{"wrong key", "POST", "/v1/chat/completions", plain, []string{"Authorization", "Bearer nope"}, 401, "not known"},
		{"other router", "POST", "/v1/chat/completions", strings.Replace(plain, "pool", "other", 1), bearer, 403, `"code":"router_not_allowed"`},
		{"model of another router", "POST", "/v1/chat/completions", strings.Replace(plain, "pool", "other/m0", 1), bearer, 403, `"code":"router_not_allowed"`},
		{"other router for messages", "POST", "/v1/messages", strings.Replace(messages, "pool", "other", 1), other, 403, `"type":"permission_error"`},
		{"other router for language", "POST", "/v1/language/other/chat", language, bearer, 403, `{"name":"router_not_allowed"`},
		{"other model by path", "GET", "/v1/models/other", "", bearer, 404, "use a router (pool) or"},
		{"unknown router", "POST", "/v1/chat/completions", strings.Replace(plain, "pool", "none", 1), bearer, 404, "use a router (pool) or"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, body := testkit.Do(t, tt.method, url+tt.path, tt.body, tt.headers...)
			if res.StatusCode != tt.status || !strings.Contains(body, tt.text) || tt.method == "GET" && tt.headers != nil && tt.status == 200 && strings.Contains(body, "other") {
				t.Errorf("got %s: %s", res.Status, body)
			}
			if got := res.Header.Get("WWW-Authenticate"); (got == "Bearer") != (tt.status == 401) {
				t.Errorf("got WWW-Authenticate: %q", got)
			}
		})
	}
	// The provider sees no client's key, even though it is to see the headers.
	for _, sent := range u.Requests() {
		if sent.Header.Get("Authorization") != "Bearer sk-0" || sent.Header.Get("X-Api-Key") != "" {
			t.Errorf("the provider got %v", sent.Header)
		}
	}
}

// TestLimits spends a key's requests and tokens, with what the client is told on the way.
func TestLimits(t *testing.T) {
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ratelimit-Limit-Requests", "9999")
		w.Header().Set("X-Ratelimit-Remaining-Tokens", "9999")
		testkit.JSON(http.StatusOK, testkit.Completion("x"))(w, r)
	})
	key := []string{"Authorization", "Bearer key-all"}
	url := serve(t, withKeys(u.URL, ", requests: 2/h"))
	for left := range 2 {
		res, body := testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", plain, key...)
		if res.StatusCode != http.StatusOK || res.Header.Get("X-Ratelimit-Limit-Requests") != "2" ||
			res.Header.Get("X-Ratelimit-Remaining-Requests") != string(rune('1'-left)) || res.Header.Get("X-Ratelimit-Remaining-Tokens") != "9999" {
			t.Errorf("got %s: %s with %v", res.Status, body, res.Header)
		}
	}
	for path, want := range map[string]string{
		"/v1/chat/completions":   `"type":"requests","param":null,"code":"rate_limit_exceeded"`,
		"/v1/messages":           `{"type":"error","error":{"type":"rate_limit_error","message":"the key all has reached its limit of 2/h requests`,
		"/v1/language/pool/chat": `{"name":"rate_limit_exceeded","message":"the key all`,
	} {
		res, body := testkit.Do(t, http.MethodPost, url+path, plain, key...)
		if after := res.Header.Get("Retry-After"); res.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, want) || after != "1800" && after != "1799" {
			t.Errorf("%s: got %s, Retry-After %s: %s", path, res.Status, after, body)
		}
	}

	url = serve(t, withKeys(u.URL, ", tokens: 7/h"))
	for _, want := range []int{200, 200, 429} { // an answer has 5 tokens
		res, body := testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", plain, key...)
		if res.StatusCode != want || res.Header.Get("X-Ratelimit-Limit-Tokens") != "7" {
			t.Errorf("got %s: %s with %v", res.Status, body, res.Header)
		}
	}

	// To count tokens takes none.
	count := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, `{"input_tokens":9}`))
	url = serve(t, strings.ReplaceAll(withKeys(count.URL, ", tokens: 7/h"), "openai: {", "anthropic: {"))
	for range 2 {
		res, body := testkit.Do(t, http.MethodPost, url+"/v1/messages/count_tokens", plain, key...)
		if res.StatusCode != http.StatusOK || res.Header.Get("X-Ratelimit-Remaining-Tokens") != "7" {
			t.Errorf("got %s: %s with %v", res.Status, body, res.Header)
		}
	}

	// A stream whose provider does not count its tokens is estimated.
	u.Answer(testkit.Stream(testkit.Role, testkit.Chunk("x"), testkit.Stop, testkit.Done))
	url = serve(t, withKeys(u.URL, ", tokens: 1000/h"))
	testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", streamed, key...)
	res, _ := testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", streamed, key...)
	if got := res.Header.Get("X-Ratelimit-Remaining-Tokens"); got != "978" { // 74 bytes and 4 events
		t.Errorf("%s tokens are left", got)
	}
}

// TestKeysReload changes keys while the gateway serves: what was spent stays so.
func TestKeysReload(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.Stream(testkit.Chunk("x"), testkit.Stop, testkit.Done))
	g := newGateway(t, withKeys(u.URL, ", requests: 2/h"))
	server := httptest.NewServer(g.Handler())
	defer server.Close()
	conn, _, err := websocket.Dial(t.Context(), server.URL+"/v1/language/pool/chatStream", &websocket.DialOptions{HTTPHeader: http.Header{"X-Api-Key": {"key-all"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	c := &wsClient{t, t.Context(), conn}
	c.ask("a")
	if text, last := c.answer(); text != "x" || last.Error != nil {
		t.Errorf("got %q, %+v", text, last.Error)
	}
	if err := g.Apply(configure(t, withKeys(u.URL, ", requests: 1/h"))); err != nil {
		t.Fatal(err)
	}
	c.ask("a")
	if _, last := c.answer(); last.Error == nil || last.Error.Name != "rate_limit_exceeded" {
		t.Errorf("got %+v", last)
	}
	if err := g.Apply(configure(t, strings.ReplaceAll(withKeys(u.URL, ""), config.HashKey("key-all").String(), config.HashKey("key-new").String()))); err != nil {
		t.Fatal(err)
	}
	c.ask("a")
	if _, last := c.answer(); last.Error == nil || last.Error.Name != "invalid_api_key" {
		t.Errorf("got %+v", last)
	}
	if data, err := json.Marshal(u.Requests()); err != nil || strings.Contains(string(data), "key-all") {
		t.Errorf("the provider got a client's key: %s, %v", data, err)
	}
}

// TestTranslatedTokens counts the tokens of a translated stream although the client does
// not ask for them.
func TestTranslatedTokens(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.Stream(
		`data: {"type":"message_start","message":{"id":"i","model":"m","usage":{"input_tokens":40,"output_tokens":1}}}`+"\n\n",
		`data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}`+"\n\n",
		`data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":20}}`+"\n\n",
		`data: {"type":"message_stop"}`+"\n\n"))
	url := serve(t, strings.ReplaceAll(withKeys(u.URL, ", tokens: 1000/h"), "openai: {", "anthropic: {default_params: {max_tokens: 9}, "))
	key := []string{"Authorization", "Bearer key-all"}
	if res, body := testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", streamed, key...); res.StatusCode != http.StatusOK || strings.Contains(body, "usage") {
		t.Errorf("got %s: %s", res.Status, body)
	}
	if res, _ := testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", streamed, key...); res.Header.Get("X-Ratelimit-Remaining-Tokens") != "940" {
		t.Errorf("%s tokens are left", res.Header.Get("X-Ratelimit-Remaining-Tokens"))
	}
}
