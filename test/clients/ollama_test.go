package clients

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/ollama/ollama/api"
	"github.com/openai/openai-go/v3/option"

	"github.com/einstack/glide/internal/testkit"
)

const ollamaSettings = `ollama: {model: "llama3.2:1b", base_url: "%s"}`

// Answers of Ollama's API, as its documentation records them.
const (
	ollamaBegin = `{"model":"llama3.2:1b","created_at":"2026-01-02T03:04:05.678901Z","message":{"role":"assistant",`
	ollamaCall  = `"tool_calls":[{"id":"call_1","function":{"index":0,"name":"weather","arguments":{"city":"Rome"}}}]`
	ollamaEnd   = `"done":true,"done_reason":"stop","total_duration":9,"load_duration":1,"prompt_eval_count":7,"prompt_eval_duration":2,"eval_count":5,"eval_duration":3}` + "\n"
	ollamaWhole = ollamaBegin + `"content":"fine","thinking":"hm",` + ollamaCall + `},` + ollamaEnd
)

// ollamaStream sends lines, each in two halves.
func ollamaStream(lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		for _, line := range lines {
			for _, part := range []string{line[:len(line)/2], line[len(line)/2:]} {
				io.WriteString(w, part)
				testkit.Flush(w)
			}
		}
	}
}

func ollamaDelta(fields string) string { return ollamaBegin + fields + `},"done":false}` + "\n" }

func ollamaSDK(t *testing.T, u *testkit.Upstream) *api.Client {
	t.Helper()
	base, err := url.Parse(u.URL)
	if err != nil {
		t.Fatal(err)
	}
	return api.NewClient(base, http.DefaultClient)
}

// TestOllama compares what Ollama gets with what its own client sends.
func TestOllama(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, ollamaWhole))
	params := openAIConversation(t, "user", "parallel_tool_calls", "tool_choice")
	content := params.Messages[1].OfUser.Content.OfArrayOfContentParts
	params.Messages[1].OfUser.Content.OfArrayOfContentParts = content[:2] // without the image at a URL
	text := ollamaDelta(`"content":"fi"`)
	checkWire(t, u, ollamaSettings, wire{
		answer: ollamaWhole, thinks: "hm", input: 7, output: 5,
		stream:    ollamaStream(ollamaDelta(`"content":"","thinking":"hm"`), text, ollamaDelta(`"content":"ne"`), ollamaDelta(`"content":"",`+ollamaCall), ollamaBegin+`"content":""},`+ollamaEnd),
		cut:       testkit.Cut(ollamaStream(text)),
		failed:    ollamaStream(ollamaDelta(`"content":""`), `{"error":"out of order"}`+"\n"),
		throttled: retryIn30(testkit.JSON(http.StatusTooManyRequests, `{"error":"slow down"}`)),
		refused:   testkit.JSON(http.StatusUnauthorized, `{"error":"unauthorized","signin_url":"https://ollama.com/connect"}`),
	}, params)
	checkRefusals(t, u, ollamaSettings, params, map[string]any{
		"user": "u", "parallel_tool_calls": false, "tool_choice": "required", "n": 2, "logprobs": true, "reasoning_effort": "minimal",
		"response_format.json_schema.description": "d", "tools.0.function.strict": true, "options": map[string]int{"num_ctx": 1},
		"messages.1.content.1.image_url.url": "https://example.com/a.png", "messages.1.content.1.image_url.detail": "low",
	})

	u.Answer(testkit.JSON(http.StatusOK, ollamaWhole))
	client := newOpenAI(testkit.Start(t, toProvider(u, ollamaSettings)))
	if _, err := client.Chat.Completions.New(t.Context(), params, option.WithJSONSet("seed", 7), option.WithJSONSet("frequency_penalty", 0.5)); err != nil {
		t.Fatal(err)
	}
	got := latest(t, u)
	call := func(index int, id, city string) api.ToolCall {
		arguments := api.NewToolCallFunctionArguments()
		arguments.Set("city", city)
		return api.ToolCall{ID: id, Function: api.ToolCallFunction{Index: index, Name: "weather", Arguments: arguments}}
	}
	properties := api.NewToolPropertiesMap()
	properties.Set("city", api.ToolProperty{Type: api.PropertyType{"string"}})
	stream := false
	request := &api.ChatRequest{
		Model: "llama3.2:1b", Stream: &stream, Format: json.RawMessage(weatherSchema), Think: &api.ThinkValue{Value: "low"},
		Options: map[string]any{"num_predict": 100, "temperature": 0.5, "top_p": 0.9, "stop": []string{"END"}, "seed": 7, "frequency_penalty": 0.5},
		Tools: api.Tools{{Type: "function", Function: api.ToolFunction{
			Name: "weather", Description: "Tells it", Parameters: api.ToolFunctionParameters{Type: "object", Required: []string{"city"}, Properties: properties},
		}}},
		Messages: []api.Message{
			{Role: "system", Content: "Be brief"},
			{Role: "user", Content: "What is this?", Images: []api.ImageData{api.ImageData("\x89PN")}},
			{Role: "assistant", ToolCalls: []api.ToolCall{call(0, "toolu_1", "Rome"), call(1, "toolu_2", "Oslo")}},
			{Role: "tool", Content: "hot", ToolName: "weather", ToolCallID: "toolu_1"},
			{Role: "tool", Content: "cold", ToolName: "weather", ToolCallID: "toolu_2"},
		},
	}
	if err := ollamaSDK(t, u).Chat(t.Context(), request, func(api.ChatResponse) error { return nil }); err != nil {
		t.Fatal(err)
	}
	sameRequest(t, got, latest(t, u))
}

