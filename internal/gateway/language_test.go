package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/gateway"
	"github.com/einstack/glide/internal/testkit"
)

func TestLanguageList(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusUnauthorized, overloaded))
	text := strings.Replace(pool("least_latency", u.URL, u.URL), "model: real, api_key: sk-1,", "model: real, api_key: sk-1, headers: {X-Secret: sk-hidden}, default_params: {seed: 12345678901234567890},", 1)
	url := serve(t, text)
	testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", strings.Replace(plain, "pool", "pool/m0", 1))
	res, body := testkit.Do(t, http.MethodGet, url+"/v1/language", "")
	var got struct {
		Routers []struct {
			ID, Strategy string
			Models       []struct {
				ID       string
				Provider string `json:"provider_id"`
				State    string
				Config   map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != http.StatusOK || len(got.Routers) != 1 || len(got.Routers[0].Models) != 2 {
		t.Fatalf("got %s: %s, %v", res.Status, body, err)
	}
	r := got.Routers[0]
	if r.ID != "pool" || r.Strategy != "least_latency" || r.Models[0].State != "rejected" || r.Models[1].State != "ready" || r.Models[1].Provider != "openai" {
		t.Errorf("got %s", body)
	}
	settings, _ := r.Models[1].Config["openai"].(map[string]any)
	if settings["model"] != "real" || settings["base_url"] != u.URL+"/v1" || settings["api_key"] != "[redacted]" || r.Models[1].Config["error_budget"] != "10/m" {
		t.Errorf("got %v", r.Models[1].Config)
	}
	if strings.Contains(body, "sk-") || !strings.Contains(body, "12345678901234567890") {
		t.Errorf("a secret is told, or a number is not: %s", body)
	}
}

// TestLanguageStates tells why a model is not asked.
func TestLanguageStates(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		state  string
	}{
		{"limited", limited, `"state":"limited","retry_after":2`},
		{"resting", testkit.JSON(500, overloaded), `"state":"resting","retry_after":`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := testkit.NewUpstream(t, tt.answer)
			url := serve(t, strings.Replace(pool("priority", u.URL), "{id: m0,", "{id: m0, error_budget: 1/h,", 1))
			testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", plain)
			if _, body := testkit.Do(t, http.MethodGet, url+"/v1/language", ""); !strings.Contains(body, tt.state) {
				t.Errorf("got %s, want %s", body, tt.state)
			}
		})
	}
}

// TestLanguageTraffic shares requests out between models that answer, fail and refuse.
func TestLanguageTraffic(t *testing.T) {
	first, second := testkit.NewUpstream(t, fine), testkit.NewUpstream(t, fine)
	url := serve(t, pool("priority", first.URL, second.URL))
	ask := func(body string, answer http.HandlerFunc) {
		first.Answer(answer)
		if _, _, err := post(t, url, body); err != nil {
			t.Fatal(err)
		}
	}
	ask(plain, fine)
	ask(streamed, testkit.Stream(testkit.Role, testkit.Chunk("x"), testkit.Stop, testkit.Done))
	ask(plain, testkit.JSON(http.StatusBadRequest, overloaded))          // the client's fault
	ask(plain, testkit.JSON(http.StatusInternalServerError, overloaded)) // the second model answers

	var got gateway.RouterList
	settled := func() bool {
		_, body := testkit.Do(t, http.MethodGet, url+"/v1/language", "")
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		m := got.Routers[0].Models
		return m[0].Traffic.Requests == 4 && m[1].Traffic.Requests == 1
	}
	// A call is counted when its handler ends, which the client does not wait for.
	for deadline := time.After(testkit.Deadline); !settled(); {
		select {
		case <-deadline:
			t.Fatalf("got %+v", got)
		case <-time.After(time.Millisecond):
		}
	}
	m := got.Routers[0].Models
	if want := (gateway.Traffic{Requests: 4, Share: 0.8, Errors: 1, ErrorShare: 0.25}); m[0].Traffic != want {
		t.Errorf("the first model's traffic is %+v, want %+v", m[0].Traffic, want)
	}
	if want := (gateway.Traffic{Requests: 1, Share: 0.2}); m[1].Traffic != want {
		t.Errorf("the second model's traffic is %+v, want %+v", m[1].Traffic, want)
	}
	if l := m[0].Latency; l.FirstToken <= 0 || l.Answer <= 0 {
		t.Errorf("the first model's latency is %+v", l)
	}
	if l := m[1].Latency; l.FirstToken != 0 || l.Answer <= 0 {
		t.Errorf("the second model's latency is %+v, but it was sent no stream", l)
	}
}

