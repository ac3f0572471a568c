package clients

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/einstack/glide/internal/testkit"
)

// A description is the API's own, whose schemas are those of JSON Schema.
type description struct {
	t        *testing.T
	document any
	compiler *jsonschema.Compiler
}

func newDescription(t *testing.T, g *testkit.Glide) *description {
	t.Helper()
	_, text := testkit.Do(t, http.MethodGet, g.URL+"/openapi.json", "")
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return &description{t, doc, c}
}

// find returns the place of the value at the path, whose references are followed, or "".
func (d *description) find(path ...string) string {
	d.t.Helper()
	at, value := "#", d.document
	for _, name := range path {
		object, _ := value.(map[string]any)
		if value = object[name]; value == nil {
			return ""
		}
		at += "/" + strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
		if object, ok := value.(map[string]any); ok {
			if ref, ok := object["$ref"].(string); ok && path[0] != "components" {
				names := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
				at, value = d.find(names...), d.value(names...)
			}
		}
	}
	return at
}

func (d *description) value(path ...string) any {
	value := d.document
	for _, name := range path {
		value = value.(map[string]any)[name]
	}
	return value
}

// check reports why text is not as the schema at a place of the description says.
func (d *description) check(at, text string) error {
	d.t.Helper()
	if at == "" {
		d.t.Fatal("there is no such schema")
	}
	schema, err := d.compiler.Compile("openapi.json" + at)
	if err != nil {
		d.t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return fmt.Errorf("%q is not JSON: %w", text, err)
	}
	return schema.Validate(value)
}

// TestDescription holds requests and answers against the description of the API: what it
// says is right must be taken, what it says is wrong must be refused, and every answer
// must be as it says.
func TestDescription(t *testing.T) {
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		body := `{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`
		if strings.HasSuffix(r.URL.Path, "/responses") {
			body = responseBody
		}
		testkit.JSON(http.StatusOK, body)(w, r)
	})
	tokens := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, `{"input_tokens":3}`))
	g := testkit.Start(t, strings.Replace(toUpstream(u), "language:", `language:
    - {id: default, models: [{id: m, simulated: {}}]}
    - {id: anthropic, models: [{id: m, anthropic: {model: c, base_url: "`+tokens.URL+`/v1"}}]}`, 1))
	d := newDescription(t, g)

	const user = `"messages":[{"role":"user","content":"x"}]`
	const chat, messages, count, language = "/v1/chat/completions", "/v1/messages", "/v1/messages/count_tokens", "/v1/language/{router}/chat"
	tests := []struct {
		name, path, body string // of a GET if the body is empty
		status           int
		wrong            bool // by the description
	}{
		{"chat", chat, `{"model":"default",` + user + `}`, 200, false},
		{"chat with more", chat, `{"model":"pool","vendor":1,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"auto","stop":["a"],"seed":1,` + user + `}`, 200, false},
		{"chat without model", chat, `{` + user + `}`, 400, true},
		{"chat without messages", chat, `{"model":"default"}`, 400, true},
		{"chat with a robot", chat, `{"model":"default","messages":[{"role":"robot","content":"x"}]}`, 400, true},
		{"chat with an unknown model", chat, `{"model":"none",` + user + `}`, 404, false},
		{"embeddings", "/v1/embeddings", `{"model":"default","input":["a","b"],"dimensions":4}`, 200, false},
		{"embeddings in base64", "/v1/embeddings", `{"model":"default","input":"a","encoding_format":"base64"}`, 200, false},
		{"embeddings without input", "/v1/embeddings", `{"model":"default"}`, 400, true},
		{"responses", "/v1/responses", `{"model":"pool","input":"x"}`, 200, false},
		{"responses of none that has them", "/v1/responses", `{"model":"default","input":"x"}`, 400, false},
		{"messages", messages, `{"model":"default","max_tokens":9,` + user + `}`, 200, false},
		{"messages with a tool call", messages, `{"model":"pool","max_tokens":9,"system":[{"type":"text","text":"x"}],"tools":[{"name":"f","input_schema":{"type":"object"}}],` + user + `}`, 200, false},
		{"messages without any", messages, `{"model":"default","max_tokens":9}`, 400, true},
		{"count_tokens", count, `{"model":"anthropic",` + user + `}`, 200, false},
		{"count_tokens of none that has it", count, `{"model":"default",` + user + `}`, 400, false},
		{"models", "/v1/models", "", 200, false},
		{"model", "/v1/models/{model}", "", 200, false},
		{"routers", "/v1/language", "", 200, false},
		{"language", language, `{"message":{"role":"user","content":"x"},"message_history":[{"role":"system","content":"y"}],"override_params":{"m":{"message":{"role":"user","content":"z"}}}}`, 200, false},
		{"language with a robot", language, `{"message":{"role":"robot","content":"x"}}`, 400, true},
		{"language with more", language, `{"message":{"role":"user","content":"x"},"temperature":1}`, 400, true},
		{"no WebSocket", "/v1/language/{router}/chatStream", "", 426, false},
		{"health", "/v1/health", "", 200, false},
		{"ready", "/v1/health/ready", "", 200, false},
		{"live", "/v1/health/live", "", 200, false},
		{"metrics", "/metrics", "", 200, false},
		{"description", "/openapi.json", "", 200, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d.t = t
			method := http.MethodGet
			if tt.body != "" {
				method = http.MethodPost
				err := d.check(d.find("paths", tt.path, "post", "requestBody", "content", "application/json", "schema"), tt.body)
				if (err != nil) != tt.wrong {
					t.Errorf("of the request the description says %v", err)
				}
			}
			res, body := testkit.Do(t, method, g.URL+strings.NewReplacer("{router}", "default", "{model}", "default").Replace(tt.path), tt.body)
			if res.StatusCode != tt.status {
				t.Errorf("got %s: %s", res.Status, body)
			}
			operation := []string{"paths", tt.path, strings.ToLower(method), "responses"}
			status := strconv.Itoa(res.StatusCode)
			if d.find(append(operation, status)...) == "" {
				status = "default"
			}
			media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
			if err != nil {
				t.Fatal(err)
			}
			schema := d.find(append(operation, status, "content", media, "schema")...)
			if schema == "" {
				t.Errorf("%s with %s is not described", res.Status, media)
			} else if media == "application/json" {
				if err := d.check(schema, body); err != nil {
					t.Errorf("the answer %s is not as described: %v", body, err)
				}
			}
		})
	}
}