// TestOllamaEmbeddings also looks at the parameters that only Ollama has.
func TestOllamaEmbeddings(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, `{"model":"nomic","embeddings":[[0.5,1],[2,-1]],"total_duration":9,"load_duration":1,"prompt_eval_count":6}`))
	client := newOpenAI(testkit.Start(t, toProvider(u, `ollama: {model: nomic, base_url: "%s", default_params: {truncate: false, options: {num_ctx: 8192}}}`)))
	checkEmbeddings(t, client, 6)
	got := latest(t, u)
	truncate := false
	if _, err := ollamaSDK(t, u).Embed(t.Context(), &api.EmbedRequest{
		Model: "nomic", Input: []string{"one", "two"}, Dimensions: 2, Truncate: &truncate, Options: map[string]any{"num_ctx": 8192},
	}); err != nil {
		t.Fatal(err)
	}
	sameRequest(t, got, latest(t, u))
}

// TestOllamaDefaults fills Ollama's own parameters in, whatever the address ends with.
func TestOllamaDefaults(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, ollamaWhole))
	for _, base := range []string{"%s", "%s/", "%s/api", "%s/v1/"} {
		g := testkit.Start(t, toProvider(u, `ollama: {model: m, base_url: "`+base+`", default_params: {keep_alive: 30m, think: true, options: {num_ctx: 16384, temperature: 1}}}`))
		postJSON(t, g.URL+"/v1/chat/completions", `{"model":"pool","temperature":0.5,"messages":[{"role":"user","content":"x"}]}`)
		got := latest(t, u)
		if got.Path != "/api/chat" {
			t.Errorf("%s: the provider got %s", base, got.Path)
		}
		equalJSON(t, got.Body, `{"model":"m","stream":false,"keep_alive":"30m","think":true,"options":{"num_ctx":16384,"temperature":0.5},"messages":[{"role":"user","content":"x"}]}`)
	}
	g := testkit.Start(t, toProvider(u, ollamaSettings))
	contains(t, postJSON(t, g.URL+"/v1/responses", `{"model":"pool","input":"x"}`), "the provider ollama does not offer responses")
}