func TestLanguageChat(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, `{"id":"c1","created":7,"model":"real-1","choices":[{"message":{"content":"fi<ne","reasoning_content":"hm"},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}`))
	url := serve(t, pool("priority", "http://127.0.0.1:1", u.URL))
	const request = `{"message":{"role":"user","content":"Hi"},"message_history":[{"role":"system","content":"Be brief"},{"role":"user","content":"a"},{"role":"assistant","content":"b"}],
		"override_params":{"m1":{"message":{"role":"user","content":"Hello, second"}}}}`
	for _, path := range []string{"pool", "pool%2Fm1"} {
		res, got := testkit.Do(t, http.MethodPost, url+"/v1/language/"+path+"/chat", request)
		const want = `{"id":"c1","created_at":7,"router_id":"pool","provider_id":"openai","model_id":"m1","model_name":"real-1","cached":false,` +
			`"model_response":{"metadata":{"reasoning":"hm"},"message":{"role":"assistant","content":"fi<ne"},"token_usage":{"prompt_tokens":3,"response_tokens":2,"total_tokens":5}},"finish_reason":"max_tokens"}`
		if res.StatusCode != http.StatusOK || got != want {
			t.Errorf("got %s: %s\nwant %s", res.Status, got, want)
		}
	}
	const want = `{"model":"real","messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"Hello, second"}]}`
	if sent := u.Requests()[0].Body; sent != want {
		t.Errorf("the provider got\n%s, want\n%s", sent, want)
	}
}

func TestLanguageBadRequests(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusTooManyRequests, `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`))
	url := serve(t, pool("priority", u.URL))
	tests := []struct {
		name, path, body string
		status           int
		code, message    string
	}{
		{"unknown router", "none", `{"message":{"role":"user","content":"x"}}`, 404, "router_not_found", `"none" does not exist; GET /v1/language`},
		{"broken JSON", "pool", `{"message"`, 400, "invalid_json", "not a JSON object"},
		{"no message", "pool", `{}`, 400, "invalid_request_error", "message is missing"},
		{"role", "pool", `{"message":{"role":"robot","content":"x"}}`, 400, "invalid_request_error", `"robot" is not a role`},
		{"only instructions", "pool", `{"message":{"role":"system","content":"x"}}`, 400, "invalid_request_error", "only instructions"},
		{"late instructions", "pool", `{"message":{"role":"system","content":"x"},"message_history":[{"role":"user","content":"x"}]}`, 400, "unsupported_parameter", "put them first"},
		{"unknown field", "pool", `{"message":{"role":"user","content":"x"},"temperature":1}`, 400, "invalid_request_error", `"temperature" is not a field of this API`},
		{"unknown field of an override", "pool", `{"message":{"role":"user","content":"x"},"override_params":{"m0":{"message":{"role":"user","content":"x"},"top_p":1}}}`, 400, "invalid_request_error", `"override_params.m0.top_p" is not`},
		{"id of a WebSocket", "pool", `{"id":"x","message":{"role":"user","content":"x"}}`, 400, "invalid_request_error", `"id" is not a field`},
		{"content is a number", "pool", `{"message":{"role":"user","content":1}}`, 400, "invalid_request_error", "cannot be read"},
		{"the provider's refusal", "pool", `{"message":{"role":"user","content":"x"}}`, 429, "rate_limit_exceeded", "slow down"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, body := testkit.Do(t, http.MethodPost, url+"/v1/language/"+tt.path+"/chat", tt.body)
			var e struct{ Name, Message string }
			if err := json.Unmarshal([]byte(body), &e); err != nil || res.StatusCode != tt.status || e.Name != tt.code || !strings.Contains(e.Message, tt.message) {
				t.Errorf("got %s: %s", res.Status, body)
			}
		})
	}
	if n := len(u.Requests()); n != 1 {
		t.Errorf("the provider got %d requests, want that of the last test alone", n)
	}
	if res, body := testkit.Do(t, http.MethodGet, url+"/v1/language/pool/chat", ""); res.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(body, `"name":"method_not_allowed"`) {
		t.Errorf("got %s: %s", res.Status, body)
	}
}