// TestDescriptionOfStreams holds the events of streams and the messages of WebSockets
// against their schemas.
func TestDescriptionOfStreams(t *testing.T) {
	g := testkit.Start(t, "")
	d := newDescription(t, g)
	check := func(name, text string, want bool) {
		t.Helper()
		if err := d.check(d.find("components", "schemas", name), text); (err == nil) != want {
			t.Errorf("of %s the description says %v", text, err)
		}
	}
	_, stream := testkit.Do(t, http.MethodPost, g.URL+"/v1/chat/completions", `{"model":"default","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}`)
	chunks := 0
	for line := range strings.Lines(stream) {
		if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok && data != "[DONE]" {
			check("ChatChunk", data, true)
			chunks++
		}
	}
	if chunks < 5 {
		t.Errorf("got %d chunks", chunks)
	}

	conn, _, err := websocket.Dial(t.Context(), g.URL+"/v1/language/default/chatStream", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	for message, valid := range map[string]bool{
		`{"id":"a","metadata":{"n":1},"message":{"role":"user","content":"x"}}`: true,
		`{"id":"a","message":{"role":"robot","content":"x"}}`:                   false,
		`{"message":{"role":"user","content":"x"}}`:                             false,
	} {
		check("ChatStreamRequest", message, valid)
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		for last := false; !last; {
			_, data, err := conn.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			check("ChatStreamMessage", string(data), true)
			last = bytes.Contains(data, []byte(`"finish_reason"`))
			if last && valid == bytes.Contains(data, []byte(`"error"`)) {
				t.Errorf("%s is answered by %s", message, data)
			}
		}
	}
	check("ChatStreamCancel", `{"id":"a","cancel":true}`, true)
}
